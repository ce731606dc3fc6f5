/** How the stream of a call ends when its node is gone, or is taken for dead, or the log is not as it should be. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError } from '../../../src/jsonrpc/rpc-error.ts'
import { get, openSse, type SseStream } from '../../helpers/wire.ts'
import { eventually, interrupted, progressOf, responsesOf, streaming, textOf } from '../serving.ts'
import { at, cluster, followed } from './cluster.ts'

async function resumedFrom(stream: SseStream, session: { url: string; headers: object }): Promise<SseStream> {
  const headers = { ...session.headers, 'last-event-id': stream.lastEventId ?? '' }
  return await openSse(session.url, { headers, check: 'none' })
}

test('a batch of which its node answered a part: the rest of its requests get an error each, in one event', async (t) => {
  const { a, b } = await cluster(t, { count: 2, memory: { leaseMs: 50 } })
  const session = await a.open({ protocolVersion: '2025-03-26' })
  const request = (id: number, text?: string) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: text === undefined ? 'hold' : 'echo', arguments: { text }, _meta: { progressToken: id } },
  })
  const message = [request(1), request(2), request(3, 'at once'), request(4)]
  const opening = openSse(a.url, { headers: session.headers, message, check: 'none' })
  const first = await a.held.next()
  await a.held.next()
  await a.held.next()
  first.ctx.progress(1)
  const stream = await opening
  first.finish('done')
  await eventually(() => responsesOf(stream).length === 2, 'two answers')
  await stream.destroy()
  a.die()
  const resumed = await resumedFrom(stream, at(session, b))
  await resumed.end()
  const errors = resumed.messages.flat()
  assert.deepEqual(
    errors.map(({ id, error }) => [id, error.code]),
    [
      [2, -32000],
      [4, -32000],
    ],
  )
  assert.equal(resumed.events.filter(({ data }) => data !== undefined).length, 1)
})

test('a node that was taken for dead and is not: its call is aborted, and its stream ends as another node has ended it', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await interrupted(session, a.held)
  await eventually(() => a.stats().streams === 0, 'the server to see the lost connection')
  const [name = ''] = (stream.lastEventId ?? '').split('_')
  const error = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'gone' } }
  assert.equal(await b.own.events.finish(session.sessionId ?? '', name, 2, JSON.stringify(error)), true)
  call.ctx.progress(1)
  const reason = await call.aborted()
  assert.deepEqual([reason.name, (reason as { code?: string }).code], ['McpError', 'ERR_STREAM_CUT'])
  const resumed = await resumedFrom(stream, at(session, b))
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed)], [[], [error]])
})

test('the log of a call that is silent for longer than replay.ttlMs stays, and that of a finished one goes', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const { a, b } = await cluster(t, { count: 2, replay: { ttlMs: 8000 }, disconnectGraceMs: 0 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      t.mock.timers.tick(1000)
      await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
    }
  }
  await pass(60_000)
  await stream.destroy()
  const resumed = await resumedFrom(stream, at(session, b))
  call.finish('after a minute')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0] ?? {}), 'after a minute')
  await pass(20_000)
  for (const node of [a, b]) {
    const reply = await get(node.url, { ...session.headers, 'last-event-id': stream.lastEventId ?? '' })
    assert.deepEqual([reply.status, reply.json.error.code], [400, -32000])
    assert.match(reply.json.error.message, /stream is not kept/)
  }
})

test('a log that this library has not written is not kept for anybody', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const tag = (session.sessionId ?? '').slice(-4).replaceAll('_', '-')
  const name = `${tag}${b.id}-zz`
  for (const meta of ['', '{}', '[]', '{"ids":[1],"scopes":"all"}']) {
    const log = b.own.events.create(session.sessionId ?? '', `${name}${meta.length}`, meta, 0)
    log.append(1, '{}', 1)
    log.finish()
    await b.own.flush(1000)
    const id = `${name}${meta.length}_0`
    const reply = await get(a.url, { ...session.headers, 'last-event-id': id })
    assert.equal(reply.status, 400, meta)
    assert.match(reply.json.error.message, /not kept/)
  }
})

test('a resumption that its node is told of twice is one', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const bus = b.own.bus as { send: typeof b.own.bus.send }
  const { send } = bus
  let sent = 0
  bus.send = async (node, message) => {
    const isAlive = await send(node, message)
    sent += 1
    // It has come, but that is not known.
    if (sent === 1) throw new McpError('ERR_STORE_UNAVAILABLE', 'too late')
    return isAlive
  }
  const resumed = await at(session, b).resume(stream.lastEventId ?? '')
  await eventually(() => sent === 1, 'the first one to be sent')
  t.mock.timers.tick(1000)
  await eventually(() => sent === 2, 'the second one to be sent')
  call.ctx.progress(1)
  await resumed.until(({ json }) => json?.params?.progress === 1)
  call.finish('done')
  await resumed.end()
  assert.equal(responsesOf(resumed).length, 1)
})

test('ctx.closeStream ends the connection on another node, with retry:, and not the call', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const { session, call, resumed } = await followed(a, b)
  call.ctx.closeStream(2500)
  assert.equal((await resumed.end()).complete, true)
  assert.equal(resumed.events.at(-1)?.retry, 2500)
  const again = await at(session, b).resume(resumed.lastEventId ?? '')
  call.finish('later')
  await again.end()
  assert.equal(textOf(responsesOf(again)[0] ?? {}), 'later')
})

test('a call whose node forgets that a client reads elsewhere is told so when it sends', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { store, a, b } = await cluster(t, { count: 2, disconnectGraceMs: 8000 })
  const { call, resumed } = await followed(a, b)
  // That the connection closes is told while the store is away.
  store.setAvailable(false, b.id)
  b.errors.length = 0
  await resumed.destroy()
  await eventually(() => b.stats().streams === 0, 'b to see the lost connection')
  store.setAvailable(true, b.id)
  call.ctx.progress(2)
  await eventually(() => {
    t.mock.timers.tick(1000)
    return call.ctx.signal.aborted
  }, 'the call to be aborted')
})
