/**
 * Packed events: what a finished stream keeps of its replay ring, as bytes outside of the heap. As strings they would be
 * copied twice and marked again and again by the garbage collector, for a client that mostly has them already.
 *
 *    bytes    {...} NUL {...} NUL {...}        JSON text has no NUL
 *
 * Invariant: what the events took of the budget stays taken until `clear`.
 * Not here: when a stream is finished (call-stream.ts).
 */

import { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'

const SEPARATOR = '\0'
const NONE = Buffer.alloc(0)

export class PackedEvents {
  /** Sequence number of the event that would follow. */
  readonly next: number
  readonly #budget: ByteBudget
  #charged: number
  #count: number
  #bytes: Buffer

  /**
   * @param next - sequence number of the event that would follow.
   * @param data - of each event, JSON text.
   * @param size - the bytes of all data, which are charged to the budget.
   */
  constructor(next: number, data: readonly string[], size: number, budget: ByteBudget) {
    const text = data.join(SEPARATOR)
    const length = size + data.length - 1
    this.next = next
    this.#budget = budget
    this.#charged = size
    this.#count = data.length
    // Not from the pool of small buffers: one of them would keep the whole pool in memory.
    this.#bytes = Buffer.allocUnsafeSlow(length)
    // The same bytes, faster, where all of it is ASCII.
    this.#bytes.write(text, text.length === length ? 'latin1' : 'utf8')
  }

  /** As `ReplayRing.after`. */
  after(sequence: number): readonly string[] | 'gap' {
    const isKnown = Number.isSafeInteger(sequence) && sequence >= 0 && sequence < this.next
    const count = this.next - 1 - sequence
    if (!isKnown || count > this.#count) return 'gap'
    return count === 0 ? [] : this.#bytes.toString().split(SEPARATOR).slice(-count)
  }

  /** Drops all events. */
  clear(): void {
    this.#budget.give(this.#charged)
    this.#charged = 0
    this.#count = 0
    this.#bytes = NONE
  }
}
