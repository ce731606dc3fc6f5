/** Messages outside of calls on `subscriptions/listen`: only what an extension defines and a client has asked for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { RawSocket, type SseStream } from '../helpers/wire.ts'
import { eventually, serving } from './serving.ts'

const CHANGED = 'notifications/notes/changed'
const MOVED = 'notifications/notes/moved'
const subscriptionId = 'io.modelcontextprotocol/subscriptionId'
/** The schema of the revision does not know these methods. */
const unchecked = { check: 'none' } as const

const define = (server: McpServer) =>
  server.registerExtension('com.example/notes', {
    notifications: { [CHANGED]: 'notesChanged', [MOVED]: 'notesMoved' },
  })

async function untilTools(stream: SseStream, server: McpServer): Promise<unknown[]> {
  server.registerTool(`tool_${Math.random()}`, {}, () => '')
  await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  return stream.messages.slice(1, -1)
}

test('a notification of an extension reaches the streams that ask for it, with their id, and no other one [stateless.listen-requested]', async (t) => {
  const { client, server, opened } = await serving(t, { setup: define })
  const asking = await opened(
    client().listen(
      { toolsListChanged: true, notesChanged: true, other: true },
      { ...unchecked, id: 'mine' },
    ),
  )
  const both = await opened(client().listen({ notesChanged: true, notesMoved: true }, unchecked))
  const silent = await opened(client().listen({ toolsListChanged: true, notesChanged: false }, unchecked))
  assert.deepEqual((await asking.nextMessage()).params.notifications, {
    toolsListChanged: true,
    notesChanged: true,
  })
  assert.deepEqual((await both.nextMessage()).params.notifications, { notesChanged: true, notesMoved: true })
  assert.deepEqual((await silent.nextMessage()).params.notifications, { toolsListChanged: true })
  const params = { 0: '"subscription id"', text: 'a\u2028"', _meta: { 1: 'x', [subscriptionId]: 'faked' } }
  assert.deepEqual(server.notify(CHANGED, params), { streams: 2, kept: false })
  assert.deepEqual(server.notify(MOVED), { streams: 1, kept: false })
  assert.deepEqual(await untilTools(asking, server), [
    { jsonrpc: '2.0', method: CHANGED, params: { ...params, _meta: { 1: 'x', [subscriptionId]: 'mine' } } },
  ])
  assert.deepEqual(await untilTools(silent, server), [])
  await both.nextMessage(({ method }) => method === MOVED)
  assert.deepEqual(both.messages[2]?.params, { _meta: { [subscriptionId]: 1 } })
})

test('a message to a principal reaches no stream of another one', async (t) => {
  const { client, server, opened } = await serving(t, {
    setup: define,
    handler: { auth: { verify: (token: string) => ({ id: token }) } },
  })
  const filter = { toolsListChanged: true, notesChanged: true }
  const of = (name: string) =>
    opened(client({ headers: { authorization: `Bearer ${name}` } }).listen(filter, unchecked))
  const [a, b] = [await of('a'), await of('b')]
  assert.deepEqual(server.notify(CHANGED, { n: 1 }, { principal: 'a' }), { streams: 1, kept: false })
  assert.equal((await untilTools(a, server)).length, 1)
  assert.deepEqual(await untilTools(b, server), [])
  assert.match(
    server.notify(CHANGED, {}, { principal: 'c' }).reason ?? '',
    /no subscriptions\/listen stream asks for it/,
  )
})

test('no log message, none that cannot be asked for, and none for a session goes on a stream, and the reason is told [stateless.logging-stream]', async (t) => {
  const { client, server, opened } = await serving(t, { setup: define, server: { logging: 'debug' } })
  const stream = await opened(
    client({ logLevel: 'debug' }).listen({ toolsListChanged: true, notesChanged: true }, unchecked),
  )
  for (const [{ streams, reason = '' }, expected] of [
    [server.log('emergency', 'text'), /2026-07-28 get log messages with the answers to their requests only/],
    [server.notify('notifications/own'), /no extension has it among its notifications/],
    [server.notify(CHANGED, {}, { session: 'none' }), /2026-07-28 have no session/],
    [server.notify(MOVED), /no subscriptions\/listen stream asks for it/],
  ] as const) {
    assert.equal(streams, 0)
    assert.match(reason, expected)
  }
  assert.deepEqual(await untilTools(stream, server), [])
})

test('a filter whose member of an extension is no boolean is refused, and an unknown one ignored', async (t) => {
  const { client } = await serving(t, { setup: define })
  const listen = async (notifications: object) => {
    const { error, result } = await client().request('subscriptions/listen', { notifications }, unchecked)
    return error?.message ?? result?.resultType
  }
  assert.match(await listen({ notesChanged: 1 }), /"notesChanged" to be a boolean/)
  assert.equal(await listen({ unknown: 1 }), 'complete')
})

test('a member of the filter that every object inherits asks for nothing, and refuses nothing', async (t) => {
  const { client } = await serving(t, {
    setup: (server) =>
      server.registerExtension('com.example/odd', { notifications: { [CHANGED]: 'constructor' } }),
  })
  const { result } = await client().request('subscriptions/listen', { notifications: {} }, unchecked)
  assert.equal(result?.resultType, 'complete')
})

test('a stream that is not read is dropped at maxStreamBufferBytes, and above messageRate nothing is sent', async (t) => {
  const { client, server, opened, stats, port } = await serving(t, {
    setup: define,
    handler: { maxStreamBufferBytes: 100_000, messageRate: { perSecond: 0.001, burst: 5000 } },
  })
  const quick = await opened(client().listen({ notesChanged: true }, unchecked))
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  const message = client().message('subscriptions/listen', { notifications: { notesChanged: true } })
  const body = JSON.stringify(message)
  const headers = { ...client().headers(message), 'content-type': 'application/json' }
  await socket.write(
    [
      'POST /mcp HTTP/1.1',
      'Host: localhost',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${body.length}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  )
  await socket.readUntil((text) => text.includes('acknowledged'))
  socket.pause()
  let n = 0
  for (; stats().subscriptions > 1 && n < 4000; n++) {
    server.notify(CHANGED, { n, fill: 'x'.repeat(20_000) })
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.equal(stats().subscriptions, 1)
  await quick.nextMessage(({ params }) => params?.n === n - 1)
  while (n < 5000) n += server.notify(CHANGED).streams
  assert.match(server.notify(CHANGED).reason ?? '', /above messageRate: 5000 messages at once/)
})

test('a stream that is closed, and a handler that is, get nothing', async (t) => {
  const { client, server, opened, stats, close } = await serving(t, { setup: define })
  const gone = await opened(client().listen({ notesChanged: true }, unchecked))
  const stays = await opened(client().listen({ notesChanged: true }, unchecked))
  await gone.close()
  await eventually(() => stats().subscriptions === 1, 'the server to see the stream closed')
  assert.equal(server.notify(CHANGED).streams, 1)
  await close({ drainMs: 0 })
  assert.equal((await stays.end()).complete, true)
  assert.equal(server.notify(CHANGED).reason, 'no handler serves this definition')
})
