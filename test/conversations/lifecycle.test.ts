/** The life of a session on the wire: the handshake, versions and capabilities, and requests of the server that time out. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError, McpServer, MissingCapabilityError, serve } from '../../src/index.ts'
import { post, TestSession, type WireJson } from '../helpers/wire.ts'
import { initializeText, pingText, start } from './running-server.ts'

const revisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const
const hello = (params: object, id: number | string = 0) => ({
  jsonrpc: '2.0',
  id,
  method: 'initialize',
  params,
})
const client = { capabilities: {}, clientInfo: { name: 'barewire-test', version: '1.0.0' } }

test('a server with nothing registered initializes, answers ping, and offers nothing [basic.base-and-lifecycle]', async (t) => {
  const serving = await serve(new McpServer({ name: 'empty', version: '0' }), { port: 0 })
  t.after(() => serving.close())
  const session = await TestSession.open(serving.url)
  assert.deepEqual(session.initializeResult.capabilities, {})
  assert.deepEqual((await session.request('ping')).result, {})
  assert.deepEqual((await session.request('tools/list')).result, { tools: [] })
})

test('initialize is answered with the version, the capabilities and the name of the server [lifecycle.initialize-answer]', async (t) => {
  const server = new McpServer(
    { name: 'wire', version: '1.2.3', title: 'Wire' },
    { instructions: 'Be kind.', logging: true },
  )
  server.registerTool('tool', {}, () => 'x')
  server.registerResource('r', 'test:///r', { subscribe: true }, () => 'x')
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close())
  const reply = await post(serving.url, initializeText)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.deepEqual(reply.json, {
    jsonrpc: '2.0',
    id: 0,
    result: {
      protocolVersion: '2025-11-25',
      capabilities: {
        tools: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
      },
      serverInfo: { name: 'wire', version: '1.2.3', title: 'Wire' },
      instructions: 'Be kind.',
    },
  })
})

test('nothing is served to a client that has not initialized [lifecycle.initialization-first] [transports.session-id-missing-400]', async (t) => {
  const { url, ran } = await start(t)
  const messages = [
    { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: {} } },
    { jsonrpc: '2.0', id: 3, method: 'ping' },
    { jsonrpc: '2.0', id: 4, result: {} },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
  ]
  for (const message of messages) {
    const reply = await post(url, message)
    assert.equal(reply.status, 400)
    assert.match(reply.json.error.message, /Mcp-Session-Id header is missing/)
  }
  assert.deepEqual(ran, [])
})

test('a supported version is answered with the same one [lifecycle.version-same]', async (t) => {
  const { url } = await start(t)
  for (const protocolVersion of revisions) {
    const reply = await post(url, hello({ protocolVersion, ...client }), {}, { check: 'none' })
    assert.equal(reply.json.result.protocolVersion, protocolVersion)
  }
})

test('any other version is answered with the latest one, and a session [lifecycle.version-other] [lifecycle.version-latest] [lifecycle.handles-version-mismatch]', async (t) => {
  const { url, opened } = await start(t)
  const versions = ['1999-01-01', '2099-12-31', '2025-11-26', '', 'latest', '__proto__', '2025-11-25 ']
  for (const protocolVersion of versions) {
    const reply = await post(url, hello({ protocolVersion, ...client }))
    assert.equal(reply.json.result.protocolVersion, '2025-11-25', protocolVersion)
    const id = String(reply.headers['mcp-session-id'])
    assert.equal((await post(url, pingText, { 'mcp-session-id': id })).status, 200)
  }
  assert.equal(opened.length, versions.length)
})

test('an initialize that lacks something is answered with -32602, names it, and opens no session [lifecycle.handles-version-mismatch]', async (t) => {
  const { url, opened } = await start(t)
  const whole = { protocolVersion: '2025-11-25', ...client }
  const rows: readonly (readonly [params: object, names: string])[] = [
    [{ ...whole, protocolVersion: undefined }, 'protocolVersion'],
    [{ ...whole, protocolVersion: 20251125 }, 'protocolVersion'],
    [{ ...whole, capabilities: undefined }, 'capabilities'],
    [{ ...whole, capabilities: [] }, 'capabilities'],
    [{ ...whole, clientInfo: 'me' }, 'clientInfo'],
    [{ ...whole, clientInfo: { name: 'me' } }, 'clientInfo.version'],
    [{ ...whole, clientInfo: { version: '1' } }, 'clientInfo.name'],
    [{ ...whole, capabilities: { experimental: { x: { y: 'x'.repeat(20_000) } } } }, 'limit of 16384'],
  ]
  for (const [params, names] of rows) {
    const reply = await post(url, hello(params, 'i'), {}, { check: false })
    assert.deepEqual([reply.json.id, reply.json.error.code], ['i', -32602])
    assert.ok(reply.json.error.message.includes(names), reply.text)
    assert.equal(reply.headers['mcp-session-id'], undefined)
  }
  assert.deepEqual(opened, [])
})

test('initialize begins a new session whatever session id or version header it carries, and leaves the old one alone', async (t) => {
  const { url, opened } = await start(t)
  const old = await TestSession.open(url)
  const dead = await TestSession.open(url)
  await dead.delete()
  const ids = [old.sessionId, dead.sessionId, 'unknown', 'not an id', '']
  for (const id of ids) {
    for (const version of ['2025-11-25', '2026-07-27', 'x']) {
      const reply = await post(url, initializeText, { 'mcp-session-id': id, 'mcp-protocol-version': version })
      assert.equal(reply.status, 200, `${id} ${version}`)
      assert.ok(!ids.includes(String(reply.headers['mcp-session-id'])))
    }
  }
  assert.equal(new Set(opened).size, 2 + ids.length * 3)
  assert.equal((await old.request('ping')).status, 200)
})

test('a session uses only what its revision has: batches, or an event with an id to begin a stream [lifecycle.respects-version]', async (t) => {
  const { url } = await start(t)
  for (const protocolVersion of revisions.slice(1)) {
    const session = await TestSession.open(url, { protocolVersion })
    const batch = await session.send('[{"jsonrpc":"2.0","id":1,"method":"ping"}]', { check: 'none' })
    assert.equal(batch.status, protocolVersion === '2025-03-26' ? 200 : 400)
    const talk = await session.call('talk')
    const [first] = talk.events
    const primes = first?.id !== undefined && first.data === ''
    assert.equal(primes, protocolVersion === '2025-11-25', protocolVersion)
  }
})

test('before notifications/initialized nothing but notifications is sent [lifecycle.quiet-before-initialized]', async (t) => {
  const { url, server } = await start(t)
  const session = await TestSession.open(url, {
    initialized: false,
    capabilities: { roots: {}, sampling: {} },
  })
  const stream = await session.listen()
  server.registerTool('late', {}, () => 'x')
  await stream.nextMessage((message) => message.method === 'notifications/tools/list_changed')
  assert.equal((await session.request('ping')).status, 200)
  assert.equal((await session.request('logging/setLevel', { level: 'debug' })).status, 200)
  await stream.close()
  assert.deepEqual(session.serverRequests, [])
})

test('a request that needs an undeclared capability is never sent, and fails with an error that names it [lifecycle.negotiated-only] [lifecycle.handles-missing-capability]', async (t) => {
  const { url, server } = await start(t)
  const failures: unknown[] = []
  const ask = { messages: [], maxTokens: 1 }
  server.registerTool('ask', {}, async (_args, ctx) => {
    const attempts: readonly (() => Promise<unknown>)[] = [() => ctx.listRoots(), () => ctx.sample('s', ask)]
    for (const attempt of attempts) {
      await Promise.resolve()
        .then(attempt)
        .catch((error: unknown) => failures.push(error))
    }
    return 'asked'
  })
  const session = await TestSession.open(url)
  const reply = await session.call('ask')
  assert.equal(reply.result.content[0].text, 'asked')
  assert.deepEqual(session.serverRequests, [])
  assert.ok(failures.every((error) => error instanceof MissingCapabilityError))
  assert.deepEqual(
    failures.map((error) => /roots|sampling/.exec(String(error))?.[0]),
    ['roots', 'sampling'],
  )
})

test('a request that the client does not answer is given up and cancelled, whatever progress it reports, and the session goes on [lifecycle.request-timeout] [lifecycle.timeout-cancels] [lifecycle.timeout-maximum] [lifecycle.handles-timeouts]', async (t) => {
  const { url, server } = await start(t, { requestTimeoutMs: 60 })
  let failure: unknown
  server.registerTool('ask', {}, async (_args, ctx) => {
    await ctx.listRoots().catch((error: unknown) => {
      failure = error
    })
    return 'gave up'
  })
  const session = await TestSession.open(url, { capabilities: { roots: {} }, onRequest: () => undefined })
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const asked = await stream.nextMessage((message) => message.method === 'roots/list')
  const isCancelled = (message: WireJson) => message.method === 'notifications/cancelled'
  for (let progress = 1; !stream.messages.some(isCancelled); progress += 1) {
    assert.ok(progress < 5000, 'progress put the time limit off')
    await session.notify('notifications/progress', { progressToken: asked.id, progress })
  }
  const cancelled = await stream.nextMessage(isCancelled)
  assert.equal(cancelled.params.requestId, asked.id)
  const answer = await stream.nextMessage((message: WireJson) => message.result !== undefined)
  assert.equal(answer.result.content[0].text, 'gave up')
  assert.ok(failure instanceof McpError && failure.code === 'ERR_REQUEST_TIMEOUT')
  const late = await session.respond(asked.id, { roots: [] })
  assert.equal(late.status, 202)
  assert.equal((await session.request('ping')).status, 200)
})
