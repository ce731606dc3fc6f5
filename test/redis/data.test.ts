/** What the store on Redis writes: expiry of every key, prefixes apart, memory per session, data that is not its own. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TaskRecord } from '../../src/store/task-store.ts'
import { join, MINUTE } from './recorder.ts'
import { noRedis, RedisServer } from './server.ts'

const now = new Date().toISOString()
const task: TaskRecord = {
  taskId: 'task-1',
  status: 'working',
  createdAt: now,
  lastUpdatedAt: now,
  ttlMs: MINUTE,
  owner: 'someone',
}

describe('redisStore', { skip: noRedis }, () => {
  let server: RedisServer
  before(async () => {
    server = await RedisServer.start()
  })
  after(() => server.remove())

  test('redisStore gives every key a time to live, also those of what is kept for ever', async (t) => {
    const { client, recorder } = await join(t, server, {
      prefix: 'expiry:',
      maxRetainedMessages: Number.POSITIVE_INFINITY,
    })
    const { node } = recorder
    await node.sessions.create('session-1', 'record', 0)
    await node.sessions.setField('session-1', 'level', 'info', 0)
    await node.sessions.create('session-2', 'record', MINUTE)
    await node.sessions.delete('session-2', MINUTE)
    const log = node.events.create('session-1', 's1', 'meta', 0)
    for (let sequence = 1; sequence < 5; sequence++) {
      log.append(sequence, 'data', 1)
      await node.flush(MINUTE)
    }
    const finished = node.events.create('session-1', 's2', 'meta', MINUTE)
    finished.append(1, 'data', 1)
    await node.flush(MINUTE)
    await node.events.finish('session-1', 's2', 2, 'error')
    await node.bus.publish('message')
    await node.bus.send(node.id, 'message')
    await node.tasks.create({ ...task, ttlMs: null })
    await node.tasks.update({ ...task, status: 'completed' })
    await node.keys.read('sealing', MINUTE, MINUTE)
    const keys = (await client.send('KEYS', 'expiry:*')) as string[]
    const kinds = new Set(keys.map((key) => key.replace(/.*\}:?/, '').slice(0, 1)))
    assert.deepEqual([...kinds].sort(), ['', ...'acefikmnorstx'])
    for (const key of keys)
      assert.ok(Number(await client.send('PTTL', key)) > 0, `${key} has no time to live`)
  })

  test('redisStore keeps two prefixes apart: sessions, messages, nodes and secrets', async (t) => {
    const one = (await join(t, server, { prefix: 'one:' })).recorder
    const two = (await join(t, server, { prefix: 'two:' })).recorder
    await one.node.sessions.create('session-1', 'record', MINUTE)
    await one.node.tasks.create(task)
    await one.node.bus.publish('for the first')
    await two.node.bus.publish('for the second')
    await Promise.all([one.until('onBroadcast'), two.until('onBroadcast')])
    assert.deepEqual([one.broadcasts, two.broadcasts], [['for the first'], ['for the second']])
    assert.equal(await two.node.sessions.read('session-1'), undefined)
    assert.equal(await two.node.tasks.read('task-1'), undefined)
    assert.deepEqual(await two.node.tasks.list?.('someone'), [])
    assert.equal(await two.node.bus.send(one.node.id, 'hello'), false)
    assert.deepEqual([one.node.stats().nodes, two.node.stats().nodes], [1, 1])
    const secrets = [one, two].map(({ node }) => node.keys.read('sealing', MINUTE, MINUTE))
    const [first, second] = await Promise.all(secrets)
    assert.notDeepEqual(first, second)
  })

  test('redisStore.maxTasks is the limit of all tasks: the one that ended first goes, and none that runs', async (t) => {
    const options = { prefix: 'all:', maxTasks: 3 }
    const [{ client, recorder }, other] = [await join(t, server, options), await join(t, server, options)]
    const [{ tasks }, elsewhere] = [recorder.node, other.recorder.node.tasks]
    const made = (taskId: string, owner: string | null = null) => ({ ...task, taskId, owner })
    const ended = (taskId: string) => tasks.update({ ...made(taskId), status: 'completed' })
    const refused = (taskId: string) =>
      assert.rejects(async () => elsewhere.create(made(taskId)), {
        code: 'ERR_TOO_MANY_TASKS',
        message: 'Too many tasks are running (the limit is 3)',
      })
    for (const id of ['t1', 't2', 't3']) await tasks.create(made(id, id === 't2' ? 'someone' : null))
    await refused('t4')
    await ended('t3')
    await ended('t1')
    await elsewhere.create(made('t5'))
    await elsewhere.create(made('t6'))
    await refused('t7')
    const left = await Promise.all(['t1', 't2', 't3', 't4', 't5', 't6', 't7'].map((id) => tasks.read(id)))
    assert.deepEqual(
      left.flatMap((each) => each?.taskId ?? []),
      ['t2', 't5', 't6'],
    )
    // One that was deleted, or has expired, leaves room at once.
    await tasks.delete('t5')
    await tasks.create({ ...made('t8'), ttlMs: 100 })
    await refused('t9')
    const isFull = async () => {
      try {
        await tasks.create(made('t9'))
        return false
      } catch {
        return true
      }
    }
    for (const end = Date.now() + 10_000; await isFull(); ) assert.ok(Date.now() < end)
    // What is remembered of those that have ended is bounded, too.
    for (let n = 10; n < 30; n++) {
      await ended(n === 10 ? 't9' : `t${n - 1}`)
      await tasks.create(made(`t${n}`))
    }
    assert.equal(await client.send('ZCARD', 'all:{t}:a'), 3)
    assert.ok(Number(await client.send('ZCARD', 'all:{t}:e')) <= 3)
    // Data of others is replaced.
    await client.send('SET', 'all:{t}:a', 'not mine')
    await tasks.create(made('t30'))
    assert.equal(await client.send('ZCARD', 'all:{t}:a'), 1)
    assert.match(String(recorder.calls('onProblem')[0]), /all:\{t\}:a/)
  })

  test('redisStore takes at most 600 bytes of Redis for an idle session', async (t) => {
    const { client, recorder } = await join(t, server, { prefix: 'mcp:' })
    // As long as the record of a session with a client that says much of itself.
    const record = JSON.stringify({ client: 'x'.repeat(300) })
    const used = async () =>
      Number(/used_memory:(\d+)/.exec(String(await client.send('INFO', 'memory')))?.[1])
    const write = (from: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          recorder.node.sessions.create(`${from + n}`.padStart(32, 'x'), record, MINUTE),
        ),
      )
    await write(0, 500)
    const before = await used()
    for (let n = 0; n < 10; n++) await write(1000 + 500 * n, 500)
    const each = ((await used()) - before) / 5000
    t.diagnostic(`${Math.round(each)} bytes, of which the record has ${record.length}`)
    assert.ok(each > record.length && each <= 600, `${each} bytes`)
    const keys = (await client.send('KEYS', 'mcp:{*1001}:*')) as string[]
    assert.deepEqual(
      keys.map((key) => key.replace(/.*\}/, '')),
      [':r'],
    )
  })

  test('redisStore treats data that it has not written as absent, and reports each kind once', async (t) => {
    const { client, recorder } = await join(t, server, { prefix: 'foreign:' })
    const { node } = recorder
    const wrong = async (key: string) => client.send('RPUSH', `foreign:${key}`, 'not mine')
    await client.send('SET', 'foreign:{session-1}:r', 'not mine')
    await wrong('{session-2}:r')
    await wrong('{session-3}:r')
    for (const id of ['session-1', 'session-2', 'session-3']) {
      assert.equal(await node.sessions.read(id), undefined)
    }
    await client.send('SET', 'foreign:{task-1}:t', 'r{"taskId":"another"}')
    await client.send('SET', 'foreign:{task-2}:t', 'rno JSON')
    await wrong('{task-3}:t')
    for (const id of ['task-1', 'task-2', 'task-3']) assert.equal(await node.tasks.read(id), undefined)
    await node.tasks.update({ ...task, taskId: 'task-3' })
    await wrong('{session-1}:s:s1')
    await client.send('SET', 'foreign:{session-1}:m:s1', 'meta')
    assert.equal(await node.events.read('session-1', 's1', 0), undefined)
    await client.send('SET', 'foreign:{k}:k:sealing', 'not mine')
    assert.equal((await node.keys.read('sealing', MINUTE, MINUTE)).length, 1)
    const problems = recorder.calls('onProblem').map(([error]) => (error as Error).message)
    assert.equal(problems.length, 4, problems.join('\n'))
    assert.match(problems[0] ?? '', /^The data at "foreign:\{session-1\}:r" in Redis is damaged/)
    assert.deepEqual(recorder.calls('onUnavailable'), [])
  })

  test('redisStore replaces what stands where it writes logs, messages and leases', async (t) => {
    const { client, recorder } = await join(t, server, { prefix: 'replaced:', leaseMs: 500 })
    const { node } = recorder
    await client.send('SET', 'replaced:{session-1}:s:s1', 'not mine')
    const log = node.events.create('session-1', 's1', 'meta', MINUTE)
    log.append(1, 'one', 1)
    await node.flush(MINUTE)
    await client.send('DEL', 'replaced:{session-1}:s:s1')
    await client.send('SET', 'replaced:{session-1}:s:s1', 'not mine')
    log.append(2, 'two', 1)
    await node.flush(MINUTE)
    const stored = await node.events.read('session-1', 's1', 1)
    assert.deepEqual(stored?.events, [{ sequence: 2, data: 'two' }])
    for (const key of ['a', 'n', 'c', 'o']) {
      await client.send('DEL', `replaced:{b}:${key}`)
      await client.send('SADD', `replaced:{b}:${key}`, 'not mine')
    }
    const other = (await join(t, server, { prefix: 'replaced:', leaseMs: 500 })).recorder
    await other.node.bus.publish('it works')
    await Promise.all([recorder, other].map((each) => each.until('onBroadcast', ['it works'])))
    assert.equal(await recorder.node.bus.send(other.node.id, 'it works'), true)
    await other.until('onMessage', ['it works'])
  })

  test('redisStore asks Redis for no id that cannot be one of its own', async (t) => {
    const { recorder } = await join(t, server, { prefix: 'ids:' })
    const { node } = recorder
    for (const id of ['', '{b}:a', 'a b', 'x'.repeat(129), 'ü', '__proto__}']) {
      assert.equal(await node.sessions.read(id), undefined)
      assert.equal(await node.sessions.delete(id, MINUTE), false)
      assert.equal(await node.tasks.read(id), undefined)
      assert.equal(await node.events.read(id, 's1', 0), undefined)
      assert.equal(await node.events.read('session', id, 0), undefined)
      assert.equal(node.leases.isAlive(id), false)
      await node.tasks.delete(id)
    }
  })

  test('redisStore gives a call of a known log one command for each turn of events, and none for a known session', async (t) => {
    const { client, recorder } = await join(t, server, { prefix: 'count:' })
    const { node } = recorder
    const calls = async (command: string) => {
      const text = String(await client.send('INFO', 'commandstats'))
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0)
    }
    const log = node.events.create('session-1', 's1', 'meta', MINUTE)
    log.append(1, 'first', 1)
    await node.flush(MINUTE)
    const before = await calls('xadd')
    for (let turn = 0; turn < 20; turn++) {
      for (let n = 0; n < 10; n++) log.append(2 + 10 * turn + n, 'data', 1)
      await node.flush(MINUTE)
    }
    assert.equal((await calls('xadd')) - before, 20)
  })
})
