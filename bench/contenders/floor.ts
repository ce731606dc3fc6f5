/**
 * The floor: the least that a server on node:http can do and still give the same answers. It collects the body,
 * parses it, and writes the same JSON. It checks nothing and keeps nothing, except what a part is about: the ids of
 * its sessions in a Map, and its open streams in a Set.
 *
 * `tools/list` is answered with bytes that were made once. It is not a usable server.
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MetaKey } from '../../src/protocol/meta-keys.ts'
import type { JsonObject } from '../../src/protocol/wire-types.ts'
import type { Running, Setup } from '../lib/setup.ts'
import { SESSION_VERSION } from '../lib/wire.ts'
import { CHECKED, ECHO, fillers, PROGRESS, PROGRESS_BATCH, SERVER_INFO, yieldTurn } from '../lib/workload.ts'

interface Message {
  readonly id?: string | number
  readonly method: string
  readonly params?: {
    readonly name?: string
    readonly arguments?: JsonObject
    readonly _meta?: { readonly progressToken?: string }
  }
}

const INITIALIZED = {
  protocolVersion: SESSION_VERSION,
  capabilities: { tools: { listChanged: true } },
  serverInfo: SERVER_INFO,
}
const SSE_HEAD = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }
const CHANGED = 'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
/** The same as one chunk of a chunked body (RFC 9112 section 7.1). */
const CHANGED_CHUNK = Buffer.from(`${CHANGED.length.toString(16)}\r\n${CHANGED}\r\n`)

/** What is the same for all answers of one way of talking. */
function answersOf(setup: Setup) {
  const stateless = setup.wire === 'stateless'
  const extra = stateless
    ? { resultType: 'complete', _meta: { [MetaKey.SERVER_INFO]: SERVER_INFO } }
    : undefined
  const caching = stateless ? { ttlMs: 0, cacheScope: 'private' } : undefined
  const tools = [ECHO, CHECKED, PROGRESS, ...fillers(setup.tools)]
  return { stateless, extra, list: JSON.stringify({ ...extra, ...caching, tools }) }
}

export async function start(setup: Setup): Promise<Running> {
  const sessions = new Map<string, { seenAt: number }>()
  const streams = new Set<ServerResponse>()
  const { stateless, extra, list } = answersOf(setup)

  function open(response: ServerResponse): void {
    response.writeHead(200, SSE_HEAD)
    response.write(':\n\n')
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  function answer(message: Message, response: ServerResponse): void {
    const { id, method, params } = message
    if (id === undefined) {
      response.writeHead(202, { 'Content-Length': '0' }).end()
    } else if (method === 'tools/call') {
      if (params?.name === 'progress') {
        void progress(id, params, response)
        return
      }
      json(response, id, JSON.stringify({ ...extra, content: [{ type: 'text', text: text(params) }] }))
    } else if (method === 'tools/list') {
      json(response, id, list)
    } else if (method === 'initialize') {
      const sessionId = randomUUID()
      if (setup.wire === 'session') sessions.set(sessionId, { seenAt: performance.now() })
      json(response, id, JSON.stringify(INITIALIZED), sessionId)
    } else if (method === 'subscriptions/listen') {
      open(response)
    } else {
      response.writeHead(404).end()
    }
  }

  async function progress(
    id: string | number,
    params: NonNullable<Message['params']>,
    response: ServerResponse,
  ): Promise<void> {
    const { count, batch = PROGRESS_BATCH } = params.arguments as { count: number; batch?: number }
    const progressToken = params._meta?.progressToken
    response.writeHead(200, SSE_HEAD)
    let eventId = 0
    const frame = (data: object) =>
      stateless
        ? `event: message\ndata: ${JSON.stringify(data)}\n\n`
        : `event: message\nid: s_${++eventId}\ndata: ${JSON.stringify(data)}\n\n`
    for (let i = 1; i <= count; i++) {
      const params = { progressToken, progress: i, total: count }
      response.write(frame({ jsonrpc: '2.0', method: 'notifications/progress', params }))
      if (i % batch === 0) await yieldTurn()
    }
    const result = { ...extra, content: [{ type: 'text', text: `${count} done` }] }
    response.end(frame({ jsonrpc: '2.0', id, result }))
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'GET') {
      open(response)
      return
    }
    if (request.method === 'DELETE') {
      const { 'mcp-session-id': sessionId } = request.headers
      sessions.delete(String(sessionId))
      response.writeHead(200, { 'Content-Length': '0' }).end()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer(JSON.parse(Buffer.concat(chunks).toString()) as Message, response))
  })
  // The same as barewire: a connection that was idle between two rounds must still be there.
  server.keepAliveTimeout = 65_000
  server.headersTimeout = 66_000
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => {
    server.once('listening', resolve)
  })
  if (setup.keepAliveMs > 0) {
    setInterval(() => {
      for (const stream of streams) stream.write(':\n\n')
    }, setup.keepAliveMs)
  }
  if (setup.idleTimeoutMs > 0) {
    setInterval(
      () => {
        const expired = performance.now() - setup.idleTimeoutMs
        for (const [id, { seenAt }] of sessions) if (seenAt < expired) sessions.delete(id)
      },
      Math.min(1000, setup.idleTimeoutMs / 8),
    ).unref()
  }
  return {
    port: (server.address() as AddressInfo).port,
    sessions: () => sessions.size,
    change: () => {
      for (const stream of streams) stream.write(CHANGED)
    },
    changeBare: () => {
      for (const { socket } of streams) socket?.write(CHANGED_CHUNK)
    },
  }
}

function json(response: ServerResponse, id: string | number, result: string, sessionId?: string): void {
  const body = messageOf(id, result)
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...(sessionId !== undefined && { 'Mcp-Session-Id': sessionId }),
  })
  response.end(body)
}

function messageOf(id: string | number, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

/** The result of a request, but for progress, which is no part of `fetch` and `stdio`. */
function resultOf({ method, params }: Message, { extra, list }: ReturnType<typeof answersOf>): string {
  if (method === 'tools/call') {
    return JSON.stringify({ ...extra, content: [{ type: 'text', text: text(params) }] })
  }
  return method === 'tools/list' ? list : JSON.stringify(INITIALIZED)
}

export async function fetchHandler(setup: Setup): Promise<(request: Request) => Promise<Response>> {
  const answers = answersOf(setup)
  return async (request) => {
    const message = (await request.json()) as Message
    if (message.id === undefined) return new Response(null, { status: 202 })
    const headers = {
      'Content-Type': 'application/json',
      ...(message.method === 'initialize' && { 'Mcp-Session-Id': randomUUID() }),
    }
    return new Response(messageOf(message.id, resultOf(message, answers)), { headers })
  }
}

export async function stdio(setup: Setup): Promise<void> {
  const answers = answersOf(setup)
  let pending = ''
  process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      const message = JSON.parse(line) as Message
      if (message.id === undefined) continue
      process.stdout.write(`${messageOf(message.id, resultOf(message, answers))}\n`)
    }
  })
}

function text(params: Message['params']): unknown {
  const args = params?.arguments as { text?: string; query?: string; limit?: number; sort?: string }
  return args.text ?? `${args.query}: ${args.limit} ${args.sort}`
}
