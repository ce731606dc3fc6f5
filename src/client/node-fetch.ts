/**
 * `fetch` on node:http, for the requests of the client: it costs a third of the CPU time of Node's own, which makes a
 * request, a response and two streams of the web platform for each call (bench: client).
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
    request.once('close', release)
    request.once('error', reject)
    request.once('response', (response) =>
      resolve(new HttpResponse(response, target.href, signal) as unknown as Response),
    )
    request.end(body ?? undefined)
  })
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
 * A response as far as most calls look at it: status, headers, text. Whoever looks further gets a `Response` of the web
 * platform, made then.
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
    this.statusText = incoming.statusMessage ?? ''
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
      incoming.once('end', () => resolve(text))
      incoming.once('error', (error) => reject(this.#signal?.aborted === true ? this.#signal.reason : error))
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
    const decoder = DECODERS[incoming.headers['content-encoding']?.trim().toLowerCase() ?? '']?.()
    // Errors reach whoever reads.
    const source = decoder === undefined ? incoming : pipeline(incoming, decoder, () => {})
    return Readable.toWeb(source as Readable) as ReadableStream<Uint8Array>
  }
}
