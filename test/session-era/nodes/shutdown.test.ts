/** A node that shuts down while others go on: its clients continue through them, and nothing is lost. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createMcpHandler, McpServer } from '../../../src/index.ts'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import { get, post, TestSession } from '../../helpers/wire.ts'
import { eventually, HeldCalls, progressOf, responsesOf, serving, streaming, textOf } from '../serving.ts'
import { at, cluster } from './cluster.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

test('ready is false until the store was reached, true from then on, also while it is away, and false in a shutdown', async (t) => {
  const store = new MemoryStore()
  store.setAvailable(false)
  const node = await serving(t, { store })
  assert.deepEqual([node.ready(), node.stats().ready, node.stats().store?.available], [false, false, false])
  store.setAvailable(true)
  await eventually(() => node.ready(), 'the node to join')
  store.setAvailable(false)
  assert.deepEqual([node.ready(), node.stats().store?.available], [true, false])
  node.errors.length = 0
  store.setAvailable(true)
  const closed = node.close({ drainMs: 0 })
  assert.deepEqual([node.ready(), node.stats().ready], [false, false])
  await closed
  const alone = await serving(t)
  assert.deepEqual([alone.ready(), alone.stats().store], [true, undefined])
})

test('for drainDelayMs a node that shuts down serves as usual', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const node = await serving(t)
  const session = await node.open()
  let isClosed = false
  const closed = node.close({ drainDelayMs: 5000 }).then(() => {
    isClosed = true
  })
  assert.equal(node.ready(), false)
  t.mock.timers.tick(4999)
  assert.equal((await post(node.url, ping, session.headers)).status, 200)
  const late = await node.open()
  assert.equal(textOf(await late.call('echo', { text: 'late' })), 'late')
  assert.deepEqual([isClosed, node.ended], [false, []])
  t.mock.timers.tick(1)
  await closed
  assert.equal(node.ended.length, 2)
})

test('a wrong drainDelayMs is a TypeError', async (t) => {
  const node = await serving(t)
  await assert.rejects(node.close({ drainDelayMs: -1 }), { name: 'TypeError', message: /drainDelayMs/ })
  await assert.rejects(node.close({ drainDelayMs: '5s' as never }), { name: 'TypeError' })
})

test('streams of a node that shuts down end with retry:, and their clients read them to the end on another node', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const listening = await session.listen()
  const calls = [await streaming(session, a.held), await streaming(session, a.held)]
  for (const { stream } of calls) await stream.until(({ json }) => json !== undefined)
  const closed = a.close({ drainMs: 20_000 })
  for (const stream of [listening, ...calls.map((each) => each.stream)]) {
    assert.equal((await stream.end()).complete, true)
    assert.equal(stream.events.at(-1)?.retry, 1000)
  }
  const resumed = []
  for (const { stream } of calls) resumed.push(await at(session, b).resume(stream.lastEventId ?? ''))
  const again = await session.resume(listening.lastEventId ?? '')
  for (const { call } of calls) {
    call.ctx.progress(1)
    call.finish('to the end')
  }
  for (const stream of resumed) {
    assert.equal((await stream.end()).complete, true)
    assert.deepEqual([progressOf(stream), textOf(responsesOf(stream)[0] ?? {})], [[1], 'to the end'])
  }
  await closed
  assert.equal(b.stats().store?.nodes, 1)
  assert.equal(textOf(await session.call('echo', { text: 'same session' })), 'same session')
  await again.close()
})

test('a call that ends after its node began to shut down is read afterwards, when that node is gone', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json !== undefined)
  const closed = a.close({ drainMs: 20_000 })
  await stream.end()
  call.ctx.progress(1)
  call.finish('late')
  await closed
  const resumed = await at(session, b).resume(stream.lastEventId ?? '')
  await resumed.end()
  assert.deepEqual([progressOf(resumed), textOf(responsesOf(resumed)[0] ?? {})], [[1], 'late'])
})

test('a node that shuts down ends the streams of other nodes that it follows, and they go on elsewhere', async (t) => {
  const { a, b, c } = await cluster(t)
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json !== undefined)
  const onB = await at(session, b).resume(stream.lastEventId ?? '')
  await stream.end()
  const closed = b.close({ drainMs: 20_000 })
  assert.equal((await onB.end()).complete, true)
  assert.equal(onB.events.at(-1)?.retry, 1000)
  const onC = await at(session, c).resume(stream.lastEventId ?? '')
  call.finish('done')
  await onC.end()
  await closed
  assert.equal(textOf(responsesOf(onC)[0] ?? {}), 'done')
})

test('a handler that shuts down refuses new calls with 503, Retry-After and Connection: close, and to follow streams of other nodes', async (t) => {
  const { store, b } = await cluster(t, { count: 2 })
  const server = new McpServer({ name: 'own', version: '1.0.0' })
  const held = new HeldCalls()
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  const handler = createMcpHandler(server, { store })
  // A server of the application: it accepts connections until that closes it.
  const http = createServer(handler).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => http.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
  const [own, other] = [await TestSession.open(url), await b.open()]
  const foreign = await streaming(other, b.held)
  await foreign.stream.until(({ json }) => json !== undefined)
  await post(url, ping, other.headers)
  const call = await streaming(own, held)
  const closed = handler.close({ drainMs: 20_000 })
  const resuming = { ...other.headers, 'last-event-id': foreign.stream.lastEventId ?? '' }
  assert.equal((await get(url, resuming)).status, 503)
  for (const { headers } of [own, other]) {
    const reply = await post(url, ping, headers)
    assert.deepEqual(
      [reply.status, reply.headers['retry-after'], reply.headers.connection],
      [503, '1', 'close'],
    )
  }
  assert.equal((await get(url, other.headers)).status, 503)
  call.call.finish('done')
  foreign.call.finish('done')
  await closed
})

test('calls that take longer than drainMs end with an error in their log, and onError hears how many, once', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const calls = [await streaming(session, a.held), await streaming(session, a.held)]
  for (const { stream } of calls) await stream.until(({ json }) => json !== undefined)
  await a.close({ drainMs: 1 })
  assert.equal(a.errors.length, 1)
  assert.match(String(a.errors.splice(0)[0]), /shutdown has ended 2 calls.* drainMs, 1/)
  for (const { stream } of calls) {
    const resumed = await at(session, b).resume(stream.lastEventId ?? '')
    await resumed.end()
    assert.match(responsesOf(resumed)[0]?.error.message, /shutting down/)
  }
})
