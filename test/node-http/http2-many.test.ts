/** Very many calls and streams on one connection of HTTP/2. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, openSession, served, textOf } from './http2-serving.ts'

test('1000 streams are open at once on one connection, each gets its own events, and calls go on beside them', async (t) => {
  const { client, held, serving } = await served(t, { maxInFlightPerSession: 2000, keepAliveMs: 0 })
  const session = await openSession(client)
  const replies = Array.from({ length: 1000 }, (_, n) =>
    client.post(call(n, 'hold', { n }, { progressToken: n }), session),
  )
  const calls = await Promise.all(replies.map(() => held.next()))
  for (const { ctx, args } of calls) await ctx.progress(Number(args['n']))
  assert.equal(serving.stats().streams, 1000)
  assert.equal(textOf((await client.post(call('beside', 'echo', { text: 'ok' }), session)).json), 'ok')
  for (const { finish, args } of calls) finish(`answer ${args['n']}`)
  for (const [n, reply] of (await Promise.all(replies)).entries()) {
    const [progress, answer] = reply.messages
    assert.deepEqual([progress?.params.progress, answer?.id, textOf(answer)], [n, n, `answer ${n}`])
  }
  assert.deepEqual([serving.stats().streams, serving.stats().callsInProgress], [0, 0])
})

test('1000 calls at once that are answered in the turn in which they come', async (t) => {
  const { client } = await served(t)
  const session = await openSession(client)
  const text = 'x'.repeat(4000)
  const replies = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => client.post(call(n, 'echo', { text }), session)),
  )
  assert.ok(replies.every(({ status, json }, n) => status === 200 && json.id === n && textOf(json) === text))
})
