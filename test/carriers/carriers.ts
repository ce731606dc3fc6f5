/**
 * The three carriers of HTTP: node:http, fetch (in Hono), and HTTP/2. Each serves the same definition, and has a client
 * that sends what a test says, so that one table of requests is held against all of them.
 */

import type { ClientRequest } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { TestContext } from 'node:test'
import { createFetchHandler } from '../../src/fetch.ts'
import { type HandlerOptions, type HandlerStats, McpServer, serve } from '../../src/index.ts'
import { certificate } from '../helpers/certificate.ts'
import { Conversation } from '../helpers/conversation.ts'
import { readReply, send } from '../helpers/http-client.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import type { WireJson } from '../helpers/wire.ts'
import { HeldCalls } from '../session-era/serving.ts'
import { listenHono } from '../web-http/carriers.ts'

export interface Wire {
  readonly method?: string
  readonly path?: string
  /** `host` is the authority. */
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | Uint8Array
}

export interface Reply {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
  readonly json: WireJson
  readonly messages: readonly WireJson[]
}

/** A request whose body is not sent to its end, or whose response is not read. */
export interface Begun {
  write(bytes: Uint8Array): void
  /** The client goes away. */
  abort(): void
  /** The response has ended, or was broken. */
  readonly ended: Promise<void>
}

export interface Running {
  readonly held: HeldCalls
  readonly server: McpServer
  /** What `onError` was told. */
  readonly errors: readonly unknown[]
  stats(): HandlerStats
  send(wire: Wire): Promise<Reply>
  /** Sends no more than the head and what the body has so far. */
  begin(wire: Wire): Begun
}

export interface Carrier {
  readonly name: 'node' | 'fetch' | 'http2'
  run(t: TestContext, options?: HandlerOptions): Promise<Running>
}

const POST_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
/** By method, unless a row says otherwise; an empty value leaves one out. */
const usualHeaders = (method: string) =>
  method === 'POST' ? POST_HEADERS : method === 'GET' ? { accept: 'text/event-stream' } : {}

function definition() {
  const errors: unknown[] = []
  const server = new McpServer(
    { name: 'carried', version: '1.0.0' },
    { logging: true, onError: (error) => errors.push(error) },
  )
  const held = new HeldCalls()
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }) => text ?? '')
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  return { server, held, errors }
}

/** A client of HTTP/1.1, with a connection for each request. */
function http1Client(url: string): Pick<Running, 'send' | 'begin'> {
  const headersOf = ({ method = 'POST', headers = {} }: Wire) =>
    Object.fromEntries(
      Object.entries({ ...usualHeaders(method), ...headers }).filter(([, value]) => value !== ''),
    )
  return {
    async send(wire) {
      const { method = 'POST', path = '/mcp', body } = wire
      const response = await send(method, new URL(path, url), headersOf(wire), body)
      return await readReply(response, new Conversation(undefined, 'none'), undefined, {})
    },
    begin(wire) {
      const { method = 'POST', path = '/mcp', body } = wire
      const request: ClientRequest = httpRequest(new URL(path, url), {
        method,
        agent: false,
        headers: headersOf(wire),
      })
      const ended = new Promise<void>((resolve) => request.once('close', resolve))
      // It is paused: nothing of the response is read.
      request.on('response', () => {}).on('error', () => {})
      request.flushHeaders()
      if (body !== undefined) request.end(body)
      return { ended, write: (bytes) => request.write(bytes), abort: () => request.destroy() }
    },
  }
}

function http2Client(t: TestContext, url: string): Pick<Running, 'send' | 'begin'> {
  const client = new Http2Client(url)
  t.after(() => client.close())
  const converted = ({ method = 'POST', headers = {}, ...wire }: Wire) => {
    const { host, ...rest } = headers as { [name: string]: string }
    const kept = Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [name, value === '' ? undefined : value]),
    )
    return { method, ...wire, headers: host === undefined ? kept : { ':authority': host, ...kept } }
  }
  return {
    send: (wire) => client.send({ body: '', ...converted(wire) }),
    begin(wire) {
      const stream = client.begin(converted(wire))
      return {
        ended: new Promise<void>((resolve) => stream.once('close', resolve)),
        write: (bytes) => stream.write(bytes),
        abort: () => stream.close(8),
      }
    },
  }
}

export const carriers: readonly Carrier[] = [
  {
    name: 'node',
    async run(t, options = {}) {
      const { server, ...rest } = definition()
      const { url, stats, close } = await serve(server, { port: 0, ...options })
      t.after(() => close({ drainMs: 0 }))
      return { server, ...rest, stats, ...http1Client(url) }
    },
  },
  {
    name: 'fetch',
    async run(t, { onRejected: _, auth: __, maxPipelined: ___, ...options } = {}) {
      const { server, ...rest } = definition()
      const handler = createFetchHandler(server, { path: '/mcp', ...options })
      const { url, close } = await listenHono(handler, 0, '*')
      t.after(() => close())
      return { server, ...rest, stats: handler.stats, ...http1Client(url) }
    },
  },
  {
    name: 'http2',
    async run(t, options = {}) {
      const { server, ...rest } = definition()
      const { url, stats, close } = await serve(server, { port: 0, tls: certificate(), ...options })
      t.after(() => close({ drainMs: 0 }))
      return { server, ...rest, stats, ...http2Client(t, url) }
    },
  },
]
