/**
 * Reads a request body up to a limit.
 *
 * Invariant: `done` is called at most once, and no listener of this file does anything after it. On an error they are
 * removed, and the request is left paused and not destroyed, so that a refusal can still be written (see `closeAfter` in
 * response.ts).
 *
 * Content-Length is used only to refuse a body early; the bytes that arrive are counted.
 *
 * Not here: what is kept and counted (http/body-bytes.ts), decoding, media types, the reply.
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyBytes, NO_BYTES } from '../http/body-bytes.ts'
import { BodyError } from '../http/body-error.ts'

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

/** Bytes that are read before it is known whether the body is needed. */
const PREFETCH_BYTES = 16_384

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
export class BodyReader extends BodyBytes {
  readonly #request: Carrier
  #done: BodyCallback | undefined
  /** The result, when the body ended or failed before `read` was called. */
  #result: BodyError | 'end' | undefined
  #listening = false
  #socketPaused = false

  constructor(request: IncomingMessage, maxBytes: number, options?: BodyOptions) {
    super(maxBytes, options?.bodies)
    this.#request = request
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
    this.drop()
    this.#result = this.aborted
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
      // The socket of HTTP/2 is not that of one request, whose flow is controlled without it.
      if (request.httpVersionMajor === 2) return
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
    if (request.destroyed && !request.readableEnded) return this.aborted
    if (request.readableEnded || request.readableDidRead) {
      const problem = 'The request body was read before: pass the parsed body to the handler'
      return new BodyError('consumed', problem)
    }
    // Node's parser accepts only digits, so this is NaN exactly when the header is absent.
    return this.refuseLength(Number(request.headers['content-length'] ?? Number.NaN))
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
    const error = this.append(chunk, this.#request.headers['content-length'])
    if (error !== undefined) this.#finish(error)
    else if (this.#done === undefined && this.length >= PREFETCH_BYTES) this.#pause()
  }

  static {
    takeChunk = (reader, chunk) => reader.#onData(chunk)
    finishReader = (reader, isEnd) => reader.#finish(isEnd ? 'end' : reader.aborted)
  }

  #finish(result: BodyError | 'end'): void {
    if (result === 'end') {
      // Nothing more comes, so the listeners stay: to remove four of them from each request is dear.
      this.#listening = false
      this.#request[READER] = undefined
    } else {
      this.#unlisten()
      this.#request.pause()
      this.drop()
    }
    this.#result = result
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    if (result === 'end') done(undefined, this.bytes, this.charged)
    else done(result, NO_BYTES, 0)
  }
}
