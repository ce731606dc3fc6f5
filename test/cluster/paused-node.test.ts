/** A process that stands still for longer than a lease, as a virtual machine that is stopped does, and goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { openSse, post, TestSession, type WireJson } from '../helpers/wire.ts'
import { clusterFor } from './cluster.ts'

const LEASE_MS = 1000

test(
  'a node that stood still for longer than its lease finds its calls ended, aborts them, and goes on as a node',
  needs('redis-server'),
  async (t) => {
    const cluster = await clusterFor(t, { nodes: 2, leaseMs: LEASE_MS })
    const [first, second] = [cluster.node('n1'), cluster.node('n2')]
    const session = await TestSession.open(first.url)
    t.after(() => session.close())
    const params = { name: 'count', arguments: { id: 'c', to: 100_000, pauseMs: 20 } }
    const stream = await session.stream('tools/call', params, { id: 7, meta: { progressToken: 'c' } })
    for (let message = 0; message < 3; message++) await stream.nextMessage()
    first.kill('SIGSTOP')
    t.after(() => first.kill('SIGCONT'))

    const lastEventId = stream.lastEventId ?? ''
    const headers = { ...session.headers, 'last-event-id': lastEventId }
    const began = performance.now()
    const resumed = await openSse(second.url, { headers, check: 'none' })
    await resumed.end()
    const took = performance.now() - began
    const { id, error } = resumed.messages.at(-1) as WireJson
    assert.equal(id, 7)
    assert.match(error.message, /process that ran this call is gone/)
    assert.ok(took > LEASE_MS / 2, `it was given up after ${took} ms`)
    const seen = resumed.messages.slice(0, -1).map(({ params: { progress } }) => progress)
    assert.deepEqual(
      seen,
      seen.map((_, index) => seen[0] + index),
    )

    first.kill('SIGCONT')
    const end = Date.now() + 20_000
    const isBack = async () => {
      const [one, two] = await Promise.all([first.stats(), second.stats()])
      return one.callsInProgress === 0 && one.store.nodes === 2 && two.store.nodes === 2
    }
    while (!(await isBack())) {
      assert.ok(Date.now() < end, JSON.stringify([await first.stats(), await second.stats()]))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    // What it went on with did not reach the log: whoever reads the stream again gets the same.
    const again = await openSse(second.url, { headers, check: 'none' })
    await again.end()
    assert.deepEqual(again.messages, resumed.messages)
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    for (const { url } of [first, second]) assert.equal((await post(url, ping, session.headers)).status, 200)
  },
)
