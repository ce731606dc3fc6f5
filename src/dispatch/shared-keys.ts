/**
 * The keys of a key ring that all nodes of a store share: read when the store can be reached, again from time to time, and
 * when something comes that was sealed with a key which is not known here: another node has made a new one.
 *
 *    age of a key    0 ........ ROTATE_MS ........ + keepMs
 *                    seals      followed by a      not stored any more
 *                               new one; opens
 *
 * A node may seal with the old key until it reads again, so a key opens for two `REFRESH_MS` longer than what it sealed is
 * valid.
 *
 * Invariant: at most one read at a time; those for unknown keys begin at least `MIN_READ_MS` apart, whoever sends them.
 */

import { unref } from '../bounds/runtime.ts'
import type { NodeChannel } from '../store/node-channel.ts'
import type { KeyRing } from './key-ring.ts'
import { fromStore } from './store-error.ts'

const MINUTE = 60_000
const ROTATE_MS = 24 * 60 * MINUTE
const REFRESH_MS = 10 * MINUTE
const MIN_READ_MS = 1000
/** Where what is sealed never expires. */
const LONG_MS = 365 * 24 * 60 * MINUTE

export class SharedKeys {
  readonly #channel: NodeChannel
  readonly #ring: KeyRing
  readonly #purpose: string
  readonly #keepMs: number
  #reading: Promise<void> | undefined
  /** When the last read began, of the monotonic clock. */
  #readAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /**
   * @param ring - one without keys of its own
   * @param ttlMs - how long what is sealed is valid; 0: for ever
   */
  constructor(channel: NodeChannel, ring: KeyRing, purpose: string, ttlMs: number) {
    this.#channel = channel
    this.#ring = ring
    this.#purpose = purpose
    this.#keepMs = ttlMs === 0 ? LONG_MS : ttlMs + 2 * REFRESH_MS
    channel.observe({ onAvailable: () => this.#refresh() })
  }

  /**
   * What has to be waited for before the ring can seal.
   *
   * @returns undefined: nothing. The promise rejects with `StoreAwayError` where the store cannot be reached
   */
  beforeSeal(): Promise<void> | undefined {
    return this.#ring.hasKeys ? undefined : this.#read()
  }

  /** The same before it can open a text. */
  beforeOpen(sealed: unknown): Promise<void> | undefined {
    if (typeof sealed !== 'string' || !this.#ring.lacksKeyOf(sealed)) return undefined
    if (!this.#ring.hasKeys || this.#reading !== undefined) return this.#read()
    const waitMs = this.#readAt + MIN_READ_MS - performance.now()
    if (waitMs <= 0) return this.#read()
    this.#reading = new Promise<void>((resolve) => setTimeout(resolve, waitMs)).then(() => this.#load())
    return this.#read()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load()
    return this.#reading
  }

  async #load(): Promise<void> {
    this.#readAt = performance.now()
    try {
      this.#ring.use(await fromStore(this.#channel.node.keys.read(this.#purpose, ROTATE_MS, this.#keepMs)))
    } finally {
      this.#reading = undefined
    }
  }

  #refresh(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = unref(setTimeout(() => this.#refresh(), REFRESH_MS))
    // While the store is away, the keys that are known go on.
    this.#read().catch(() => {})
  }
}
