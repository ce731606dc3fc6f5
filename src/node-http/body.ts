/**
 * Reads a request body up to a limit.
 *
 * Invariant: `done` is called at most once, and every listener of this file is removed before. On an error the request is
 * left paused and not destroyed, so that a refusal can still be written (see `closeAfter` in response.ts).
 *
 * Memory is proportional to the bytes received, however they are split into chunks: a second chunk is copied into the
 * buffer of the first one, since one Buffer for each chunk of one byte would take a hundred times its length.
 *
 * Bodies that are being read, and those that a call in flight still needs, share a budget. The first bytes of each are
 * not charged, so that small requests are accepted while large uploads use up the budget.
 *
 * Content-Length is used only to refuse a body early; the bytes that arrive are counted.
 *
 * Not here: decoding, media types, the reply.
 */

import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyError, busyError } from '../http/body-error.ts'

export interface BodyOptions {
  /** Budget of all bodies together. @defaultValue no limit */
  readonly bodies?: ByteBudget | undefined
}

/**
 * Called once; on an error the body is empty.
 *
 * @param charged - bytes that were charged to the budget; the receiver returns them
 */
export type BodyCallback = (error: BodyError | undefined, body: Buffer, charged: number) => void

const EMPTY: Buffer = Buffer.alloc(0)

/** Bytes of each body that are not charged to the budget. */
export const FREE_BYTES = 4096

/** Bytes that are read before it is known whether the body is needed. */
const PREFETCH_BYTES = 16_384

const MIN_CAPACITY = 1024

/**
 * Reads the whole body.
 *
 * @param request - nothing of its body may have been read
 * @param maxBytes - the most bytes accepted; a body of exactly this length is accepted. `Infinity`: no limit
 * @param done - called before this function returns when the result is known at once
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: BodyCallback,
  options?: BodyOptions,
): void {
  new BodyReader(request, maxBytes, options).read(done)
}

/** Where a request keeps its reader, so that listeners need no closure for each. */
const READER = Symbol('BodyReader')
type Carrier = IncomingMessage & { [READER]?: BodyReader | undefined }
let takeChunk: (reader: BodyReader, chunk: Buffer) => void
let finishReader: (reader: BodyReader, isEnd: boolean) => void

function onData(this: Carrier, chunk: Buffer): void {
  if (this[READER] !== undefined) takeChunk(this[READER], chunk)
}

function onEnd(this: Carrier): void {
  if (this[READER] !== undefined) finishReader(this[READER], true)
}

function onClose(this: Carrier): void {
  if (this[READER] !== undefined) finishReader(this[READER], false)
}

/** Reads one body. `prefetch` may come first, and then `read` or `cancel`. */
export class BodyReader {
  readonly #request: Carrier
  readonly #maxBytes: number
  readonly #options: BodyOptions | undefined
  /** The first `#length` bytes of it are the body so far. */
  #buffer = EMPTY
  #length = 0
  #charged = 0
  #done: BodyCallback | undefined
  /** The result, when the body ended or failed before `read` was called. */
  #result: BodyError | 'end' | undefined
  #listening = false
  #socketPaused = false

  constructor(request: IncomingMessage, maxBytes: number, options?: BodyOptions) {
    this.#request = request
    this.#maxBytes = maxBytes
    this.#options = options
  }

  /**
   * Reads the first bytes before it is known whether the body is needed: Node would store each chunk in a Buffer of its
   * own.
   */
  prefetch(): void {
    if (this.#checkReadable() === undefined) this.#listen()
  }

  read(done: BodyCallback): void {
    this.#done = done
    this.#resumeSocket()
    const result = this.#listening || this.#result !== undefined ? this.#result : this.#checkReadable()
    if (result !== undefined) {
      this.#finish(result)
      return
    }
    this.#listen()
    this.#request.resume()
  }

  /** The body is not needed: discards what was read of it, and removes the listeners. */
  cancel(): void {
    this.#unlisten()
    this.#resumeSocket()
    this.#buffer = EMPTY
    this.#refund()
    this.#result = aborted(this.#length)
  }

  /**
   * Pauses the request, and reads what node:http has buffered of it: there it takes one Buffer for each chunk, while
   * `request.read` returns it in one.
   */
  #pause(): void {
    const request = this.#request
    if (request.isPaused()) return
    request.pause()
    setImmediate(() => {
      if (this.#done !== undefined || !this.#listening) return
      // Emits `data`, and makes the request read from the socket again, so the socket is paused too.
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

  #checkReadable(): BodyError | undefined {
    const request = this.#request
    if (request.destroyed && !request.readableEnded) return aborted(0)
    if (request.readableEnded || request.readableDidRead) {
      const problem = 'The request body was read before: pass the parsed body to the handler'
      return new BodyError('consumed', problem)
    }
    // Node's parser accepts only digits, so this is NaN exactly when the header is absent.
    const declared = Number(request.headers['content-length'] ?? Number.NaN)
    return declared > this.#maxBytes ? tooLarge(`declares ${declared} bytes`, this.#maxBytes) : undefined
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    const request = this.#request
    request[READER] = this
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('error', onClose)
    request.on('close', onClose)
  }

  #unlisten(): void {
    if (!this.#listening) return
    this.#listening = false
    const request = this.#request
    request[READER] = undefined
    request.off('data', onData)
    request.off('end', onEnd)
    request.off('error', onClose)
    request.off('close', onClose)
  }

  #onData(chunk: Buffer): void {
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

  static {
    takeChunk = (reader, chunk) => reader.#onData(chunk)
    finishReader = (reader, isEnd) => reader.#finish(isEnd ? 'end' : aborted(reader.#length))
  }

  #append(chunk: Buffer, length: number): void {
    if (this.#length === 0) {
      // One chunk is the usual case, and is not copied.
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

  /** The largest length that the body can have. */
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

  #refund(): void {
    this.#options?.bodies?.give(this.#charged)
    this.#charged = 0
  }

  #finish(result: BodyError | 'end'): void {
    this.#unlisten()
    if (result !== 'end') {
      this.#request.pause()
      this.#buffer = EMPTY
      this.#refund()
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
