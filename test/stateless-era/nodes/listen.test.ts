/** `subscriptions/listen` on several nodes: what one of them announces, the streams of all are sent once. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { McpServer } from '../../../src/index.ts'
import { StatelessClient } from '../../helpers/stateless-client.ts'
import type { SseStream, WireJson } from '../../helpers/wire.ts'
import { cluster, type Node } from '../../session-era/nodes/cluster.ts'

const SHIPPED = 'notifications/orders/shipped'

const offer = (server: McpServer) => {
  server.registerPrompt('p', {}, () => '')
  server.registerResourceTemplate('notes', 'note://{id}', { subscribe: true }, () => '')
  server.registerExtension('com.example/orders', { notifications: { [SHIPPED]: 'ordersShipped' } })
}

async function opened(t: TestContext, node: Node, filter: object, headers = {}): Promise<SseStream> {
  const stream = await new StatelessClient(node.url, { headers }).listen(filter, { check: 'none' })
  t.after(() => stream.close())
  await stream.nextMessage(({ method }) => method === 'notifications/subscriptions/acknowledged')
  return stream
}

const said = ({ method, params }: WireJson) =>
  params?.uri ?? params?.order ?? method.replace('notifications/', '').replace('/list_changed', '')

test('a change announced on one node reaches the subscriptions of all that ask for it, each once', async (t) => {
  const { nodes, a } = await cluster(t, { setup: offer })
  const filter = { toolsListChanged: true, resourceSubscriptions: ['note://1'] }
  const streams = await Promise.all(nodes.map((node) => opened(t, node, filter)))
  a.server.registerTool('new', {}, () => '')
  a.server.notifyResourceUpdated('note://2')
  a.server.notifyResourceUpdated('note://1')
  for (const stream of streams) await stream.nextMessage(({ params }) => params?.uri === 'note://1')
  a.server.notifyResourceUpdated('note://1')
  for (const stream of streams) {
    await stream.nextMessage(({ params }) => params?.uri === 'note://1')
    assert.deepEqual(stream.messages.slice(1).map(said), ['tools', 'note://1', 'note://1'])
  }
})

test('a stream that is open while its node misses messages is notified of all that it asks for', async (t) => {
  const { store, a, b } = await cluster(t, { setup: offer, memory: { maxRetainedMessages: 3 } })
  const filter = { promptsListChanged: true, resourceSubscriptions: ['note://1', 'note://2'] }
  const stream = await opened(t, b, filter)
  const there = await opened(t, a, { toolsListChanged: true })
  store.setAvailable(false, b.id)
  for (let n = 0; n < 10; n++) a.server.notifyResourceUpdated(`note://${n}`)
  a.server.registerTool('new', {}, () => '')
  await there.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  store.setAvailable(true, b.id)
  for (let left = 3; left > 0; left--) await stream.nextMessage()
  assert.deepEqual(stream.messages.slice(1).map(said).sort(), ['note://1', 'note://2', 'prompts'])
  assert.equal(b.errors.splice(0).length, 1)
})

test('a notification of an extension reaches those who ask for it on all nodes, of a principal alone where it is for one', async (t) => {
  const auth = { verify: (token: string) => ({ id: token }) }
  const { a, b, c } = await cluster(t, { setup: offer, auth })
  const filter = { ordersShipped: true }
  const bearer = (name: string) => ({ authorization: `Bearer ${name}` })
  const ann = await opened(t, b, filter, bearer('ann'))
  const bob = await opened(t, c, filter, bearer('bob'))
  const deaf = await opened(t, c, { toolsListChanged: true }, bearer('bob'))
  assert.deepEqual(a.server.notify(SHIPPED, { order: 1 }, { principal: 'ann' }), { streams: 0, kept: true })
  a.server.notify(SHIPPED, { order: 2 })
  a.server.registerTool('new', {}, () => '')
  for (const stream of [ann, bob]) await stream.nextMessage(({ params }) => params?.order === 2)
  await deaf.nextMessage()
  assert.deepEqual(
    [ann, bob, deaf].map((stream) => stream.messages.slice(1).map(said)),
    [[1, 2], [2], ['tools']],
  )
})

test('server.notify says that a message reaches nobody, where no client of any node can get it', async (t) => {
  const { a } = await cluster(t, { setup: offer, sessions: false })
  const refused = a.server.notify('notifications/unknown')
  assert.deepEqual([refused.streams, refused.kept], [0, false])
  assert.match(refused.reason as string, /sessions are off.*no extension has it/)
  assert.equal(a.server.notify(SHIPPED).kept, true)
})

test('messageRate limits what one node announces', async (t) => {
  const { a, b } = await cluster(t, { setup: offer, messageRate: { burst: 3, perSecond: 1e-3 } })
  const stream = await opened(t, b, { ordersShipped: true, toolsListChanged: true })
  const kept = [1, 2, 3, 4, 5].map((order) => a.server.notify(SHIPPED, { order }).kept)
  assert.deepEqual(kept, [true, true, true, false, false])
  await stream.nextMessage(({ params }) => params?.order === 3)
  a.server.registerTool('new', {}, () => '')
  await stream.nextMessage()
  assert.deepEqual(stream.messages.slice(1).map(said), [1, 2, 3, 'tools'])
})
