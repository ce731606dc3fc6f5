/** Requests over node:http2, which can hold as many of them at once as a test wants on one connection. */

import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type Settings,
} from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { certificate } from './certificate.ts'
import { SseParser } from './sse-parser.ts'
import type { WireJson } from './wire.ts'
import { within } from './within.ts'

export interface Http2Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: WireJson
  /** The JSON-RPC messages of the body, whichever way they came. */
  readonly messages: readonly WireJson[]
  /** With which code the stream was closed; 0: without an error. */
  readonly code: number
}

export interface Http2Request {
  readonly method?: string
  readonly path?: string
  /** Undefined: without one that is usual. */
  readonly headers?: { readonly [name: string]: string | undefined }
  readonly body?: string | Uint8Array
}

const POST_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

/** Heads that came before anybody asked for them. */
const heads = new WeakMap<ClientHttp2Stream, IncomingHttpHeaders>()

export class Http2Client {
  readonly session: ClientHttp2Session
  /** Its own, so that it can be closed whatever state the session is in. */
  readonly #socket: TLSSocket

  /** @param settings - what the client tells of itself */
  constructor(url: string | URL, settings: Settings = {}) {
    const { hostname, port, origin } = new URL(url)
    this.#socket = connectTls({
      host: hostname,
      port: Number(port),
      ca: certificate().cert,
      ALPNProtocols: ['h2'],
    })
    this.#socket.on('error', () => {})
    this.session = connect(origin, { createConnection: () => this.#socket, settings })
    // A stream that it breaks says so itself.
    this.session.on('error', () => {})
  }

  /** Begins a request, and leaves the rest to the test. */
  begin({ method = 'POST', path = '/mcp', headers = {}, body }: Http2Request = {}): ClientHttp2Stream {
    const usual = method === 'POST' ? POST_HEADERS : method === 'GET' ? { accept: 'text/event-stream' } : {}
    const stream = this.session.request(
      { ':method': method, ':path': path, ...usual, ...headers },
      { endStream: method !== 'POST' },
    )
    stream.on('error', () => {})
    stream.once('response', (fields) => heads.set(stream, fields))
    if (method === 'POST' && body !== undefined) stream.end(body)
    return stream
  }

  async send(request: Http2Request): Promise<Http2Reply> {
    return await replyOf(this.begin(request))
  }

  post(message: object | string, headers: { readonly [name: string]: string } = {}): Promise<Http2Reply> {
    const body = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })
    return this.send({ body, headers })
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return
    const closed = once(this.#socket, 'close')
    this.session.destroy()
    this.#socket.destroy()
    await closed
  }
}

/** Reads a response to its end. */
export async function replyOf(stream: ClientHttp2Stream): Promise<Http2Reply> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = stream.destroyed
    ? Promise.resolve()
    : new Promise<void>((resolve) => {
        // A client whose upload was stopped is not told of more than the end.
        stream.once('end', resolve).once('close', resolve)
      })
  await within(closed, () => `the end of a stream; so far ${Buffer.concat(chunks).toString().slice(0, 300)}`)
  const text = Buffer.concat(chunks).toString()
  const headers = heads.get(stream) ?? {}
  const isStream = headers['content-type']?.startsWith('text/event-stream') === true
  const json = isStream ? undefined : parse(text)
  const found = isStream ? new SseParser().push(Buffer.from(text)).map((event) => event.json) : [json]
  const messages = found.flat().filter((message) => message?.jsonrpc !== undefined)
  return { status: Number(headers[':status'] ?? 0), headers, text, json, messages, code: stream.rstCode ?? 0 }
}

function parse(text: string): WireJson {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
