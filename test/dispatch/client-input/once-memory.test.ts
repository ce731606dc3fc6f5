/** Calls, keys and results that `ctx.once` remembers: bounded, and nothing is done twice for that. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OnceMemory } from '../../../src/dispatch/client-input/once-memory.ts'

// A call with one key has a size of two.
const LIMITS = {
  maxUses: 12,
  maxOfOne: 6,
  maxLength: 100,
  maxResultLength: 80,
}
const used = { name: 'RpcError', code: -32602, message: /was used before, and what came of it is not kept/ }
const expired = { name: 'RpcError', code: -32602, message: /^The requestState has expired/ }

interface Round {
  /** When the call began. */
  startedAt?: number
  value?: unknown
  principal?: string
}

/** Uses `once` in a round of a call, and says for which calls its function ran. */
function recorder(memory: OnceMemory) {
  const runs: string[] = []
  const once = (id: string, now: number, { startedAt = now - 1, value, principal }: Round = {}) => {
    const run = async () => {
      runs.push(id)
      return value === undefined ? `${id} done` : value
    }
    return memory.run(memory.find(principal, { id, startedAt }), 'key', run, now)
  }
  return { runs, once }
}

test('OnceMemory gives what the function gave, as JSON has it', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  const value = { at: new Date(0), left: undefined }
  assert.equal(await once('a', 10, { value }), value)
  assert.deepEqual(await once('a', 11), { at: '1970-01-01T00:00:00.000Z' })
  assert.equal(await once('b', 12, { value: null }), null)
  assert.equal(await once('b', 13), null)
  assert.deepEqual(runs, ['a', 'b'])
})

test('OnceMemory refuses calls that it had to forget and those that began before them, and no others', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  for (const [at, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await once(id, 10 * (at + 1))
  assert.equal(memory.size, 6)
  // a and b are forgotten; b began last, at 19.
  await assert.rejects(once('a', 60, { startedAt: 9 }), expired)
  await assert.rejects(once('b', 60, { startedAt: 19 }), expired)
  await assert.rejects(once('never used', 60, { startedAt: 19 }), expired)
  assert.equal(await once('f', 60, { startedAt: 20 }), 'f done')
  assert.deepEqual(runs, ['a', 'b', 'c', 'd', 'e', 'f'])
})

test('OnceMemory forgets the call that was used longest ago first, and sealing a state is a use', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  for (const id of ['a', 'b', 'c', 'a']) await once(id, 10)
  memory.renew(memory.find(undefined, { id: 'b', startedAt: 9 }), 10)
  await once('d', 10)
  assert.equal(await once('a', 11), 'a done')
  assert.equal(await once('b', 11), 'b done')
  await assert.rejects(once('c', 11, { startedAt: 9 }), expired)
})

test('OnceMemory counts the keys of a call, and keeps long ones as digests', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const call = memory.find(undefined, { id: 'a', startedAt: 1 })
  const keys = ['x', 'y', 'x'.repeat(1_000_000), 'x'.repeat(1_000_001)]
  for (const [index, key] of keys.entries()) await memory.run(call, key, async () => index, 10)
  assert.equal(memory.size, 5)
  for (const [index, key] of keys.entries()) {
    const again = memory.find(undefined, { id: 'a', startedAt: 1 })
    assert.equal(await memory.run(again, key, async () => assert.fail('it ran'), 11), index)
  }
  assert.ok([...call.done.keys()].every((key) => key.length < 100))
  // Above its share, the call itself has to go; its own round goes on.
  for (const key of ['1', '2', '3']) assert.equal(await memory.run(call, key, async () => key, 12), key)
  assert.ok(memory.size <= LIMITS.maxUses)
})

test('OnceMemory lets one principal take its share, and forget its own calls only', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  await once('honest', 10, { principal: 'h', startedAt: 1 })
  for (let n = 0; n < 20; n++) await once(`greedy ${n}`, 20 + n, { principal: 'g', startedAt: 15 + n })
  assert.equal(memory.size, 8)
  await assert.rejects(once('greedy 0', 50, { principal: 'g', startedAt: 15 }), expired)
  assert.equal(await once('honest', 50, { principal: 'h', startedAt: 1 }), 'honest done')
  assert.equal(await once('new', 50, { principal: 'h', startedAt: 1 }), 'new done')
  assert.equal(await once('anonymous', 50, { startedAt: 1 }), 'anonymous done')
})

test('OnceMemory is bounded over all principals, and refuses what it forgot of any of them', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  for (let n = 0; n < 100; n++) await once(`${n}`, 100 + n, { principal: `p${n}` })
  assert.ok(memory.size <= LIMITS.maxUses)
  for (let n = 0; n < 100; n++) {
    const again = once(`${n}`, 300, { principal: `p${n}`, startedAt: 99 + n })
    if (n < 94) await assert.rejects(again, expired)
    else assert.equal(await again, `${n} done`)
  }
  assert.equal(runs.length, 100)
})

test('OnceMemory refuses a use whose result was too much to keep, and does not run it again', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  const long = 'x'.repeat(60)
  assert.equal(await once('a', 10, { value: long }), long)
  // More than a result may have: the others stay.
  assert.equal(await once('b', 10, { value: 'x'.repeat(90) }), 'x'.repeat(90))
  assert.equal(await once('a', 11), long)
  await assert.rejects(once('b', 11), used)
  assert.equal(await once('c', 12, { value: long }), long)
  await assert.rejects(once('a', 13), used)
  assert.equal(await once('c', 13), long)
  assert.equal(memory.length, 62)
  assert.deepEqual(runs, ['a', 'b', 'c'])
})

test('OnceMemory refuses a use whose result is no JSON', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  const endless: { self?: unknown } = {}
  endless.self = endless
  assert.equal(await once('a', 13, { value: endless }), endless)
  await assert.rejects(once('a', 14), used)
  assert.deepEqual(runs, ['a'])
})

test('OnceMemory keeps nothing of a result that comes when its call had to make room', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  let finish = (_result: string) => {}
  const result = new Promise<string>((resolve) => {
    finish = resolve
  })
  const call = memory.find(undefined, { id: 'slow', startedAt: 1 })
  const running = memory.run(call, 'key', () => result, 10)
  for (const id of ['a', 'b', 'c']) await once(id, 11)
  finish('x'.repeat(60))
  assert.equal(await running, 'x'.repeat(60))
  assert.equal(memory.length, 3 * '"a done"'.length)
  await assert.rejects(once('slow', 12, { startedAt: 1 }), expired)
})

test('OnceMemory keeps nothing of calls whose states have expired, and refuses nobody for it', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  for (const id of ['a', 'b', 'c']) await once(id, 10)
  assert.equal(await once('a', 1010), 'a done')
  assert.equal(await once('d', 1011, { startedAt: 5 }), 'd done')
  assert.equal(memory.size, 4)
  assert.equal(memory.length, '"a done""d done"'.length)
})

test('OnceMemory knows what a call has done for as long as a round of it runs', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { runs, once } = recorder(memory)
  // The round began while its state was good, and takes longer than states live.
  const slow = memory.find(undefined, { id: 'a', startedAt: 1 })
  memory.hold(slow)
  await once('a', 10, { startedAt: 1 })
  await once('other', 2000)
  assert.equal(memory.size, 2)
  const again = memory.run(slow, 'key', async () => assert.fail('it ran'), 5000)
  await assert.rejects(again, used)
  memory.release(slow)
  assert.deepEqual(runs, ['a', 'other'])
})

test('OnceMemory does again what failed', async () => {
  const memory = new OnceMemory(1000, LIMITS)
  const { once } = recorder(memory)
  const fail = async () => {
    throw new Error('not this time')
  }
  const call = () => memory.find(undefined, { id: 'a', startedAt: 9 })
  const both = [memory.run(call(), 'key', fail, 10), memory.run(call(), 'key', fail, 10)]
  for (const failed of both) await assert.rejects(failed, /not this time/)
  assert.equal(await once('a', 11, { startedAt: 9 }), 'a done')
  assert.equal(memory.size, 2)
})
