/** Bytes of events and messages of one node that wait to be written, all together. */

export class WaitingBytes {
  readonly max: number
  #used = 0

  constructor(max: number) {
    this.max = max
  }

  get used(): number {
    return this.#used
  }

  get isFull(): boolean {
    return this.#used > this.max
  }

  /** @param bytes - negative: they wait no longer */
  add(bytes: number): void {
    this.#used += bytes
  }
}
