/** The contract of the event log store: what a reader finds, and who may end a log. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreNode } from '../store/store.ts'
import { eventually, joinTwo, type MakeStore, newId, RecordingNode } from './subject.ts'

const MINUTE = 60_000

const numbers = (events: readonly { readonly sequence: number }[] = []) =>
  events.map(({ sequence }) => sequence)

/** What a reader finds after a sequence: numbers of events, whether there is a gap, the last, whether it has finished. */
async function found(node: StoreNode, session: string, after: number) {
  const { events, gap, last, finished } = (await node.events.read(session, 's1', after)) ?? {}
  return [numbers(events), gap, last, finished]
}

export function testEventLogs(name: string, make: MakeStore): void {
  test(`${name}: events.read gives on any node what was appended, from exactly after a sequence`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'who runs it', MINUTE)
    log.append(1, '{"text":"Grüße 👋\\n"}', 1)
    log.append(2, '', 1)
    await a.node.flush(MINUTE)
    log.append(3, 'x'.repeat(100_000), 1)
    await a.node.flush(MINUTE)
    assert.deepEqual(await b.node.events.read(session, 's1', 0), {
      meta: 'who runs it',
      events: [
        { sequence: 1, data: '{"text":"Grüße 👋\\n"}' },
        { sequence: 2, data: '' },
        { sequence: 3, data: 'x'.repeat(100_000) },
      ],
      gap: false,
      last: 3,
      finished: false,
    })
    assert.deepEqual(await found(b.node, session, 2), [[3], false, 3, false])
    assert.deepEqual(await found(b.node, session, 3), [[], false, 3, false])
    // A client that has more than the log: it saw events that were not stored.
    assert.deepEqual(await found(b.node, session, 7), [[], false, 3, false])
  })

  test(`${name}: events.read knows a log that has no events yet, and none that was not created`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    a.node.events.create(session, 's1', 'meta', MINUTE)
    await a.node.flush(MINUTE)
    assert.deepEqual(await b.node.events.read(session, 's1', 0), {
      meta: 'meta',
      events: [],
      gap: false,
      last: 0,
      finished: false,
    })
    assert.equal(await b.node.events.read(session, 's2', 0), undefined)
    assert.equal(await b.node.events.read(newId(), 's1', 0), undefined)
  })

  test(`${name}: logs of one session, and the same stream name in two sessions, are apart`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const [one, other] = [newId(), newId()]
    a.node.events.create(one, 's1', 'm', MINUTE).append(1, 'one', 1)
    a.node.events.create(one, 's2', 'm', MINUTE).append(1, 'two', 1)
    b.node.events.create(other, 's1', 'm', MINUTE).append(1, 'three', 1)
    await Promise.all([a.node.flush(MINUTE), b.node.flush(MINUTE)])
    const read = async (session: string, stream: string) =>
      (await a.node.events.read(session, stream, 0))?.events.map(({ data }) => data)
    assert.deepEqual(
      [await read(one, 's1'), await read(one, 's2'), await read(other, 's1')],
      [['one'], ['two'], ['three']],
    )
  })

  test(`${name}: finish ends a log, which can be read again with the same events`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'm', MINUTE)
    log.append(1, 'one', 1)
    log.append(2, 'two', 1)
    log.finish()
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 0), [[1, 2], false, 2, true])
    assert.deepEqual(await found(b.node, session, 0), [[1, 2], false, 2, true])
    assert.deepEqual(await found(b.node, session, 2), [[], false, 2, true])
    assert.equal(await b.node.events.finish(session, 's1', 3, 'too late'), false)
    assert.deepEqual(a.calls('onStreamTaken'), [])
  })

  test(`${name}: thousands of events come back in order, over several reads`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'm', MINUTE)
    for (let sequence = 1; sequence <= 3000; sequence++) {
      log.append(sequence, `event ${sequence}`, 1)
      if (sequence % 7 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    log.finish()
    await a.node.flush(MINUTE)
    const data: string[] = []
    for (let isFinished = false; !isFinished; ) {
      const { events, gap, finished } = (await b.node.events.read(session, 's1', data.length)) ?? {}
      assert.equal(gap, false)
      assert.ok(finished === true || (events?.length ?? 0) > 0)
      data.push(...(events ?? []).map((event) => event.data))
      isFinished = finished === true
    }
    assert.deepEqual(
      data,
      Array.from({ length: 3000 }, (_, index) => `event ${index + 1}`),
    )
  })

  test(`${name}: events that are not needed any more are dropped, and a reader finds the gap`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'm', MINUTE)
    for (let sequence = 1; sequence <= 2000; sequence++) {
      log.append(sequence, 'x'.repeat(200), Math.max(1, sequence - 9))
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 1990), [
      [1991, 1992, 1993, 1994, 1995, 1996, 1997, 1998, 1999, 2000],
      false,
      2000,
      false,
    ])
    const stored = await b.node.events.read(session, 's1', 0)
    assert.deepEqual([stored?.gap, stored?.last], [true, 2000])
    // A store may keep some longer, not all.
    const first = stored?.events[0]?.sequence ?? 0
    assert.ok(first > 1500 && first <= 1991, `the oldest is ${first}`)
  })

  test(`${name}: an event that is too large to be kept has a number, and is a gap`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'm', MINUTE)
    log.append(1, 'one', 1)
    log.append(2, '', 3)
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 1), [[], true, 2, false])
    assert.deepEqual(await found(b.node, session, 2), [[], false, 2, false])
    log.append(3, 'three', 3)
    log.append(4, 'four', 3)
    log.finish()
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 1), [[3, 4], true, 4, true])
    assert.deepEqual(await found(b.node, session, 2), [[3, 4], false, 4, true])
  })

  test(`${name}: events.finish of another node ends the log for good: one of several succeeds, and its node is told`, async (t) => {
    const subject = await make(t)
    const [a, b] = await joinTwo(t, subject)
    const c = await RecordingNode.join(t, subject.store)
    const session = newId()
    const log = a.node.events.create(session, 's1', 'm', MINUTE)
    log.append(1, 'one', 1)
    log.append(2, 'two', 1)
    await a.node.flush(MINUTE)
    assert.equal(await b.node.events.finish(session, 's1', 2, 'below the last'), false)
    const results = await Promise.all(
      [b, c, b, c].map(({ node }) => node.events.finish(session, 's1', 5, 'error')),
    )
    assert.deepEqual(results.filter(Boolean), [true])
    assert.deepEqual(await found(b.node, session, 4), [[5], false, 5, true])
    assert.deepEqual(await found(b.node, session, 2), [[5], true, 5, true])
    log.append(3, 'nobody sees it', 1)
    await a.until('onStreamTaken', [session, 's1'])
    log.append(4, 'nor this', 1)
    log.finish()
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 4), [[5], false, 5, true])
    assert.equal(a.calls('onStreamTaken').length, 1)
    assert.equal(await b.node.events.finish(session, 'none', 1, 'x'), false)
  })

  test(`${name}: log.describe replaces the meta, before the events that follow are found`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const log = a.node.events.create(session, 's1', 'first', MINUTE)
    log.append(1, 'one', 1)
    await a.node.flush(MINUTE)
    for (const [index, meta] of ['second', 'third'].entries()) {
      log.describe(meta)
      log.append(2 + index, 'more', 1)
      await a.node.flush(MINUTE)
      assert.equal((await b.node.events.read(session, 's1', 0))?.meta, meta)
    }
    log.describe('without an event')
    await a.node.flush(MINUTE)
    log.finish()
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 0), [[1, 2, 3], false, 3, true])
    assert.equal((await b.node.events.read(session, 's1', 0))?.meta, 'without an event')
  })

  test(`${name}: events.finish with a meta begins a log that was never stored: once, and its node can add nothing`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const session = newId()
    const finish = () => b.node.events.finish(session, 's1', 3, 'error', 'of another node')
    const results = await Promise.all([finish(), finish()])
    assert.deepEqual(results.filter(Boolean), [true])
    assert.deepEqual(await found(a.node, session, 2), [[3], false, 3, true])
    assert.equal((await a.node.events.read(session, 's1', 2))?.meta, 'of another node')
    const log = a.node.events.create(session, 's1', 'too late', MINUTE)
    log.append(1, 'one', 1)
    await a.until('onStreamTaken', [session, 's1'])
    log.append(4, 'four', 1)
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(a.node, session, 2), [[3], false, 3, true])
    // A log that is there keeps its own.
    const other = a.node.events.create(session, 's2', 'its own', MINUTE)
    other.append(1, 'one', 1)
    await a.node.flush(MINUTE)
    assert.equal(await b.node.events.finish(session, 's2', 2, 'error', 'of another node'), true)
    assert.equal((await a.node.events.read(session, 's2', 0))?.meta, 'its own')
  })

  test(`${name}: a log expires after its last event, unless it is touched; delete drops it at once`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const [session, deleted] = [newId(), newId()]
    const log = a.node.events.create(session, 's1', 'm', 300)
    log.append(1, 'one', 1)
    const other = a.node.events.create(deleted, 's1', 'm', MINUTE)
    other.append(1, 'one', 1)
    await a.node.flush(MINUTE)
    for (const end = Date.now() + 900; Date.now() < end; ) {
      log.touch()
      await a.node.flush(MINUTE)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.deepEqual(await found(b.node, session, 0), [[1], false, 1, false])
    other.append(2, 'two', 1)
    other.delete()
    const ended = a.node.events.create(deleted, 's2', 'm', MINUTE)
    ended.append(1, 'one', 1)
    ended.finish()
    await a.node.flush(MINUTE)
    assert.equal((await b.node.events.read(deleted, 's2', 0))?.finished, true)
    ended.delete()
    await a.node.flush(MINUTE)
    for (const stream of ['s1', 's2']) {
      assert.equal(await b.node.events.read(deleted, stream, 0), undefined)
    }
    await eventually(
      () => b.node.events.read(session, 's1', 0),
      (stored) => stored === undefined,
    )
    // The call goes on, and its log with it.
    log.append(2, 'two', 1)
    await a.node.flush(MINUTE)
    assert.deepEqual(await found(b.node, session, 1), [[2], false, 2, false])
    assert.deepEqual(await found(b.node, session, 0), [[2], true, 2, false])
  })
}
