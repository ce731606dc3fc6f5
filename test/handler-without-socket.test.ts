/**
 * The handler on requests and responses that have no connection of node:http, as adapters of other runtimes and test
 * frameworks make them. The real ones are in interop/frameworks.test.ts.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import { createMcpHandler, type HandlerOptions } from '../src/index.ts'
import { StatelessClient } from './helpers/stateless-client.ts'
import { within } from './helpers/within.ts'
import { createPortableServer } from './interop/portable-server.ts'

const HEADERS = {
  host: 'localhost',
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
}
const callOf = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name, arguments: args, _meta: { progressToken: 't' } },
})

/** The least that can be a response: it knows heads as objects only, and has neither socket nor request. */
class BareResponse extends Writable {
  statusCode = 0
  headersSent = false
  headers: { readonly [name: string]: unknown } = {}
  body = ''
  /** What its reader does with a piece. */
  take: (done: (error?: Error) => void) => void = (done) => done()

  writeHead(status: number, headers: { readonly [name: string]: unknown }): this {
    if (Array.isArray(headers)) throw new TypeError('headers must be an object')
    this.statusCode = status
    this.headers = headers
    this.headersSent = true
    return this
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.body += chunk
    this.emit('piece')
    this.take(done)
  }

  async until(part: string): Promise<void> {
    while (!this.body.includes(part)) await within(once(this, 'piece'), () => `${part} in ${this.body}`)
  }
}

function handlerOf(t: TestContext, options: HandlerOptions = {}) {
  const handler = createMcpHandler(createPortableServer(), options)
  t.after(() => handler.close({ drainMs: 0 }))
  return {
    handler,
    /** Headers are in `headers` alone, and the body can be read. */
    send(
      method: string,
      message?: object,
      headers: object = {},
      response = new BareResponse(),
    ): BareResponse {
      const body = message === undefined ? [] : [Buffer.from(JSON.stringify(message))]
      const request = Object.assign(Readable.from(body), {
        method,
        url: '/mcp',
        headers: { ...HEADERS, ...headers },
        rawHeaders: [],
        socket: null,
      })
      handler(request as unknown as IncomingMessage, response as unknown as ServerResponse)
      return response
    },
  }
}

async function finished(response: BareResponse): Promise<BareResponse> {
  if (!response.writableFinished) await within(once(response, 'finish'), () => `the end of ${response.body}`)
  return response
}

async function open(t: TestContext) {
  const { send, handler } = handlerOf(t)
  const { statusCode, headers } = await finished(send('POST', INITIALIZE))
  assert.equal(statusCode, 200)
  const session = { 'mcp-session-id': headers['Mcp-Session-Id'] }
  return {
    handler,
    send: (method: string, message?: object, headers: object = {}, response?: BareResponse) =>
      send(method, message, { ...session, ...headers }, response),
  }
}

test('createMcpHandler answers in JSON and with an event stream where the response has no socket', async (t) => {
  const { send } = await open(t)
  const json = await finished(send('POST', callOf('echo', { text: 'é' })))
  assert.deepEqual([json.statusCode, json.headers['Content-Type']], [200, 'application/json'])
  assert.match(json.body, /"text":"é"/)
  const stream = await finished(send('POST', callOf('progress')))
  assert.deepEqual([stream.statusCode, stream.headers['Content-Type']], [200, 'text/event-stream'])
  assert.match(stream.body, /^id: .*"progress":1,.*"progress":3,.*"text":"done".*\n\n$/s)
})

test('createMcpHandler carries changes to a GET stream, and resumes it, where the response has no socket', async (t) => {
  const { send } = await open(t)
  const stream = send('GET')
  await stream.until('retry: ')
  await finished(send('POST', callOf('change')))
  await stream.until('list_changed')
  const lastEventId = [...stream.body.matchAll(/^id: (.*)$/gm)].at(-1)?.[1]
  const again = send('GET', undefined, { 'last-event-id': lastEventId })
  // The newest connection wins.
  await finished(stream)
  await finished(send('POST', callOf('change')))
  await again.until('list_changed')
})

test('createMcpHandler answers a refusal at once where there is no connection on which an upload goes on', async (t) => {
  const { send } = await open(t)
  const refused = await finished(send('POST', callOf('echo'), { 'content-type': 'text/plain' }))
  assert.equal(refused.statusCode, 415)
  const twice = await finished(
    send('POST', callOf('echo'), { origin: ['http://localhost', 'http://localhost'] }),
  )
  assert.equal(twice.statusCode, 400)
})

test('a handler waits for the reader of a response without a socket, and the reader gets all', async (t) => {
  const { send } = await open(t)
  const response = new BareResponse({ highWaterMark: 4096 })
  let go = () => {}
  response.take = (done) => {
    go = done
  }
  send('POST', callOf('progress', { count: 1000 }), {}, response)
  await response.until('id: ')
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(response.writableLength < 200_000, `${response.writableLength}`)
  response.take = (done) => setImmediate(done)
  go()
  await finished(response)
  assert.equal(response.body.match(/"progress":/g)?.length, 1000)
})

test('a stream goes on where a response counts all that it ever had as waiting, or has no number', async (t) => {
  const { send } = handlerOf(t, { maxStreamBufferBytes: 4096 })
  for (const length of [Number.NaN, undefined, 1e9]) {
    const client = new StatelessClient('http://localhost/mcp')
    const meta = { progressToken: 't' }
    const message = client.message('tools/call', { name: 'progress', arguments: { count: 20 } }, { meta })
    const response = new BareResponse({ highWaterMark: 1e9 })
    Object.defineProperty(response, 'writableLength', { get: () => length })
    const { body } = await finished(send('POST', message, client.headers(message), response))
    assert.match(body, /"progress":20,.*"text":"done"/s)
  }
})

test('a response whose write throws, or that fails, is one whose client has left', async (t) => {
  const { send, handler } = await open(t)
  const throwing = new BareResponse()
  send('POST', callOf('wait'), {}, throwing)
  await throwing.until('"progress":1')
  const gone = send('GET')
  await gone.until('retry: ')
  assert.equal(handler.stats().streams, 2)
  for (const response of [throwing, gone]) {
    response.write = () => {
      throw new TypeError('Invalid state: Controller is already closed')
    }
  }
  gone.end = gone.write as never
  await finished(send('POST', callOf('change')))
  await within(once(gone, 'close'), () => 'the stream whose write throws to be given up')
  const closed = new Promise((resolve) => throwing.on('close', resolve))
  throwing.destroy(new Error('gone'))
  await within(closed, () => 'the close')
  assert.equal(handler.stats().streams, 0)
})

test('a stateless call is aborted where a response can do no more than throw when its client has left', async (t) => {
  const { send } = handlerOf(t, { keepAliveMs: 32 })
  const client = new StatelessClient('http://localhost/mcp')
  const call = (name: string, response?: BareResponse) => {
    const message = client.message('tools/call', { name, arguments: {} }, { meta: { progressToken: 't' } })
    return send('POST', message, client.headers(message), response)
  }
  const response = new BareResponse()
  response.destroy = () => response
  call('wait', response)
  await response.until('"progress":1')
  response.write = () => {
    throw new TypeError('Invalid state: Controller is already closed')
  }
  assert.match((await finished(call('aborted'))).body, /"text":"aborted"/)
})

test('fastify.inject gets the event stream of a call', async (t) => {
  const handler = createMcpHandler(createPortableServer(), { allowedHosts: ['*'] })
  t.after(() => handler.close({ drainMs: 0 }))
  const app = fastify()
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    handler(request.raw, reply.raw, request.body)
  })
  const inject = (message: object, headers: object = {}) =>
    app.inject({ method: 'POST', url: '/mcp', headers: { ...HEADERS, ...headers }, payload: message })
  const { headers } = await inject(INITIALIZE)
  const session = { 'mcp-session-id': headers['mcp-session-id'] }
  const answered = inject(callOf('progress'), session)
  const { statusCode, body } = await within(answered, () => 'the answer to an injected call')
  assert.equal(statusCode, 200)
  assert.match(body, /"progress":1,.*"progress":3,.*"text":"done"/s)
})
