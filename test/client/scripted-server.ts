/**
 * A server of the test's own on raw node:http: the test says what is answered, byte by byte if it likes. It keeps what
 * it was sent.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type Client, type ConnectOptions, connect, forgetServers } from '../../src/client/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: messages as they came
type Message = any

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly message: Message
  /** POST, GET, DELETE, or the JSON-RPC method of a POST. */
  readonly what: string
}

export interface Scripted {
  readonly url: string
  readonly origin: string
  readonly seen: readonly Exchange[]
  /** What it was sent, in order. */
  readonly log: () => string[]
  /** Ends all connections, and accepts none until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
}

export type Script = (exchange: Exchange) => unknown

/** Starts it; the script answers every request. */
export async function scripted(t: TestContext, script: Script): Promise<Scripted> {
  // Ports are used again: what was learnt of an earlier server must not decide anything.
  forgetServers()
  const seen: Exchange[] = []
  const sockets = new Set<Socket>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const message = body === '' ? undefined : JSON.parse(body)
    const what = message?.method ?? (message === undefined ? (request.method ?? '') : 'response')
    const exchange = { request, response, message, what }
    seen.push(exchange)
    await script(exchange)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const start = (port: number) =>
    new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve)
    })
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  await start(0)
  const { port } = server.address() as AddressInfo
  t.after(() => (server.listening ? stop() : undefined))
  const origin = `http://127.0.0.1:${port}`
  return {
    url: `${origin}/mcp`,
    origin,
    seen,
    log: () => seen.map(({ what }) => what),
    stop,
    start: () => start(port),
  }
}

/** A client that the test's end closes. Delays between tries are short. */
export async function connected(t: TestContext, url: string, options: ConnectOptions = {}): Promise<Client> {
  const client = await connect(url, { retryDelayMs: 10, ...options })
  t.after(() => client.close())
  return client
}

export function json(
  { response }: Exchange,
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

/** Answers with a body that need not be JSON, whatever its media type says. */
export function write({ response }: Exchange, body: string | Buffer, headers: object = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
}

export function result(exchange: Exchange, value: object, headers?: Readonly<Record<string, string>>): void {
  json(exchange, { jsonrpc: '2.0', id: exchange.message.id, result: value }, 200, headers)
}

export function failure(
  exchange: Exchange,
  code: number,
  message = 'no',
  status = 200,
  data?: unknown,
): void {
  json(exchange, { jsonrpc: '2.0', id: exchange.message?.id, error: { code, message, data } }, status)
}

/** Begins an event stream. */
export function stream(
  { response }: Exchange,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
  response.flushHeaders()
  return response
}

export function event(value: unknown, id?: string): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${text}\n\n`
}

export const response = (id: unknown, value: object = { content: [] }) => ({
  jsonrpc: '2.0',
  id,
  result: value,
})

/** Answers what begins a session; the rest is for the script. */
export function session(
  script: Script,
  { id = 'session-1', capabilities = {} as object, revision = '2025-11-25' } = {},
): Script {
  return (exchange) => {
    const { what, response: reply } = exchange
    if (what === 'server/discover') return failure(exchange, -32601, 'Method not found', 404)
    if (what === 'initialize') {
      const server = { name: 'scripted', version: '1' }
      const headers: Record<string, string> = id === '' ? {} : { 'mcp-session-id': id }
      return result(exchange, { protocolVersion: revision, capabilities, serverInfo: server }, headers)
    }
    if (what === 'notifications/initialized') return reply.writeHead(202).end()
    if (what === 'DELETE') return reply.writeHead(204).end()
    if (
      what === 'GET' &&
      exchange.request.headers['last-event-id'] === undefined &&
      !('tools' in capabilities)
    ) {
      return reply.writeHead(405).end()
    }
    return script(exchange)
  }
}

/** Answers `server/discover`; the rest is for the script. */
export function stateless(script: Script, capabilities: object = {}): Script {
  return (exchange) => {
    if (exchange.what !== 'server/discover') return script(exchange)
    return result(exchange, {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities,
      ttlMs: 0,
    })
  }
}
