/** Sessions, what their clients say of themselves, and what they subscribe to. */

import assert from 'node:assert/strict'
import { del, post, type RequestHeaders, TestSession } from '../../helpers/wire.ts'
import { as, assertOthersAreServed, auth, initialize, memo, type Row, serve, untilRefused } from './row.ts'

export const sessionRows: readonly Row[] = [
  {
    kept: 'sessions',
    options: ['sessions.max'],
    async run(t) {
      const fixture = await serve(t, { sessions: { max: 10 } })
      for (let n = 0; n < 40; n++)
        assert.equal((await post(fixture.url, initialize({ name: `c${n}` }))).status, 200)
      assert.equal(fixture.stats().sessions, 10)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'sessions of one principal',
    options: ['sessions.maxPerPrincipal'],
    async run(t) {
      const fixture = await serve(t, { auth, sessions: { maxPerPrincipal: 3 } })
      for (let n = 0; n < 10; n++) await TestSession.open(fixture.url, as('greedy'))
      assert.equal(fixture.stats().sessions, 3)
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
  {
    kept: 'sessions that are taken up from their ids, and the ids that ended',
    options: ['sessions.max', 'sessions.maxPerPrincipal'],
    async run(t) {
      const keys = ['k'.repeat(32)]
      const fixture = await serve(t, { auth, sessions: { keys, max: 5, maxPerPrincipal: 3 } })
      const ids: RequestHeaders[] = []
      for (let n = 0; n < 20; n++) ids.push((await TestSession.open(fixture.url, as('greedy'))).headers)
      const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
      for (const headers of [...ids, ...ids]) {
        assert.equal((await post(fixture.url, ping, headers)).status, 200)
        assert.ok(fixture.stats().sessions <= 3)
      }
      // Whatever ended is remembered, up to 65 536 ids of a few characters: test/session-era/sealed-ids.test.ts.
      for (const headers of ids) assert.equal((await del(fixture.url, headers)).status, 200)
      for (const headers of ids) assert.equal((await post(fixture.url, ping, headers)).status, 404)
      assert.deepEqual([fixture.stats().sessions, fixture.stats().sessionBytes], [0, 0])
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
  {
    kept: 'what clients say of themselves',
    options: ['sessions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 100_000
      const fixture = await serve(t, { sessions: { maxTotalBytes } })
      for (let n = 0; n < 30; n++) {
        await post(fixture.url, initialize({ name: `c${n}`, title: 'x'.repeat(5000) }))
        assert.ok(fixture.stats().sessionBytes <= maxTotalBytes)
      }
      const tooLong = await post(fixture.url, initialize({ title: 'x'.repeat(20_000) }))
      assert.equal(tooLong.json.error.code, -32602)
      assert.match(tooLong.json.error.message, /above the limit of 16384/)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'subscriptions of a session: their number, and the length of a URI',
    options: ['maxSubscriptionsPerSession'],
    async run(t) {
      const fixture = await serve(t, { maxSubscriptionsPerSession: 5 })
      const session = await TestSession.open(fixture.url)
      const subscribe = (uri: string) => session.request('resources/subscribe', { uri })
      assert.equal((await subscribe(memo('long', 9000))).error.code, -32602)
      const { taken, refusal } = await untilRefused(20, (n) => subscribe(memo(`${n}`)))
      assert.equal(taken, 5)
      assert.deepEqual([refusal.status, refusal.error.code], [429, -32000])
      assert.match(refusal.error.message, /the limit of maxSubscriptionsPerSession/)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'subscriptions of sessions: their bytes',
    options: ['sessions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 320_000
      const fixture = await serve(t, { sessions: { maxTotalBytes } })
      const { url, stats } = fixture
      for (let client = 0; client < 30; client++) {
        const session = await TestSession.open(url)
        const send = (n: number) =>
          session.request('resources/subscribe', { uri: memo(`${client}/${n}`, 4000) })
        const { taken, refusal } = await untilRefused(20, send)
        assert.ok(taken <= 3)
        assert.match(refusal.error.message, /sessions\.maxTotalBytes/)
        assert.ok(stats().sessionBytes <= maxTotalBytes)
      }
      await assertOthersAreServed(fixture)
    },
  },
]
