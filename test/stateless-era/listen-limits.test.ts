/** The limits of `subscriptions/listen` streams, and each of their ends. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import type { SseStream } from '../helpers/wire.ts'
import { eventually, serving } from './serving.ts'

const tools = { toolsListChanged: true }

const auth = {
  verify: (token: string) => ({ id: token }),
}
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

test('streams beyond the limit get 503 with Retry-After, until one is closed', async (t) => {
  const { client, opened, stats } = await serving(t, { handler: { subscriptions: { max: 2 } } })
  const first = await opened(client().listen(tools))
  await opened(client().listen(tools))
  const refused = await client().request('subscriptions/listen', { notifications: tools }, { id: 'x' })
  assert.deepEqual([refused.status, refused.error.code, refused.id], [503, -32000, 'x'])
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  assert.match(refused.error.message, /limit is 2/)
  assert.equal(stats().subscriptions, 2)
  await first.close()
  await eventually(() => stats().subscriptions === 1, 'the end of a stream')
  await opened(client().listen(tools))
})

test('one principal cannot take the streams of others [stateless.authentication]', async (t) => {
  const { client, opened, stats } = await serving(t, {
    handler: { auth, subscriptions: { maxPerPrincipal: 1 } },
  })
  const anonymous = await client().request('subscriptions/listen', { notifications: tools })
  assert.equal(anonymous.status, 401)
  const stream = await opened(client(bearer('a')).listen(tools))
  const refused = await client(bearer('a')).request('subscriptions/listen', { notifications: tools })
  assert.deepEqual([refused.status, refused.error.code], [429, -32000])
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.match(refused.error.message, /1 for each principal: subscriptions\.maxPerPrincipal/)
  await opened(client(bearer('b')).listen(tools))
  await stream.close()
  await eventually(() => stats().subscriptions === 1, 'the end of a stream')
  await opened(client(bearer('a')).listen(tools))
})

test('a stream names at most maxResources resources', async (t) => {
  const { client } = await serving(t, { handler: { subscriptions: { maxResources: 2 } } })
  const notifications = { resourceSubscriptions: ['a:1', 'a:2', 'a:3'] }
  const { status, error } = await client().request('subscriptions/listen', { notifications })
  assert.deepEqual([status, error.code], [400, -32602])
  assert.match(error.message, /at most 2 resources; got 3/)
})

test('a stream of maxAgeMs is ended with its result [stateless.listen-result]', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { client, opened, stats } = await serving(t, { handler: { subscriptions: { maxAgeMs: 5000 } } })
  const stream = await opened(client().listen(tools, { id: 'old' }))
  await stream.nextMessage()
  t.mock.timers.tick(4999)
  assert.equal(stats().subscriptions, 1)
  t.mock.timers.tick(1)
  assert.equal((await stream.end()).complete, true)
  assert.equal(stream.messages.at(-1).id, 'old')
  assert.equal(stats().subscriptions, 0)
})

test('shutdown ends every stream with its result, in good order, and refuses new ones [stateless.listen-result]', async (t) => {
  const { client, opened, close, stats, held } = await serving(t)
  const streams: SseStream[] = []
  for (const id of [1, 'two']) streams.push(await opened(client().listen(tools, { id })))
  const call = client().call('hold')
  const running = await held.next()
  const closing = close({ drainMs: 5000 })
  for (const [n, stream] of streams.entries()) {
    assert.equal((await stream.end()).complete, true)
    const { id, result } = stream.messages.at(-1)
    assert.deepEqual([id, result.resultType], [[1, 'two'][n], 'complete'])
    assert.deepEqual(result._meta['io.modelcontextprotocol/serverInfo'], {
      name: 'stateless',
      version: '1.0.0',
    })
  }
  assert.equal(stats().subscriptions, 0)
  running.finish('done')
  assert.equal((await call).status, 200)
  await closing
})

test('a silent stream gets comments', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { client, opened } = await serving(t, { handler: { keepAliveMs: 320 } })
  const stream = await opened(client().listen(tools))
  await stream.nextMessage()
  for (let i = 0; i < 45; i++) t.mock.timers.tick(10)
  await stream.until(({ comment }) => comment !== undefined)
})

test('a client that closes its stream leaves nothing behind [stateless.disconnect]', async (t) => {
  const { client, opened, stats, server } = await serving(t)
  for (const how of ['close', 'destroy'] as const) {
    const stream = await opened(client().listen(tools))
    await stream.nextMessage()
    await stream[how]()
    await eventually(() => stats().subscriptions === 0 && stats().streams === 0, 'the end of the stream')
    server.changes.listChanged('tools')
  }
})

test('a client that does not read is dropped within its byte budget, and others are not', async (t) => {
  const uri = `memo://${'x'.repeat(8000)}`
  const setup = (server: McpServer) => server.registerResource('r', uri, { subscribe: true }, () => '')
  const maxStreamBufferBytes = 64 * 1024
  const { client, opened, stats, server } = await serving(t, { setup, handler: { maxStreamBufferBytes } })
  const filter = { resourceSubscriptions: [uri] }
  const [slow, quick] = [await opened(client().listen(filter)), await opened(client().listen(filter))]
  await Promise.all([slow.nextMessage(), quick.nextMessage()])
  slow.pause()
  let sent = 0
  while (stats().subscriptions === 2 && sent < 10_000) {
    server.notifyResourceUpdated(uri)
    sent += 1
    await quick.nextMessage()
  }
  assert.equal(stats().subscriptions, 1)
  assert.equal(quick.messages.length, sent + 1)
  slow.resume()
  assert.equal((await slow.end()).complete, false)
  assert.ok(slow.messages.length < sent)
})

test('thousands of streams hear of a change, and all of them are ended by shutdown', async (t) => {
  const count = 1000
  const { client, opened, server, stats, close } = await serving(t, { handler: { sseAfterMs: 0 } })
  const streams = await Promise.all(
    Array.from({ length: count }, (_, id) => opened(client().listen(tools, { id, check: 'none' }))),
  )
  assert.equal(stats().subscriptions, count)
  for (const stream of streams) await stream.nextMessage()
  server.changes.listChanged('tools')
  for (const stream of streams) await stream.nextMessage()
  await close({ drainMs: 1000 })
  for (const [id, stream] of streams.entries()) {
    await stream.end()
    assert.equal(stream.messages.at(-1).id, id)
  }
})
