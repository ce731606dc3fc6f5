/**
 * Reads a request body up to a limit.
 *
 * Invariant: `done` is called at most once, and by then every listener of this file is gone. On an error
 * the request is left paused and not destroyed, so that a refusal can still be written (see `closeAfter` in post-response.ts).
 *
 * Memory is in proportion to the bytes that came, however they were cut: a chunk is copied when a second one comes,
 * since a Buffer of its own for each chunk of one byte would take a hundred times its length.
 *
 * Bodies that are being read, and those that a call in progress still needs, share a budget. The first bytes of each
 * are free, so that small requests pass while large uploads use all of it up.
 *
 * A declared length only ever refuses a body early; what is accepted is counted while it arrives.
 *
 * Not here: decoding, media types, the reply.
 */

import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyError, busyError } from '../http/body-error.ts'

export interface BodyOptions {
  /** What all bodies may take together. @defaultValue no limit */
  readonly bodies?: ByteBudget | undefined
}

/**
 * Called once; on an error the body is empty.
 *
 * @param charged - bytes that were taken from the budget, for the receiver to give back
 */
export type BodyCallback = (error: BodyError | undefined, body: Buffer, charged: number) => void

const EMPTY: Buffer = Buffer.alloc(0)

/** Bytes of each body that are not taken from the budget. */
export const FREE_BYTES = 4096

/** Bytes that are taken from the connection before it is known whether the body is wanted. */
const PREFETCH_BYTES = 16_384

const MIN_CAPACITY = 1024

/**
 * Reads the whole body.
 *
 * @param request - nothing of its body may have been read
 * @param maxBytes - the most bytes accepted; a body of exactly this length is accepted. `Infinity`: no limit
 * @param done - called before this function returns when the answer is known at once
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: BodyCallback,
  options?: BodyOptions,
): void {
  new BodyReader(request, maxBytes, options).read(done)
}

/** Reads one body. `prefetch` may come first, and then `read` or `cancel`. */
export class BodyReader {
  readonly #request: IncomingMessage
  readonly #maxBytes: number
  readonly #options: BodyOptions | undefined
  /** The first `#length` bytes of it are the body so far. */
  #buffer = EMPTY
  #length = 0
  #charged = 0
  #done: BodyCallback | undefined
  /** What ended it before `read` was called. */
  #result: BodyError | 'end' | undefined
  #listening = false
  #socketPaused = false

  constructor(request: IncomingMessage, maxBytes: number, options?: BodyOptions) {
    this.#request = request
    this.#maxBytes = maxBytes
    this.#options = options
  }

  /**
   * Takes the first bytes, while it is still to be seen whether the body will be read. Node would keep each chunk in a
   * Buffer of its own.
   */
  prefetch(): void {
    if (this.#unreadable() === undefined) this.#listen()
  }

  read(done: BodyCallback): void {
    this.#done = done
    this.#resumeSocket()
    const result = this.#listening || this.#result !== undefined ? this.#result : this.#unreadable()
    if (result !== undefined) {
      this.#finish(result)
      return
    }
    this.#listen()
    this.#request.resume()
  }

  /** The body is not wanted. What was taken of it is dropped; the rest is for whoever reads the request next. */
  cancel(): void {
    this.#unlisten()
    this.#resumeSocket()
    this.#buffer = EMPTY
    this.#giveBack()
    this.#result = aborted(this.#length)
  }

  /**
   * Stops reading, and takes what was read from the socket already: it would wait in a Buffer for each chunk, while
   * `read` gives all of it in one.
   */
  #pause(): void {
    const request = this.#request
    if (request.isPaused()) return
    request.pause()
    setImmediate(() => {
      if (this.#done !== undefined || !this.#listening) return
      // It comes as `data`, and asks for more.
      request.read()
      this.#socketPaused = true
      request.socket?.pause?.()
    })
  }

  #resumeSocket(): void {
    if (!this.#socketPaused) return
    this.#socketPaused = false
    this.#request.socket?.resume?.()
  }

  #unreadable(): BodyError | undefined {
    const request = this.#request
    if (request.destroyed && !request.readableEnded) return aborted(0)
    if (request.readableEnded || request.readableDidRead) {
      const problem = 'The request body was read before: pass the parsed body to the handler'
      return new BodyError('consumed', problem)
    }
    // Node's parser lets only digits through, so this is NaN exactly when the header is absent.
    const declared = Number(request.headers['content-length'] ?? Number.NaN)
    return declared > this.#maxBytes ? tooLarge(`declares ${declared} bytes`, this.#maxBytes) : undefined
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    const request = this.#request
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
    request.on('error', this.#onGone)
    request.on('close', this.#onGone)
  }

  #unlisten(): void {
    if (!this.#listening) return
    this.#listening = false
    const request = this.#request
    request.off('data', this.#onData)
    request.off('end', this.#onEnd)
    request.off('error', this.#onGone)
    request.off('close', this.#onGone)
  }

  readonly #onData = (chunk: Buffer): void => {
    const length = this.#length + chunk.length
    if (length > this.#maxBytes) {
      this.#finish(tooLarge(`has ${length} bytes or more`, this.#maxBytes))
    } else if (!this.#charge(length)) {
      this.#finish(busyError())
    } else {
      this.#append(chunk, length)
      if (this.#done === undefined && length >= PREFETCH_BYTES) this.#pause()
    }
  }

  readonly #onEnd = (): void => this.#finish('end')
  readonly #onGone = (): void => this.#finish(aborted(this.#length))

  #append(chunk: Buffer, length: number): void {
    if (this.#length === 0) {
      // One chunk is the usual case, and is handed on without a copy.
      this.#buffer = chunk
    } else {
      if (length > this.#buffer.length) {
        const doubled = Math.max(MIN_CAPACITY, 2 * this.#buffer.length)
        const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(doubled, this.#expected)))
        this.#buffer.copy(larger, 0, 0, this.#length)
        this.#buffer = larger
      }
      chunk.copy(this.#buffer, this.#length)
    }
    this.#length = length
  }

  /** The length that the body will have at most. */
  get #expected(): number {
    return Number(this.#request.headers['content-length'] ?? this.#maxBytes)
  }

  #charge(length: number): boolean {
    const budget = this.#options?.bodies
    const more = Math.max(0, length - FREE_BYTES) - this.#charged
    if (budget === undefined || more <= 0) return true
    if (more > budget.free) return false
    budget.take(more)
    this.#charged += more
    return true
  }

  #giveBack(): void {
    this.#options?.bodies?.give(this.#charged)
    this.#charged = 0
  }

  #finish(result: BodyError | 'end'): void {
    this.#unlisten()
    if (result !== 'end') {
      this.#request.pause()
      this.#buffer = EMPTY
      this.#giveBack()
    }
    this.#result = result
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    if (result === 'end') done(undefined, this.#body(), this.#charged)
    else done(result, EMPTY, 0)
  }

  #body(): Buffer {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length)
  }
}

function tooLarge(received: string, maxBytes: number): BodyError {
  return new BodyError('too-large', `The request body ${received}, the limit is ${maxBytes}`)
}

function aborted(length: number): BodyError {
  return new BodyError('aborted', `The connection closed after ${length} bytes of the request body`)
}
