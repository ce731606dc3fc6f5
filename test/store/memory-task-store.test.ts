/** The task store in memory: its limits of number, bytes and age, and that it holds nothing when it is empty. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MemoryTaskStore, type TaskLimits } from '../../src/store/memory-task-store.ts'
import type { TaskRecord } from '../../src/store/task-store.ts'
import { leastCpuMs } from '../helpers/cpu-time.ts'

function setup(t: TestContext, limits: Partial<TaskLimits> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  const none = Number.POSITIVE_INFINITY
  const store = new MemoryTaskStore({ max: none, maxPerPrincipal: none, maxBytes: none, ...limits })
  t.after(() => store.close())
  return { store, pass: (milliseconds: number) => t.mock.timers.tick(milliseconds) }
}

function record(taskId: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  const now = new Date().toISOString()
  return { taskId, status: 'working', createdAt: now, lastUpdatedAt: now, ttlMs: 1000, owner: null, ...parts }
}

const ids = (store: MemoryTaskStore, ...asked: string[]) =>
  asked.filter((taskId) => store.read(taskId) !== undefined)
/** What a record takes without a message and a payload. */
function bytesOf(taskId: string, owner: string | null = null): number {
  const none = Number.POSITIVE_INFINITY
  const store = new MemoryTaskStore({ max: none, maxPerPrincipal: none, maxBytes: none })
  store.create(record(taskId, { owner, ttlMs: null }))
  return store.bytes
}

const tooMany = { code: 'ERR_TOO_MANY_TASKS' }

test('MemoryTaskStore gives what was last written, and nothing for what is unknown or deleted', (t) => {
  const { store } = setup(t)
  const first = record('a')
  store.create(first)
  assert.equal(store.read('a'), first)
  const next = record('a', { status: 'completed', payload: '{}' })
  store.update(next)
  assert.equal(store.read('a'), next)
  store.delete('a')
  store.delete('a')
  assert.equal(store.read('a'), undefined)
  store.update(next)
  assert.deepEqual(
    [store.read('a'), store.read('__proto__'), store.size, store.bytes],
    [undefined, undefined, 0, 0],
  )
})

test('MemoryTaskStore forgets a task when its time is over and not before, sweep or no sweep', (t) => {
  const { store, pass } = setup(t)
  store.create(record('a'))
  pass(600)
  store.create(record('b'))
  pass(399)
  assert.deepEqual([ids(store, 'a', 'b'), store.size], [['a', 'b'], 2])
  pass(1)
  assert.deepEqual([ids(store, 'a', 'b'), store.size], [['b'], 1])
  pass(599)
  assert.equal(store.size, 1)
  pass(1)
  assert.equal(store.size, 0)
  store.create(record('c'))
  t.mock.timers.setTime(Date.now() + 999)
  assert.deepEqual(ids(store, 'c'), ['c'])
})

test('MemoryTaskStore deletes each task when its own time is over, in whatever order they were created', (t) => {
  const { store, pass } = setup(t)
  for (const [id, ttlMs] of [
    ['c', 10_000],
    ['a', 10],
    ['d', 20_000],
    ['b', 500],
  ] as const) {
    store.create(record(id, { ttlMs }))
  }
  store.delete('d')
  pass(10)
  assert.deepEqual([ids(store, 'a', 'b', 'c'), store.size], [['b', 'c'], 2])
  pass(490)
  assert.deepEqual([ids(store, 'b', 'c'), store.size], [['c'], 1])
  pass(9500)
  assert.equal(store.size, 0)
})

test('MemoryTaskStore lists the tasks of one owner in the order of their creation', (t) => {
  const { store, pass } = setup(t)
  const listed = (owner: string) => store.list(owner).map(({ taskId }) => taskId)
  store.create(record('a', { owner: 'ann', ttlMs: null }))
  store.create(record('b', { owner: 'bob' }))
  store.create(record('c', { owner: 'ann', ttlMs: 50 }))
  store.create(record('d', { owner: null }))
  store.update(record('a', { owner: 'ann', ttlMs: null, status: 'completed' }))
  assert.deepEqual([listed('ann'), listed('bob'), listed('eve')], [['a', 'c'], ['b'], []])
  pass(50)
  assert.deepEqual(listed('ann'), ['a'])
  store.delete('a')
  assert.deepEqual(listed('ann'), [])
})

test('MemoryTaskStore has one timer while a task can expire, and none otherwise', (t) => {
  const timers = new Set<unknown>()
  const { setTimeout: start, clearTimeout: stop } = globalThis
  t.mock.method(globalThis, 'setTimeout', (run: () => void, delay: number) => {
    const timer = start(() => {
      timers.delete(timer)
      run()
    }, delay)
    timers.add(timer)
    return timer
  })
  t.mock.method(globalThis, 'clearTimeout', (timer: NodeJS.Timeout | undefined) => {
    timers.delete(timer)
    stop(timer)
  })
  const limits = { max: 100, maxPerPrincipal: 100, maxBytes: 100_000 }
  const store = new MemoryTaskStore(limits)
  assert.equal(timers.size, 0)
  store.create(record('a'))
  store.create(record('b'))
  const [timer] = timers as Set<NodeJS.Timeout>
  assert.deepEqual([timers.size, timer?.hasRef()], [1, false])
  store.delete('a')
  assert.equal(timers.size, 1)
  store.delete('b')
  assert.equal(timers.size, 0)
  store.create(record('c', { ttlMs: null }))
  assert.equal(timers.size, 0)
  store.create(record('d', { ttlMs: 2 ** 40 }))
  store.close()
  assert.deepEqual([timers.size, store.size], [0, 0])
})

test('MemoryTaskStore makes room by forgetting the task that ended first, and never one that runs', (t) => {
  const { store } = setup(t, { max: 3 })
  for (const taskId of ['a', 'b', 'c']) store.create(record(taskId))
  assert.throws(() => store.create(record('d')), tooMany)
  store.update(record('c', { status: 'failed' }))
  store.update(record('a', { status: 'completed' }))
  store.create(record('d'))
  assert.deepEqual(ids(store, 'a', 'b', 'c', 'd'), ['a', 'b', 'd'])
  store.create(record('e'))
  assert.deepEqual(ids(store, 'a', 'b', 'd', 'e'), ['b', 'd', 'e'])
  assert.throws(() => store.create(record('f')), tooMany)
  assert.equal(store.size, 3)
})

test('MemoryTaskStore bounds the tasks of each principal, with those of that principal; unknown callers share the rest', (t) => {
  const { store } = setup(t, { maxPerPrincipal: 2 })
  const alice = { owner: 'alice' }
  store.create(record('other', { owner: 'bob', status: 'working' }))
  store.update(record('other', { owner: 'bob', status: 'completed' }))
  store.create(record('a', alice))
  store.create(record('b', alice))
  assert.throws(() => store.create(record('c', alice)), /the limit is 2 for each principal/)
  store.update(record('b', { ...alice, status: 'cancelled' }))
  store.create(record('c', alice))
  assert.deepEqual(ids(store, 'other', 'a', 'b', 'c'), ['other', 'a', 'c'])
  store.delete('a')
  store.create(record('d', alice))
  for (let n = 0; n < 5; n++) store.create(record(`n${n}`))
  assert.equal(store.size, 8)
})

test('MemoryTaskStore bounds the bytes of all tasks by forgetting what ended first', (t) => {
  const each = bytesOf('a')
  const { store } = setup(t, { maxBytes: 3 * each + 100 })
  for (const taskId of ['a', 'b', 'c']) store.create(record(taskId))
  assert.equal(store.bytes, 3 * each)
  store.update(record('b', { status: 'completed', payload: 'x'.repeat(60) }))
  store.update(record('a', { status: 'completed', payload: 'ä'.repeat(40) }))
  assert.equal(store.bytes, 3 * each + 100)
  store.update(record('c', { status: 'input_required', statusMessage: 'm' }))
  assert.deepEqual([ids(store, 'a', 'b', 'c'), store.bytes], [['a', 'c'], 2 * each + 41])
  // A character beyond Latin-1 makes every character of its text take two bytes.
  const wide = { status: 'input_required', payload: `${'x'.repeat(Math.floor(each / 2) + 29)}一` } as const
  store.update(record('c', wide))
  assert.deepEqual([ids(store, 'a', 'c'), store.bytes], [['a', 'c'], 3 * each + 100 - (each % 2)])
  const large = record('c', { status: 'completed', payload: 'x'.repeat(2 * each + 101) })
  assert.throws(() => store.update(large), { code: 'ERR_TASK_TOO_LARGE' })
  assert.equal(store.read('c')?.status, 'input_required')
  store.update(record('c', { status: 'completed', payload: 'x'.repeat(2 * each + 100) }))
  assert.deepEqual([ids(store, 'a', 'c'), store.bytes], [['c'], 3 * each + 100])
})

test('MemoryTaskStore leaves a task that is over as it is, and says so', (t) => {
  const { store } = setup(t)
  store.create(record('a', { owner: 'ann' }))
  assert.equal(store.update(record('a', { owner: 'ann', statusMessage: 'half' })), true)
  assert.equal(store.update(record('a', { owner: 'ann', status: 'cancelled' })), true)
  for (const status of ['completed', 'working', 'failed'] as const) {
    assert.equal(store.update(record('a', { owner: 'ann', status })), false)
  }
  assert.equal(store.read('a')?.status, 'cancelled')
})

test('MemoryTaskStore makes room for a new task in bytes too, and refuses it when what takes them runs', (t) => {
  const each = bytesOf('a')
  const { store } = setup(t, { maxBytes: 3 * each })
  for (const taskId of ['a', 'b', 'c']) store.create(record(taskId))
  assert.throws(() => store.create(record('d')), /the limit is \d+ bytes/)
  assert.throws(() => store.create(record('d')), tooMany)
  store.update(record('b', { status: 'completed' }))
  store.create(record('d'))
  assert.deepEqual(ids(store, 'a', 'b', 'c', 'd'), ['a', 'c', 'd'])
})

test('MemoryTaskStore takes the bytes for the tasks of a greedy principal from that principal', (t) => {
  const [alice, bob] = [{ owner: 'alice' }, { owner: 'bob' }]
  const each = bytesOf('t1', 'alice')
  const { store } = setup(t, { maxBytes: 20 * each })
  store.create(record('bob', bob))
  store.update(record('bob', { ...bob, status: 'completed', payload: 'first to end' }))
  for (let n = 1; n < 40; n++) {
    store.create(record(`t${n}`, alice))
    store.update(record(`t${n}`, { ...alice, status: 'completed' }))
  }
  assert.deepEqual(ids(store, 'bob', 't1', 't39'), ['bob', 't39'])
  // One that has little takes from the one that ended first, whoever has it.
  store.create(record('carol', { owner: 'carol' }))
  assert.deepEqual(ids(store, 'bob', 'carol'), ['carol'])
})

for (const limit of ['max', 'maxPerPrincipal'] as const) {
  test(`MemoryTaskStore takes no longer for a new task when ${limit} allows twenty times as many`, () => {
    const none = { max: Number.POSITIVE_INFINITY, maxPerPrincipal: Number.POSITIVE_INFINITY }
    const stepMs = (count: number): number => {
      const store = new MemoryTaskStore({ ...none, maxBytes: Number.POSITIVE_INFINITY, [limit]: count })
      const first = record('', { owner: 'a', ttlMs: null })
      let last = 0
      const pass = () => {
        const next = { ...first, taskId: `t${last++}` }
        store.create(next)
        store.update({ ...next, status: 'completed' })
      }
      for (let n = 0; n < 2 * count; n++) pass()
      return leastCpuMs(() => {
        for (let n = 0; n < 1000; n++) pass()
      })
    }
    stepMs(2000)
    // Both are more than a processor keeps near: what is left to differ is the number of steps.
    const [few, many] = [stepMs(2000), stepMs(40_000)]
    assert.ok(many < 10 * few, `${few} ms for 1000 tasks among 2000, ${many} ms among 40 000`)
  })
}

test('MemoryTaskStore counts right through 10 000 random steps', (t) => {
  const each = bytesOf('t9999', 'a')
  const { store, pass } = setup(t, { max: 20, maxPerPrincipal: 7, maxBytes: 15 * each })
  let state = 7
  const below = (n: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const made: string[] = []
  for (let step = 0; step < 10_000; step++) {
    const owner = [null, 'a', 'b'][below(3)] ?? null
    const known = store.read(made[made.length - 1 - below(Math.min(made.length, 25))] ?? '')
    const kind = below(10)
    if (kind < 4) {
      try {
        store.create(record(`t${step}`, { owner }))
        made.push(`t${step}`)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_TOO_MANY_TASKS')
      }
    } else if (kind < 8 && known !== undefined) {
      const status = (['input_required', 'completed', 'failed'] as const)[below(3)] ?? 'failed'
      store.update({ ...known, status, payload: 'x'.repeat(below(100)) })
    } else if (kind === 8) {
      store.delete(known?.taskId ?? '')
    } else {
      pass(below(300))
    }
    const left = made.map((taskId) => store.read(taskId)).filter((found) => found !== undefined)
    const bytes = left.reduce(
      (sum, { taskId, owner, payload = '' }) => sum + bytesOf(taskId, owner) + payload.length,
      0,
    )
    assert.deepEqual([left.length, bytes], [store.size, store.bytes])
    const over = left.filter(({ status }) => status === 'completed' || status === 'failed')
    assert.ok(bytes <= 15 * each || over.length <= 1)
    assert.ok(store.size <= 20 && left.filter((found) => found.owner === 'a').length <= 7)
  }
})
