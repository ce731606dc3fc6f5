/** The GET stream: how it opens, what it carries, and the newest connection that wins. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../../src/index.ts'
import { get, RawSocket, type SseEvent, type WireJson } from '../../helpers/wire.ts'
import { eventually, type Fixture, responsesOf, serving, streaming, textOf } from '../serving.ts'

const addResource = (server: McpServer) => {
  server.registerResource('watched', 'test:watched', { subscribe: true }, () => 'text')
  server.registerPrompt('one', {}, () => 'text')
}
const isMessage = (event: SseEvent) => event.json !== undefined
const methodsOf = (source: { messages: readonly WireJson[] }) => source.messages.map(({ method }) => method)

/** Changes the tools, and waits until the server has told so. */
async function changeTools({ server }: Fixture, name: string): Promise<void> {
  server.registerTool(name, {}, () => 'text')
  await new Promise<void>((resolve) => setImmediate(resolve))
}

test('GET opens an event stream that no proxy holds back, and its first byte leaves at once [transports.get-stream-or-405] [transports.single-endpoint]', async (t) => {
  const { open, port } = await serving(t)
  for (const protocolVersion of ['2025-06-18', '2025-11-25']) {
    const session = await open({ protocolVersion })
    const socket = await RawSocket.open(port)
    t.after(() => socket.destroy())
    await socket.write(
      `GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session.sessionId}\r\n\r\n`,
    )
    const received = await socket.readUntil((text) => /\r\n\r\n[0-9a-f]+\r\n.+\n\n\r\n/s.test(text))
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(received, /\r\nContent-Type: text\/event-stream\r\n/)
    assert.match(received, /\r\nCache-Control: no-cache, no-transform\r\n/)
    assert.match(received, /\r\nX-Accel-Buffering: no\r\n/)
    assert.doesNotMatch(received, /Content-Encoding/i)
    assert.match(received, protocolVersion === '2025-11-25' ? /\nid: \S+_0\n/ : /\r\n\r\n[0-9a-f]+\r\n:\n\n/)
  }
})

test('GET without a session id gets 405, and GET by a client that reads no event stream 406', async (t) => {
  const { url, open } = await serving(t)
  const reply = await get(url)
  assert.deepEqual([reply.status, reply.headers.allow], [405, 'POST'])
  const session = await open()
  assert.equal((await get(url, { ...session.headers, accept: 'application/json' })).status, 406)
  assert.equal((await get(url, { ...session.headers, 'mcp-protocol-version': '1999-01-01' })).status, 400)
})

test('the second GET takes the stream over: the first one ends, nothing is lost, calls go on', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const { call, stream } = await streaming(session, fixture.held)
  const first = await session.listen()
  await changeTools(fixture, 'a')
  const seen = await first.until(isMessage)
  const second = await session.listen()
  assert.equal((await first.end()).complete, true)
  await changeTools(fixture, 'b')
  const next = await second.until(isMessage)
  assert.equal(next.json.method, 'notifications/tools/list_changed')
  assert.notEqual(next.id, seen.id)
  assert.equal(first.messages.length, 1)
  assert.equal(fixture.stats().sessions, 1)
  call.finish('undisturbed')
  await stream.end()
  assert.equal(textOf(responsesOf(stream)[0]), 'undisturbed')
  assert.equal(second.messages.length, 1)
})

test('a GET after the connection was lost gets what happened in between, once and in order', async (t) => {
  const fixture = await serving(t, { setup: addResource })
  const session = await fixture.open()
  const first = await session.listen()
  await session.request('resources/subscribe', { uri: 'test:watched' })
  await first.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the stream closed')
  fixture.server.notifyResourceUpdated('test:watched')
  await changeTools(fixture, 'a')
  const second = await session.listen()
  const events = [await second.until(isMessage), await second.until(isMessage)]
  assert.deepEqual(
    events.map(({ json }) => json.method),
    ['notifications/tools/list_changed', 'notifications/resources/updated'],
  )
  // What the second connection was given is not given to a third one.
  await second.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the stream closed')
  const third = await session.listen()
  await changeTools(fixture, 'b')
  await third.until(isMessage)
  assert.equal(third.messages.length, 1)
})

test('a client that listens for the first time hears once of each list that changed since its beginning', async (t) => {
  const fixture = await serving(t, { setup: addResource })
  const session = await fixture.open()
  await changeTools(fixture, 'a')
  await changeTools(fixture, 'b')
  fixture.server.registerPrompt('two', {}, () => 'text')
  await changeTools(fixture, 'c')
  const stream = await session.listen()
  await stream.until(isMessage)
  await stream.until(isMessage)
  assert.deepEqual(methodsOf(stream), [
    'notifications/prompts/list_changed',
    'notifications/tools/list_changed',
  ])
})

test('a client is told of a resource only what happened after it subscribed', async (t) => {
  const fixture = await serving(t, { setup: addResource })
  const [early, late] = [await fixture.open(), await fixture.open()]
  const stream = await late.listen()
  await early.request('resources/subscribe', { uri: 'test:watched' })
  await stream.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the stream closed')
  fixture.server.notifyResourceUpdated('test:watched')
  await changeTools(fixture, 'a')
  await late.request('resources/subscribe', { uri: 'test:watched' })
  const start = stream.events[0]?.id ?? ''
  const resumed = await late.resume(start)
  fixture.server.notifyResourceUpdated('test:watched')
  for (let count = 0; count < 2; count++) await resumed.until(isMessage)
  assert.deepEqual(methodsOf(resumed), [
    'notifications/tools/list_changed',
    'notifications/resources/updated',
  ])
})

test('a client without replay that was away hears of what has changed', async (t) => {
  const fixture = await serving(t, { setup: addResource, replay: false })
  const session = await fixture.open()
  await session.request('resources/subscribe', { uri: 'test:watched' })
  const first = await session.listen()
  await first.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the stream closed')
  await changeTools(fixture, 'a')
  fixture.server.notifyResourceUpdated('test:watched')
  await changeTools(fixture, 'b')
  const second = await session.listen()
  const events = [await second.until(isMessage), await second.until(isMessage)]
  assert.deepEqual(
    events.map(({ json, id }) => [json.method, id]),
    [
      ['notifications/tools/list_changed', undefined],
      ['notifications/resources/updated', undefined],
    ],
  )
})

test('changes of one turn are told once, on the GET stream and nowhere else [transports.get-stream-unrelated] [transports.get-stream-no-response]', async (t) => {
  const fixture = await serving(t)
  const session = await fixture.open()
  const own = await session.listen()
  const { call, stream } = await streaming(session, fixture.held)
  for (const name of ['a', 'b', 'c']) fixture.server.registerTool(name, {}, () => 'text')
  await own.until(isMessage)
  call.ctx.progress(1)
  call.finish('text')
  await stream.end()
  const reply = await session.request('tools/list')
  assert.equal(reply.kind, 'json')
  await changeTools(fixture, 'd')
  await own.until(isMessage)
  assert.deepEqual(methodsOf(own), ['notifications/tools/list_changed', 'notifications/tools/list_changed'])
  assert.equal(methodsOf(stream).includes('notifications/tools/list_changed'), false)
})

test('a resource update reaches its subscribers only, until they unsubscribe or leave', async (t) => {
  const stopped: string[] = []
  const fixture = await serving(t, {
    setup: (server) => {
      const subscribe = (uri: string) => () => stopped.push(uri)
      server.registerResource('watched', 'test:watched', { subscribe }, () => 'text')
    },
  })
  const [one, two, other] = [await fixture.open(), await fixture.open(), await fixture.open()]
  const streams = [await one.listen(), await two.listen(), await other.listen()]
  for (const session of [one, two, two]) await session.request('resources/subscribe', { uri: 'test:watched' })
  fixture.server.notifyResourceUpdated('test:watched')
  await streams[0]?.until(isMessage)
  await streams[1]?.until(isMessage)
  await one.request('resources/unsubscribe', { uri: 'test:watched' })
  fixture.server.notifyResourceUpdated('test:watched')
  await streams[1]?.until(isMessage)
  assert.deepEqual(stopped, [])
  await two.delete()
  assert.deepEqual(stopped, ['test:watched'])
  fixture.server.notifyResourceUpdated('test:watched')
  await changeTools(fixture, 'last')
  await streams[0]?.until(isMessage)
  await streams[2]?.until(isMessage)
  const updates = streams.map(
    (stream) => methodsOf(stream).filter((method) => method.endsWith('updated')).length,
  )
  assert.deepEqual(updates, [1, 2, 0])
})

test('what is not kept of the GET stream is told once for each thing that has changed, and nothing else is', async (t) => {
  const fixture = await serving(t, {
    setup: (server) => {
      addResource(server)
      server.registerResource('other', 'test:other', { subscribe: true }, () => 'text')
    },
    replay: { maxEvents: 2 },
  })
  const session = await fixture.open()
  for (const uri of ['test:watched', 'test:other']) await session.request('resources/subscribe', { uri })
  const first = await session.listen()
  const start = first.events[0]?.id ?? ''
  await first.close()
  await eventually(() => fixture.stats().streams === 0, 'the server to see the stream closed')
  fixture.server.notifyResourceUpdated('test:watched')
  for (const name of ['a', 'b', 'c']) await changeTools(fixture, name)
  const resumed = await session.resume(start)
  await changeTools(fixture, 'd')
  for (let count = 0; count < 3; count++) await resumed.until(isMessage)
  assert.deepEqual(methodsOf(resumed), [
    'notifications/resources/updated',
    'notifications/tools/list_changed',
    'notifications/tools/list_changed',
  ])
  assert.equal(resumed.messages[0]?.params?.uri, 'test:watched')
})

test('news is kept once, however many sessions listen, and is given back with the last of them', async (t) => {
  const fixture = await serving(t)
  const kept: number[] = []
  const sessions = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const session = await fixture.open()
    sessions.push(session)
    const stream = await session.listen()
    const before = fixture.stats().replayBytes
    await changeTools(fixture, name)
    await stream.until(isMessage)
    kept.push(fixture.stats().replayBytes - before)
  }
  assert.ok((kept[0] ?? 0) > 0)
  assert.deepEqual(new Set(kept).size, 1)
  for (const session of sessions) await session.delete()
  assert.equal(fixture.stats().replayBytes, 0)
})

test('deleting the session ends its open GET stream properly', async (t) => {
  const { open, stats } = await serving(t)
  const session = await open()
  const stream = await session.listen()
  assert.equal((await session.delete()).status, 200)
  assert.equal((await stream.end()).complete, true)
  assert.deepEqual([stats().streams, stats().sessions], [0, 0])
})

test('an idle session is sent no request, ping included [ping.not-excessive]', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const { open } = await serving(t, { sessions: { idleTimeoutMs: 0 } })
  const session = await open({ capabilities: { roots: {}, sampling: {}, elicitation: {} } })
  const stream = await session.listen()
  t.mock.timers.tick(3_600_000)
  await session.delete()
  await stream.end()
  assert.deepEqual(stream.messages, [])
})
