/** Streams of calls: a client resumes them on any node, exactly once each event, and is never left without an answer. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { as, resourceOf } from '../../auth/scoped-serving.ts'
import { del, get, type SseStream, type TestSession } from '../../helpers/wire.ts'
import { eventually, generator, progressOf, responsesOf, streaming, textOf } from '../serving.ts'
import { at, cluster, type Node } from './cluster.ts'

/** A call on a node with progress 0 to `steps - 1` received, and then the connection reset. */
async function broken(node: Node, session: TestSession, steps = 1) {
  const { call, stream } = await streaming(at(session, node), node.held)
  for (let step = 1; step < steps; step++) call.ctx.progress(step)
  await stream.until(({ json }) => json?.params?.progress === steps - 1)
  await stream.destroy()
  await eventually(() => node.stats().streams === 0, 'the server to see the lost connection')
  const ids = stream.events.flatMap(({ id }) => id ?? [])
  return { call, stream, ids, last: ids.at(-1) ?? '' }
}

/** Of events with a message: one without tells a client its position. */
const messageIdsOf = ({ events }: SseStream) => events.flatMap(({ id, data }) => (data ? (id ?? []) : []))
const idsOf = ({ events }: SseStream) => events.flatMap(({ id }) => id ?? [])

test('a stream is resumed on another node in the middle of its call, and follows it to the end', async (t) => {
  const { a, b } = await cluster(t)
  const session = await a.open()
  const { call, stream, last } = await broken(a, session, 2)
  call.ctx.progress(2)
  const resumed = await at(session, b).resume(last)
  await resumed.until(({ json }) => json?.params?.progress === 2)
  for (let step = 3; step < 40; step++) {
    call.ctx.progress(step)
    if (step % 7 === 0) await resumed.until(({ json }) => json?.params?.progress === step)
  }
  assert.equal(b.stats().store?.followed, 1)
  call.finish('the result')
  assert.equal((await resumed.end()).complete, true)
  assert.equal(call.ctx.signal.aborted, false)
  assert.deepEqual([...progressOf(stream), ...progressOf(resumed)], [...Array(40).keys()])
  assert.deepEqual(
    responsesOf(resumed).map((result) => textOf(result)),
    ['the result'],
  )
  await eventually(() => b.stats().store?.followed === 0, 'b to follow nothing any more')
})

test('a finished stream is read on any node, with the same ids and the same data, from each of its ids', async (t) => {
  const { a, b, c } = await cluster(t)
  const session = await a.open()
  const { call, ids } = await broken(a, session, 3)
  call.ctx.progress(3)
  call.finish('while you were away')
  await eventually(() => a.stats().callsInProgress === 0, 'the call to end')
  for (const [index, id] of ids.entries()) {
    const read = []
    for (const node of [a, b, c]) {
      const resumed = await at(session, node).resume(id)
      assert.equal((await resumed.end()).complete, true)
      assert.deepEqual(progressOf(resumed), [0, 1, 2, 3].slice(index))
      read.push(resumed.events.flatMap((event) => (event.id === undefined ? [] : [[event.id, event.data]])))
    }
    assert.deepEqual(read[1], read[0])
    assert.deepEqual(read[2], read[0])
  }
  // After the last event there is nothing.
  const lastId = idsOf(await ended(await at(session, a).resume(ids[0] ?? ''))).at(-1) ?? ''
  for (const node of [a, b, c]) {
    assert.equal((await get(node.url, { ...session.headers, 'last-event-id': lastId })).status, 405)
  }
})

async function ended(stream: SseStream): Promise<SseStream> {
  await stream.end()
  return stream
}

test('a stream wanders: from node to node and back, each event exactly once', async (t) => {
  const { nodes, a } = await cluster(t)
  const session = await a.open()
  const random = generator(14)
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const streams = [stream]
  let step = 0
  let current = stream
  let last = ''
  for (let move = 0; move < 12; move++) {
    await current.destroy()
    last = current.lastEventId ?? last
    for (let more = random(5); more > 0; more--) call.ctx.progress(++step)
    const next = await at(session, nodes[random(3)] as Node).resume(last)
    for (let more = random(5); more > 0; more--) call.ctx.progress(++step)
    const goal = step
    if (goal > 0) await reached(streams, next, goal)
    await current.close()
    streams.push(next)
    current = next
  }
  call.finish('home')
  await current.end()
  const seen = streams.flatMap((each) => progressOf(each))
  assert.deepEqual(seen, [...Array(step + 1).keys()])
  assert.equal(responsesOf(current).length, 1)
  assert.equal(new Set(streams.flatMap(idsOf)).size, step + 3)
})

async function reached(earlier: readonly SseStream[], stream: SseStream, step: number): Promise<void> {
  const has = () => [...earlier, stream].some((each) => progressOf(each).includes(step))
  await eventually(has, `progress ${step}`)
}

test('a GET on another node takes the stream over: the older connection ends, wherever it is', async (t) => {
  const { a, b, c } = await cluster(t)
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json !== undefined)
  const onB = await at(session, b).resume(stream.lastEventId ?? '')
  assert.equal((await stream.end()).complete, true)
  const onC = await at(session, c).resume(stream.lastEventId ?? '')
  assert.equal((await onB.end()).complete, true)
  const onA = await at(session, a).resume(stream.lastEventId ?? '')
  assert.equal((await onC.end()).complete, true)
  call.finish('here')
  await onA.end()
  assert.deepEqual(
    [onB, onC, onA].map((each) => responsesOf(each).length),
    [0, 0, 1],
  )
})

test('a call whose client reads on another node is not aborted, and is once that connection is closed for disconnectGraceMs', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { a, b } = await cluster(t, { count: 2, disconnectGraceMs: 8000 })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  const resumed = await at(session, b).resume(last)
  // It is known to the node of the call when what that sends arrives at once.
  call.ctx.progress(1)
  await resumed.until(({ json }) => json?.params?.progress === 1)
  t.mock.timers.tick(60_000)
  assert.equal(call.ctx.signal.aborted, false)
  await resumed.destroy()
  await eventually(() => b.stats().store?.followed === 0, 'b to see the lost connection')
  await eventually(() => {
    t.mock.timers.tick(1000)
    return call.ctx.signal.aborted
  }, 'the call to be aborted')
  assert.match((await call.aborted()).message, /away for 8000 ms/)
})

test('a node that dies: its client gets the error of its request on another node, after all that was stored, and once', async (t) => {
  const { a, b, c } = await cluster(t, { memory: { leaseMs: 200 } })
  const session = await a.open()
  const { stream, last } = await broken(a, session, 3)
  a.die()
  const started = Date.now()
  const resumed = await at(session, b).resume(last)
  await resumed.end()
  assert.ok(Date.now() - started < 2200)
  const [error, ...more] = responsesOf(resumed)
  assert.deepEqual([error.id, error.error.code, more], [1, -32000, []])
  assert.match(error.error.message, /process that ran this call is gone/)
  // It stays the end of the stream, for every node and every position.
  const again = await ended(await at(session, c).resume(last))
  assert.deepEqual(messageIdsOf(again), messageIdsOf(resumed))
  assert.deepEqual(again.messages, resumed.messages)
  const whole = await ended(await at(session, b).resume(idsOf(stream)[0] ?? ''))
  assert.deepEqual(progressOf(whole), [0, 1, 2])
  assert.deepEqual(responsesOf(whole), [error])
})

test('a node that dies while another one follows its stream', async (t) => {
  const { a, b } = await cluster(t, { memory: { leaseMs: 100 } })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  const resumed = await at(session, b).resume(last)
  call.ctx.progress(1)
  await resumed.until(({ json }) => json?.params?.progress === 1)
  a.die()
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed)[0].error.code], [[1], -32000])
})

test('two nodes that find the same node dead end its stream once', async (t) => {
  const { a, b, c } = await cluster(t, { memory: { leaseMs: 100 } })
  const session = await a.open()
  const { last } = await broken(a, session)
  a.die()
  const [one, two] = await Promise.all([at(session, b).resume(last), at(session, c).resume(last)])
  await Promise.all([one.end(), two.end()])
  assert.deepEqual(idsOf(one), idsOf(two))
  assert.deepEqual([responsesOf(one).length, responsesOf(two).length], [1, 1])
})

test('a client that is ahead of the log gets the error with a number that it has not seen', async (t) => {
  const { store, a, b } = await cluster(t, { count: 2, memory: { leaseMs: 100 } })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  store.setAvailable(false, a.id)
  for (let step = 1; step <= 5; step++) call.ctx.progress(step)
  await stream.until(({ json }) => json?.params?.progress === 5)
  const last = stream.lastEventId ?? ''
  assert.match(String(a.errors.splice(0)), /made unavailable/)
  a.die()
  const resumed = await at(session, b).resume(last)
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed).length], [[], 1])
  const numberOf = (id: string) => Number(id.split('_').at(-1))
  assert.equal(numberOf(messageIdsOf(resumed)[0] ?? ''), numberOf(last) + 1)
  // An earlier connection of the same client had told the end already: it is told again, not refused.
  const next = `${last.slice(0, last.lastIndexOf('_'))}_${numberOf(last) + 3}`
  const ahead = await ended(await at(session, b).resume(next))
  assert.deepEqual(
    [responsesOf(ahead).length, numberOf(messageIdsOf(ahead)[0] ?? '')],
    [1, numberOf(last) + 4],
  )
})

test('what is refused to resume on the node of the call is refused on another one', async (t) => {
  const { a, b } = await cluster(t, { count: 2, replay: { maxEvents: 4 } })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  for (let step = 1; step <= 5; step++) call.ctx.progress(step)
  const [stream = ''] = last.split('_')
  const ids = [`${stream}0_1`, `${stream}_`, `${stream}_01`, `${stream}_0`, `${stream}_1`]
  for (const node of [a, b]) {
    for (const id of ids) {
      const reply = await get(node.url, { ...session.headers, 'last-event-id': id })
      assert.deepEqual([reply.status, reply.json?.error.code], [400, -32000], id)
    }
  }
  const resumed = await at(session, b).resume(`${stream}_2`)
  call.finish('done')
  await resumed.end()
  assert.deepEqual(
    [progressOf(resumed), responsesOf(resumed).length],
    [[2, 3, 4, 5].slice(0, progressOf(resumed).length), 1],
  )
})

test('an event above the limits of replay is a gap on other nodes, too', async (t) => {
  const { a, b } = await cluster(t, { count: 2, replay: { maxBytes: 2000 } })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  call.ctx.progress(1, undefined, 'x'.repeat(5000))
  // Its text is of no use to the store.
  assert.ok((a.stats().store?.waitingBytes ?? 0) < 2000)
  call.ctx.progress(2)
  for (const node of [a, b]) {
    assert.equal((await get(node.url, { ...session.headers, 'last-event-id': last })).status, 400)
  }
  const [stream = ''] = last.split('_')
  const resumed = await at(session, b).resume(`${stream}_2`)
  call.finish('done')
  await resumed.end()
  assert.deepEqual(progressOf(resumed), [2])
})

test('the standalone stream moves to the node of the last GET, and is resumed there without an event twice', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const onA = await session.listen()
  await onA.next()
  const onB = await at(session, b).listen()
  assert.equal((await onA.end()).complete, true)
  await onB.next()
  const name = (stream: SseStream) => stream.lastEventId?.split('_')[0]
  assert.equal(name(onB), name(onA))
  const back = await at(session, a).resume(onB.lastEventId ?? '')
  assert.equal((await onB.end()).complete, true)
  await back.close()
})

test('DELETE ends connections to the streams of other nodes', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  const resumed = await at(session, b).resume(last)
  assert.equal((await del(a.url, session.headers)).status, 200)
  await resumed.end()
  await call.aborted()
})

test('who resumes on another node needs the scopes of the call', async (t) => {
  const { a, b } = await cluster(t, { count: 2, auth: resourceOf() })
  for (const { server, held } of [a, b]) {
    server.registerTool('guarded', { scopes: ['notes:read'] }, (_, ctx) => held.run({}, ctx))
  }
  const session = await a.open({ headers: as('ada', 'notes:read') })
  const opening = session.stream('tools/call', { name: 'guarded' }, { meta: { progressToken: 1 } })
  const call = await a.held.next()
  call.ctx.progress(0)
  const stream = await opening
  await stream.until(({ json }) => json !== undefined)
  await stream.destroy()
  const resume = (headers: object) =>
    get(b.url, { ...session.headers, 'last-event-id': stream.lastEventId ?? '', ...headers })
  assert.equal((await resume(as('ada', 'admin:all'))).status, 403)
  assert.equal((await resume(as('bob', 'notes:read'))).status, 404)
  const resumed = await at(session, b).resume(stream.lastEventId ?? '')
  call.finish('secret')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0] ?? {}), 'secret')
})

for (const dies of [false, true]) {
  const where = dies ? 'after its node has died' : 'while it runs'
  test(`who resumes on another node ${where} needs the scopes that the call asked for after its stream opened`, async (t) => {
    const { a, b } = await cluster(t, { count: 2, auth: resourceOf(), memory: { leaseMs: 50 } })
    const session = await a.open({ headers: as('ada', 'notes:all') })
    const { call, stream } = await streaming(session, a.held)
    await stream.until(({ json }) => json?.params?.progress === 0)
    call.ctx.requireScopes(['notes:read'])
    call.ctx.requireScopes(['notes:write'])
    call.ctx.progress(1, undefined, 'secret')
    await stream.until(({ json }) => json?.params?.progress === 1)
    const [opening = ''] = idsOf(stream)
    await stream.destroy()
    await a.own.flush(5000)
    if (dies) a.die()
    else await eventually(() => a.stats().streams === 0, 'the server to see the lost connection')
    for (const scope of ['admin:all', 'notes:read']) {
      const headers = { ...session.headers, ...as('ada', scope), 'last-event-id': opening }
      const reply = await get(b.url, headers)
      assert.equal(reply.status, 403, scope)
    }
    const resumed = await at(session, b).resume(opening)
    await resumed.until(({ json }) => json?.params?.message === 'secret')
    if (!dies) call.finish('')
    await resumed.end()
    assert.deepEqual(progressOf(resumed), [0, 1])
  })
}

test('a handler that awaits its progress waits for a client that reads on another node', async (t) => {
  const { a, b } = await cluster(t, { count: 2, replay: { maxEvents: 8 } })
  const session = await a.open()
  const { call, last } = await broken(a, session)
  const resumed = await at(session, b).resume(last)
  for (let step = 1; step <= 200; step++) await call.ctx.progress(step)
  call.finish('all of them')
  await resumed.end()
  assert.deepEqual(
    progressOf(resumed),
    Array.from({ length: 200 }, (_, index) => index + 1),
  )
  assert.equal(responsesOf(resumed).length, 1)
})
