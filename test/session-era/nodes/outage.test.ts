/** The store is away: what a node knows goes on, the rest is 503, and afterwards everything works as before. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { del, get, post } from '../../helpers/wire.ts'
import { eventually, progressOf, responsesOf, streaming, textOf } from '../serving.ts'
import { at, type ClusterOptions, cluster, followed, type Node } from './cluster.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const clientInfo = { name: 'x', version: '1' }
const initialize = {
  ...ping,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
}

/** Takes out the report of an outage, which there is one of. */
function reported(node: Node): void {
  assert.equal(node.errors.length, 1, String(node.errors))
  assert.match(String(node.errors.splice(0)[0]), /store cannot be reached/)
}

test('while the store is away known sessions go on; what must ask it is 503 with Retry-After, and nothing is 404', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  for (const { server } of [a, b]) {
    server.registerResource('note', 'note://1', { subscribe: true }, () => 'text')
  }
  const [known, unknown] = [await a.open(), await b.open()]
  const { call, stream } = await streaming(known, a.held)
  store.setAvailable(false)
  assert.equal(textOf(await known.call('echo', { text: 'on' })), 'on')
  call.ctx.progress(1)
  await stream.until(({ json }) => json?.params?.progress === 1)
  const refused = [
    await post(a.url, ping, unknown.headers),
    await get(a.url, unknown.headers),
    await del(a.url, unknown.headers),
    await post(a.url, initialize),
    await del(a.url, known.headers),
    await post(a.url, { ...ping, method: 'resources/subscribe', params: { uri: 'note://1' } }, known.headers),
    await post(a.url, { jsonrpc: '2.0', id: `s-${b.id}-1`, result: {} }, known.headers, { check: 'none' }),
  ]
  for (const [index, { status, headers, json }] of refused.entries()) {
    assert.deepEqual([status, headers['retry-after'], json.error.code], [503, '1', -32000], String(index))
    assert.match(json.error.message, /store .* cannot be reached/)
  }
  assert.equal(a.stats().sessions, 1)
  reported(a)
  reported(b)
  store.setAvailable(true)
  call.finish('the end')
  await stream.end()
  assert.equal(textOf(await at(unknown, a).call('echo', { text: 'back' })), 'back')
  const subscribed = await at(known, b).request('resources/subscribe', { uri: 'note://1' })
  assert.deepEqual(subscribed.result, {})
  assert.equal((await at(known, b).delete()).status, 200)
})

/**
 * A call on node a sends 49 events while the store is away, and ends when it is back.
 *
 * @returns `first`: the id of the event before these
 */
async function sentDuringOutage(t: TestContext, options: ClusterOptions = {}) {
  const { store, a, b } = await cluster(t, { count: 2, ...options })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const first = stream.lastEventId ?? ''
  store.setAvailable(false)
  for (let step = 1; step < 50; step++) call.ctx.progress(step)
  await stream.until(({ json }) => json?.params?.progress === 49)
  store.setAvailable(true)
  for (const node of [a, b]) reported(node)
  call.finish('done')
  await stream.end()
  return { a, b, session, first }
}

test('events of an outage are in the log afterwards, once and in order', async (t) => {
  const { b, session, first } = await sentDuringOutage(t)
  const resumed = await at(session, b).resume(first)
  await resumed.end()
  assert.deepEqual(
    progressOf(resumed),
    Array.from({ length: 49 }, (_, index) => index + 1),
  )
  assert.equal(responsesOf(resumed).length, 1)
})

test('above the bytes that may wait there is a gap, which is said', async (t) => {
  const { a, b, session, first } = await sentDuringOutage(t, { memory: { maxWaitingBytes: 4000 } })
  const reply = await get(b.url, { ...session.headers, 'last-event-id': first })
  assert.equal(reply.status, 400)
  assert.match(reply.json.error.message, /not kept any more/)
  // On the node of the call, and from the end of the gap on, nothing is missing.
  const own = await at(session, a).resume(first)
  await own.end()
  assert.equal(progressOf(own).length, 49)
})

test('a stream that is followed survives an outage, each event exactly once', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  const { call, resumed } = await followed(a, b)
  store.setAvailable(false)
  for (let step = 2; step < 20; step++) call.ctx.progress(step)
  await eventually(() => (a.stats().store?.waitingBytes ?? 0) > 0, 'events to wait')
  store.setAvailable(true)
  for (const node of [a, b]) reported(node)
  await resumed.until(({ json }) => json?.params?.progress === 19)
  call.finish('done')
  await resumed.end()
  assert.deepEqual(
    progressOf(resumed),
    Array.from({ length: 19 }, (_, index) => index + 1),
  )
  assert.equal(responsesOf(resumed).length, 1)
})

test('a session that was deleted while a node could not hear of it ends there when it can', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  await at(session, b).call('echo', {})
  store.setAvailable(false, a.id)
  reported(a)
  assert.equal((await session.delete()).status, 200)
  assert.equal((await post(a.url, ping, session.headers)).status, 200)
  store.setAvailable(true, a.id)
  await eventually(() => a.stats().sessions === 0, 'the session to end')
  assert.equal((await post(a.url, ping, session.headers)).status, 404)
})
