/** The contract of the leases: who is alive, and when a node is gone. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, joinTwo, type MakeStore, RecordingNode } from './subject.ts'

export function testLeases(name: string, make: MakeStore): void {
  test(`${name}: nodes have ids of their own, and know each other as alive`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    assert.match(a.node.id, /^[0-9a-z]{6,32}$/)
    assert.notEqual(a.node.id, b.node.id)
    for (const { node } of [a, b]) {
      assert.ok(node.leases.isAlive(a.node.id) && node.leases.isAlive(b.node.id))
      await eventually(
        () => node.stats().nodes,
        (nodes) => nodes === 2,
      )
    }
  })

  test(`${name}: a node that leaves is gone for the others, once`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const c = await RecordingNode.join(t, (await make(t)).store)
    await eventually(
      () => a.node.stats().nodes,
      (nodes) => nodes === 2,
    )
    await b.node.leave()
    await a.until('onNodeGone', [b.node.id])
    assert.equal(a.node.leases.isAlive(b.node.id), false)
    await a.node.bus.publish('later')
    await a.until('onBroadcast', ['later'])
    assert.deepEqual(a.calls('onNodeGone'), [[b.node.id]])
    // Another store.
    assert.deepEqual(c.calls('onNodeGone'), [])
  })

  test(`${name}: a node that nobody has heard of is gone as soon as the store was asked`, async (t) => {
    const [a] = await joinTwo(t, await make(t))
    const unknown = '0123456789ab'
    if (a.node.leases.isAlive(unknown)) await a.until('onNodeGone', [unknown])
    assert.equal(a.node.leases.isAlive(unknown), false)
  })

  test(`${name}: a node that dies is gone within a lease, and no other one`, async (t) => {
    const subject = await make(t)
    if (subject.kill === undefined) {
      t.skip('this store cannot kill a node')
      return
    }
    const [a, b] = await joinTwo(t, subject)
    await eventually(
      () => a.node.stats().nodes,
      (nodes) => nodes === 2,
    )
    const { leaseMs } = a.node.leases
    const began = performance.now()
    await subject.kill(b.node)
    assert.equal(a.node.leases.isAlive(b.node.id), true)
    await a.until('onNodeGone', [b.node.id])
    const tookMs = performance.now() - began
    // Some time for the turns of the event loop on a busy machine.
    assert.ok(
      tookMs > leaseMs / 4 && tookMs < leaseMs + 2000,
      `took ${tookMs} ms of a lease of ${leaseMs} ms`,
    )
    assert.equal(a.node.leases.isAlive(b.node.id), false)
    assert.equal(a.node.leases.isAlive(a.node.id), true)
    assert.equal(await a.node.bus.send(b.node.id, 'too late'), false)
    assert.deepEqual(a.calls('onNodeGone'), [[b.node.id]])
  })
}
