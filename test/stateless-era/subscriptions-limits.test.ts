/** The limits of `subscriptions/listen` streams, and each of their ends. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer, RequestContext } from '../../src/index.ts'
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

const memos = (server: McpServer) => {
  server.registerResourceTemplate('memo', 'memo://{+id}', { subscribe: true }, () => '')
}
const uris = (name: string, count: number, length = 4000) =>
  Array.from({ length: count }, (_, index) => `memo://${name}/${index}/`.padEnd(length, 'x'))
const listenTo = (...resources: string[]) => ({ resourceSubscriptions: resources })

test('a URI that is too long cannot be listened to, and is not repeated', async (t) => {
  const { client, opened } = await serving(t, { setup: memos })
  const fits = 'memo://'.padEnd(8192, 'x')
  await opened(client().listen(listenTo(fits)))
  const notifications = listenTo('memo://short', `${fits}x`)
  const { status, error } = await client().request('subscriptions/listen', { notifications })
  assert.deepEqual([status, error.code], [400, -32602])
  assert.match(error.message, /A URI of 8193 bytes .* the limit is 8192/)
  assert.ok(error.message.length < 300 && error.data.uri.length < 200)
})

test('a stream may keep a 16th of subscriptions.maxTotalBytes, and above it gets 429', async (t) => {
  const handler = { subscriptions: { maxTotalBytes: 320_000 } }
  const { client, opened, stats, server } = await serving(t, { setup: memos, handler })
  const stream = await opened(client().listen(listenTo(...uris('a', 3))))
  const used = stats().subscriptionBytes
  assert.ok(used > 12_000 && used < 20_000, String(used))
  const notifications = listenTo(...uris('b', 5))
  const refused = await client().request('subscriptions/listen', { notifications }, { id: 'x' })
  assert.deepEqual([refused.status, refused.error.code, refused.id], [429, -32000, 'x'])
  assert.match(
    refused.error.message,
    /This stream would keep \d+ bytes, of 20000: .* subscriptions\.maxTotalBytes, 320000/,
  )
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(stats().subscriptionBytes, used)
  // What other streams keep already counts once for the server.
  await opened(client().listen(listenTo(...uris('a', 3))))
  assert.ok(stats().subscriptionBytes < used + 8000)
  await stream.close()
  await eventually(() => stats().subscriptions === 1, 'the end of the first stream')
  const last = uris('a', 3)[2] ?? ''
  const heard = await opened(client().listen(listenTo(last)))
  await heard.nextMessage()
  server.notifyResourceUpdated(last)
  assert.equal((await heard.nextMessage()).params.uri, last)
})

test('the streams of one principal share a 16th of the bytes, those of others are not concerned', async (t) => {
  const handler = { auth, subscriptions: { maxTotalBytes: 320_000 } }
  const { client, opened, stats } = await serving(t, { setup: memos, handler })
  const [alice, bob] = [client(bearer('alice')), client(bearer('bob'))]
  const streams = [
    await opened(alice.listen(listenTo(...uris('a', 2, 1500)))),
    await opened(alice.listen(listenTo(...uris('b', 2, 1500)))),
  ]
  const notifications = listenTo(...uris('c', 2, 1500))
  const refused = await alice.request('subscriptions/listen', { notifications })
  assert.equal(refused.status, 429)
  assert.match(refused.error.message, /The streams of this principal would keep/)
  await opened(bob.listen(notifications))
  await streams[0]?.close()
  await eventually(() => stats().subscriptions === 2, 'the end of a stream')
  await opened(alice.listen(notifications))
})

test('when all bytes are taken, a stream gets 503, and as soon as one ends it is opened', async (t) => {
  const handler = { subscriptions: { maxTotalBytes: 160_000 } }
  const { client, opened, stats } = await serving(t, { setup: memos, handler })
  const streams: SseStream[] = []
  let refusal: { status: number; error: { message: string } } | undefined
  for (let index = 0; refusal === undefined && index < 40; index++) {
    const notifications = listenTo(...uris(`${index}`, 1, 1000))
    try {
      streams.push(await opened(client().listen(notifications)))
    } catch {
      refusal = await client().request('subscriptions/listen', { notifications })
    }
  }
  assert.equal(refusal?.status, 503)
  assert.match(
    refusal?.error.message ?? '',
    /All streams keep \d+ bytes; .* subscriptions\.maxTotalBytes, 160000/,
  )
  assert.ok(stats().subscriptionBytes <= 160_000)
  await streams[0]?.close()
  await eventually(() => stats().subscriptions === streams.length - 1, 'the end of a stream')
  await opened(client().listen(listenTo(...uris('late', 1, 1000))))
})

test('what a stream keeps of its envelope and its headers counts, and all of it is given back', async (t) => {
  const { client, opened, stats } = await serving(t, { setup: memos })
  const notifications = listenTo('memo://a')
  const usual = await opened(client().listen(notifications))
  const small = stats().subscriptionBytes
  const meta = { 'com.example/notes': Array.from({ length: 100 }, () => ({})) }
  await opened(
    client().listen(notifications, { id: 'i'.repeat(1000), meta, headers: { 'x-long': 'y'.repeat(8000) } }),
  )
  assert.ok(stats().subscriptionBytes > small + 1000 + 5000 + 8000)
  // One without resources needs nothing of its request but the id.
  const before = stats().subscriptionBytes
  await opened(client().listen(tools, { headers: { 'x-long': 'y'.repeat(8000) } }))
  assert.ok(stats().subscriptionBytes < before + 100)
  await usual.close()
  await eventually(() => stats().subscriptions === 2, 'the end of a stream')
})

test('visible is asked with the caller, the envelope and the headers of the stream, for each change', async (t) => {
  const asked: unknown[] = []
  const setup = (server: McpServer) => {
    const visible = ({ auth, client, headers, meta, params, requestId, method }: RequestContext) => {
      asked.push([
        auth?.id,
        client.name,
        headers['x-tenant'],
        meta['com.example/t'],
        params?.['notifications'],
        requestId,
        method,
      ])
      return true
    }
    server.registerResource('r', 'memo://r', { subscribe: true, visible }, () => '')
  }
  const { client, opened, server } = await serving(t, { setup, handler: { auth } })
  const headers = { 'x-tenant': 'blue' }
  const stream = await opened(
    client(bearer('alice')).listen(listenTo('memo://r'), { id: 7, headers, meta: { 'com.example/t': 1 } }),
  )
  await stream.nextMessage()
  server.notifyResourceUpdated('memo://r')
  await stream.nextMessage()
  assert.ok(asked.length >= 2)
  for (const each of asked) {
    assert.deepEqual(each, ['alice', 'barewire-test', 'blue', 1, undefined, 7, 'subscriptions/listen'])
  }
})

test('a stream whose watch function throws leaves nothing behind', async (t) => {
  const setup = (server: McpServer) => {
    const subscribe = () => {
      throw new Error('cannot watch')
    }
    server.registerResource('good', 'memo://good', { subscribe: true }, () => '')
    server.registerResource('bad', 'memo://bad', { subscribe }, () => '')
  }
  const { client, stats } = await serving(t, { setup })
  for (let times = 0; times < 3; times++) {
    const notifications = listenTo('memo://good', 'memo://bad')
    assert.equal((await client().request('subscriptions/listen', { notifications })).status, 500)
  }
  assert.deepEqual([stats().subscriptions, stats().subscriptionBytes], [0, 0])
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
