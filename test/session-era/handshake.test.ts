/** `initialize` as a request like any other: middleware and diagnostics see it, and what becomes of its session then. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { McpServer, RpcError, type ServeOptions, serve } from '../../src/index.ts'
import { post, within } from '../helpers/wire.ts'
import { endOfTurn } from '../helpers/within.ts'

const initialize = {
  jsonrpc: '2.0',
  id: 'first',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'handshake-test', version: '1.0.0' },
  },
}

async function start(t: TestContext, options: ServeOptions = {}) {
  const server = new McpServer({ name: 'handshake', version: '1.0.0' })
  const hooks: string[] = []
  const serving = await serve(server, {
    port: 0,
    onSessionOpened: () => hooks.push('opened'),
    onSessionClosed: (_session, reason) => hooks.push(reason),
    ...options,
  })
  t.after(() => serving.close({ drainMs: 0 }))
  return { server, hooks, serving }
}

test('initialize passes middleware, which sees its method, params and client', async (t) => {
  const { server, hooks, serving } = await start(t)
  const seen: unknown[] = []
  server.use(async (ctx, next) => {
    seen.push([ctx.method, ctx.params?.['protocolVersion'], ctx.client.name, ctx.session])
    return await next()
  })
  const reply = await post(serving.url, initialize)
  assert.deepEqual(seen, [['initialize', '2025-11-25', 'handshake-test', undefined]])
  assert.equal(reply.json.result.serverInfo.name, 'handshake')
  assert.match(String(reply.headers['mcp-session-id']), /^[\x21-\x7e]{32,}$/)
  assert.deepEqual(hooks, ['opened'])
  assert.equal(serving.stats().sessions, 1)
})

test('initialize is published on the diagnostics channels of requests', async (t) => {
  const { serving } = await start(t)
  const seen: unknown[] = []
  for (const name of ['barewire:rpc:start', 'barewire:rpc:end', 'barewire:rpc:error']) {
    const listener = (message: unknown) => seen.push([name, (message as { method: string }).method])
    subscribe(name, listener)
    t.after(() => unsubscribe(name, listener))
  }
  await post(serving.url, initialize)
  await post(serving.url, JSON.stringify({ ...initialize, params: {} }))
  assert.deepEqual(seen, [
    ['barewire:rpc:start', 'initialize'],
    ['barewire:rpc:end', 'initialize'],
    ['barewire:rpc:start', 'initialize'],
    ['barewire:rpc:error', 'initialize'],
  ])
})

for (const moment of ['before', 'after'] as const) {
  test(`a middleware that throws ${moment} next() refuses initialize, and no session remains`, async (t) => {
    const { server, hooks, serving } = await start(t)
    server.use(async (_ctx, next) => {
      if (moment === 'after') await next()
      throw new RpcError(-32099, 'Not today')
    })
    const reply = await post(serving.url, initialize)
    assert.equal(reply.status, 200)
    assert.deepEqual(reply.json.error, { code: -32099, message: 'Not today' })
    assert.equal(reply.json.id, 'first')
    assert.equal(reply.headers['mcp-session-id'], undefined)
    assert.equal(serving.stats().sessions, 0)
    assert.deepEqual(hooks, [])
  })
}

test('a middleware may change the result of initialize', async (t) => {
  const { server, serving } = await start(t)
  server.use(async (ctx, next) => {
    const result = await next()
    return ctx.method === 'initialize' ? { ...(result as object), instructions: 'Be brief' } : result
  })
  const reply = await post(serving.url, initialize)
  assert.equal(reply.json.result.instructions, 'Be brief')
  assert.notEqual(reply.headers['mcp-session-id'], undefined)
})

test('a slow middleware does not make the head of the response leave before the session id is there', async (t) => {
  const { server, serving } = await start(t, { sseAfterMs: 1000 })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let release = () => {}
  const begun = new Promise<void>((resolve) => {
    server.use(async (ctx, next) => {
      await ctx.progress(1)
      await new Promise<void>((go) => {
        release = go
        resolve()
      })
      return await next()
    })
  })
  const params = { ...initialize.params, _meta: { progressToken: 7 } }
  const reply = post(serving.url, { ...initialize, params }, { accept: 'text/event-stream' })
  await within(begun, () => 'the middleware')
  await endOfTurn()
  t.mock.timers.tick(5000)
  release()
  const { status, headers, text } = await reply
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/event-stream')
  assert.notEqual(headers['mcp-session-id'], undefined)
  assert.match(text, /"serverInfo"/)
  assert.doesNotMatch(text, /notifications\/progress/)
})

test('no session remains of a client that left while a middleware held its initialize', async (t) => {
  const { server, hooks, serving } = await start(t)
  let aborted: Promise<unknown> | undefined
  let release = () => {}
  const begun = new Promise<void>((resolve) => {
    server.use(async (ctx, next) => {
      aborted = once(ctx.signal, 'abort')
      const go = new Promise<void>((done) => {
        release = done
      })
      resolve()
      await go
      return await next()
    })
  })
  const socket = connect(serving.port, '127.0.0.1')
  const body = JSON.stringify(initialize)
  socket.write(
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await within(begun, () => 'the middleware')
  socket.destroy()
  await within(aborted as Promise<unknown>, () => 'the signal of initialize')
  release()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(serving.stats().sessions, 0)
  assert.equal(serving.stats().callsInProgress, 0)
  assert.deepEqual(hooks, [])
})

test('initialize is answered with 429 or 503 when there is no room for a session, through middleware too', async (t) => {
  const { server, serving } = await start(t, { sessions: { max: 1 } })
  let entered = 0
  server.use(async (_ctx, next) => {
    entered += 1
    return await next()
  })
  const first = await post(serving.url, initialize)
  const id = String(first.headers['mcp-session-id'])
  // A session with an open stream cannot make room.
  const stream = await fetch(serving.url, {
    headers: { accept: 'text/event-stream', 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' },
  })
  const refused = await post(serving.url, initialize)
  assert.equal(refused.status, 503)
  assert.equal(refused.json.id, 'first')
  assert.match(refused.json.error.message, /sessions\.max/)
  assert.equal(entered, 2)
  await stream.body?.cancel()
})
