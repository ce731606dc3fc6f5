/**
 * A process that ends within the moment in which the stream of a call opens: its client has an event id, and the store
 * knows nothing of the stream. The way of the node to Redis is made silent before the call, so that this is no matter of luck.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { openSse, type SseStream, TestSession, type WireJson } from '../helpers/wire.ts'
import { TcpProxy } from '../redis/proxy.ts'
import { clusterFor } from './cluster.ts'
import type { NodeProcess } from './node-process.ts'

const LEASE_MS = 1000

/** A call that runs on a node which cannot reach Redis any more, with its first message received. */
async function begun(t: TestContext) {
  const cluster = await clusterFor(t, { nodes: 1, leaseMs: LEASE_MS })
  const proxy = await TcpProxy.start(t, cluster.redis.port)
  const first = await cluster.add({ redisPort: proxy.port })
  const session = await TestSession.open(first.url)
  t.after(() => session.close())
  proxy.silence()
  const params = { name: 'count', arguments: { id: 'c', to: 100_000, pauseMs: 20 } }
  const stream = await session.stream('tools/call', params, { id: 'call-7', meta: { progressToken: 'c' } })
  await stream.nextMessage()
  const last = stream.lastEventId ?? ''
  return { cluster, proxy, first, second: cluster.node('n1'), session, last }
}

async function resume(node: NodeProcess, session: TestSession, last: string): Promise<SseStream> {
  const headers = { ...session.headers, 'last-event-id': last }
  const stream = await openSse(node.url, { headers, check: 'none' })
  await stream.end()
  return stream
}

function assertLost({ messages }: SseStream): void {
  const [{ id, error }, ...more] = messages as [WireJson]
  assert.deepEqual([id, error.code, more], ['call-7', -32000, []])
  assert.match(error.message, /process that ran this call is gone/)
}

test(
  'a node that is killed before the store knows of its stream: the client gets the error of its request elsewhere',
  needs('redis-server'),
  async (t) => {
    const { cluster, first, second, session, last } = await begun(t)
    await cluster.end(first, 'SIGKILL')
    const resumed = await resume(second, session, last)
    assertLost(resumed)
    // The connection broke before the error was received.
    const again = await resume(second, session, last)
    assert.deepEqual(again.messages, resumed.messages)
    assert.equal(again.lastEventId, resumed.lastEventId)
  },
)

test(
  'a node that stands still in that moment, and goes on when its call has ended with an error: it aborts the call',
  needs('redis-server'),
  async (t) => {
    const { proxy, first, second, session, last } = await begun(t)
    first.kill('SIGSTOP')
    t.after(() => first.kill('SIGCONT'))
    const resumed = await resume(second, session, last)
    assertLost(resumed)
    proxy.cut()
    proxy.restore()
    first.kill('SIGCONT')
    await untilBack(first, second)
    const again = await resume(second, session, last)
    assert.deepEqual(again.messages, resumed.messages)
  },
)

/** Waits until a node has no calls, and both know each other. */
async function untilBack(first: NodeProcess, second: NodeProcess): Promise<void> {
  for (const end = Date.now() + 20_000; ; ) {
    const [one, two] = await Promise.all([first.stats(), second.stats()])
    if (one.callsInProgress === 0 && one.store.nodes === 2 && two.store.nodes === 2) return
    assert.ok(Date.now() < end, JSON.stringify([one, two]))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
