/**
 * Bytes that many parts may keep together. Who takes some gives back exactly as many.
 *
 * Invariant: 0 <= used <= maxBytes.
 */
export class ByteBudget {
  readonly maxBytes: number
  #used = 0

  /** @param maxBytes - `Infinity`: no limit */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get used(): number {
    return this.#used
  }

  /** @returns false when they do not fit; nothing was taken then */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.maxBytes) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
