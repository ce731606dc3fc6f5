/**
 * `fetch` on node:http, for the requests of the client: Node's own makes a request, a response and two streams of the
 * web platform for each call, which is CPU time (bench: client).
 *
 *    POST, GET, DELETE; text or nothing as the body; redirects are left to the caller     here
 *    anything else                                                                        the global fetch
 *
 * Connections are those of the global agents of node:http and node:https, kept alive.
 * Not here: proxies and certificates that are set for the global `fetch` alone.
 */

import {
  globalAgent as httpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { globalAgent as httpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { onAbort } from './on-abort.ts'

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}
/** As the global fetch asks for. */
const ENCODINGS = 'gzip, deflate, br'
/** Statuses whose responses have no body: a `Response` takes none. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Lifecycle: from the first request on a socket to the end of that. */
const guarded = new WeakSet<Socket>()

const BROKEN = 'The connection ended before the body of the response did'

/**
 * Takes the place of the global `fetch` in option `fetch` of `connect`, in programs on Node that call much.
 *
 * @example
 * ```ts
 * const client = await connect('https://mcp.example.com/mcp', { fetch: httpFetch })
 * ```
 */
export function httpFetch(url: string | URL, init: RequestInit): Promise<Response> {
  const { headers, body, signal, redirect } = init
  const isOurs = typeof body === 'string' || body === undefined || body === null
  if (!isOurs || redirect !== 'manual') return fetch(url, init)
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const target = typeof url === 'string' ? new URL(url) : url
    const isSecure = target.protocol === 'https:'
    const options = {
      method: init.method ?? 'GET',
      headers: headersOf(headers, body),
      agent: isSecure ? httpsAgent : httpAgent,
    }
    const request = (isSecure ? httpsRequest : httpRequest)(target, options)
    const release = onAbort(signal ?? undefined, () => request.destroy(signal?.reason))
    let isAnswered = false
    request.once('socket', guard)
    request.once('close', () => {
      release()
      // As after 101, which node:http takes for an answer only where somebody listens for it.
      if (!isAnswered) reject(new Error('The connection ended before a response came'))
    })
    request.on('error', reject)
    request.once('response', (response) => {
      isAnswered = true
      resolve(new HttpResponse(response, target.href, signal) as unknown as Response)
    })
    request.end(body ?? undefined)
  })
}

/**
 * Between two requests, a socket of node:http has no listener for a moment (Node 20 and 22). A server that answers before
 * it has read the request, and closes, would end this process then.
 */
function guard(socket: Socket): void {
  if (!guarded.has(socket)) socket.on('error', () => {})
  guarded.add(socket)
}

function headersOf(given: RequestInit['headers'], body: unknown): OutgoingHttpHeaders {
  const isPlain = given !== undefined && Object.getPrototypeOf(given) === Object.prototype
  const headers: OutgoingHttpHeaders = isPlain
    ? { ...(given as Record<string, string>) }
    : Object.fromEntries(new Headers(given))
  headers['accept-encoding'] ??= ENCODINGS
  if (typeof body === 'string') headers['content-length'] = Buffer.byteLength(body)
  return headers
}

/**
 * A response as far as most calls look at it: status, headers, text. For anything else a `Response` of the web platform
 * is made when it is used.
 */
class HttpResponse {
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly type = 'basic'
  readonly redirected = false
  readonly #incoming: IncomingMessage
  readonly #signal: AbortSignal | null | undefined
  #headers: Headers | undefined
  #whole: Response | undefined
  #isRead = false

  constructor(incoming: IncomingMessage, url: string, signal: AbortSignal | null | undefined) {
    this.#incoming = incoming
    this.#signal = signal
    this.status = incoming.statusCode ?? 0
    // A `Response` takes no other characters.
    this.statusText = (incoming.statusMessage ?? '').replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    this.url = url
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers()
      const { rawHeaders } = this.#incoming
      for (let at = 0; at + 1 < rawHeaders.length; at += 2)
        this.#headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string)
    }
    return this.#headers
  }

  get bodyUsed(): boolean {
    return this.#isRead || this.#whole?.bodyUsed === true
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#made().body
  }

  text(): Promise<string> {
    const encoding = this.#incoming.headers['content-encoding'] ?? 'identity'
    if (this.#whole !== undefined || this.#isRead || encoding !== 'identity') return this.#made().text()
    this.#isRead = true
    return new Promise((resolve, reject) => {
      const incoming = this.#incoming.setEncoding('utf8')
      let text = ''
      incoming.on('data', (piece: string) => {
        text += piece
      })
      const failed = (error: unknown) => reject(this.#signal?.aborted === true ? this.#signal.reason : error)
      if (isBroken(incoming)) failed(new Error(BROKEN))
      incoming.once('end', () => resolve(text))
      incoming.once('error', failed)
    })
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#made().arrayBuffer()
  }

  blob(): Promise<Blob> {
    return this.#made().blob()
  }

  formData(): Promise<FormData> {
    return this.#made().formData()
  }

  clone(): Response {
    return this.#made().clone()
  }

  #made(): Response {
    if (this.#isRead) throw new TypeError('The body of the response was read already')
    this.#whole ??= new Response(BODILESS.has(this.status) ? this.#discarded() : this.#stream(), {
      status: this.status,
      statusText: this.statusText,
      headers: this.headers,
    })
    return this.#whole
  }

  #discarded(): null {
    this.#incoming.resume()
    return null
  }

  #stream(): ReadableStream<Uint8Array> {
    const incoming = this.#incoming
    // `toWeb` would make an empty body of it.
    if (isBroken(incoming))
      return new ReadableStream({ start: (controller) => controller.error(new Error(BROKEN)) })
    const decoder = DECODERS[incoming.headers['content-encoding']?.trim().toLowerCase() ?? '']?.()
    // Errors reach the reader.
    const source = decoder === undefined ? incoming : pipeline(incoming, decoder, () => {})
    return Readable.toWeb(source as Readable) as ReadableStream<Uint8Array>
  }
}

/** It may break before anybody listens, and says so only once. */
function isBroken(incoming: IncomingMessage): boolean {
  return incoming.destroyed && !incoming.readableEnded
}
