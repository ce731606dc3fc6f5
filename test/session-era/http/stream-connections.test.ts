/** The beginning and the end of stream connections: priming, polling, keep-alive, silence, absence. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { get, type SseStream } from '../../helpers/wire.ts'
import { endOfTurn } from '../../helpers/within.ts'
import { eventually, progressOf, responsesOf, serving, streaming, textOf } from '../serving.ts'

function mockTimers(t: TestContext): (milliseconds: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  return (milliseconds) => t.mock.timers.tick(milliseconds)
}
const comments = (stream: SseStream) => stream.events.filter(({ comment }) => comment !== undefined).length

test('a stream begins with an id, empty data and a retry time in 2025-11-25, and with a comment before [transports.priming-event]', async (t) => {
  const { open, held } = await serving(t, { replay: { retryMs: 2500 } })
  for (const protocolVersion of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    const session = await open({ protocolVersion, check: protocolVersion === '2024-11-05' ? 'none' : true })
    const { call, stream } = await streaming(session, held)
    const own = await session.listen()
    await own.until(() => true)
    call.finish('')
    await stream.end()
    for (const { events } of [stream, own]) {
      if (protocolVersion !== '2025-11-25') {
        assert.deepEqual(events[0], { comment: '' }, protocolVersion)
        assert.ok(events.every(({ data }) => data !== ''))
        continue
      }
      const { id, ...rest } = events[0] ?? {}
      assert.deepEqual(rest, { data: '', retry: 2500 })
      assert.match(String(id), /_0$/)
    }
  }
})

test('ctx.closeStream ends the connection with a retry time, and the client polls for the rest [transports.retry-before-close]', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  call.ctx.closeStream(1500)
  call.ctx.closeStream()
  call.ctx.progress(1)
  assert.equal((await stream.end()).complete, true)
  assert.deepEqual(stream.events.at(-1), { retry: 1500 })
  assert.equal(call.ctx.signal.aborted, false)
  const second = await session.resume(stream.lastEventId ?? '')
  await second.until(({ json }) => json?.params?.progress === 1)
  call.ctx.closeStream()
  await second.end()
  assert.deepEqual(second.events.at(-1), { retry: 1000 })
  call.ctx.progress(2)
  call.finish('polled')
  const third = await session.resume(second.lastEventId ?? '')
  await third.end()
  assert.deepEqual([stream, second, third].map(progressOf), [[0], [1], [2]])
  assert.deepEqual(
    [stream, second, third].map((each) => responsesOf(each).length),
    [0, 0, 1],
  )
})

test('ctx.closeStream before anything was said opens the stream first, so that the client has an id', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const opening = session.stream('tools/call', { name: 'hold', arguments: {} })
  const call = await held.next()
  call.ctx.closeStream()
  const stream = await opening
  await stream.end()
  call.finish('later')
  const resumed = await session.resume(stream.lastEventId ?? '')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0]), 'later')
})

test('ctx.closeStream does nothing for clients of 2025-06-18, which would take it for the end [v2025-06-18.stream-awaits-response]', async (t) => {
  const { open, held } = await serving(t)
  for (const protocolVersion of ['2025-03-26', '2025-06-18']) {
    const session = await open({ protocolVersion })
    const { call, stream } = await streaming(session, held)
    call.ctx.closeStream()
    call.ctx.progress(1)
    call.finish('all on one connection')
    await stream.end()
    assert.deepEqual([progressOf(stream), responsesOf(stream).length], [[0, 1], 1])
    assert.ok(stream.events.every(({ retry }) => retry === undefined))
  }
})

test('a result of an open stream is its last message, and the stream ends after it [transports.stream-has-response] [transports.stream-ends-after-response]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const { call, stream } = await streaming(session, held)
  call.finish('last')
  assert.equal((await stream.end()).complete, true)
  assert.equal(textOf(stream.messages.at(-1)), 'last')
})

test('a call that says nothing is answered as JSON, and as a stream once it was silent for sseAfterMs [transports.request-answer-type]', async (t) => {
  const pass = mockTimers(t)
  const { open, held } = await serving(t, { sseAfterMs: 5000 })
  const session = await open()
  const quick = session.call('hold')
  const first = await held.next()
  pass(4999)
  first.finish('quick')
  const reply = await quick
  assert.deepEqual(
    [reply.kind, reply.headers['content-type'], textOf(reply)],
    ['json', 'application/json', 'quick'],
  )
  const opening = session.stream('tools/call', { name: 'hold', arguments: {} })
  const second = await held.next()
  // Its timer starts when the turn of its request is over.
  await endOfTurn()
  pass(5000)
  const stream = await opening
  assert.equal(stream.headers['content-type'], 'text/event-stream')
  second.finish('slow')
  await stream.end()
  assert.deepEqual(
    stream.messages.map((message) => textOf(message)),
    ['slow'],
  )
})

test('sseAfterMs of 0, or a client that reads no event stream, leaves a silent call as JSON', async (t) => {
  const pass = mockTimers(t)
  for (const [sseAfterMs, accept] of [
    [0, 'application/json, text/event-stream'],
    [5000, 'application/json'],
  ] as const) {
    const { open, held, stats } = await serving(t, { sseAfterMs, disconnectGraceMs: 0 })
    const session = await open()
    const reply = session.call('hold', {}, { headers: { accept }, meta: { progressToken: 1 } })
    const call = await held.next()
    if (sseAfterMs > 0) call.ctx.progress(1)
    pass(60_000)
    call.finish('as ever')
    assert.equal((await reply).kind, 'json')
    assert.equal(stats().undeliverable, sseAfterMs > 0 ? 1 : 0)
  }
})

test('a client that reads event streams only gets even a quick answer as one', async (t) => {
  const { open } = await serving(t)
  const session = await open()
  const reply = await session.call('echo', { text: 'a' }, { headers: { accept: 'text/event-stream' } })
  assert.deepEqual([reply.kind, reply.complete, textOf(reply)], ['sse', true, 'a'])
})

test('idle streams of both kinds get a comment each interval, busy ones none, closed ones leave no timer', async (t) => {
  const pass = mockTimers(t)
  const { open, held, stats } = await serving(t, { keepAliveMs: 16_000, sessions: { idleTimeoutMs: 0 } })
  const session = await open()
  const own = await session.listen()
  const quiet = await streaming(session, held)
  const busy = await streaming(session, held)
  for (let second = 1; second <= 40; second++) {
    pass(1000)
    busy.call.ctx.progress(second)
  }
  await busy.stream.until(({ json }) => json?.params?.progress === 40)
  // Between one and 1.25 intervals each: two of them fit in 40 s.
  await own.until(({ comment }) => comment !== undefined)
  await own.until(({ comment }) => comment !== undefined)
  await quiet.stream.until(({ comment }) => comment !== undefined)
  await quiet.stream.until(({ comment }) => comment !== undefined)
  assert.deepEqual([comments(own), comments(quiet.stream), comments(busy.stream)], [2, 2, 0])
  assert.equal(stats().streams, 3)
  quiet.call.finish('')
  busy.call.finish('')
  await Promise.all([quiet.stream.end(), busy.stream.end(), session.delete()])
  assert.equal(stats().streams, 0)
})

test('keepAliveMs of 0 sends no comments, and open streams are still counted', async (t) => {
  const pass = mockTimers(t)
  const { open, stats } = await serving(t, { keepAliveMs: 0 })
  const session = await open()
  const own = await session.listen()
  pass(600_000)
  assert.equal(stats().streams, 1)
  await session.delete()
  await own.end()
  assert.deepEqual([comments(own), stats().streams], [0, 0])
})

test('a call whose client stays away for disconnectGraceMs is aborted, not before', async (t) => {
  const pass = mockTimers(t)
  const fixture = await serving(t, { disconnectGraceMs: 8000 })
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  await stream.next()
  await stream.destroy()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the lost connection')
  pass(7999)
  assert.equal(call.ctx.signal.aborted, false)
  pass(2001)
  assert.match((await call.aborted()).message, /away/)
  assert.deepEqual([fixture.stats().callsInProgress, fixture.stats().sessions], [0, 1])
  call.finish('too late')
  // The stream ended without a response, and says no more.
  const reply = await get(fixture.url, {
    ...session.headers,
    'last-event-id': stream.lastEventId ?? '',
  }).catch(() => undefined)
  assert.equal(reply?.text.includes('too late') ?? false, false)
})

test('a client that comes back in time stops the clock, each time anew', async (t) => {
  const pass = mockTimers(t)
  const fixture = await serving(t, { disconnectGraceMs: 8000 })
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  let current = stream
  await stream.until(({ json }) => json !== undefined)
  for (let round = 0; round < 3; round++) {
    await current.destroy()
    await eventually(() => fixture.stats().streams === 0, 'the server to see the lost connection')
    pass(7000)
    current = await session.resume(stream.lastEventId ?? '')
    pass(60_000)
    assert.equal(call.ctx.signal.aborted, false)
  }
  call.finish('patience')
  await current.end()
  assert.equal(responsesOf(current).length, 1)
})

test('a call that was still silent when its client left is aborted after the same time', async (t) => {
  const pass = mockTimers(t)
  const fixture = await serving(t, { disconnectGraceMs: 8000, sseAfterMs: 0 })
  const session = await fixture.open()
  const aborter = new AbortController()
  const request = fetch(fixture.url, {
    method: 'POST',
    signal: aborter.signal,
    headers: { ...(session.headers as Record<string, string>), 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'hold', arguments: {} },
    }),
  })
  const call = await fixture.held.next()
  aborter.abort()
  await assert.rejects(request)
  while (!call.ctx.signal.aborted) {
    pass(1000)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.equal(fixture.stats().callsInProgress, 0)
})

test('server shutdown gives GET streams a retry time and a proper end [transports.get-close-retry]', async (t) => {
  const { open, close } = await serving(t)
  const streams = await Promise.all(
    ['2025-06-18', '2025-11-25'].map(async (protocolVersion) => (await open({ protocolVersion })).listen()),
  )
  const closed = close({ drainMs: 1000 })
  for (const stream of streams) assert.equal((await stream.end()).complete, true)
  await closed
  assert.deepEqual(
    streams.map(({ events }) => events.at(-1)),
    [{ comment: '' }, { retry: 1000 }],
  )
})
