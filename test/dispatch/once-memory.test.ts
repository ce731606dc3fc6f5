import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OnceMemory } from '../../src/dispatch/once-memory.ts'

const LIMITS = { maxCalls: 3, maxLength: 100 }
const used = { name: 'RpcError', code: -32602, message: /was used before/ }

/** Runs `once` for a call that was sealed at a time, and says how often its function ran. */
function recorder(memory: OnceMemory) {
  const runs: string[] = []
  const once = (id: string, now: number, sealedAt = now - 1, value: unknown = `${id} done`) => {
    const run = async () => {
      runs.push(id)
      return value
    }
    return memory.run({ id, sealedAt }, 'key', run, now)
  }
  return { runs, once }
}

test('OnceMemory gives what the function gave, as JSON has it', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  const value = { at: new Date(0), left: undefined }
  assert.equal(await once('a', 10, 9, value), value)
  assert.deepEqual(await once('a', 11, 9), { at: '1970-01-01T00:00:00.000Z' })
  assert.equal(await once('b', 12, 9, null), null)
  assert.equal(await once('b', 13, 9), null)
  assert.deepEqual(runs, ['a', 'b'])
})

test('OnceMemory refuses states that may have been used once it had to forget their calls, and no younger ones', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  for (const [at, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await once(id, 10 * (at + 1))
  assert.equal(memory.size, 3)
  // a and b are forgotten; b was used last, at 20.
  await assert.rejects(once('a', 60, 9), used)
  await assert.rejects(once('b', 60, 19), used)
  await assert.rejects(once('never used', 60, 20), used)
  assert.equal(await once('f', 60, 21), 'f done')
  assert.deepEqual(runs, ['a', 'b', 'c', 'd', 'e', 'f'])
})

test('OnceMemory forgets the call that was used longest ago first', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  for (const id of ['a', 'b', 'c', 'a', 'd']) await once(id, 10)
  assert.equal(await once('a', 11, 9), 'a done')
  await assert.rejects(once('b', 11, 9), used)
})

test('OnceMemory refuses a call whose result was too much to keep, and does not run it again', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  const long = 'x'.repeat(60)
  assert.equal(await once('a', 10, 9, long), long)
  assert.equal(await once('b', 11, 9, long), long)
  await assert.rejects(once('a', 12, 9), used)
  assert.equal(await once('b', 12, 9), long)
  const endless: { self?: unknown } = {}
  endless.self = endless
  assert.equal(await once('c', 13, 9, endless), endless)
  await assert.rejects(once('c', 14, 9), used)
  assert.deepEqual(runs, ['a', 'b', 'c'])
})

test('OnceMemory keeps nothing of calls whose states have expired, and refuses nobody for it', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  for (const id of ['a', 'b', 'c']) await once(id, 10)
  assert.equal(await once('d', 1011, 15), 'd done')
  assert.equal(memory.size, 1)
})
