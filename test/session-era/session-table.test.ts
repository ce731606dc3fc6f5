/** The session table: random histories against a model that is too simple to be wrong, then ids and peers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoarseClock } from '../../src/session-era/clock.ts'
import type { SessionEnd } from '../../src/session-era/options.ts'
import { LATEST } from '../../src/session-era/revisions.ts'
import { Session } from '../../src/session-era/session.ts'
import { SessionTable } from '../../src/session-era/session-table.ts'
import { generator } from './serving.ts'

const PEER = { info: { name: 'client', version: '1' }, capabilities: {} }
const IDLE_MS = 80
/** What the clock adds to be sure. */
const TICK_MS = 10

function setup(max: number) {
  const clock = new CoarseClock([IDLE_MS], () => {})
  const closed: [session: Session, reason: SessionEnd][] = []
  const onClose = (session: Session, reason: SessionEnd) => closed.push([session, reason])
  const table = new SessionTable({ max, idleTimeoutMs: IDLE_MS, onClose }, clock)
  const add = () => {
    const session = new Session(table.newId(), LATEST, table.intern(PEER, 'key'), undefined, undefined)
    table.add(session)
    return session
  }
  return { clock, closed, table, add }
}

test('SessionTable behaves as a plain list does in random histories', (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = generator(seed)
    const max = 1 + random(6)
    const { clock, closed, table, add } = setup(max)
    t.after(() => clock.stop())
    /** Idle sessions, longest idle first, with the time of their last sign of life. */
    let idle: { session: Session; at: number }[] = []
    const used = new Map<Session, number>()
    const gone: [Session, SessionEnd][] = []
    const take = (session: Session) => {
      idle = idle.filter((entry) => entry.session !== session)
    }
    for (let step = 0; step < 300; step++) {
      const all = [...idle.map((entry) => entry.session), ...used.keys()]
      const session = all[random(all.length)]
      const action = random(8)
      if (action < 2) {
        const isFull = all.length >= max
        const first = idle[0]
        assert.equal(table.makeRoom(), !isFull || first !== undefined)
        if (isFull && first !== undefined) {
          gone.push([first.session, 'evicted'])
          take(first.session)
        }
        if (!isFull || first !== undefined) idle.push({ session: add(), at: clock.now })
      } else if (action === 2) {
        clock.now += random(60)
        table.expire()
        while (idle[0] !== undefined && clock.now - idle[0].at >= IDLE_MS + TICK_MS) {
          gone.push([idle[0].session, 'expired'])
          idle.shift()
        }
      } else if (session === undefined) {
        continue
      } else if (action === 3) {
        table.touch(session)
        if (!used.has(session)) {
          take(session)
          idle.push({ session, at: clock.now })
        }
      } else if (action < 6) {
        table.use(session)
        take(session)
        used.set(session, (used.get(session) ?? 0) + 1)
      } else if (action === 6) {
        const users = used.get(session)
        if (users === undefined) continue
        table.release(session)
        used.set(session, users - 1)
        if (users === 1) {
          used.delete(session)
          idle.push({ session, at: clock.now })
        }
      } else if (random(3) === 0) {
        table.close(session, 'deleted')
        // Closing is final: a second time, for whatever reason, is not told.
        table.close(session, 'shutdown')
        gone.push([session, 'deleted'])
        take(session)
        used.delete(session)
      }
      const where = `seed ${seed}, step ${step}`
      assert.deepEqual(
        closed.map(([{ id }, reason]) => [id, reason]),
        gone.map(([{ id }, reason]) => [id, reason]),
        where,
      )
      assert.equal(table.size, idle.length + used.size, where)
      for (const [index, entry] of idle.entries()) {
        assert.equal(entry.session.previous, idle[index - 1]?.session, where)
        assert.equal(entry.session.next, idle[index + 1]?.session, where)
        assert.equal(table.get(entry.session.id), entry.session, where)
      }
      for (const each of [...used.keys(), ...gone.map(([ended]) => ended)]) {
        assert.equal(each.previous, undefined, where)
        assert.equal(each.next, undefined, where)
      }
      for (const [ended] of gone) assert.equal(table.get(ended.id), undefined, where)
    }
  }
})

test('SessionTable does not put a session back that was closed while it was in use', (t) => {
  const { clock, closed, table, add } = setup(2)
  t.after(() => clock.stop())
  const session = add()
  table.use(session)
  table.close(session, 'deleted')
  table.release(session)
  clock.now += 2 * IDLE_MS
  table.expire()
  assert.deepEqual([table.size, closed.length, session.previous, session.next], [0, 1, undefined, undefined])
  assert.equal(table.makeRoom(), true)
})

test('SessionTable never expires a session when the time limit is 0', (t) => {
  const clock = new CoarseClock([], () => {})
  t.after(() => clock.stop())
  const table = new SessionTable({ max: 10, idleTimeoutMs: 0, onClose: () => assert.fail('closed') }, clock)
  table.add(new Session(table.newId(), LATEST, PEER, undefined, undefined))
  clock.now += 1e9
  table.expire()
  assert.equal(table.size, 1)
})

test('SessionTable makes ids of 192 random bits in visible ASCII, none of them twice [transports.session-id-secure] [transports.session-id-visible-ascii]', () => {
  const { table } = setup(1)
  const ids = Array.from({ length: 2000 }, () => table.newId())
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) {
    assert.match(id, /^[\x21-\x7e]+$/)
    assert.equal(Buffer.from(id, 'base64url').length, 24)
  }
  // Every bit takes both values: nothing of an id is a counter or a clock.
  const bytes = ids.map((id) => Buffer.from(id, 'base64url'))
  for (let index = 0; index < 24; index++) {
    const ones = bytes.reduce((bits, id) => bits | (id[index] ?? 0), 0)
    const zeros = bytes.reduce((bits, id) => bits & (id[index] ?? 0), 255)
    assert.deepEqual([ones, zeros], [255, 0])
  }
})

test('SessionTable shares what equal clients say of themselves for as long as one of them is there', (t) => {
  const { clock, table } = setup(10)
  t.after(() => clock.stop())
  const open = (key: string) => {
    const peer = table.intern({ ...PEER }, key)
    const session = new Session(table.newId(), LATEST, peer, undefined, undefined)
    table.add(session)
    return session
  }
  const [first, second, other] = [open('a'), open('a'), open('b')]
  assert.equal(first.peer, second.peer)
  assert.notEqual(first.peer, other.peer)
  table.close(first, 'deleted')
  assert.equal(open('a').peer, second.peer)
  for (const session of [...table.values()]) table.close(session, 'deleted')
  assert.notEqual(open('a').peer, second.peer)
})
