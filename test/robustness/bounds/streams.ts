/** Streams of both eras, and the events for clients that come back. */

import assert from 'node:assert/strict'
import { get, TestSession } from '../../helpers/wire.ts'
import { as, assertOthersAreServed, auth, listen, memo, type Row, serve, untilRefused } from './row.ts'

export const streamRows: readonly Row[] = [
  {
    kept: 'streams of news: their number',
    options: ['subscriptions.max', 'subscriptions.maxPerPrincipal'],
    async run(t) {
      const fixture = await serve(t, { auth, subscriptions: { max: 5, maxPerPrincipal: 2 } })
      const filter = { toolsListChanged: true }
      const greedy = await untilRefused(20, () => listen(fixture, filter, as('greedy')))
      assert.deepEqual([greedy.taken, greedy.refusal.status], [2, 429])
      const others = await untilRefused(20, (n) => listen(fixture, filter, as(`other-${n}`)))
      assert.deepEqual([others.taken, others.refusal.status], [3, 503])
      await assertOthersAreServed(fixture, as('another').headers)
    },
  },
  {
    kept: 'streams of news: what they name, and their bytes',
    options: ['subscriptions.maxResources', 'subscriptions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 320_000
      const fixture = await serve(t, { subscriptions: { maxResources: 10, maxTotalBytes } })
      const naming = (uris: readonly string[]) => listen(fixture, { resourceSubscriptions: uris })
      const tooMany = await naming(Array.from({ length: 11 }, (_, n) => memo(`${n}`)))
      assert.deepEqual([tooMany.status, tooMany.error.code], [400, -32602])
      assert.equal((await naming([memo('long', 9000)])).error.code, -32602)
      const greedy = await naming(Array.from({ length: 6 }, (_, n) => memo(`${n}`, 4000)))
      assert.deepEqual([greedy.status, greedy.error.code], [429, -32000])
      const all = await untilRefused(60, (n) => naming([memo(`${n}`, 8000)]))
      assert.equal(all.refusal.status, 503)
      assert.match(all.refusal.error.message, /subscriptions\.maxTotalBytes/)
      assert.ok(fixture.stats().subscriptionBytes <= maxTotalBytes)
      await assertOthersAreServed(fixture)
      assert.equal((await listen(fixture, { toolsListChanged: true })).status, 200)
    },
  },
  {
    kept: 'events for clients that come back',
    options: ['replay.maxEvents', 'replay.maxBytes', 'replay.maxTotalBytes'],
    async run(t) {
      for (const [replay, most] of [
        [{ maxEvents: 3 }, 64 * 3 * 1200],
        [{ maxBytes: 5000 }, 64 * 5000],
        [{ maxTotalBytes: 40_000, maxBytes: 30_000 }, 40_000],
      ] as const) {
        const fixture = await serve(t, { replay })
        const session = await TestSession.open(fixture.url)
        for (let n = 0; n < 80; n++) await session.call('log')
        const { replayBytes } = fixture.stats()
        assert.ok(replayBytes > 0 && replayBytes <= most, `${replayBytes} of ${most}`)
        await assertOthersAreServed(fixture)
      }
    },
  },
  {
    kept: 'streams that have ended, beside their events',
    options: [],
    async run(t) {
      const { url } = await serve(t)
      const session = await TestSession.open(url)
      const ids: string[] = []
      for (let n = 0; n < 70; n++) ids.push((await session.call('log')).events[0]?.id ?? '')
      const resume = async (id: string | undefined) =>
        await get(url, { ...session.headers, 'last-event-id': id }).then(
          ({ status }) => status,
          () => 200,
        )
      assert.deepEqual([await resume(ids[0]), await resume(ids[5]), await resume(ids[6])], [400, 400, 200])
    },
  },
]
