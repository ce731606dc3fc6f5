/** Resumption: a stream that lost its connection goes on where it was, or says that it cannot. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { get, type TestSession } from '../../helpers/wire.ts'
import { eventually, type Fixture, progressOf, responsesOf, serving, streaming, textOf } from '../serving.ts'

/** A call with progress 0 to `steps - 1` received, and then the connection reset. */
async function broken(fixture: Fixture, session: TestSession, steps = 1) {
  const { call, stream } = await streaming(session, fixture.held)
  for (let step = 1; step < steps; step++) call.ctx.progress(step)
  await stream.until(({ json }) => json?.params?.progress === steps - 1)
  await stream.destroy()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the lost connection')
  const ids = stream.events.flatMap(({ id }) => id ?? [])
  return { call, stream, ids, last: ids.at(-1) ?? '' }
}

test('a POST stream killed in the middle of its call is resumed by GET, its response exactly once [transports.disconnect-not-cancel]', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const { call, stream, last } = await broken(fixture, session, 2)
  call.ctx.progress(2)
  const resumed = await session.resume(last)
  call.ctx.progress(3)
  call.finish('the result')
  assert.equal((await resumed.end()).complete, true)
  assert.equal(call.ctx.signal.aborted, false)
  assert.deepEqual([...progressOf(stream), ...progressOf(resumed)], [0, 1, 2, 3])
  assert.deepEqual(
    responsesOf(resumed).map((result) => textOf(result)),
    ['the result'],
  )
  assert.equal(resumed.messages.at(-1).result !== undefined, true)
})

test('a call that ended while its client was away is fetched afterwards, response included', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const { call, ids } = await broken(fixture, session, 3)
  call.ctx.progress(3)
  call.finish('while you were away')
  await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
  // From each id that was ever seen: exactly what came after it.
  for (const [index, id] of ids.entries()) {
    const resumed = await session.resume(id)
    assert.equal((await resumed.end()).complete, true)
    assert.deepEqual(progressOf(resumed), [0, 1, 2, 3].slice(index))
    assert.equal(responsesOf(resumed).length, 1)
  }
})

test('a finished stream of many kilobytes, with characters of all lengths, is fetched whole from any event', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const { call, ids } = await broken(fixture, session, 3)
  const texts = Array.from({ length: 20 }, (_, i) => `${i} é 日本 😀 \n\r\0\u2028 ${'x'.repeat(i * 100)}`)
  for (const [index, text] of texts.entries()) call.ctx.progress(3 + index, undefined, text)
  call.finish('the result')
  await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
  const { replayBytes } = fixture.stats()
  assert.ok(replayBytes > 20_000, `${replayBytes} bytes`)
  for (const [index, id] of ids.entries()) {
    const resumed = await session.resume(id)
    assert.equal((await resumed.end()).complete, true)
    assert.deepEqual(
      progressOf(resumed),
      Array.from({ length: 23 - index }, (_, i) => i + index),
    )
    const told = resumed.messages.flatMap(({ params }) => params?.message ?? [])
    assert.deepEqual(told, texts)
    assert.deepEqual(
      responsesOf(resumed).map((result) => textOf(result)),
      ['the result'],
    )
  }
  await session.delete()
  assert.equal(fixture.stats().replayBytes, 0)
})

test('a resuming GET takes the stream over from a connection that still looks alive', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  await stream.until(({ json }) => json !== undefined)
  const resumed = await session.resume(stream.lastEventId ?? '')
  assert.equal((await stream.end()).complete, true)
  call.finish('on the new one')
  await resumed.end()
  assert.deepEqual([responsesOf(stream).length, textOf(responsesOf(resumed)[0])], [0, 'on the new one'])
})

test('resuming one stream replays nothing of another, and no two events of a session share an id [transports.no-cross-stream-replay] [transports.event-id-unique] [transports.event-id-names-stream]', async (t) => {
  const fixture = await serving(t)
  const { held, server } = fixture
  const session = await fixture.open()
  const own = await session.listen()
  const a = await streaming(session, held)
  const b = await streaming(session, held)
  for (const step of [1, 2]) {
    a.call.ctx.progress(step)
    b.call.ctx.progress(100 + step)
    server.registerTool(`tool-${step}`, {}, () => 'text')
    await own.until(({ json }) => json !== undefined)
  }
  await a.stream.until(({ json }) => json?.params?.progress === 2)
  await b.stream.until(({ json }) => json?.params?.progress === 102)
  const streams = [own, a.stream, b.stream]
  const names = streams.map(({ events }) => {
    const ids = events.flatMap(({ id }) => id ?? [])
    assert.deepEqual(
      ids.map((id) => Number(id.split('_')[1])),
      ids.map((_, index) => index),
    )
    assert.equal(new Set(ids.map((id) => id.split('_')[0])).size, 1)
    return ids[0]
  })
  assert.equal(new Set(names).size, 3)
  await a.stream.destroy()
  const resumed = await session.resume(names[1] ?? '')
  a.call.finish('a')
  await resumed.end()
  assert.deepEqual(progressOf(resumed), [0, 1, 2])
  assert.equal(resumed.messages.length, 4)
  b.call.finish('b')
  await b.stream.end()
  assert.deepEqual(progressOf(b.stream), [0, 101, 102])
})

test('an event id of the session that is malformed, of no stream, evicted or of the future gets 400 and no event', async (t) => {
  const fixture = await serving(t, { replay: { maxEvents: 4 } })
  const { url } = fixture
  const session = await fixture.open()
  const mine = await broken(fixture, session)
  for (let step = 1; step <= 5; step++) mine.call.ctx.progress(step)
  const [stream = ''] = mine.last.split('_')
  const refused = {
    malformed: [`${stream}_`, stream, `${stream}_-1`, `${stream}_01`, `${stream}_1.0`, `${stream}_1e0`],
    'of no stream': [`${stream}0_1`, `${stream.slice(0, -1)}_1`, `${stream}${'x'.repeat(5000)}`],
    evicted: [`${stream}_0`, `${stream}_1`],
    'of the future': [
      `${stream}_7`,
      `${stream}_8`,
      `${stream}_9007199254740991`,
      `${stream}_9007199254740993`,
    ],
  }
  for (const [kind, ids] of Object.entries(refused)) {
    for (const id of ids) {
      const reply = await get(url, { ...session.headers, 'last-event-id': id })
      assert.deepEqual(
        [reply.status, reply.json?.error.code, reply.events],
        [400, -32000, []],
        `${kind}: ${id}`,
      )
      assert.match(reply.json.error.message, /Last-Event-ID/)
    }
  }
  // None of that touched the streams: what is kept of them is still to be had.
  const resumed = await session.resume(`${stream}_2`)
  mine.call.finish('mine')
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed).length], [[2, 3, 4, 5], 1])
})

const FOREIGN = ['x', '1', '_', '_1', 'zzz_1', '__proto___1', 'constructor_1', 'x'.repeat(5000), '83aa3e1_0']

test('a Last-Event-ID of another session, or of another server, opens a fresh stream and replays nothing', async (t) => {
  const fixture = await serving(t)
  const [session, other] = [await fixture.open(), await fixture.open()]
  const theirs = await broken(fixture, other, 3)
  const mine = await broken(fixture, session)
  const theirOwn = await other.listen()
  await theirOwn.next()
  fixture.server.registerTool('changed-before', {}, () => '')
  for (const id of [...theirs.ids, theirOwn.lastEventId ?? '', ...FOREIGN]) {
    const fresh = await session.resume(id)
    fixture.server.registerTool(`changed-${id.length}-${id.at(-1)}`, {}, () => '').remove()
    const { method } = await fresh.nextMessage()
    assert.equal(method, 'notifications/tools/list_changed', id)
    assert.deepEqual([...progressOf(fresh), ...responsesOf(fresh)], [], id)
    await fresh.close()
    await eventually(() => fixture.stats().streams === 1, 'the server to see the lost connection')
  }
  // None of that touched what is kept of any stream.
  const resumed = await other.resume(theirs.last)
  theirs.call.finish('theirs')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0]), 'theirs')
  const own = await session.resume(mine.last)
  mine.call.finish('mine')
  await own.end()
  assert.equal(textOf(responsesOf(own)[0]), 'mine')
})

test('a Last-Event-ID of another session takes over no connection: the client that sends it listens already', async (t) => {
  const fixture = await serving(t)
  const [session, other] = [await fixture.open(), await fixture.open()]
  const { last } = await broken(fixture, other)
  const listening = await session.listen()
  await listening.next()
  const reply = await get(fixture.url, { ...session.headers, 'last-event-id': last })
  assert.deepEqual([reply.status, reply.headers.allow], [405, 'POST'])
  assert.match(reply.json.error.message, /not of this session, which has an open stream already/)
  fixture.server.registerTool('a', {}, () => '')
  assert.equal((await listening.nextMessage()).method, 'notifications/tools/list_changed')
})

test('the GET stream is resumed by its event ids, from any of them', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const first = await session.listen()
  for (const name of ['a', 'b', 'c']) {
    fixture.server.registerTool(name, {}, () => 'text')
    await first.until(({ json }) => json !== undefined)
  }
  const ids = first.events.flatMap(({ id }) => id ?? [])
  assert.equal(ids.length, 4)
  for (const [index, id] of ids.entries()) {
    const resumed = await session.resume(id)
    for (let count = index; count < 3; count++) await resumed.until(({ json }) => json !== undefined)
    assert.deepEqual(
      resumed.events.flatMap((event) => (event.json === undefined ? [] : event.id)),
      ids.slice(index + 1),
    )
  }
})

test('an empty Last-Event-ID is taken for none', async (t) => {
  const { open } = await serving(t)
  const session = await open()
  const stream = await session.resume('')
  assert.equal(stream.status, 200)
})

test('a ring by bytes keeps what fits, and an event that is larger than it is a gap', async (t) => {
  const fixture = await serving(t, { replay: { maxBytes: 1000 } })
  const session = await fixture.open()
  const { call, last } = await broken(fixture, session)
  call.ctx.progress(1, undefined, 'x'.repeat(1000))
  call.ctx.progress(2)
  const reply = await get(fixture.url, { ...session.headers, 'last-event-id': last })
  assert.equal(reply.status, 400)
  const [stream] = last.split('_')
  const resumed = await session.resume(`${stream}_2`)
  call.finish('small')
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed).length], [[2], 1])
})

test('the flood of one session does not evict what another session keeps', async (t) => {
  const fixture = await serving(t, { replay: { maxTotalBytes: 64_000, maxBytes: 4000 } })
  const [quiet, loud] = [await fixture.open(), await fixture.open()]
  const kept = await broken(fixture, quiet, 3)
  // Twenty streams, each of which could fill its own ring: more than there is for all.
  const floods = []
  for (let count = 0; count < 20; count++) floods.push(await broken(fixture, loud))
  for (const { call } of floods) {
    for (let step = 1; step <= 100; step++) call.ctx.progress(step, undefined, 'flood '.repeat(20))
  }
  assert.ok(fixture.stats().replayBytes <= 8000, `${fixture.stats().replayBytes} bytes`)
  kept.call.finish('still here')
  const resumed = await quiet.resume(kept.ids[0] ?? '')
  await resumed.end()
  assert.deepEqual([progressOf(resumed), responsesOf(resumed).length], [[0, 1, 2], 1])
  const lost = await get(fixture.url, { ...loud.headers, 'last-event-id': floods[0]?.last ?? '' })
  assert.equal(lost.status, 400)
})

test('what is kept is given back with the stream and with the session', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const fixture = await serving(t, { replay: { ttlMs: 8000 } })
  const session = await fixture.open()
  const { call, last } = await broken(fixture, session)
  call.finish('done')
  await eventually(() => fixture.stats().callsInProgress === 0, 'the call to end')
  assert.ok(fixture.stats().replayBytes > 0)
  t.mock.timers.tick(7999)
  const resumed = await session.resume(last)
  await resumed.end()
  assert.equal(responsesOf(resumed).length, 1)
  t.mock.timers.tick(2001)
  assert.equal((await get(fixture.url, { ...session.headers, 'last-event-id': last })).status, 400)
  assert.equal(fixture.stats().replayBytes, 0)
  const next = await broken(fixture, session)
  assert.ok(fixture.stats().replayBytes > 0)
  await session.delete()
  await next.call.aborted()
  assert.equal(fixture.stats().replayBytes, 0)
})

test('events of the GET stream are kept for the same time only, and a client that missed them reads all lists anew', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const fixture = await serving(t, { replay: { ttlMs: 8000 } })
  const session = await fixture.open()
  const first = await session.listen()
  const { id = '' } = await first.next()
  fixture.server.registerTool('a', {}, () => 'text')
  await first.until(({ json }) => json !== undefined)
  t.mock.timers.tick(11_000)
  assert.equal(fixture.stats().replayBytes, 0)
  const late = await session.resume(id)
  const news = await late.nextMessage()
  assert.equal(news.method, 'notifications/tools/list_changed')
  const second = await session.resume(late.lastEventId ?? '')
  fixture.server.registerTool('b', {}, () => 'text')
  await second.until(({ json }) => json !== undefined)
})

test('without replay events have no ids, and a lost stream is lost', async (t) => {
  const fixture = await serving(t, { replay: false })
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  const own = await session.listen()
  fixture.server.registerTool('a', {}, () => 'text')
  await own.until(({ json }) => json !== undefined)
  call.ctx.closeStream()
  call.finish('whole')
  await stream.end()
  assert.equal(responsesOf(stream).length, 1)
  for (const { id, retry } of [...stream.events, ...own.events])
    assert.deepEqual([id, retry], [undefined, undefined])
  assert.deepEqual([stream.events[0], own.events[0]], [{ comment: '' }, { comment: '' }])
  assert.equal(fixture.stats().replayBytes, 0)
  await own.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the lost connection')
  assert.equal((await session.resume('anything_1')).status, 200)
})
