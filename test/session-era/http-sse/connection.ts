/** A client of HTTP+SSE on raw HTTP: a stream, and POSTs to where its first event says. */

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { McpServer, type ServeOptions, type Serving, serve } from '../../../src/index.ts'
import {
  Conversation,
  type HttpReply,
  openSse,
  post,
  type RequestHeaders,
  type SseStream,
  type WireJson,
  within,
} from '../../helpers/wire.ts'
import { HeldCalls } from '../serving.ts'

export interface SseServing {
  readonly server: McpServer
  readonly serving: Serving
  /** Without a path. */
  readonly origin: string
  readonly held: HeldCalls
  /** What hooks were told, in order. */
  readonly told: string[]
  connect(options?: SseConnectionOptions): Promise<SseConnection>
}

/** Serves `echo`, `hold`, and what `setup` adds, on both transports of the session era. */
export async function serveHttpSse(
  t: TestContext,
  { setup, ...options }: ServeOptions & { setup?: (server: McpServer) => void } = {},
): Promise<SseServing> {
  const errors: unknown[] = []
  const server = new McpServer(
    { name: 'old', version: '1.0.0' },
    { logging: true, onError: (error) => errors.push(error) },
  )
  const held = new HeldCalls()
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }) => text ?? '')
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  setup?.(server)
  const told: string[] = []
  const serving = await serve(server, {
    port: 0,
    httpSse: true,
    onSessionOpened: ({ protocolVersion }) => told.push(`opened ${protocolVersion}`),
    onSessionClosed: (_session, reason) => told.push(`closed ${reason}`),
    onRejected: ({ status }) => told.push(`rejected ${status}`),
    ...options,
  })
  const connections: SseConnection[] = []
  t.after(async () => {
    t.mock.timers.reset()
    for (const connection of connections) await connection.stream.close()
    await serving.close({ drainMs: 0 })
    assert.deepEqual(errors, [])
  })
  const origin = new URL(serving.url).origin
  return {
    server,
    serving,
    origin,
    held,
    told,
    async connect(connectOptions) {
      const connection = await SseConnection.open(origin, connectOptions)
      connections.push(connection)
      return connection
    },
  }
}

export interface SseConnectionOptions {
  readonly headers?: RequestHeaders
  readonly path?: string
  /** Undefined: `initialize` is left to the test. */
  readonly revision?: string | undefined
  readonly capabilities?: object
}

export class SseConnection {
  readonly stream: SseStream
  /** Where the stream says that messages go. */
  readonly endpoint: URL
  readonly headers: RequestHeaders
  /** The result of `initialize`. */
  opened: WireJson
  readonly #conversation: Conversation
  readonly #news: EventEmitter
  #lastId = 0

  constructor(
    stream: SseStream,
    endpoint: URL,
    headers: RequestHeaders,
    conversation: Conversation,
    news: EventEmitter,
  ) {
    this.stream = stream
    this.endpoint = endpoint
    this.headers = headers
    this.#conversation = conversation
    this.#news = news
  }

  static async open(
    origin: string,
    { headers = {}, path = '/sse', ...options }: SseConnectionOptions = {},
  ): Promise<SseConnection> {
    const revision = 'revision' in options ? options.revision : '2024-11-05'
    const conversation = new Conversation(revision, true)
    const url = new URL(path, origin)
    const news = new EventEmitter()
    const stream = await openSse(url, { headers, conversation, onMessage: () => news.emit('message') })
    const { event, data } = await stream.next()
    assert.equal(event, 'endpoint')
    const connection = new SseConnection(stream, new URL(data ?? '', url), headers, conversation, news)
    if (revision !== undefined) await connection.initialize(revision, options.capabilities)
    return connection
  }

  async initialize(protocolVersion: string, capabilities: object = {}): Promise<WireJson> {
    const clientInfo = { name: 'test', version: '1.0.0' }
    this.opened = await this.request('initialize', { protocolVersion, capabilities, clientInfo })
    await this.send({ method: 'notifications/initialized' })
    return this.opened
  }

  /** Posts a message, which is accepted. */
  async send(message: object): Promise<void> {
    const reply = await this.post(message)
    assert.deepEqual([reply.status, reply.text], [202, ''])
  }

  /** @param message - or a batch of them */
  post(message: object, headers: RequestHeaders = this.headers): Promise<HttpReply> {
    const conversation = this.#conversation
    const body = Array.isArray(message) ? message : { jsonrpc: '2.0', ...message }
    return post(this.endpoint, body, headers, { conversation })
  }

  /** Posts bytes as they are. */
  postRaw(body: string, headers: RequestHeaders = this.headers): Promise<HttpReply> {
    return post(this.endpoint, body, headers, { check: 'none' })
  }

  /** Sends a request. @returns the response that the stream brings */
  async request(method: string, params?: object, id: string | number = ++this.#lastId): Promise<WireJson> {
    await this.send({ id, method, ...(params !== undefined && { params }) })
    return this.until((message) => message.id === id && message.method === undefined)
  }

  /** The first message, of those that came and come, that fits. */
  async until(fits: (message: WireJson) => boolean): Promise<WireJson> {
    for (;;) {
      const found = this.stream.messages.find(fits)
      if (found !== undefined) return found
      await within(
        once(this.#news, 'message'),
        () => `a message after ${JSON.stringify(this.stream.messages).slice(0, 500)}`,
      )
    }
  }

  call(name: string, args: object = {}, meta?: object): Promise<WireJson> {
    return this.request('tools/call', { name, arguments: args, ...(meta !== undefined && { _meta: meta }) })
  }
}
