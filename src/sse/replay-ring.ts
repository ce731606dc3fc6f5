/**
 * Replay ring: the last events of one SSE stream, kept so that a client can resume it.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 *
 *    oldest            next
 *      v                 v
 *   [ 7 | 8 | 9 | 10 |   |   |   |   ]      capacity 8, mask 7, slot = sequence & mask
 *                                           (drawn from slot 7: 7, 0, 1, 2, ...)
 *
 * The kept events are always those from `oldest` to `next - 1`, without holes. That is what makes "never a partial
 * replay" a comparison of two numbers: a reader that has received `n` gets all events from `n + 1` on, and if
 * `n + 1 < oldest` it gets none, and an explicit gap. It also means that all events before one that cannot be kept are
 * of no more use, so they are released at once.
 *
 * What is kept of an event is its data: its number follows from its place, and frame.ts makes a frame of the two.
 * Sizes are UTF-8 bytes (`Buffer.byteLength`, exact), counted once when the event is added and kept beside it.
 * An idle stream costs the ring object alone: the arrays are created for the first event, double as needed, and are
 * released with the last event.
 *
 * Invariant: next - oldest <= maxEvents and <= capacity; the sum of kept sizes is `bytes` and <= maxBytes; the
 * sum of `bytes` over all rings of a budget is `budget.used` and <= its maxBytes.
 * Not here: writing to the socket (sse-writer.ts), ids (event-id.ts), the owner of the ring and its lifetime.
 */

import { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { PackedEvents } from './packed-events.ts'

const FIRST_CAPACITY = 4
/** Less is cheaper as strings than in a buffer of its own. */
const MIN_PACKED_BYTES = 1024
/** The storage of an empty ring. Shared and never written, since `#grow` runs before every write. */
const NONE: never[] = []

/** Limits of one ring; a limit of `Infinity` is no limit, a limit of 0 keeps nothing. */
export interface RingLimits {
  /** Events kept. */
  readonly maxEvents: number
  /** UTF-8 bytes kept. */
  readonly maxBytes: number
}

/** The recent events of one stream. */
export class ReplayRing {
  readonly #limits: RingLimits
  readonly #budget: ByteBudget
  #oldest = 1
  #next = 1
  #bytes = 0
  // Three arrays rather than one of objects: no allocation for each event, and times stay unboxed doubles.
  #data: (string | undefined)[] = NONE
  #sizes: number[] = NONE
  #times: number[] = NONE

  /**
   * @param limits - limits of this ring; one object may serve many rings.
   * @param budget - what all rings share.
   */
  constructor(limits: RingLimits, budget: ByteBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** Sequence number of the next event. The first is 1; 0 means "nothing received yet". */
  get next(): number {
    return this.#next
  }

  /** Sequence number of the oldest event kept; that of the next one when there is none. */
  get oldest(): number {
    return this.#oldest
  }

  /** Events kept. */
  get size(): number {
    return this.#next - this.#oldest
  }

  /** UTF-8 bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Gives an event its sequence number and keeps it, and drops the oldest events of this ring to make room. What the
   * ring or the budget cannot hold even then is not kept, as with {@link skip}; other rings are never touched.
   *
   * @param data - encoded data, from which the frame can be made again.
   * @param now - time of this push, in milliseconds of any clock that does not go backwards.
   * @returns the event's sequence number.
   */
  push(data: string, now: number): number {
    const { maxEvents, maxBytes } = this.#limits
    const size = Buffer.byteLength(data)
    if (maxEvents < 1 || size > maxBytes || size > this.#budget.free + this.#bytes) return this.skip()
    while (this.size >= maxEvents || this.#bytes + size > maxBytes || size > this.#budget.free) this.#evict()
    if (this.size === this.#data.length) this.#grow()
    const slot = this.#next & (this.#data.length - 1)
    this.#data[slot] = data
    this.#sizes[slot] = size
    this.#times[slot] = now
    this.#bytes += size
    this.#budget.take(size)
    return this.#next++
  }

  /**
   * Uses up a sequence number without keeping an event. No reader that is behind it can resume any more, so the events
   * kept so far are released.
   *
   * @returns the sequence number.
   */
  skip(): number {
    const sequence = this.#next++
    this.clear()
    return sequence
  }

  /**
   * Finds what a reader has missed.
   *
   * @param sequence - the last sequence number the reader has; 0 when it has none.
   * @returns the data of every event with a greater number, in order; or `'gap'` when any of them is no longer kept, or
   * when no event has had the number `sequence`.
   */
  after(sequence: number): readonly string[] | 'gap' {
    if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence >= this.#next) return 'gap'
    if (sequence + 1 < this.#oldest) return 'gap'
    const missed: string[] = []
    const mask = this.#data.length - 1
    for (let n = sequence + 1; n < this.#next; n++) missed.push(this.#data[n & mask] as string)
    return missed
  }

  /**
   * Drops the events that were pushed before a time.
   *
   * @param time - milliseconds, of the clock that `push` is given.
   */
  dropOlderThan(time: number): void {
    while (this.size > 0 && (this.#times[this.#oldest & (this.#times.length - 1)] as number) < time)
      this.#evict()
    if (this.size === 0) this.clear()
  }

  /**
   * Hands over what is kept by a stream that is finished.
   *
   * @returns takes the place of this ring, which must not be used any more; undefined, and nothing was done: it is so
   * little that the ring takes less
   */
  pack(): PackedEvents | undefined {
    if (this.#bytes < MIN_PACKED_BYTES) return undefined
    const data = this.after(this.#oldest - 1) as readonly string[]
    return new PackedEvents(this.#next, data, this.#bytes, this.#budget)
  }

  /** Drops all events and the storage. Sequence numbers continue. */
  clear(): void {
    this.#budget.give(this.#bytes)
    this.#bytes = 0
    this.#oldest = this.#next
    this.#data = NONE
    this.#sizes = NONE
    this.#times = NONE
  }

  /** Drops the oldest event. The slot is cleared, or the ring would keep the text in memory until it wraps. */
  #evict(): void {
    const slot = this.#oldest++ & (this.#data.length - 1)
    const size = this.#sizes[slot] as number
    this.#data[slot] = undefined
    this.#bytes -= size
    this.#budget.give(size)
  }

  /** Doubles the storage; every kept event moves to the slot of its number under the new mask. */
  #grow(): void {
    const oldMask = this.#data.length - 1
    const capacity = this.#data.length * 2 || FIRST_CAPACITY
    const data = new Array<string | undefined>(capacity)
    const sizes = new Array<number>(capacity)
    const times = new Array<number>(capacity)
    for (let n = this.#oldest; n < this.#next; n++) {
      const from = n & oldMask
      const to = n & (capacity - 1)
      data[to] = this.#data[from]
      sizes[to] = this.#sizes[from] as number
      times[to] = this.#times[from] as number
    }
    this.#data = data
    this.#sizes = sizes
    this.#times = times
  }
}
