/**
 * A handler of node:http as a `fetch`: the request and the response exist in this process alone. `connect(server)` of
 * barewire/client reaches a server by it, so that a test of a server needs no port.
 *
 *    Request --> MemoryRequest --\
 *                                 handler
 *    Response <-- MemoryResponse -/          a body that is not read is waited for, as on a socket
 *
 * To abort the request, or to cancel the body, is to close the connection.
 */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable, Writable } from 'node:stream'

/** Under this symbol a handler, and a server definition, give their `fetch`. */
export const MEMORY_FETCH: unique symbol = Symbol.for('barewire.fetch') as never

export type MemoryFetch = (request: Request) => Promise<Response>

type Handle = (request: IncomingMessage, response: ServerResponse, parsedBody: string | undefined) => void

/** Where the handler is, for its own checks. */
export interface MemoryAddress {
  readonly host: string
  /** In place of the path of the request; undefined: that one. */
  readonly path: string | undefined
}

export function memoryFetch(handle: Handle, { host, path }: MemoryAddress): MemoryFetch {
  return async (request) => {
    const body = request.body === null ? undefined : await request.text()
    const { pathname, search } = new URL(request.url)
    const headers = { ...Object.fromEntries(request.headers), host }
    const incoming = Object.assign(new Readable({ read: () => {} }), {
      method: request.method,
      url: `${path ?? pathname}${search}`,
      headers,
      rawHeaders: Object.entries(headers).flat(),
      httpVersion: '1.1',
      socket: null,
    })
    const response = new MemoryResponse()
    const onAbort = () => {
      incoming.destroy()
      response.destroy()
    }
    if (request.signal.aborted) throw request.signal.reason
    request.signal.addEventListener('abort', onAbort)
    response.on('close', () => request.signal.removeEventListener('abort', onAbort))
    handle(incoming as unknown as IncomingMessage, response as unknown as ServerResponse, body)
    // The body was handed over as text: there is nothing more to read.
    incoming.push(null)
    const answer = await Promise.race([response.answer, rejection(request.signal)])
    return answer
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

/** What a handler writes, as a `Response` whose body is a stream. */
class MemoryResponse extends Writable {
  statusCode = 200
  headersSent = false
  readonly answer: Promise<Response>
  #resolve: (response: Response) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  /** A piece was written that the reader has not taken. */
  #onPull: (() => void) | undefined

  constructor() {
    super()
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.answer.catch(() => {})
    // Only node:http does not throw the error of a lost connection where nobody listens.
    this.on('error', () => {})
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): this {
    this.statusCode = status
    this.headersSent = true
    const fields = new Headers()
    for (const [name, value] of Object.entries(headers)) {
      for (const one of Array.isArray(value) ? value : [value])
        if (one !== undefined) fields.append(name, String(one))
    }
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller
      },
      pull: () => {
        const resume = this.#onPull
        this.#onPull = undefined
        resume?.()
      },
      cancel: () => {
        this.destroy()
      },
    })
    const hasBody = status !== 204 && status !== 205 && status !== 304
    this.#resolve(new Response(hasBody ? body : null, { status, headers: fields }))
    return this
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // A copy: the writer may use its buffer again.
    this.#body?.enqueue(new Uint8Array(chunk))
    if ((this.#body?.desiredSize ?? 1) > 0) done()
    else this.#onPull = done
  }

  override _final(done: () => void): void {
    try {
      this.#body?.close()
    } catch {
      // The reader has cancelled it.
    }
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const lost = error ?? new Error('The connection closed')
    this.#reject(lost)
    if (!this.writableFinished) {
      try {
        this.#body?.error(lost)
      } catch {
        // It is over.
      }
    }
    done(error)
  }
}
