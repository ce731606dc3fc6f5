/**
 * Values by key, each until its own time: tokens that were verified, so that each is verified once and not with every
 * request; sessions in memory.
 *
 * Bounded in count, bytes and time: an entry goes when its time has come, or as the oldest when there is no room.
 *
 * Invariant: `#bytes` is the sum of the bytes of all entries; the list has each of them once, the oldest first.
 */

import { textBytes } from './heap-size.ts'
import { type Linked, LinkedList } from './linked-list.ts'

/** Of an entry, its place in the map and the list, and a key of 43 characters. */
const ENTRY_BYTES = 320

class Entry<T> implements Linked<Entry<T>> {
  readonly key: string
  readonly value: T
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly bytes: number
  previous: Entry<T> | undefined = undefined
  next: Entry<T> | undefined = undefined

  constructor(key: string, value: T, until: number, bytes: number) {
    this.key = key
    this.value = value
    this.until = until
    this.bytes = bytes
  }
}

export class ExpiringMap<T> {
  readonly #max: number
  readonly #maxBytes: number
  readonly #byKey = new Map<string, Entry<T>>()
  readonly #inOrder = new LinkedList<Entry<T>>()
  #bytes = 0

  /** @param maxBytes - of the heap */
  constructor(max: number, maxBytes: number) {
    this.#max = max
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#byKey.size
  }

  get bytes(): number {
    return this.#bytes
  }

  find(key: string): T | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return undefined
    if (entry.until > Date.now()) return entry.value
    this.#delete(entry)
    return undefined
  }

  /**
   * Adds or replaces an entry, which is the newest then.
   *
   * @param until - milliseconds since the epoch
   * @param bytes - of the heap, that the value takes
   */
  add(key: string, value: T, until: number, bytes: number): void {
    const entry = new Entry(key, value, until, ENTRY_BYTES + textBytes(key) + bytes)
    if (until <= Date.now() || entry.bytes > this.#maxBytes) return
    const earlier = this.#byKey.get(key)
    if (earlier !== undefined) this.#delete(earlier)
    this.#byKey.set(key, entry)
    this.#inOrder.append(entry)
    this.#bytes += entry.bytes
    const now = Date.now()
    for (let { oldest } = this.#inOrder; oldest !== undefined; { oldest } = this.#inOrder) {
      if (oldest.until > now && !this.#isFull) break
      this.#delete(oldest)
    }
  }

  /** @returns whether there was one */
  delete(key: string): boolean {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return false
    this.#delete(entry)
    return entry.until > Date.now()
  }

  get #isFull(): boolean {
    return this.#byKey.size > this.#max || this.#bytes > this.#maxBytes
  }

  #delete(entry: Entry<T>): void {
    this.#byKey.delete(entry.key)
    this.#inOrder.remove(entry)
    this.#bytes -= entry.bytes
  }
}
