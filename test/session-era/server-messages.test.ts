/** Messages outside of calls on the GET stream: whom they reach, what is kept for whom, and what bounds it. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createMcpHandler, McpServer } from '../../src/index.ts'
import { RawSocket, type SseStream, TestSession, type WireJson } from '../helpers/wire.ts'
import { eventually, serving } from './serving.ts'

const OWN = 'notifications/own'
const END = 'notifications/end'
const LOST = 'Messages were missed that are not kept any more (replay)'
/** The schemas of the revisions do not know these methods. */
const own = { check: 'none' } as const
const auth = { verify: (token: string) => ({ id: token }) }
const bearer = (name: string) => ({ ...own, headers: { authorization: `Bearer ${name}` } })

/** What a stream brought up to a message of the method `END`: values of `n`, or data of log messages. */
async function untilEnd(stream: SseStream): Promise<unknown[]> {
  await stream.nextMessage(({ method }) => method === END)
  return stream.messages.filter(({ method }) => method !== END).map(said)
}
const said = ({ params }: WireJson) => params?.n ?? params?.data

test('McpServer.notify reaches every open GET stream, with a Delivery that counts them, in every revision', async (t) => {
  const { open, server } = await serving(t)
  const versions = ['2025-03-26', '2025-06-18', '2025-11-25']
  const streams = await Promise.all(
    versions.map(async (protocolVersion) => (await open({ ...own, protocolVersion })).listen()),
  )
  await open(own)
  assert.deepEqual(server.notify(OWN, { n: 1, text: 'a\u2028b', _meta: { k: 1 } }), {
    streams: 3,
    kept: true,
  })
  assert.deepEqual(server.notify(END), { streams: 3, kept: true })
  for (const stream of streams) {
    assert.deepEqual(await untilEnd(stream), [1])
    assert.deepEqual(stream.messages, [
      { jsonrpc: '2.0', method: OWN, params: { n: 1, text: 'a\u2028b', _meta: { k: 1 } } },
      { jsonrpc: '2.0', method: END },
    ])
  }
})

test('a message and a change of one turn each arrive once, under ids that rise', async (t) => {
  const { open, server } = await serving(t)
  const stream = await (await open(own)).listen()
  server.notify(OWN, { n: 1 })
  server.registerTool('new', {}, () => '')
  await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  server.notify(END)
  await untilEnd(stream)
  const numbers = stream.events.filter(({ json }) => json).map(({ id }) => Number(id?.split('_').at(-1)))
  assert.equal(numbers.length, 3)
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  )
})

test('McpServer.log goes out by the level of each session: the default one, and that of logging/setLevel', async (t) => {
  const { open, server } = await serving(t, { logging: true })
  const [usual, quiet, chatty] = [await open(), await open(), await open()]
  await quiet.request('logging/setLevel', { level: 'critical' })
  await chatty.request('logging/setLevel', { level: 'debug' })
  const streams = await Promise.all([usual.listen(), quiet.listen(), chatty.listen()])
  assert.equal(server.log('debug', 'debug').streams, 1)
  assert.equal(server.log('info', 'info').streams, 2)
  assert.equal(server.log('critical', { last: true }, undefined, 'db').streams, 3)
  const seen = async (stream: SseStream) => {
    await stream.nextMessage(({ params }) => params.data.last === true)
    return stream.messages.map(({ params }) => params.level)
  }
  assert.deepEqual(await Promise.all(streams.map(seen)), [
    ['info', 'critical'],
    ['critical'],
    ['debug', 'info', 'critical'],
  ])
  assert.deepEqual(streams[1]?.messages[0]?.params, { level: 'critical', logger: 'db', data: { last: true } })
  assert.deepEqual(server.log('error', 'x', { session: quiet.sessionId ?? '' }), {
    streams: 0,
    kept: false,
    reason:
      'the session wants log messages from critical on; clients of 2026-07-28 get log messages with the answers to their requests only',
  })
})

test('a message to a session or to a principal never reaches another one, live or kept', async (t) => {
  const { open, server } = await serving(t, { auth, logging: true })
  const [a1, a2, b, late] = [
    await open(bearer('a')),
    await open(bearer('a')),
    await open(bearer('b')),
    await open(bearer('b')),
  ]
  const streams = await Promise.all([a1.listen(), a2.listen(), b.listen()])
  assert.deepEqual(server.notify(OWN, { n: 'to a1' }, { session: a1.sessionId ?? '' }), {
    streams: 1,
    kept: true,
  })
  assert.deepEqual(server.notify(OWN, { n: 'to a' }, { principal: 'a' }), { streams: 2, kept: true })
  assert.deepEqual(server.log('info', 'to b', { principal: 'b' }), { streams: 1, kept: true })
  assert.deepEqual(server.notify(OWN, { n: 'to late' }, { session: late.sessionId ?? '' }), {
    streams: 0,
    kept: true,
  })
  server.notify(END)
  streams.push(await late.listen())
  assert.deepEqual(await Promise.all(streams.map(untilEnd)), [
    ['to a1', 'to a'],
    ['to a'],
    ['to b'],
    ['to b', 'to late'],
  ])
  // Resumed from the start of their streams, they get the same again.
  for (const [session, stream, wanted] of [
    [a1, streams[0], ['to a1', 'to a']],
    [b, streams[2], ['to b']],
  ] as const) {
    const start = stream?.events.find(({ id }) => id !== undefined)?.id ?? ''
    assert.deepEqual(await untilEnd(await session.resume(start)), wanted)
  }
})

test('an unknown session or principal, and a handler without sessions, are told in the Delivery', async (t) => {
  const { open, server } = await serving(t, { auth })
  await open(bearer('a'))
  const reasonOf = (to?: Parameters<McpServer['notify']>[2]) => {
    const { streams, kept, reason = '' } = server.notify(OWN, {}, to)
    assert.deepEqual([streams, kept], [0, false])
    return reason
  }
  assert.match(reasonOf({ session: 'none' }), /no session of this id is open here/)
  assert.match(reasonOf({ principal: 'b' }), /no session of this principal is open here/)
  const sessionless = await serving(t, { sessions: false })
  assert.match(sessionless.server.notify(OWN).reason ?? '', /sessions are off/)
  const empty = await serving(t)
  assert.match(empty.server.notify(OWN).reason ?? '', /no session is open/)
})

test('a client that comes back with Last-Event-ID gets what was said meanwhile, once and in order, with changes', async (t) => {
  const { open, server, stats } = await serving(t)
  const session = await open(own)
  const to = { session: session.sessionId ?? '' }
  const first = await session.listen()
  server.notify(OWN, { n: 1 })
  const seen = await first.until(({ json }) => json !== undefined)
  await first.close()
  await eventually(() => stats().streams === 0, 'the server to see the stream closed')
  assert.deepEqual(server.notify(OWN, { n: 2 }, to), { streams: 0, kept: true })
  server.registerTool('new', {}, () => '')
  await new Promise<void>((resolve) => setImmediate(resolve))
  server.notify(OWN, { n: 3 })
  server.notify(OWN, { n: 4 }, to)
  server.notify(END)
  const resumed = await session.resume(seen.id ?? '')
  assert.deepEqual(await untilEnd(resumed), [2, undefined, 3, 4])
  assert.equal(resumed.messages[1]?.method, 'notifications/tools/list_changed')
  await resumed.close()
  await eventually(() => stats().streams === 0, 'the server to see the stream closed')
  // A GET without an id brings only what was not yet sent.
  server.notify(OWN, { n: 5 })
  const anew = await session.listen()
  server.notify(END)
  assert.deepEqual(await untilEnd(anew), [5])
})

test('10,000 messages with nobody listening keep the last maxEvents, and a client that names an event is warned', async (t) => {
  const { open, server, stats } = await serving(t, { logging: true, replay: { maxEvents: 10 } })
  const session = await open(own)
  const other = await open(own)
  const stream = await session.listen()
  const start = (await stream.until(({ id }) => id !== undefined)).id ?? ''
  await stream.close()
  await eventually(() => stats().streams === 0, 'the server to see the stream closed')
  for (let n = 0; n < 10_000; n++) server.notify(OWN, { n, fill: 'x'.repeat(100) })
  server.notify(END)
  assert.ok(stats().replayBytes < 10 * 1000, `${stats().replayBytes} bytes`)
  const last = [9991, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999]
  assert.deepEqual(await untilEnd(await session.resume(start)), [LOST, ...last])
  assert.deepEqual(await untilEnd(await other.listen()), last)
})

test('what a session did not want by its level is nothing that it has lost', async (t) => {
  const { open, server } = await serving(t, { logging: 'warning', replay: { maxEvents: 2 } })
  const session = await open(own)
  await (await open(own)).request('logging/setLevel', { level: 'debug' })
  const stream = await session.listen()
  const start = (await stream.until(({ id }) => id !== undefined)).id ?? ''
  for (let n = 0; n < 10; n++) assert.equal(server.log('debug', n).kept, true)
  server.notify(END)
  assert.deepEqual(await untilEnd(await session.resume(start)), [])
})

test('log messages of a level that no session wants are not kept, and push out nothing', async (t) => {
  const { open, server } = await serving(t, { logging: 'info', replay: { maxEvents: 2 } })
  const session = await open(own)
  server.notify(OWN, { n: 1 })
  for (let n = 0; n < 10; n++) {
    const { kept, reason } = server.log('debug', n)
    assert.equal(kept, false)
    assert.match(reason ?? '', /no session wants log messages of the level debug/)
  }
  const stream = await session.listen()
  server.notify(END)
  assert.deepEqual(await untilEnd(stream), [1])
  await session.request('logging/setLevel', { level: 'debug' })
  assert.equal(server.log('debug', 11).streams, 1)
  await session.delete()
  await open(own)
  assert.equal(server.log('debug', 12).kept, false)
})

test('an event id from before the session began, made up, brings nothing of that time', async (t) => {
  const { open, server, stats } = await serving(t, { auth, logging: true, replay: { maxEvents: 2 } })
  await open(bearer('ada'))
  for (const n of [1, 2, 3]) {
    server.notify(OWN, { n })
    server.notify(OWN, { n }, { principal: 'ada' })
  }
  const session = await open(bearer('ada'))
  const stream = await session.listen()
  const start = (await stream.until(({ id }) => id !== undefined)).id ?? ''
  await stream.close()
  await eventually(() => stats().streams === 0, 'the server to see the stream closed')
  const resumed = await session.resume(`${start.split('_')[0]}_0`)
  server.notify(END)
  assert.deepEqual(await untilEnd(resumed), [])
})

test('a flood to one session pushes out nothing of others, and all of them take a fourth of replay.maxTotalBytes', async (t) => {
  const maxTotalBytes = 100_000
  const { open, server, stats } = await serving(t, {
    messageRate: false,
    replay: { maxBytes: 8000, maxTotalBytes },
  })
  const sessions = []
  for (let index = 0; index < 10; index++) sessions.push(await open(own))
  server.notify(OWN, { n: 'to all' })
  for (const { sessionId = '' } of sessions.slice(1)) {
    for (let n = 0; n < 200; n++) server.notify(OWN, { n, fill: 'x'.repeat(200) }, { session: sessionId })
    assert.ok(stats().replayBytes <= maxTotalBytes / 4, `${stats().replayBytes} bytes`)
  }
  const stream = await sessions[0]?.listen()
  await stream?.nextMessage(({ method }) => method === OWN)
  assert.deepEqual(stream?.messages.map(said), ['to all'])
  for (const session of sessions) await session.delete()
  assert.equal(stats().replayBytes, 0)
})

test('what is said to everyone is kept once, and what is said to a session or a principal goes with it', async (t) => {
  const { open, server, stats } = await serving(t, { auth })
  const data = { fill: 'x'.repeat(1000) }
  const sessions = [await open(bearer('a')), await open(bearer('a')), await open(bearer('b'))]
  server.notify(OWN, data)
  const one = stats().replayBytes
  assert.ok(one > 1000 && one < 1500, `${one} bytes`)
  server.notify(OWN, data, { principal: 'a' })
  server.notify(OWN, data, { session: sessions[0]?.sessionId ?? '' })
  assert.equal(stats().replayBytes, 3 * one)
  const left = [2 * one, one, 0]
  for (const session of sessions) {
    await session.delete()
    assert.equal(stats().replayBytes, left.shift())
  }
})

test('messages are kept for replay.ttlMs, and without replay not at all', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { open, server, stats } = await serving(t, { replay: { ttlMs: 8000 } })
  const session = await open(own)
  server.notify(OWN, { n: 1 })
  server.notify(OWN, { n: 2 }, { session: session.sessionId ?? '' })
  assert.ok(stats().replayBytes > 0)
  t.mock.timers.tick(20_000)
  assert.equal(stats().replayBytes, 0)
  const without = await serving(t, { replay: false })
  const stream = await (await without.open(own)).listen()
  await without.open(own)
  assert.deepEqual(without.server.notify(OWN, { n: 3 }), { streams: 1, kept: false })
  assert.equal((await stream.until(({ json }) => json !== undefined)).id, undefined)
})

test('above messageRate messages are neither sent nor kept, for each audience apart, and the Delivery says so', async (t) => {
  const { open, server } = await serving(t, { logging: true, messageRate: { perSecond: 0.001, burst: 3 } })
  const [session, other] = [await open(own), await open(own)]
  const to = { session: session.sessionId ?? '' }
  const counts = Array.from({ length: 5 }, () => server.log('info', 'x', to))
  assert.deepEqual(
    counts.map(({ kept }) => kept),
    [true, true, true, false, false],
  )
  assert.match(counts[4]?.reason ?? '', /above messageRate: 3 messages at once and 0.001 a second/)
  assert.equal(server.log('info', 'x', { session: other.sessionId ?? '' }).kept, true)
  assert.equal(server.log('info', 'x').kept, true)
})

test('a listener that does not read is dropped at maxStreamBufferBytes, others go on, and it can come back', async (t) => {
  const maxStreamBufferBytes = 200_000
  const { open, server, stats, port } = await serving(t, {
    maxStreamBufferBytes,
    replay: { maxBytes: 1_000_000 },
  })
  const [slow, quick] = [await open(own), await open(own)]
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write(
    `GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${slow.sessionId}\r\n\r\n`,
  )
  await socket.readUntil((text) => text.includes('_0\n'))
  socket.pause()
  const stream = await quick.listen()
  let n = 0
  for (; stats().streams > 1 && n < 5000; n++) {
    server.notify(OWN, { n, fill: 'x'.repeat(20_000) })
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.equal(stats().streams, 1)
  server.notify(END)
  assert.deepEqual(
    await untilEnd(stream),
    Array.from({ length: n }, (_, index) => index),
  )
  const again = await slow.listen()
  assert.equal((await untilEnd(again)).at(-1), n - 1)
})

test('two handlers of one definition both send, and a closed one is asked no more', async (t) => {
  const server = new McpServer({ name: 'shared', version: '1.0.0' })
  const handlers = [createMcpHandler(server), createMcpHandler(server)]
  const streams: SseStream[] = []
  for (const handler of handlers) {
    const http = createServer(handler).listen(0)
    await once(http, 'listening')
    t.after(() => http.close())
    t.after(() => http.closeAllConnections())
    const session = await TestSession.open(
      `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
      own,
    )
    streams.push(await session.listen())
  }
  assert.deepEqual(server.notify(OWN, { n: 1 }), { streams: 2, kept: true })
  await handlers[0]?.close({ drainMs: 0 })
  assert.deepEqual(server.notify(OWN, { n: 2 }), { streams: 1, kept: true })
  assert.equal((await streams[0]?.end())?.complete, true)
  assert.deepEqual(streams[0]?.messages.map(said), [1])
  await handlers[1]?.close({ drainMs: 0 })
  assert.equal(server.notify(OWN).reason, 'no handler serves this definition')
})
