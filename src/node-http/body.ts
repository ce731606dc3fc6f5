/**
 * Reads a request body up to a limit.
 *
 * Invariant: `done` is called at most once, and by then every listener of this file is gone. On an error
 * the request is left paused and not destroyed, so that a refusal can still be written (see `closeAfter` in post-response.ts).
 *
 * A declared length only ever refuses a body early; what is accepted is counted while it arrives.
 *
 * Not here: what is kept and counted (http/body-bytes.ts), decoding, media types, the reply.
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BodyBytes, NO_BYTES } from '../http/body-bytes.ts'
import { BodyError } from '../http/body-error.ts'

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

/** Bytes that are taken from the connection before it is known whether the body is wanted. */
const PREFETCH_BYTES = 16_384

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

function onGone(this: Carrier): void {
  if (this[READER] !== undefined) finishReader(this[READER], false)
}

/** Reads one body. `prefetch` may come first, and then `read` or `cancel`. */
export class BodyReader extends BodyBytes {
  readonly #request: Carrier
  #done: BodyCallback | undefined
  /** What ended it before `read` was called. */
  #result: BodyError | 'end' | undefined
  #listening = false
  #socketPaused = false

  constructor(request: IncomingMessage, maxBytes: number, options?: BodyOptions) {
    super(maxBytes, options?.bodies)
    this.#request = request
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
    this.drop()
    this.#result = this.aborted
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
    if (request.destroyed && !request.readableEnded) return this.aborted
    if (request.readableEnded || request.readableDidRead) {
      const problem = 'The request body was read before: pass the parsed body to the handler'
      return new BodyError('consumed', problem)
    }
    // Node's parser lets only digits through, so this is NaN exactly when the header is absent.
    return this.refuseLength(Number(request.headers['content-length'] ?? Number.NaN))
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    const request = this.#request
    request[READER] = this
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('error', onGone)
    request.on('close', onGone)
  }

  #unlisten(): void {
    if (!this.#listening) return
    this.#listening = false
    const request = this.#request
    request[READER] = undefined
    request.off('data', onData)
    request.off('end', onEnd)
    request.off('error', onGone)
    request.off('close', onGone)
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
    this.#unlisten()
    if (result !== 'end') {
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
