/** Subscriptions of sessions on several nodes: who hears of a change, and who watches for it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer, RequestContext } from '../../../src/index.ts'
import { eventually } from '../serving.ts'
import { at, cluster, type Node } from './cluster.ts'

const URI = 'note://1'
const subscribe = ['resources/subscribe', { uri: URI }] as const

/** A resource of which each node keeps who asked it to watch, as `node:start` and `node:stop`. */
function watched() {
  const log: string[] = []
  const contexts: RequestContext[] = []
  const names = new Map<McpServer, string>()
  const setup = (server: McpServer) => {
    const name = 'abc'[names.size] as string
    names.set(server, name)
    const watch = (_uri: string, ctx: RequestContext) => {
      log.push(`${name}:start`)
      contexts.push(ctx)
      return () => {
        log.push(`${name}:stop`)
      }
    }
    server.registerResource('note', URI, { subscribe: watch }, () => 'text')
  }
  return { log, contexts, setup }
}

test('a subscription that one node takes is notified on the stream of another one, also when it is opened there later', async (t) => {
  const setup = (server: McpServer) =>
    void server.registerResource('note', URI, { subscribe: true }, () => 'x')
  const { a, b, c } = await cluster(t, { setup })
  const session = await a.open()
  await at(session, b).call('echo', {})
  await at(session, a).request(...subscribe)
  const listening = await at(session, b).listen()
  c.server.notifyResourceUpdated(URI)
  assert.equal((await listening.nextMessage()).params.uri, URI)
  // On the node that opens the session only now: what happened while no stream was open.
  await listening.close()
  await eventually(() => b.stats().streams === 0, 'the stream to end')
  a.server.notifyResourceUpdated(URI)
  const later = await at(session, c).resume(listening.lastEventId ?? '')
  assert.equal((await later.nextMessage()).params.uri, URI)
  await at(session, b).request('resources/unsubscribe', { uri: URI })
  await eventually(() => c.stats().sessionBytes === b.stats().sessionBytes, 'c to hear of it')
  a.server.notifyResourceUpdated(URI)
  a.server.registerTool('another', {}, () => '')
  assert.equal((await later.nextMessage()).method, 'notifications/tools/list_changed')
  await later.close()
})

test('one node watches: the one that took the subscription', async (t) => {
  const { log, setup } = watched()
  const { nodes, a, b } = await cluster(t, { setup })
  const session = await a.open()
  await at(session, b).request(...subscribe)
  for (const node of nodes) await at(session, node).call('echo', {})
  const listening = await at(session, a).listen()
  assert.deepEqual(log, ['b:start'])
  await at(session, a).request('resources/unsubscribe', { uri: URI })
  await eventually(() => log.length === 2, 'b to stop')
  assert.deepEqual(log, ['b:start', 'b:stop'])
  await listening.close()
})

test('when the node that watches dies, the one with the stream of the session does, and says that there may have been a change', async (t) => {
  const { log, contexts, setup } = watched()
  const { a, b, c } = await cluster(t, { setup, memory: { leaseMs: 50 } })
  const session = await a.open({ clientInfo: { name: 'watcher', version: '2' } })
  await session.request(...subscribe)
  await at(session, c).call('echo', {})
  const listening = await at(session, b).listen()
  a.die()
  const { method, params } = await listening.nextMessage()
  assert.deepEqual([method, params.uri], ['notifications/resources/updated', URI])
  assert.deepEqual(log, ['a:start', 'b:start'])
  const [, ctx] = contexts
  assert.deepEqual(
    [ctx?.client.name, ctx?.session?.id, ctx?.signal.aborted],
    ['watcher', session.sessionId, false],
  )
  await at(session, c).delete()
  await eventually(() => log.length === 3, 'b to stop')
  assert.equal(log[2], 'b:stop')
})

test('a node that closes a session for room hands over what it watches', async (t) => {
  const { log, setup } = watched()
  const { a, b } = await cluster(t, { count: 2, setup, sessions: { max: 2 } })
  const session = await a.open()
  await session.request(...subscribe)
  const listening = await at(session, b).listen()
  for (let number = 0; number < 3; number++) await openUsed(a)
  await eventually(() => log.includes('b:start'), 'b to watch')
  assert.deepEqual([...log].sort(), ['a:start', 'a:stop', 'b:start'])
  await listening.close()
})

async function openUsed(node: Node): Promise<void> {
  await (await node.open()).call('echo', {})
}
