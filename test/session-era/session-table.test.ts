/** The session table: random histories against a model that is too simple to be wrong, then ids and peers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitError } from '../../src/dispatch/limit-error.ts'
import { CoarseClock } from '../../src/session-era/clock.ts'
import type { SessionEnd } from '../../src/session-era/options.ts'
import { LATEST } from '../../src/session-era/revisions.ts'
import type { Session } from '../../src/session-era/session.ts'
import { SessionTable, type SessionTableOptions } from '../../src/session-era/session-table.ts'
import { generator } from './serving.ts'

const PEER = { info: { name: 'client', version: '1' }, capabilities: {} }
const IDLE_MS = 80
/** What the clock adds to be sure. */
const TICK_MS = 10

const HELLO = { revision: LATEST, peer: PEER, peerKey: 'key' }
const NONE = Number.POSITIVE_INFINITY

function setup(limits: Partial<SessionTableOptions>) {
  const clock = new CoarseClock([IDLE_MS], () => {})
  const closed: [session: Session, reason: SessionEnd][] = []
  const onClose = (session: Session, reason: SessionEnd) => closed.push([session, reason])
  const table = new SessionTable(
    { max: NONE, maxPerPrincipal: NONE, maxTotalBytes: NONE, idleTimeoutMs: IDLE_MS, onClose, ...limits },
    clock,
  )
  return { clock, closed, table, add: () => table.open(HELLO) }
}

interface Entry {
  readonly session: Session
  readonly principal: string | undefined
  at: number
  useCount: number
  used: boolean
}

test('SessionTable behaves as a plain list does in random histories', (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = generator(seed)
    const max = 1 + random(seed % 2 === 0 ? 6 : 60)
    const maxPerPrincipal = 1 + random(max)
    const { clock, closed, table } = setup({ max, maxPerPrincipal })
    t.after(() => clock.stop())
    /** All sessions, those seen last at the end. */
    let all: Entry[] = []
    const gone: [Session, SessionEnd][] = []
    const idle = (test: (entry: Entry) => boolean) =>
      all.filter((entry) => entry.useCount === 0 && test(entry))
    const end = (entry: Entry | undefined, reason: SessionEnd): entry is Entry => {
      if (entry === undefined) return false
      all = all.filter((each) => each !== entry)
      gone.push([entry.session, reason])
      return true
    }
    const seen = (entry: Entry) => {
      all = [...all.filter((each) => each !== entry), entry]
      entry.at = clock.now
    }
    const room = (principal: string | undefined): number => {
      const own = all.filter((entry) => principal !== undefined && entry.principal === principal)
      if (own.length >= maxPerPrincipal && !end(idle((entry) => own.includes(entry))[0], 'evicted'))
        return 429
      if (all.length < max) return 0
      const [unused, used] = [idle((entry) => !entry.used), idle((entry) => entry.used)]
      const next = (unused.length >= all.length / 16 ? unused[0] : undefined) ?? used[0] ?? unused[0]
      return end(next, 'evicted') ? 0 : 503
    }
    for (let step = 0; step < 300; step++) {
      const entry = all[random(all.length)]
      const action = random(8)
      if (action < 3) {
        const principal = [undefined, 'a', 'b'][random(3)]
        const expected = room(principal)
        let session: Session | undefined
        let status = 0
        try {
          session = table.open(HELLO, principal)
        } catch (error) {
          assert.ok(error instanceof LimitError)
          status = error.status
        }
        assert.equal(status, expected)
        if (session !== undefined) all.push({ session, principal, at: clock.now, useCount: 0, used: false })
      } else if (action === 3) {
        clock.now += random(30)
        table.expire()
        const old = idle(({ at }) => clock.now - at >= IDLE_MS + TICK_MS)
        for (const each of old.filter(({ used }) => !used)) end(each, 'expired')
        for (const each of old.filter(({ used }) => used)) end(each, 'expired')
      } else if (entry === undefined) {
        continue
      } else if (action === 4) {
        table.touch(entry.session)
        if (entry.useCount === 0) {
          seen(entry)
          entry.used = true
        }
      } else if (action === 5) {
        table.use(entry.session)
        entry.useCount += 1
        entry.used = true
      } else if (action === 6) {
        if (entry.useCount === 0) continue
        table.release(entry.session)
        entry.useCount -= 1
        if (entry.useCount === 0) seen(entry)
      } else if (random(3) === 0) {
        table.close(entry.session, 'deleted')
        // Closing is final: a second time, for whatever reason, is not told.
        table.close(entry.session, 'shutdown')
        end(entry, 'deleted')
      }
      const where = `seed ${seed}, step ${step}`
      assert.deepEqual(
        closed.map(([{ id }, reason]) => [id, reason]),
        gone.map(([{ id }, reason]) => [id, reason]),
        where,
      )
      assert.equal(table.size, all.length, where)
      for (const list of [idle(({ used }) => used), idle(({ used }) => !used)]) {
        for (const [index, { session }] of list.entries()) {
          assert.equal(session.previous, list[index - 1]?.session, where)
          assert.equal(session.next, list[index + 1]?.session, where)
          assert.equal(table.get(session.id), session, where)
        }
      }
      const unlisted = [
        ...all.filter(({ useCount }) => useCount > 0).map(({ session }) => session),
        ...gone.map(([session]) => session),
      ]
      for (const each of unlisted) assert.deepEqual([each.previous, each.next], [undefined, undefined], where)
      for (const [ended] of gone) assert.equal(table.get(ended.id), undefined, where)
    }
    for (const session of [...table.values()]) table.close(session, 'shutdown')
    assert.equal(table.budget.used, 0)
  }
})

test('SessionTable does not put a session back that was closed while it was in use', (t) => {
  const { clock, closed, table, add } = setup({ max: 1 })
  t.after(() => clock.stop())
  const session = add()
  table.use(session)
  table.close(session, 'deleted')
  table.release(session)
  clock.now += 2 * IDLE_MS
  table.expire()
  assert.deepEqual([table.size, closed.length, session.previous, session.next], [0, 1, undefined, undefined])
  assert.notEqual(add(), session)
})

test('SessionTable never expires a session when the time limit is 0', (t) => {
  const { clock, table, add } = setup({ idleTimeoutMs: 0, onClose: () => assert.fail('closed') })
  t.after(() => clock.stop())
  add()
  clock.now += 1e9
  table.expire()
  assert.equal(table.size, 1)
})

test('SessionTable makes ids of 192 random bits in visible ASCII, none of them twice [transports.session-id-secure] [transports.session-id-visible-ascii]', (t) => {
  const { clock, add } = setup({ max: 1 })
  t.after(() => clock.stop())
  const ids = Array.from({ length: 2000 }, () => add().id)
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
  const { clock, table } = setup({})
  t.after(() => clock.stop())
  const open = (peerKey: string) => table.open({ ...HELLO, peer: { ...PEER }, peerKey })
  const [first, second, other] = [open('a'), open('a'), open('b')]
  assert.equal(first.peer, second.peer)
  assert.notEqual(first.peer, other.peer)
  table.close(first, 'deleted')
  assert.equal(open('a').peer, second.peer)
  for (const session of [...table.values()]) table.close(session, 'deleted')
  assert.notEqual(open('a').peer, second.peer)
})
