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
 * The kept frames are always those from `oldest` to `next - 1`, without holes. That is what makes "never a
 * partial replay" a comparison of two numbers: a reader that has seen `n` gets everything from `n + 1` on,
 * and if `n + 1 < oldest` it gets nothing but the word that there is a gap. It also means that a frame which
 * cannot be kept ends the use of all frames before it, so they are given back at once.
 *
 * What is kept of an event is its data: its number is known from its place, and frame.ts makes a frame of the two.
 * Sizes are UTF-8 bytes (`Buffer.byteLength`, exact), counted once when the frame comes and kept beside it.
 * An idle stream costs the ring object alone: the arrays come with the first frame, double as needed, and go
 * when the last frame goes.
 *
 * Invariant: next - oldest <= maxEvents and <= capacity; the sum of kept sizes is `bytes` and <= maxBytes; the
 * sum of `bytes` over all rings of a budget is `budget.used` and <= its maxBytes.
 * Not here: writing to the socket (sse-writer.ts), ids (event-id.ts), who owns the ring and for how long.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'

const FIRST_CAPACITY = 4
/** What a ring without storage holds. Shared and never written, since every write is behind `#grow`. */
const NONE: never[] = []

/** Limits of one ring; a limit of `Infinity` is no limit, a limit of 0 keeps nothing. */
export interface RingLimits {
  /** Frames kept. */
  readonly maxEvents: number
  /** UTF-8 bytes kept. */
  readonly maxBytes: number
}

/** The recent frames of one stream. */
export class ReplayRing {
  readonly #limits: RingLimits
  readonly #budget: ByteBudget
  #oldest = 1
  #next = 1
  #bytes = 0
  // Three arrays rather than one of objects: no allocation for each frame, and times stay unboxed doubles.
  #frames: (string | undefined)[] = NONE
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

  /** Sequence number that the next frame gets. The first is 1; 0 stands for "nothing received yet". */
  get next(): number {
    return this.#next
  }

  /** Sequence number of the oldest frame kept; that of the next one when there is none. */
  get oldest(): number {
    return this.#oldest
  }

  /** Frames kept. */
  get size(): number {
    return this.#next - this.#oldest
  }

  /** UTF-8 bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Gives a frame its sequence number and keeps it, at the cost of this ring's oldest frames. What the ring
   * or the budget cannot hold even then is not kept, as with {@link skip}; other rings are never touched.
   *
   * @param frame - text that the frame can be made of again.
   * @param now - time of this push, in milliseconds of any clock that does not go backwards.
   * @returns the frame's sequence number.
   */
  push(frame: string, now: number): number {
    const { maxEvents, maxBytes } = this.#limits
    const size = Buffer.byteLength(frame)
    if (maxEvents < 1 || size > maxBytes || size > this.#budget.free + this.#bytes) return this.skip()
    while (this.size >= maxEvents || this.#bytes + size > maxBytes || size > this.#budget.free) this.#evict()
    if (this.size === this.#frames.length) this.#grow()
    const slot = this.#next & (this.#frames.length - 1)
    this.#frames[slot] = frame
    this.#sizes[slot] = size
    this.#times[slot] = now
    this.#bytes += size
    this.#budget.take(size)
    return this.#next++
  }

  /**
   * Uses up a sequence number without keeping a frame. No reader from before it can be served any more, so
   * the frames kept so far are given back.
   *
   * @returns the sequence number.
   */
  skip(): number {
    const sequence = this.#next++
    this.clear()
    return sequence
  }

  /**
   * Looks up what a reader has missed.
   *
   * @param sequence - the last sequence number the reader has; 0 when it has none.
   * @returns every frame with a greater number, in order; or `'gap'` when any of them is no longer kept, or
   * when `sequence` was never given out.
   */
  after(sequence: number): readonly string[] | 'gap' {
    if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence >= this.#next) return 'gap'
    if (sequence + 1 < this.#oldest) return 'gap'
    const missed: string[] = []
    const mask = this.#frames.length - 1
    for (let n = sequence + 1; n < this.#next; n++) missed.push(this.#frames[n & mask] as string)
    return missed
  }

  /**
   * Gives back the frames that were pushed before a time.
   *
   * @param time - milliseconds, of the clock that `push` is given.
   */
  dropOlderThan(time: number): void {
    while (this.size > 0 && (this.#times[this.#oldest & (this.#times.length - 1)] as number) < time)
      this.#evict()
    if (this.size === 0) this.clear()
  }

  /** Gives back all frames and the storage. Sequence numbers go on where they were. */
  clear(): void {
    this.#budget.give(this.#bytes)
    this.#bytes = 0
    this.#oldest = this.#next
    this.#frames = NONE
    this.#sizes = NONE
    this.#times = NONE
  }

  /** Drops the oldest frame. The slot is cleared, or the ring would hold on to the text until it wraps. */
  #evict(): void {
    const slot = this.#oldest++ & (this.#frames.length - 1)
    const size = this.#sizes[slot] as number
    this.#frames[slot] = undefined
    this.#bytes -= size
    this.#budget.give(size)
  }

  /** Doubles the storage; every kept frame moves to the slot of its number under the new mask. */
  #grow(): void {
    const oldMask = this.#frames.length - 1
    const capacity = this.#frames.length * 2 || FIRST_CAPACITY
    const frames = new Array<string | undefined>(capacity)
    const sizes = new Array<number>(capacity)
    const times = new Array<number>(capacity)
    for (let n = this.#oldest; n < this.#next; n++) {
      const from = n & oldMask
      const to = n & (capacity - 1)
      frames[to] = this.#frames[from]
      sizes[to] = this.#sizes[from] as number
      times[to] = this.#times[from] as number
    }
    this.#frames = frames
    this.#sizes = sizes
    this.#times = times
  }
}
