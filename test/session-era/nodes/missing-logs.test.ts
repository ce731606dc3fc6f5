/** Streams whose logs are not in the store: their node died before they were, or is slow, or never had them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryStore } from '../../../src/store/memory-store.ts'
import type { NodeEvents } from '../../../src/store/store.ts'
import { get, openSse, type SseStream, type TestSession, type WireJson } from '../../helpers/wire.ts'
import { eventually, interrupted, progressOf, responsesOf, streaming, textOf } from '../serving.ts'
import { at, type Cluster, cluster, type Node } from './cluster.ts'

const HEX_OF = (id: unknown) => Buffer.from(JSON.stringify(id)).toString('hex')
const idsOf = ({ events }: SseStream) => events.flatMap(({ id }) => id ?? [])
const numberOf = (eventId = '') => Number(eventId.split('_').at(-1))

/** From now on nothing that the node writes reaches the store. */
function cut(store: Cluster['store'], node: Node): void {
  store.setAvailable(false, node.id)
  assert.match(String(node.errors.splice(0)), /made unavailable/)
}

/** A call whose first event reached its client, but not the store. */
async function unstored(store: Cluster['store'], node: Node, session: TestSession, id: string | number) {
  cut(store, node)
  const { call, stream } = await streaming(at(session, node), node.held, { id })
  await stream.until(({ json }) => json?.params?.progress === 0)
  return { call, stream, last: stream.lastEventId ?? '' }
}

async function resumed(session: TestSession, node: Node, last: string): Promise<SseStream> {
  const headers = { ...session.headers, 'last-event-id': last }
  const stream = await openSse(node.url, { headers, check: 'none' })
  await stream.end()
  return stream
}

for (const id of [7, 'abc', '3b241101-e2bb-4255-8caf-4136c566a962', 'Grüße "😀"']) {
  test(`a node that dies before the store knows of its stream: the request ${id} gets its error, on each node the same`, async (t) => {
    const { store, a, b, c } = await cluster(t, { memory: { leaseMs: 200 } })
    const session = await a.open()
    const { last } = await unstored(store, a, session, id)
    a.die()
    const both = await Promise.all([resumed(session, b, last), resumed(session, c, last)])
    // Of two at the same time the second may be sent away, and has it when it comes back.
    const [one, other] = [both.find((each) => responsesOf(each).length > 0), await resumed(session, c, last)]
    for (const stream of [one, other]) {
      const [error, ...more] = responsesOf(stream as SseStream)
      assert.deepEqual([error.id, error.error.code, more], [id, -32000, []])
      assert.match(error.error.message, /process that ran this call is gone/)
      assert.equal(numberOf(stream?.lastEventId), numberOf(last) + 1)
    }
    for (const node of [b, c]) {
      const headers = { ...session.headers, 'last-event-id': one?.lastEventId ?? '' }
      assert.equal((await get(node.url, headers)).status, 405)
    }
  })
}

test('a client that had only the priming event gets the error as the first event', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2, memory: { leaseMs: 50 }, sseAfterMs: 1 })
  const session = await a.open()
  cut(store, a)
  const opening = session.stream('tools/call', { name: 'hold' }, { id: 'only' })
  await a.held.next()
  const { id: lastEventId = '' } = await (await opening).next()
  assert.equal(numberOf(lastEventId), 0)
  a.die()
  const stream = await resumed(session, b, lastEventId)
  assert.deepEqual(
    responsesOf(stream).map((error) => error.id),
    ['only'],
  )
  assert.equal(numberOf(stream.lastEventId), 1)
})

test('a node that was taken for dead before its stream was stored, and is not: its call is aborted', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream, last } = await unstored(store, a, session, 1)
  const [name = ''] = last.split('_')
  const error = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'gone' } }
  const meta = JSON.stringify({ ids: [1] })
  const { sessionId = '' } = session
  assert.equal(await b.own.events.finish(sessionId, name, 2, JSON.stringify(error), meta), true)
  store.setAvailable(true, a.id)
  const reason = await call.aborted()
  assert.equal((reason as { code?: string }).code, 'ERR_STREAM_CUT')
  await stream.close()
  assert.deepEqual(responsesOf(await resumed(session, b, last)), [error])
})

test('a node that lives and is slow: its client waits for the log, and follows the stream', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream, last } = await unstored(store, a, session, 1)
  await stream.destroy()
  await eventually(() => a.stats().streams === 0, 'the server to see the lost connection')
  call.ctx.progress(1)
  const { send } = b.own.bus
  const asked = new Promise<void>((resolve) => {
    const watched = (node: string, message: string) => {
      if (message.includes('"asks"')) resolve()
      return send(node, message)
    }
    Object.assign(b.own.bus, { send: watched })
  })
  const opening = at(session, b).resume(last)
  await asked
  store.setAvailable(true, a.id)
  const onB = await opening
  await onB.until(({ json }) => json?.params?.progress === 1)
  call.finish('late')
  await onB.end()
  assert.deepEqual([progressOf(onB), textOf(responsesOf(onB)[0] as WireJson)], [[1], 'late'])
})

test('a call whose node runs it and whose log the store has lost: 503, and not 400, until the log is there again', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await interrupted(session, a.held)
  await eventually(() => a.stats().streams === 0, 'the server to see the lost connection')
  const { read } = b.own.events
  Object.assign(b.own.events, { read: () => Promise.resolve(undefined) })
  const last = stream.lastEventId ?? ''
  const reply = await get(b.url, { ...session.headers, 'last-event-id': last })
  assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '1'])
  Object.assign(b.own.events, { read })
  call.finish('still here')
  assert.equal(textOf(responsesOf(await resumed(session, b, last))[0] as WireJson), 'still here')
})

test('an id that no living node has given out is refused at once, with or without a request id', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const tag = (stream.lastEventId ?? '').slice(0, 4)
  const names = [a, b].flatMap(({ id }) => [`${tag}${id}-zz`, `${tag}${id}-zz-${HEX_OF(1)}`])
  for (const node of [a, b]) {
    for (const name of names) {
      const began = Date.now()
      const reply = await get(node.url, { ...session.headers, 'last-event-id': `${name}_1` })
      assert.deepEqual([reply.status, reply.json?.error.code], [400, -32000], name)
      assert.ok(Date.now() - began < 900, `it took ${Date.now() - began} ms`)
    }
  }
  // Of a node that is gone: only where the name has a request id, in its one spelling, and is no longer than a name is.
  const gone = await openNode(store)
  gone.leave()
  const forged = [
    `${tag}${gone.id}-1`,
    `${tag}${gone.id}-1-${HEX_OF({})}`,
    `${tag}${gone.id}-1-${HEX_OF(null)}`,
    `${tag}${gone.id}-1-${HEX_OF(1).toUpperCase()}a`,
    `${tag}${gone.id}-1-${Buffer.from('1.0').toString('hex')}`,
    `${tag}${gone.id}-1-${Buffer.from(' 1').toString('hex')}`,
    `${tag}${gone.id}-1-ff`,
    `${tag}${gone.id}-1-${'31'.repeat(41)}`,
    `${tag}${'0'.repeat(130)}-1-31`,
  ]
  for (const name of forged) {
    assert.equal((await get(b.url, { ...session.headers, 'last-event-id': `${name}_1` })).status, 400, name)
  }
  call.finish('')
})

async function openNode(store: MemoryStore): Promise<{ id: string; leave(): void }> {
  const events = new Proxy({} as NodeEvents, { get: () => () => {} })
  const node = store.join(events)
  return { id: node.id, leave: () => void node.leave() }
}

test('what one session makes up of a dead node reaches no other session', async (t) => {
  const { store, a, b } = await cluster(t, { memory: { leaseMs: 50 } })
  const [victim, other] = [await a.open(), await b.open()]
  const { last } = await unstored(store, a, victim, 'secret')
  a.die()
  const [name = ''] = last.split('_')
  const forged = `${(other.sessionId ?? '').slice(-4).replaceAll('_', '-')}${name.slice(4)}`
  const own = await resumed(other, b, `${forged}_5`)
  assert.deepEqual([responsesOf(own)[0].id, numberOf(own.lastEventId)], ['secret', 6])
  const theirs = await resumed(victim, b, last)
  assert.deepEqual([responsesOf(theirs)[0].id, numberOf(theirs.lastEventId)], ['secret', numberOf(last) + 1])
})

const LONG_ID = 'x'.repeat(1000)

test('a request id that is too long for an event id: the client has no event id before the log is stored', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2, memory: { leaseMs: 50 } })
  const session = await a.open()
  cut(store, a)
  const reads = watchReads(a)
  const { call, stream } = await streaming(session, a.held, { id: LONG_ID })
  call.ctx.progress(1)
  await reads.begun
  assert.deepEqual(idsOf(stream), [])
  store.setAvailable(true, a.id)
  reads.release()
  await stream.until(({ json }) => json?.params?.progress === 1)
  assert.deepEqual(progressOf(stream), [0, 1])
  const last = stream.lastEventId ?? ''
  assert.equal(numberOf(last), 2)
  await stream.destroy()
  await eventually(() => a.stats().streams === 0, 'the server to see the lost connection')
  a.die()
  const onB = await resumed(session, b, last)
  assert.deepEqual(
    responsesOf(onB).map(({ id, error }) => [id, error.code]),
    [[LONG_ID, -32000]],
  )
})

/** What the node reads of logs waits until it is released. */
function watchReads(node: Node) {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const { read } = node.own.events
  const begun = new Promise<void>((resolve) => {
    const later: typeof read = async (...args) => {
      resolve()
      await released
      return await read(...args)
    }
    Object.assign(node.own.events, { read: later })
  })
  return { begun, release: () => release() }
}

test('a stream that is held sends all with its answer, and when it is silent its first event id once the log is stored', async (t) => {
  const { a } = await cluster(t, { count: 1, sseAfterMs: 1 })
  const session = await a.open()
  const silent = await session.stream('tools/call', { name: 'hold' }, { id: LONG_ID })
  assert.equal(numberOf((await silent.next()).id), 0)
  const silentCall = await a.held.next()
  silentCall.finish('')
  await silent.end()
  watchReads(a)
  const { call, stream } = await streaming(session, a.held, { id: `${LONG_ID}2` })
  call.ctx.progress(1)
  call.finish('all at once')
  await stream.end()
  assert.deepEqual(
    [progressOf(stream), idsOf(stream).map(numberOf)],
    [
      [0, 1],
      [1, 2, 3],
    ],
  )
  assert.equal(textOf(responsesOf(stream)[0] as WireJson), 'all at once')
})

test('a stream that is held goes on without its log where much waits, and where the store is away or does not answer', async (t) => {
  const { store, a } = await cluster(t, { count: 1 })
  const session = await a.open()
  const { read } = a.own.events
  watchReads(a)
  const { call, stream } = await streaming(session, a.held, { id: LONG_ID })
  call.ctx.progress(1, undefined, 'x'.repeat(70_000))
  await stream.until(({ json }) => json?.params?.progress === 1)
  call.finish('')
  const late = await streaming(session, a.held, { id: LONG_ID })
  await late.stream.until(({ json }) => json?.params?.progress === 0)
  late.call.finish('')
  Object.assign(a.own.events, { read })
  cut(store, a)
  const away = await streaming(session, a.held, { id: LONG_ID })
  await away.stream.until(({ json }) => json?.params?.progress === 0)
  away.call.finish('')
  store.setAvailable(true, a.id)
})

test('a batch of several requests is held until its log is stored, which has the answers that were given', async (t) => {
  const { a, b } = await cluster(t, { count: 2, memory: { leaseMs: 50 } })
  const session = await a.open({ protocolVersion: '2025-03-26' })
  const reads = watchReads(a)
  const request = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'hold', arguments: {}, _meta: { progressToken: id } },
  })
  const message = [request(1), request(2)]
  const opening = openSse(a.url, { headers: session.headers, message, check: 'none' })
  const [first] = [await a.held.next(), await a.held.next()]
  first.ctx.progress(1)
  const stream = await opening
  first.finish('one')
  await reads.begun
  assert.deepEqual(stream.messages, [])
  reads.release()
  await eventually(() => responsesOf(stream).length === 1, 'the first answer')
  a.die()
  const onB = await resumed(session, b, stream.lastEventId ?? '')
  assert.deepEqual(
    onB.messages.map(({ id, error }) => [id, error.code]),
    [[2, -32000]],
  )
})

test('a stream without events that a client resumes elsewhere tells it its position again', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await interrupted(session, a.held)
  const onB = await at(session, b).resume(stream.lastEventId ?? '')
  const first = await onB.next()
  assert.deepEqual([first.id, first.data], [stream.lastEventId, ''])
  call.finish('')
  await onB.end()
})
