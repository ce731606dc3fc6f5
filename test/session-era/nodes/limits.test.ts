/** What bounds the work that requests can make for the store, and what stays local. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import { get, post } from '../../helpers/wire.ts'
import { serveHttpSse } from '../http-sse/connection.ts'
import { eventually, serving, streaming } from '../serving.ts'
import { at, cluster } from './cluster.ts'
import { counted, held } from './store-double.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const sessionId = (number: number) => ({ 'mcp-session-id': String(number).padStart(32, 'x') })

test('look-ups of unknown ids count against the rate of requests', async (t) => {
  const { store, calls } = counted()
  const { url } = await serving(t, { store, rateLimit: { perSecond: 0.001, burst: 3 } })
  const statuses = []
  for (let number = 0; number < 5; number++) {
    const reply = await post(url, ping, sessionId(number))
    statuses.push(reply.status)
  }
  assert.deepEqual(statuses, [404, 404, 404, 429, 429])
  assert.equal(calls.get('read'), 3)
})

test('requests that wait for the store count as in flight: above maxInFlight they are 503', async (t) => {
  const { store, release } = held()
  const { url, stats } = await serving(t, { store, maxInFlight: 2 })
  const waiting = [post(url, ping, sessionId(1)), post(url, ping, sessionId(2))]
  await eventually(() => stats().callsInProgress === 2, 'two to wait')
  assert.equal((await post(url, ping, sessionId(3))).status, 503)
  release()
  for (const reply of await Promise.all(waiting)) assert.equal(reply.status, 404)
  assert.deepEqual([stats().callsInProgress, stats().bodyBytes], [0, 0])
})

test('a store that never answers keeps no request waiting: 503', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { store } = held()
  const { url, stats } = await serving(t, { store })
  const waiting = [
    post(url, ping, sessionId(1)),
    post(url, {
      ...ping,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'x', version: '1' },
      },
    }),
  ]
  await eventually(() => stats().callsInProgress === 2, 'two to wait')
  t.mock.timers.tick(9999)
  for (const { status, headers } of await Promise.all(waiting)) {
    assert.deepEqual([status, headers['retry-after']], [503, '1'])
  }
  assert.equal(stats().sessions, 0)
})

test('resuming on another node is within the limits of a call', async (t) => {
  const store = new MemoryStore()
  const a = await serving(t, { store })
  const b = await serving(t, { store, rateLimit: { perSecond: 0.001, burst: 1 } })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json !== undefined)
  const headers = { ...session.headers, 'last-event-id': stream.lastEventId ?? '' }
  call.finish('done')
  await stream.end()
  // The first look-up of the session takes what there is for everybody, and the first resumption that of the session.
  const first = await at(session, b).resume(headers['last-event-id'])
  await first.end()
  assert.equal((await get(b.url, headers)).status, 429)
})

test('a finished stream that its node does not retain any more is gone for all nodes', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const ids: string[] = []
  for (let number = 0; number < 66; number++) {
    const { call, stream } = await streaming(session, a.held)
    call.finish('done')
    await stream.end()
    ids.push(stream.events.find(({ id }) => id !== undefined)?.id ?? '')
  }
  const statuses = []
  for (const place of [0, 1, 2, 65]) {
    const headers = { ...session.headers, 'last-event-id': ids[place] ?? '' }
    const response = await fetch(b.url, { headers: { accept: 'text/event-stream', ...headers } as never })
    statuses.push(response.status)
    await response.text()
  }
  assert.deepEqual(statuses, [400, 400, 200, 200])
})

test('a session of HTTP+SSE ends with its connection, and is never in the store', async (t) => {
  const { store, calls } = counted()
  const { connect, serving: served } = await serveHttpSse(t, { store })
  const connection = await connect()
  await connection.request('logging/setLevel', { level: 'error' })
  await connection.stream.close()
  await eventually(() => served.stats().sessions === 0, 'the session to end')
  assert.deepEqual([...calls], [])
})

test('diagnostics_channel tells of sessions that are restored, answers that are routed and streams that are followed', async (t) => {
  const published: [string, object][] = []
  for (const name of ['restored', 'routed', 'followed']) {
    const listener = (message: unknown) => published.push([name, message as object])
    subscribe(`barewire:node:${name}`, listener)
    t.after(() => unsubscribe(`barewire:node:${name}`, listener))
  }
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json !== undefined)
  const resumed = await at(session, b).resume(stream.lastEventId ?? '')
  await session.respond(`s-${a.id}-1`, {}, { check: 'none' })
  call.finish('done')
  await resumed.end()
  const id = session.sessionId
  assert.deepEqual(published, [
    ['restored', { sessionId: id }],
    ['followed', { sessionId: id, stream: stream.lastEventId?.split('_')[0], node: a.id }],
    ['routed', { sessionId: id, node: a.id }],
  ])
})
