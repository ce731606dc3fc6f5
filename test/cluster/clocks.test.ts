/** Two nodes whose clocks are 30 s apart, which is longer than a lease: nothing depends on them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { within } from '../helpers/within.ts'
import { clientV1 } from '../interop/client-v1.ts'
import { clientV2Pinned } from '../interop/client-v2.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { clusterFor } from './cluster.ts'
import { ANNOUNCED } from './load-tools.ts'

const LEASE_MS = 1000
const AHEAD_MS = 30_000

const textOf = ({ content }: { content: readonly { text?: string }[] }) => content[0]?.text ?? ''

test(
  'nodes whose clocks are 30 s apart serve one session, and neither takes the other for dead',
  needs('redis-server'),
  async (t) => {
    // A session that is idle for as long as the clocks differ would be over on one of them.
    const cluster = await clusterFor(t, { nodes: 1, leaseMs: LEASE_MS, idleTimeoutMs: 10_000 })
    const ahead = await cluster.add({ clockAheadMs: AHEAD_MS })
    const answers = { 'elicitation/create': () => ({ action: 'accept', content: { name: 'Ada' } }) }
    const capabilities = { elicitation: { form: {} } }

    for (const kind of [clientV1, clientV2Pinned]) {
      const client = await kind.connect({ url: cluster.url, capabilities, answers })
      t.after(() => client.close())
      const seen = new Set<string>()
      for (let call = 0; call < 4; call++) seen.add(textOf(await client.callTool('whoami')))
      assert.deepEqual([...seen].sort(), ['n1', ahead.name])
      // In the stateless era the state of the call is sealed by one node, and opened by the other.
      for (let call = 0; call < 4; call++) {
        assert.match(textOf(await client.callTool('ask', { id: 'x' })), /^x Ada n\d$/)
      }
    }

    const client = await clientV1.connect({ url: cluster.url })
    t.after(() => client.close())
    for (let time = 1; time <= 4; time++) {
      await client.callTool('announce')
      await client.inbox.wait(ANNOUNCED, time)
    }
    assert.equal(client.inbox.of(ANNOUNCED).length, 4)

    // Twice as long as a lease: a node that judged by its own clock would finish the stream of the other with an error.
    for (let call = 0; call < 2; call++) {
      const values: number[] = []
      const onprogress = ({ progress }: { progress: number }) => {
        values.push(progress)
        if (progress === 2) cluster.balancer.cut()
      }
      const args = { id: 'c', to: 30, pauseMs: 70 }
      const result = await within(client.callTool('count', args, { onprogress }), () => 'the result')
      assert.match(textOf(result), /^c done n\d$/)
      assert.equal(values.length, 30)
    }

    const tasks = new TaskClient(cluster.url)
    const ids = [
      await tasks.begin('job', { id: 'a', ms: 100 }),
      await tasks.begin('job', { id: 'b', ms: 100 }),
    ]
    for (const id of ids) assert.match(textOf((await tasks.until(id, 'completed')).result), /^[ab] done n\d$/)
    for (const node of cluster.nodes) assert.equal((await node.stats()).store.nodes, 2)
  },
)

test(
  'a node whose clock is 30 s ahead notices the death of another one within the lease, and not earlier',
  needs('redis-server'),
  async (t) => {
    const cluster = await clusterFor(t, { nodes: 1, leaseMs: LEASE_MS })
    const ahead = await cluster.add({ clockAheadMs: AHEAD_MS })
    const first = cluster.node('n1')
    const tasks = new TaskClient(first.url)
    const id = await tasks.begin('job', { id: 'a', ms: 60_000 })
    const other = new TaskClient(ahead.url)
    assert.equal((await other.task(id)).status, 'working')
    const began = performance.now()
    await cluster.end(first, 'SIGKILL')
    const { error } = await within(
      (async () => {
        for (;;) {
          const task = await other.task(id)
          if (task.status !== 'working') return task
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      })(),
      () => 'the task to fail',
    )
    assert.match(error.message, /the process that ran the task is gone/i)
    // The last beat of its heart was at most a third of a lease before its death.
    assert.ok(performance.now() - began > LEASE_MS / 2, 'it was noticed before the lease was over')
  },
)
