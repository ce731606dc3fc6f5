/** Things that happen on two nodes at the same time, or while a node cannot hear of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import { post } from '../../helpers/wire.ts'
import { eventually, serving, streaming, textOf } from '../serving.ts'
import { at, cluster } from './cluster.ts'
import { counted, held, slowReads } from './store-double.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

test('a session that is deleted while another node reads it is not opened there', async (t) => {
  const memory = new MemoryStore()
  const { store, releases } = slowReads(memory)
  const [a, b] = [await serving(t, { store: memory }), await serving(t, { store })]
  const session = await a.open()
  const reply = post(b.url, ping, session.headers)
  await eventually(() => releases.length === 1, 'b to have read the session')
  await session.delete()
  // What is published arrives in order: when this has come, so has the end of the session.
  b.server.registerTool('later', {}, () => '')
  await eventually(() => b.stats().store?.waitingBytes === 0, 'the change to be published')
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  releases.shift()?.()
  await eventually(() => releases.length === 1, 'b to read it again')
  releases.shift()?.()
  assert.equal((await reply).status, 404)
  assert.equal(b.stats().sessions, 0)
})

test('two GETs on two nodes at the same time leave one stream open', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  for (let time = 0; time < 10; time++) {
    const session = await a.open()
    await at(session, b).call('echo', {})
    const opening = [at(session, a).listen(), at(session, b).listen()]
    const streams = await Promise.all(opening)
    await eventually(() => a.stats().streams + b.stats().streams === 1, 'one of them to end')
    a.server.registerTool(`tool-${time}`, {}, () => '').remove()
    await eventually(() => streams.some(({ messages }) => messages.length > 0), 'the change')
    assert.equal(streams.filter(({ messages }) => messages.length > 0).length, 1)
    for (const stream of streams) await stream.close()
    await eventually(() => a.stats().streams + b.stats().streams === 0, 'the other one to end')
  }
})

test('a GET without Last-Event-ID brings nothing again that the stream on another node has brought', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open({ check: 'none' })
  await at(session, b).call('echo', {})
  const onA = await at(session, a).listen()
  a.server.notify('notifications/one', {})
  assert.equal((await onA.nextMessage()).method, 'notifications/one')
  await onA.close()
  await eventually(() => a.stats().streams === 0, 'the stream to end')
  // Published in order: what was delivered is known where this is.
  a.server.notify('notifications/two', {})
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  const onB = await at(session, b).listen()
  assert.equal((await onB.nextMessage()).method, 'notifications/two')
  await onB.close()
})

test('more than 1024 sessions are not looked up at the same time', async (t) => {
  const { store, release } = held()
  const { url, stats } = await serving(t, { store })
  const ids = Array.from({ length: 1024 }, (_, number) => String(number).padStart(32, 'x'))
  const waiting = ids.map((id) => post(url, ping, { 'mcp-session-id': id }))
  await eventually(() => stats().callsInProgress === 1024, 'all of them to wait')
  assert.equal((await post(url, ping, { 'mcp-session-id': 'y'.repeat(32) })).status, 503)
  release()
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 404)
})

test('the record of a session in use is touched at most four times in idleTimeoutMs, and that of an idle one is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const { store, calls } = counted()
  const { open, held: calling } = await serving(t, { store, sessions: { idleTimeoutMs: 8000 } })
  const [busy] = [await open(), await open()]
  const { call, stream } = await streaming(busy, calling)
  calls.clear()
  for (let passed = 0; passed < 16_000; passed += 1000) {
    t.mock.timers.tick(1000)
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  }
  const touches = calls.get('touch') ?? 0
  // Those of the open stream; the other one was used once before the first of them.
  assert.ok(touches >= 6 && touches <= 9, String(touches))
  call.finish('done')
  await stream.end()
})

test('a node that missed what was published reads anew what it has open', async (t) => {
  const memory = { maxRetainedMessages: 2 }
  const { store, a, b, c } = await cluster(t, { memory, logging: 'error' })
  for (const { server } of [a, b, c]) {
    server.registerTool('log', {}, (_, ctx) => {
      ctx.log.info('heard')
      return 'done'
    })
  }
  const sessions = [await a.open(), await a.open(), await a.open()] as const
  const [idle, busy, gone] = sessions
  const held = [await streaming(busy, a.held), await streaming(gone, a.held)]
  store.setAvailable(false, a.id)
  assert.equal(a.errors.splice(0).length, 1)
  for (const session of [idle, busy]) await at(session, b).request('logging/setLevel', { level: 'info' })
  await at(gone, b).delete()
  for (let number = 0; number < 5; number++) b.server.registerTool(`tool-${number}`, {}, () => '')
  await at(idle, b).request('logging/setLevel', { level: 'info' })
  await at(idle, b).request('logging/setLevel', { level: 'info' })
  store.setAvailable(true, a.id)
  await eventually(() => held[1]?.call.ctx.signal.aborted === true, 'the deleted session to end')
  await eventually(() => a.stats().sessions === 1, 'the idle session to be closed')
  for (const session of [idle, busy]) {
    assert.equal((await at(session, a).call('log')).messages.length, 2)
  }
  assert.equal(textOf(await at(idle, a).call('echo', { text: 'x' })), 'x')
  held[0]?.call.finish('done')
})
