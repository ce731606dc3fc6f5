/**
 * The kill loop, short: a node after the other is replaced while clients of both eras work, and the store has trouble in
 * between. `npm run kill-loop` is the long version.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { type KillLoopOptions, killLoop } from './load/kill-loop.ts'

const options = { clients: 24, leaseMs: 2000, drainMs: 4000, replaceEveryMs: 2500, seed: 1 } as const

const loops: { readonly [name: string]: KillLoopOptions } = {
  'nodes replaced by SIGTERM lose nothing: every call has its result, every message comes once': {
    ...options,
    signal: 'SIGTERM',
    durationMs: 7500,
    pauseMs: 0,
    redisClient: 'node-redis',
  },
  'nodes that die by SIGKILL, and a store that is restarted and paused, lose no session, no message without saying so, and leave no call unanswered':
    {
      ...options,
      signal: 'SIGKILL',
      durationMs: 12_500,
      pauseMs: 3000,
      redisClient: 'ioredis',
    },
}

for (const [name, loop] of Object.entries(loops)) {
  test(name, needs('redis-server'), async (t) => {
    const { problems, replaced, calls, messages, outcomes, errors } = await killLoop(loop)
    t.diagnostic(`${replaced} nodes replaced, ${calls} calls, ${messages} messages`)
    assert.deepEqual(problems, [], errors.join('\n'))
    assert.ok(replaced >= 2, `${replaced} nodes were replaced`)
    const results = outcomes.get('result') ?? 0
    assert.ok(results > 50, `${results} calls had a result`)
  })
}
