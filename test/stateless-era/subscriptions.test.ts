/** `subscriptions/listen`: what is acknowledged, what is sent to whom and under which id, and what watching costs. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import type { SseStream, WireJson } from '../helpers/wire.ts'
import { eventually, serving } from './serving.ts'

const subscriptionId = 'io.modelcontextprotocol/subscriptionId'

const offer = (server: McpServer) => {
  server.registerPrompt('p', {}, () => '')
  for (const name of ['a', 'b'])
    server.registerResource(name, `memo://${name}`, { subscribe: true }, () => '')
  server.registerResource('still', 'memo://still', {}, () => '')
  server.registerResourceTemplate('notes', 'note://{id}', { subscribe: true }, () => '')
}

const acknowledged = async (stream: SseStream) => {
  const message = await stream.nextMessage()
  assert.equal(message.method, 'notifications/subscriptions/acknowledged')
  return message.params
}

const methods = (stream: SseStream) => stream.messages.slice(1).map(({ method }: WireJson) => method)

test('the acknowledgment comes first, with the id and the part of the filter that is honoured [stateless.listen-acknowledged] [stateless.listen-not-before] [stateless.subscription-id]', async (t) => {
  const { client, server, opened } = await serving(t, { setup: offer })
  const filter = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourcesListChanged: true,
    resourceSubscriptions: ['memo://a', 'memo://a', 'memo://still', 'memo://none', 'note://7', 'no uri'],
  }
  const opening = opened(client().listen(filter, { id: 'listen-1' }))
  // Changes that are made while the stream is being opened.
  server.notifyResourceUpdated('memo://a')
  server.registerTool('new', {}, () => '')
  const stream = await opening
  assert.deepEqual(await acknowledged(stream), {
    _meta: { [subscriptionId]: 'listen-1' },
    notifications: {
      toolsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ['memo://a', 'note://7'],
    },
  })
  assert.equal(stream.headers['x-accel-buffering'], 'no')
})

test('lists that the server has nothing of are not acknowledged', async (t) => {
  const { client, opened } = await serving(t)
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
  const stream = await opened(client().listen({ ...all, resourceSubscriptions: [] }))
  assert.deepEqual((await acknowledged(stream)).notifications, { toolsListChanged: true })
})

test('a filter that nothing is left of is acknowledged and ended with its result [stateless.listen-result]', async (t) => {
  const { client, opened, stats } = await serving(t)
  const stream = await opened(client().listen({ promptsListChanged: true }, { id: 0 }))
  assert.deepEqual((await acknowledged(stream)).notifications, {})
  assert.equal((await stream.end()).complete, true)
  const { id, result } = stream.messages.at(-1)
  assert.deepEqual([id, result.resultType, result._meta[subscriptionId]], [0, 'complete', 0])
  assert.equal(stats().subscriptions, 0)
})

for (const filter of [
  undefined,
  null,
  [],
  'all',
  { toolsListChanged: 1 },
  { resourceSubscriptions: 'memo://a' },
  { resourceSubscriptions: [7] },
]) {
  test(`a filter that is ${JSON.stringify(filter)} is refused`, async (t) => {
    const { client } = await serving(t)
    const params = filter === undefined ? {} : { notifications: filter }
    const { status, error } = await client().request('subscriptions/listen', params, { check: false })
    assert.deepEqual([status, error.code], [400, -32602])
    assert.match(error.message, /subscriptions\/listen needs/)
  })
}

test('each stream gets what it asked for and nothing else, under its own id [stateless.listen-requested] [stateless.subscription-id] [stateless.tools-changed] [stateless.prompts-changed] [stateless.resources-changed] [stateless.cancelled-otherwise]', async (t) => {
  const { client, server, opened } = await serving(t, { setup: offer })
  const filters = {
    tools: { toolsListChanged: true },
    prompts: { promptsListChanged: true },
    resources: { resourcesListChanged: true },
    a: { resourceSubscriptions: ['memo://a'] },
    b: { resourceSubscriptions: ['memo://b', 'note://1'] },
  }
  const streams: { [id: string]: SseStream } = {}
  for (const [id, filter] of Object.entries(filters)) {
    const stream = await opened(client().listen(filter, { id }))
    await acknowledged(stream)
    streams[id] = stream
  }
  server.registerTool('new', {}, () => '')
  server.registerPrompt('new', {}, () => '')
  server.registerResource('new', 'memo://new', {}, () => '')
  for (const uri of ['memo://a', 'memo://b', 'note://1', 'memo://still', 'note://2'])
    server.notifyResourceUpdated(uri)
  const expected: { [id: string]: string[] } = {
    tools: ['notifications/tools/list_changed'],
    prompts: ['notifications/prompts/list_changed'],
    resources: ['notifications/resources/list_changed'],
    a: ['notifications/resources/updated'],
    b: ['notifications/resources/updated', 'notifications/resources/updated'],
  }
  for (const [id, wanted] of Object.entries(expected)) {
    const stream = streams[id] as SseStream
    for (const _ of wanted) await stream.nextMessage()
    assert.deepEqual(methods(stream), wanted)
    for (const { params } of stream.messages) assert.equal(params._meta[subscriptionId], id)
  }
  const uris = streams['b']?.messages.slice(1).map(({ params }) => params.uri)
  assert.deepEqual(uris, ['memo://b', 'note://1'])
})

test('ids of every form come back as they were, under _meta and as the id of the result [stateless.subscription-id]', async (t) => {
  const { client, server, opened, close } = await serving(t)
  const ids = [
    0,
    -3,
    2 ** 53 - 1,
    '',
    '0',
    'a\u2028b\u2029\u0085',
    '"\\\n',
    '"subscription id"',
    'ключ',
    '$1$&$$',
  ]
  const streams = []
  for (const id of ids) {
    const stream = await opened(client().listen({ toolsListChanged: true }, { id }))
    await acknowledged(stream)
    streams.push(stream)
  }
  server.registerTool('new', {}, () => '')
  for (const stream of streams) await stream.nextMessage()
  await close({ drainMs: 0 })
  for (const [n, id] of ids.entries()) {
    const stream = streams[n] as SseStream
    await stream.end()
    const seen = stream.messages.map(({ params, result }) => (params ?? result)._meta[subscriptionId])
    assert.deepEqual(seen, [id, id, id])
    assert.strictEqual(stream.messages.at(-1).id, id)
  }
})

test('changes of one turn are notified once, and a resource only to those who may see it when it changes [stateless.resources-permissions] [stateless.cache-access]', async (t) => {
  let allowed = true
  const { client, server, opened } = await serving(t, {
    setup: (own) => {
      own.registerResource('secret', 'memo://secret', { subscribe: true, visible: () => allowed }, () => '')
      own.registerResource('open', 'memo://open', { subscribe: true }, () => '')
    },
  })
  const resourceSubscriptions = ['memo://secret', 'memo://open']
  const stream = await opened(client().listen({ resourceSubscriptions }))
  assert.deepEqual((await acknowledged(stream)).notifications, { resourceSubscriptions })
  for (let i = 0; i < 5; i++) server.notifyResourceUpdated('memo://secret')
  assert.equal((await stream.nextMessage()).params.uri, 'memo://secret')
  allowed = false
  server.notifyResourceUpdated('memo://secret')
  server.notifyResourceUpdated('memo://open')
  assert.equal((await stream.nextMessage()).params.uri, 'memo://open')
  const later = await opened(client().listen({ resourceSubscriptions }))
  assert.deepEqual((await acknowledged(later)).notifications, { resourceSubscriptions: ['memo://open'] })
  assert.equal(methods(stream).length, 2)
})

test('watching begins with the first stream of a resource and ends with the last', async (t) => {
  const log: string[] = []
  const subscribe = (uri: string) => {
    log.push(`watch ${uri}`)
    return () => void log.push(`stop ${uri}`)
  }
  const { client, opened } = await serving(t, {
    setup: (server) => server.registerResourceTemplate('notes', 'note://{id}', { subscribe }, () => ''),
  })
  const listen = (...resourceSubscriptions: string[]) => opened(client().listen({ resourceSubscriptions }))
  const [first, second] = [await listen('note://1', 'note://2'), await listen('note://1')]
  assert.deepEqual(log, ['watch note://1', 'watch note://2'])
  await first.close()
  await eventually(() => log.length === 3, 'the end of a watch')
  assert.equal(log[2], 'stop note://2')
  await second.close()
  await eventually(() => log.length === 4, 'the end of a watch')
  assert.equal(log[3], 'stop note://1')
})

test('a watch that fails refuses the stream, leaves nothing open, and takes nothing from other streams', async (t) => {
  const log: string[] = []
  const { client, server, opened, errors, stats } = await serving(t, {
    setup: (own) => {
      for (const name of ['first', 'last']) {
        const subscribe = () => {
          log.push(`watch ${name}`)
          return () => void log.push(`stop ${name}`)
        }
        own.registerResource(name, `memo://${name}`, { subscribe }, () => '')
      }
      const subscribe = () => {
        throw new Error('hunter2')
      }
      own.registerResource('broken', 'memo://broken', { subscribe }, () => '')
    },
  })
  const stream = await opened(client().listen({ resourceSubscriptions: ['memo://last'] }))
  await acknowledged(stream)
  const notifications = { resourceSubscriptions: ['memo://first', 'memo://broken', 'memo://last'] }
  const { status, error, id, text } = await client().request(
    'subscriptions/listen',
    { notifications },
    { id: 7 },
  )
  assert.deepEqual([status, error.code, id], [500, -32603, 7])
  assert.doesNotMatch(text, /hunter2/)
  assert.deepEqual([stats().subscriptions, errors.length], [1, 1])
  assert.deepEqual(log, ['watch last', 'watch first', 'stop first'])
  server.notifyResourceUpdated('memo://last')
  assert.equal((await stream.nextMessage()).params.uri, 'memo://last')
})

test('one change is serialised once for all streams', async (t) => {
  const { client, server, opened } = await serving(t)
  const streams = []
  for (let id = 0; id < 20; id++)
    streams.push(await opened(client().listen({ toolsListChanged: true }, { id })))
  for (const stream of streams) await acknowledged(stream)
  const { stringify } = JSON
  const written: unknown[] = []
  t.mock.method(JSON, 'stringify', (...args: Parameters<typeof stringify>) => {
    written.push(args[0])
    return stringify(...args)
  })
  server.changes.listChanged('tools')
  for (const stream of streams) await stream.nextMessage()
  const announcements = written.filter(
    (value) => (value as { method?: string })?.method === 'notifications/tools/list_changed',
  )
  assert.equal(announcements.length, 1)
})
