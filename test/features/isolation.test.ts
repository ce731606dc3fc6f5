/** One definition, many callers at once: whatever the order in which calls finish, none gets another's words. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { define, join, start } from './offering.ts'

const ROUNDS = 10
const CALLS = 50

/** A small generator of repeatable numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test('1000 interleaved calls of two principals with equal ids and tokens never cross', async (t) => {
  const { server, errors } = define({ logging: true })
  const inputSchema = {
    type: 'object',
    properties: { secret: { type: 'string' } },
    required: ['secret'],
  } as const
  const gates: (() => void)[] = []
  let full: () => void = () => {}
  const gate = () =>
    new Promise<void>((resolve) => {
      gates.push(resolve)
      if (gates.length === 2 * CALLS) full()
    })
  server.registerTool('keep', { inputSchema }, async ({ secret }, ctx) => {
    await gate()
    ctx.progress(1, 1, secret)
    ctx.log.info(secret)
    await ctx.elicit('k', { message: secret, requestedSchema: { type: 'object', properties: {} } })
    return `${ctx.auth?.id} ${secret}`
  })
  const url = await start(t, server, { auth: { verify: (token) => ({ id: token }) } })
  const next = random(9)
  for (let round = 0; round < ROUNDS; round += 1) {
    const filled = new Promise<void>((resolve) => {
      full = resolve
    })
    const protocolVersion = round % 2 === 0 ? '2025-06-18' : '2025-11-25'
    const calls = ['alice', 'bob'].map(async (who) => {
      const asked: string[] = []
      const onRequest = (_method: string, { message }: { message: string }) => {
        asked.push(message)
        return { action: 'decline' }
      }
      const headers = { authorization: `Bearer ${who}` }
      const capabilities = { elicitation: {} }
      const session = await join(t, url, { protocolVersion, headers, capabilities, onRequest })
      const secrets = Array.from({ length: CALLS }, (_, index) => `${who} ${round}.${index}`)
      const replies = secrets.map(async (secret) => {
        const reply = await session.call('keep', { secret }, { id: 1, meta: { progressToken: 1 } })
        const heard = reply.messages.map(({ params, result }) =>
          result === undefined ? (params.message ?? params.data) : result.content[0].text,
        )
        assert.deepEqual(heard, [secret, secret, secret, `${who} ${secret}`])
      })
      await Promise.all(replies)
      assert.deepEqual(asked.sort(), secrets.sort())
    })
    await filled
    while (gates.length > 0) gates.splice(Math.floor(next() * gates.length), 1)[0]?.()
    await Promise.all(calls)
  }
  assert.deepEqual(errors, [])
})
