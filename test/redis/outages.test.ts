/** What the store on Redis does when the server is away in one way or another, and what comes after it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { redisStore } from '../../src/redis/index.ts'
import { eventually, RecordingNode } from '../../src/store-contract/subject.ts'
import { CLIENTS } from './clients.ts'
import { TcpProxy } from './proxy.ts'
import { join, MINUTE, SHORT } from './recorder.ts'
import { freePort, noRedis, RedisServer } from './server.ts'

const refusal = { code: 'ERR_STORE_UNAVAILABLE' }
const message = ([error]: readonly unknown[]) => (error as Error).message

describe('redisStore', { skip: noRedis }, () => {
  for (const [name, makeClient] of Object.entries(CLIENTS)) {
    test(`redisStore over ${name} stores nothing twice whose outcome was not known`, async (t) => {
      const server = await RedisServer.start()
      t.after(() => server.remove())
      const { recorder } = await join(t, server, SHORT, makeClient)
      const other = (await join(t, server, SHORT, makeClient)).recorder
      const { node } = recorder
      const log = node.events.create('session-1', 's1', 'meta', MINUTE)
      log.append(1, 'one', 1)
      await node.flush(MINUTE)
      server.pause()
      // These reach the server's socket, and are done when it goes on, after the node has given them up.
      const published = node.bus.publish('once')
      log.append(2, 'two', 1)
      log.append(3, 'three', 1)
      await recorder.until('onUnavailable')
      log.append(4, 'four', 1)
      server.resume()
      await recorder.until('onAvailable', [], 2)
      await published
      log.append(5, 'five', 1)
      log.finish()
      await node.flush(MINUTE)
      const stored = await node.events.read('session-1', 's1', 0)
      assert.deepEqual(
        [stored?.events.map(({ data }) => data), stored?.finished],
        [['one', 'two', 'three', 'four', 'five'], true],
      )
      await node.bus.publish('the last')
      await Promise.all([recorder, other].map((each) => each.until('onBroadcast', ['the last'])))
      assert.deepEqual(
        [recorder.broadcasts, other.broadcasts],
        [
          ['once', 'the last'],
          ['once', 'the last'],
        ],
      )
    })

    test(`redisStore over ${name} is made before its server is there, and joins when it is`, async (t) => {
      const port = await freePort()
      const client = makeClient({ port })
      t.after(() => client.close())
      const store = redisStore({ client: client.client, leaseMs: 1500, timeoutMs: 500 })
      const recorder = RecordingNode.begin(t, store)
      const { node } = recorder
      assert.equal(node.available, false)
      await assert.rejects(node.sessions.read('session-1'), refusal)
      await recorder.until('onUnavailable')
      const server = await RedisServer.start(['--port', String(port)])
      t.after(() => server.remove())
      await recorder.until('onAvailable')
      assert.equal(await node.sessions.read('session-1'), undefined)
      assert.equal(recorder.calls('onUnavailable').length, 1)
    })

    test(`redisStore over ${name} goes on after the server has lost all data`, async (t) => {
      const server = await RedisServer.start()
      t.after(() => server.remove())
      const [a, b] = [
        (await join(t, server, SHORT, makeClient)).recorder,
        (await join(t, server, SHORT, makeClient)).recorder,
      ]
      await eventually(
        () => a.node.stats().nodes + b.node.stats().nodes,
        (nodes) => nodes === 4,
      )
      await a.node.bus.publish('before')
      await Promise.all([a, b].map((each) => each.until('onBroadcast', ['before'])))
      await a.node.sessions.create('session-1', 'record', MINUTE)
      const log = a.node.events.create('session-1', 's1', 'meta', MINUTE)
      log.append(1, 'one', 1)
      await a.node.flush(MINUTE)
      await server.stop('SIGKILL')
      await Promise.all([a, b].map((each) => each.until('onUnavailable')))
      log.append(2, 'two', 1)
      await server.start()
      await Promise.all([a, b].map((each) => each.until('onAvailable', [], 2)))
      assert.equal(await b.node.sessions.read('session-1'), undefined)
      assert.equal(await a.node.sessions.touch('session-1', 'record', MINUTE), true)
      assert.equal((await b.node.sessions.read('session-1'))?.record, 'record')
      await a.node.flush(MINUTE)
      const stored = await b.node.events.read('session-1', 's1', 0)
      assert.deepEqual([stored?.gap, stored?.events], [true, [{ sequence: 2, data: 'two' }]])
      await b.node.bus.publish('after')
      await Promise.all([a, b].map((each) => each.until('onBroadcast', ['after'])))
      assert.deepEqual(a.calls('onBroadcast'), b.calls('onBroadcast'))
      const sequences = a.calls('onBroadcast').map(([, sequence]) => Number(sequence))
      assert.ok((sequences[1] ?? 0) > (sequences[0] ?? 0), 'sequences rise')
      // That messages may be missing is known, since there is no trace of those before.
      assert.equal(a.calls('onMissed').at(-1)?.[0], (sequences[1] ?? 0) - 1)
      assert.deepEqual([a.calls('onNodeGone'), b.calls('onNodeGone')], [[], []])
      assert.equal(await a.node.bus.send(b.node.id, 'hello'), true)
      await b.until('onMessage', ['hello'])
    })

    test(`redisStore over ${name}: a node that alone is cut off is gone for the others, and comes back`, async (t) => {
      const server = await RedisServer.start()
      t.after(() => server.remove())
      const proxy = await TcpProxy.start(t, server.port)
      const a = (await join(t, server, SHORT, makeClient)).recorder
      const b = (await join(t, proxy, { ...SHORT, maxRetainedMessages: 100 }, makeClient)).recorder
      const log = b.node.events.create('session-1', 's1', 'meta', MINUTE)
      log.append(1, 'one', 1)
      await b.node.flush(MINUTE)
      assert.equal(await a.node.bus.send(b.node.id, 'before'), true)
      await b.until('onMessage', ['before'])
      proxy.cut()
      await b.until('onUnavailable')
      log.append(2, 'two', 1)
      await a.until('onNodeGone', [b.node.id])
      assert.equal(await a.node.bus.send(b.node.id, 'while it is gone'), false)
      assert.equal(await a.node.events.finish('session-1', 's1', 2, 'the node is gone'), true)
      await a.node.bus.publish('while it is gone')
      proxy.restore()
      await b.until('onAvailable', [], 2)
      await b.until('onStreamTaken', ['session-1', 's1'])
      await b.until('onBroadcast', ['while it is gone'])
      await eventually(
        () => a.node.leases.isAlive(b.node.id),
        (isAlive) => isAlive,
      )
      assert.equal(await a.node.bus.send(b.node.id, 'after'), true)
      await b.until('onMessage', ['after'])
      assert.deepEqual(
        b.calls('onMessage').map(([text]) => text),
        ['before', 'after'],
      )
      const stored = await b.node.events.read('session-1', 's1', 0)
      assert.deepEqual(
        stored?.events.map(({ data }) => data),
        ['one', 'the node is gone'],
      )
      assert.deepEqual([a.calls('onUnavailable'), b.calls('onNodeGone')], [[], []])
    })
  }

  for (const [name, makeClient] of Object.entries(CLIENTS)) {
    test(`redisStore over ${name} makes another connection when its own is open and dead`, async (t) => {
      const server = await RedisServer.start()
      t.after(() => server.remove())
      const proxy = await TcpProxy.start(t, server.port)
      const { recorder } = await join(t, proxy, { timeoutMs: 300 }, makeClient)
      const { node } = recorder
      await node.sessions.create('session-1', 'record', MINUTE)
      proxy.silence()
      await assert.rejects(node.sessions.read('session-1'), refusal)
      await recorder.until('onAvailable', [], 2)
      assert.equal((await node.sessions.read('session-1'))?.record, 'record')
      await node.bus.publish('it works')
      await recorder.until('onBroadcast', ['it works'])
      assert.equal(recorder.calls('onUnavailable').length, 1)
    })
  }

  test('redisStore is away while the server has no memory left, and comes back', async (t) => {
    const server = await RedisServer.start(['--maxmemory-policy', 'noeviction'])
    t.after(() => server.remove())
    const { client, recorder } = await join(t, server, SHORT)
    const { node } = recorder
    const log = node.events.create('session-1', 's1', 'meta', MINUTE)
    log.append(1, 'one', 1)
    await node.flush(MINUTE)
    await client.send('CONFIG', 'SET', 'maxmemory', '1')
    log.append(2, 'two', 1)
    await assert.rejects(node.sessions.create('session-2', 'record', MINUTE), refusal)
    await recorder.until('onUnavailable')
    assert.match(message(recorder.calls('onUnavailable')[0] ?? []), /OOM/)
    await client.send('CONFIG', 'SET', 'maxmemory', '0')
    await recorder.until('onAvailable', [], 2)
    await node.flush(MINUTE)
    assert.equal((await node.events.read('session-1', 's1', 1))?.events[0]?.data, 'two')
    assert.equal(recorder.calls('onUnavailable').length, 1)
  })

  test('redisStore is away while the server is a replica, and comes back when it is the primary', async (t) => {
    const primary = await RedisServer.start()
    t.after(() => primary.remove())
    const server = await RedisServer.start()
    t.after(() => server.remove())
    const { client, recorder } = await join(t, server, SHORT)
    const { node } = recorder
    await client.send('REPLICAOF', '127.0.0.1', String(primary.port))
    await assert.rejects(node.sessions.create('session-1', 'record', MINUTE), refusal)
    await recorder.until('onUnavailable')
    const published = node.bus.publish('while it is a replica')
    await client.send('REPLICAOF', 'NO', 'ONE')
    await recorder.until('onAvailable', [], 2)
    await published
    await node.sessions.create('session-1', 'record', MINUTE)
    await recorder.until('onBroadcast', ['while it is a replica'])
    assert.equal(recorder.calls('onUnavailable').length, 1)
  })

  test('redisStore loads its scripts again when the server has forgotten them', async (t) => {
    const server = await RedisServer.start()
    t.after(() => server.remove())
    const { client, recorder } = await join(t, server, SHORT)
    const { node } = recorder
    await node.sessions.create('session-1', 'record', MINUTE)
    for (let round = 0; round < 2; round++) {
      await client.send('SCRIPT', 'FLUSH')
      assert.equal((await node.sessions.read('session-1'))?.record, 'record')
      await node.bus.publish(`round ${round}`)
    }
    await recorder.until('onBroadcast', ['round 1'])
    assert.deepEqual([recorder.calls('onUnavailable'), recorder.calls('onProblem')], [[], []])
  })

  test('redisStore says which messages to all a node has missed, when more came than are retained', async (t) => {
    const server = await RedisServer.start()
    t.after(() => server.remove())
    const proxy = await TcpProxy.start(t, server.port)
    const a = (await join(t, server, { ...SHORT, maxRetainedMessages: 100 })).recorder
    const b = (await join(t, proxy, { ...SHORT, maxRetainedMessages: 100 })).recorder
    await a.node.bus.publish('before')
    await b.until('onBroadcast', ['before'])
    proxy.cut()
    await b.until('onUnavailable')
    await Promise.all(Array.from({ length: 1000 }, (_, n) => a.node.bus.publish(`message ${n}`)))
    proxy.restore()
    await b.until('onBroadcast', ['message 999'])
    const delivered = b.calls('onBroadcast').slice(1)
    assert.ok(delivered.length >= 100 && delivered.length < 400, `${delivered.length} were retained`)
    assert.deepEqual(b.calls('onMissed').slice(1), [[Number(delivered[0]?.[1]) - 1]])
    const late = (await join(t, server, { ...SHORT, maxRetainedMessages: 100 })).recorder
    assert.deepEqual(late.calls('onBroadcast'), delivered)
    assert.deepEqual(late.calls('onMissed'), [[Number(delivered[0]?.[1]) - 1]])
  })

  test('redisStore reports a command that the server does not allow once, and does not count as away by it', async (t) => {
    const server = await RedisServer.start()
    t.after(() => server.remove())
    const { client, recorder } = await join(t, server, SHORT)
    await client.send('ACL', 'SETUSER', 'default', '-set')
    for (let n = 0; n < 3; n++) {
      await assert.rejects(recorder.node.sessions.create('session-1', 'record', MINUTE), refusal)
    }
    const problems = recorder.calls('onProblem').map(message)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', /SET failed: NOPERM/)
    assert.equal(await recorder.node.sessions.read('session-1'), undefined)
  })
})
