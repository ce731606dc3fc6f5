/**
 * Values by the hash of a secret, each until its own time: tokens that were verified, so that each is verified once and
 * not with every request, and proofs that were used, so that none is used twice. The secret itself is not kept.
 *
 * Bounded in count, bytes and time: an entry goes when its time has come, or as the oldest when there is no room.
 *
 * Invariant: `#bytes` is the sum of the bytes of all entries; the list has each of them once, the oldest first.
 */

import { textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'

/** Of an entry, its place in the map and the list, and its hash of 43 characters. */
const ENTRY_BYTES = 320

class Entry<T> implements Linked<Entry<T>> {
  readonly hash: string
  readonly value: T
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly bytes: number
  previous: Entry<T> | undefined = undefined
  next: Entry<T> | undefined = undefined

  constructor(hash: string, value: T, until: number, bytes: number) {
    this.hash = hash
    this.value = value
    this.until = until
    this.bytes = bytes
  }
}

export class ExpiringMap<T> {
  readonly #max: number
  readonly #maxBytes: number
  readonly #byHash = new Map<string, Entry<T>>()
  readonly #inOrder = new LinkedList<Entry<T>>()
  #bytes = 0

  /** @param maxBytes - of the heap */
  constructor(max: number, maxBytes: number) {
    this.#max = max
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#byHash.size
  }

  get bytes(): number {
    return this.#bytes
  }

  find(hash: string): T | undefined {
    const entry = this.#byHash.get(hash)
    if (entry === undefined) return undefined
    if (entry.until > Date.now()) return entry.value
    this.#delete(entry)
    return undefined
  }

  /** @param bytes - of the heap, that the value takes */
  add(hash: string, value: T, until: number, bytes: number): void {
    const entry = new Entry(hash, value, until, ENTRY_BYTES + textBytes(hash) + bytes)
    if (until <= Date.now() || entry.bytes > this.#maxBytes) return
    const earlier = this.#byHash.get(hash)
    if (earlier !== undefined) this.#delete(earlier)
    this.#byHash.set(hash, entry)
    this.#inOrder.append(entry)
    this.#bytes += entry.bytes
    for (let { oldest } = this.#inOrder; oldest !== undefined && this.#isFull; { oldest } = this.#inOrder) {
      this.#delete(oldest)
    }
  }

  get #isFull(): boolean {
    return this.#byHash.size > this.#max || this.#bytes > this.#maxBytes
  }

  #delete(entry: Entry<T>): void {
    this.#byHash.delete(entry.hash)
    this.#inOrder.remove(entry)
    this.#bytes -= entry.bytes
  }
}
