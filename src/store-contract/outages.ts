/** The contract of what happens while the store cannot be reached. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, interrupt, joinTwo, type MakeStore, newId } from './subject.ts'

const MINUTE = 60_000
const refusal = { code: 'ERR_STORE_UNAVAILABLE' }

export function testOutages(name: string, make: MakeStore): void {
  test(`${name}: an outage is said once, refuses at once, ends no lease, and loses nothing that waits`, async (t) => {
    const subject = await make(t)
    if (subject.interrupt === undefined) {
      t.skip('this store cannot be made unreachable')
      return
    }
    const [a, b] = await joinTwo(t, subject)
    await eventually(
      () => [a.node.stats().nodes, b.node.stats().nodes].join(),
      (nodes) => nodes === '2,2',
    )
    const session = newId()
    await a.node.sessions.create(session, 'record', MINUTE)
    const log = a.node.events.create(session, 's1', 'meta', MINUTE)
    log.append(1, 'before', 1)
    await a.node.flush(MINUTE)

    const restore = await interrupt(t, subject.interrupt)
    await Promise.all([a, b].map((each) => each.until('onUnavailable')))
    assert.equal(a.node.available, false)
    await assert.rejects(a.node.sessions.read(session), refusal)
    await assert.rejects(Promise.resolve(a.node.tasks.read('x')), refusal)
    await assert.rejects(a.node.keys.read('x', MINUTE, MINUTE), refusal)
    await assert.rejects(a.node.events.read(session, 's1', 0), refusal)
    await assert.rejects(a.node.bus.send(b.node.id, 'x'), refusal)
    const published = ['one', 'two'].map((message) => a.node.bus.publish(message))
    log.append(2, 'while away', 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
    log.append(3, 'while away too', 1)
    log.finish()
    assert.ok(a.node.stats().waitingBytes > 0)
    // Longer than a lease.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * a.node.leases.leaseMs))
    assert.equal(a.node.leases.isAlive(b.node.id), true)

    await restore()
    await Promise.all([a, b].map((each) => each.until('onAvailable', [], 2)))
    await Promise.all(published)
    await a.node.flush(MINUTE)
    await Promise.all([a, b].map((each) => each.until('onBroadcast', ['two'])))
    assert.deepEqual(
      [a.broadcasts, b.broadcasts],
      [
        ['one', 'two'],
        ['one', 'two'],
      ],
    )
    const stored = await b.node.events.read(session, 's1', 0)
    assert.deepEqual(
      [stored?.events.map(({ data }) => data), stored?.gap, stored?.finished],
      [['before', 'while away', 'while away too'], false, true],
    )
    assert.equal((await b.node.sessions.read(session))?.record, 'record')
    assert.equal(await a.node.bus.send(b.node.id, 'again'), true)
    await b.until('onMessage', ['again'])
    assert.deepEqual([a.calls('onNodeGone'), b.calls('onNodeGone')], [[], []])
    assert.deepEqual([a.calls('onUnavailable').length, b.calls('onUnavailable').length], [1, 1])
    assert.equal(a.node.stats().waitingBytes, 0)
  })

  test(`${name}: what waits is bounded: the oldest events are given up with a gap, messages are refused`, async (t) => {
    const subject = await make(t)
    if (subject.interrupt === undefined) {
      t.skip('this store cannot be made unreachable')
      return
    }
    const [a, b] = await joinTwo(t, subject)
    const session = newId()
    const log = a.node.events.create(session, 's1', 'meta', MINUTE)
    log.append(1, 'before', 1)
    await a.node.flush(MINUTE)
    const restore = await interrupt(t, subject.interrupt)
    await a.until('onUnavailable')
    // 64 MiB: above what any store should have waiting.
    const data = 'x'.repeat(256 * 1024)
    for (let sequence = 2; sequence < 258; sequence++) {
      log.append(sequence, data, 1)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    const { waitingBytes } = a.node.stats()
    assert.ok(waitingBytes > 0 && waitingBytes < 40 * 1024 * 1024, `${waitingBytes} bytes wait`)
    const published = Array.from({ length: 256 }, () =>
      a.node.bus.publish(data).then(
        () => true,
        () => false,
      ),
    )
    log.append(258, 'the last', 1)
    log.finish()
    await restore()
    await a.until('onAvailable', [], 2)
    assert.ok((await Promise.all(published)).includes(false))
    await a.node.flush(MINUTE)
    const read = (after: number) => patiently(() => b.node.events.read(session, 's1', after))
    const stored = await read(1)
    assert.deepEqual([stored?.gap, stored?.last], [true, 258])
    assert.equal((await read(0))?.events[0]?.data, 'before')
    const end = await read(257)
    assert.deepEqual(
      [end?.events.at(-1)?.data ?? 'given up', end?.finished],
      [end?.gap === true ? 'given up' : 'the last', true],
    )
    assert.equal(a.node.stats().waitingBytes, 0)
  })
}

/**
 * What is read here is many megabytes, which a busy machine may not have within one time limit of the store. Then the
 * store counts as away until it has answered again.
 */
async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read()
    } catch (error) {
      if (tries === 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}
