/**
 * Byte budget: how many bytes of one kind may be kept, by one owner or by all owners together. It only counts: an owner
 * checks `free` before it keeps something.
 *
 * Invariant: `used` is what was taken less what was given back. What is taken from a budget is taken from its parent too.
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

  /** Reserves bytes; the caller has checked `free`. */
  take(bytes: number): void {
    this.#used += bytes
    this.#parent?.take(bytes)
  }

  /** Releases reserved bytes. */
  give(bytes: number): void {
    this.#used -= bytes
    this.#parent?.give(bytes)
  }
}
