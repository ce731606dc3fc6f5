/**
 * The bytes of one request body so far, in one buffer, counted against a limit of their own and a budget of all bodies.
 *
 * Memory is in proportion to the bytes that came, however they were cut: a chunk is copied when a second one comes,
 * since a buffer of its own for each chunk of one byte would take a hundred times its length; and when it is a small
 * part of a buffer, as chunks of node:http2 are of all that was read from the connection at once.
 *
 * Bodies that are being read, and those that a call in progress still needs, share the budget. The first bytes of each
 * are free, so that small requests pass while large uploads use all of it up.
 *
 * Not here: where the bytes come from (node-http/body.ts, web-http/body.ts).
 */

import { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyError, busyError } from './body-error.ts'

export const NO_BYTES: Buffer = Buffer.alloc(0)

/** Bytes of each body that are not taken from the budget. */
export const FREE_BYTES = 4096

const MIN_CAPACITY = 1024

/** Bytes beside a chunk that it may keep in memory, besides as many again as it has. */
const MAX_SURPLUS = 1024

export class BodyBytes {
  length = 0
  /** Bytes that were taken from the budget. */
  charged = 0
  readonly #maxBytes: number
  readonly #budget: ByteBudget | undefined
  /** The first `length` bytes of it are the body so far. */
  #buffer = NO_BYTES

  /**
   * @param maxBytes - the most bytes accepted; a body of exactly this length is accepted. `Infinity`: no limit
   * @param budget - what all bodies may take together; undefined: no limit
   */
  constructor(maxBytes: number, budget: ByteBudget | undefined) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  /** @returns an error when a body that says it has this many bytes is refused. NaN: it does not say */
  refuseLength(declared: number): BodyError | undefined {
    return declared > this.#maxBytes ? tooLarge(`declares ${declared} bytes`, this.#maxBytes) : undefined
  }

  /**
   * @param chunk - kept without a copy when it is the only one, and most of its buffer
   * @param declared - the length that the whole body says it has; undefined: it does not say
   * @returns why it was not taken
   */
  append(chunk: Buffer, declared: string | undefined): BodyError | undefined {
    const length = this.length + chunk.length
    if (length > this.#maxBytes) return tooLarge(`has ${length} bytes or more`, this.#maxBytes)
    if (!this.#charge(length)) return busyError()
    if (this.length === 0) {
      // One chunk is the usual case, and is handed on without a copy.
      this.#buffer = isMostOfBuffer(chunk) ? chunk : copyOf(chunk)
    } else {
      if (length > this.#buffer.length) {
        const doubled = Math.max(MIN_CAPACITY, 2 * this.#buffer.length)
        const expected = Number(declared ?? this.#maxBytes)
        const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(doubled, expected)))
        this.#buffer.copy(larger, 0, 0, this.length)
        this.#buffer = larger
      }
      chunk.copy(this.#buffer, this.length)
    }
    this.length = length
    return undefined
  }

  /** Gives up what has come so far. */
  drop(): void {
    this.#buffer = NO_BYTES
    this.#budget?.give(this.charged)
    this.charged = 0
  }

  /** What has come so far. */
  get bytes(): Buffer {
    return this.length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.length)
  }

  get aborted(): BodyError {
    return new BodyError('aborted', `The connection closed after ${this.length} bytes of the request body`)
  }

  #charge(length: number): boolean {
    const budget = this.#budget
    const more = Math.max(0, length - FREE_BYTES) - this.charged
    if (budget === undefined || more <= 0) return true
    if (more > budget.free) return false
    budget.take(more)
    this.charged += more
    return true
  }
}

function isMostOfBuffer({ buffer, length }: Buffer): boolean {
  return buffer.byteLength <= 2 * length + MAX_SURPLUS
}

/** Not from the pool of `Buffer.from`, of which it would keep all. */
function copyOf(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length)
  chunk.copy(copy)
  return copy
}

function tooLarge(received: string, maxBytes: number): BodyError {
  return new BodyError('too-large', `The request body ${received}, the limit is ${maxBytes}`)
}
