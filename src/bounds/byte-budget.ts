/**
 * Byte budget: what may be kept together, of one kind, by one owner or by all of them. It counts, and whoever keeps
 * something asks first; it knows nothing of what is kept.
 *
 * Invariant: `used` is what was taken and not given back, here and, through the parent, in all budgets of a parent.
 */

export class ByteBudget {
  readonly maxBytes: number
  readonly #parent: ByteBudget | undefined
  #used = 0

  /**
   * @param maxBytes - `Infinity` for no limit.
   * @param parent - a budget that this one is a part of: what is taken here is taken there too.
   * @throws {TypeError} when it is negative or not a number.
   */
  constructor(maxBytes: number, parent?: ByteBudget) {
    if (!(maxBytes >= 0))
      throw new TypeError(`maxBytes: received ${maxBytes}, expected 0 or more, or Infinity`)
    this.maxBytes = maxBytes
    this.#parent = parent
  }

  /** Bytes kept now. */
  get used(): number {
    return this.#used
  }

  /** Bytes that still fit. */
  get free(): number {
    const own = this.maxBytes - this.#used
    return this.#parent === undefined ? own : Math.min(own, this.#parent.free)
  }

  /** Books bytes; the caller has looked at `free`. */
  take(bytes: number): void {
    this.#used += bytes
    this.#parent?.take(bytes)
  }

  /** Gives booked bytes back. */
  give(bytes: number): void {
    this.#used -= bytes
    this.#parent?.give(bytes)
  }
}
