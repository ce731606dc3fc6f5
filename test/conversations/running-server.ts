/**
 * A served definition for tests of what passes on the wire, with tools that answer at once, on a stream, when the
 * test says so, or wrongly; and a writer of raw HTTP requests.
 *
 * Everything that hooks were told is kept. The server is closed after the test.
 */

import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { McpServer, type Refusal, type ServeOptions, type Serving, serve } from '../../src/index.ts'
import { within } from '../helpers/wire.ts'

/** A call of the tool `wait` or `talk-and-wait` that runs until the test lets it go. */
export interface WaitingCall {
  readonly signal: AbortSignal
  release(text?: string): void
}

export interface Running {
  readonly url: string
  readonly port: number
  readonly serving: Serving
  readonly server: McpServer
  readonly refusals: Refusal[]
  readonly errors: { readonly error: unknown; readonly phase: string }[]
  /** Ids of the sessions that were opened. */
  readonly opened: string[]
  /** Tools that were run, in order. */
  readonly ran: string[]
  /** The next call that waits. */
  waiting(): Promise<WaitingCall>
}

export async function start(t: TestContext, options: ServeOptions = {}): Promise<Running> {
  const refusals: Refusal[] = []
  const errors: Running['errors'] = []
  const opened: string[] = []
  const ran: string[] = []
  const calls = new EventEmitter()
  const queue: WaitingCall[] = []
  const server = new McpServer(
    { name: 'wire-test', version: '1.0.0' },
    { logging: true, onError: (error, { phase }) => errors.push({ error, phase }) },
  )
  defineTools(server, ran, (call) => {
    queue.push(call)
    calls.emit('call')
  })
  const serving = await serve(server, {
    port: 0,
    onRejected: (refusal) => refusals.push(refusal),
    onSessionOpened: ({ id }) => opened.push(id),
    ...options,
  })
  t.after(() => serving.close({ drainMs: 0 }))
  const { url, port } = serving
  const waiting = async () => {
    if (queue.length === 0) await within(once(calls, 'call'), () => 'a call that waits')
    return queue.shift() as WaitingCall
  }
  return { url, port, serving, server, refusals, errors, opened, ran, waiting }
}

function defineTools(server: McpServer, ran: string[], entered: (call: WaitingCall) => void): void {
  const text = { type: 'object', properties: { text: { type: 'string' } } } as const
  const wait = (signal: AbortSignal) =>
    new Promise<string>((resolve) => entered({ signal, release: (said = 'released') => resolve(said) }))
  server.registerTool('echo', { inputSchema: text }, (args) => {
    ran.push('echo')
    return args.text ?? 'nothing'
  })
  server.registerTool('wait', {}, (_args, ctx) => {
    ran.push('wait')
    return wait(ctx.signal)
  })
  server.registerTool('talk', {}, (_args, ctx) => {
    ctx.log.info('working')
    return 'said'
  })
  server.registerTool('talk-and-wait', {}, (_args, ctx) => {
    ctx.log.info('working')
    return wait(ctx.signal)
  })
  server.registerTool(
    'repeat',
    { inputSchema: { type: 'object', properties: { length: { type: 'integer' } } } },
    ({ length = 1 }) => 'x'.repeat(length),
  )
  server.registerTool('unwritable', {}, () => {
    const circular: { [name: string]: unknown } = {}
    circular['self'] = circular
    return { content: [], structuredContent: circular }
  })
  server.registerTool('bigint', {}, () => ({ content: [], structuredContent: { value: 1n } }))
}

/** `undefined` leaves a default header out; an array sends one line for each value. */
export interface RawRequest {
  readonly method?: string
  readonly target?: string
  readonly version?: '1.0' | '1.1'
  readonly headers?: { readonly [name: string]: string | readonly string[] | undefined }
  readonly body?: string
}

/** The text of a request: by default a POST of JSON whose length is declared. */
export function httpText(request: RawRequest = {}): string {
  const { method = 'POST', target = '/mcp', version = '1.1', headers = {}, body = '' } = request
  const isPost = method === 'POST'
  const all: RawRequest['headers'] = {
    host: '127.0.0.1',
    accept: isPost ? 'application/json, text/event-stream' : 'text/event-stream',
    'content-type': isPost ? 'application/json' : undefined,
    'content-length': isPost ? `${Buffer.byteLength(body)}` : undefined,
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
  )
  return `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n${body}`
}

export const pingText = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
export const initializeText = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'barewire-test', version: '1.0.0' },
  },
})
