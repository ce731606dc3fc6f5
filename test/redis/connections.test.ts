/** How the store on Redis gets its connections: users with few rights, TLS, clients that are not connected, and none at all. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { createClient, createSentinel } from 'redis'
import { type RedisStoreOptions, redisStore } from '../../src/redis/index.ts'
import { newId, RecordingNode } from '../../src/store-contract/subject.ts'
import { typescript } from '../helpers/typescript.ts'
import { CLIENTS, type ClientOptions } from './clients.ts'
import { join, MINUTE } from './recorder.ts'
import { freePort, noRedis, REDIS_SERVER, RedisServer } from './server.ts'

/** Uses all that a node can do. */
async function useAll(recorder: RecordingNode, { isSteady = true } = {}): Promise<void> {
  const { node } = recorder
  const [session, owner] = [newId(), newId()]
  await node.sessions.create(session, 'record', MINUTE)
  await node.sessions.setField(session, 'level', 'info', MINUTE)
  assert.deepEqual((await node.sessions.read(session))?.fields, new Map([['level', 'info']]))
  assert.equal(await node.sessions.touch(session, 'record', MINUTE), true)
  assert.equal(await node.sessions.delete(session, MINUTE), true)
  const log = node.events.create(session, 's1', 'meta', MINUTE)
  for (let sequence = 1; sequence < 4; sequence++) {
    log.append(sequence, 'data', sequence)
    await node.flush(MINUTE)
  }
  assert.equal(await node.events.finish(session, 's1', 4, 'error'), true)
  assert.equal((await node.events.read(session, 's1', 3))?.finished, true)
  const now = new Date().toISOString()
  const times = { createdAt: now, lastUpdatedAt: now, ttlMs: MINUTE }
  const task = { taskId: 'task-1', status: 'working', owner: owner, ...times } as const
  await node.tasks.create(task)
  await node.tasks.update({ ...task, status: 'completed' })
  assert.equal((await node.tasks.list?.(owner))?.[0]?.status, 'completed')
  await node.tasks.delete('task-1')
  assert.equal((await node.tasks.list?.(owner))?.length, 0)
  assert.equal((await node.keys.read('sealing', MINUTE, MINUTE)).length, 1)
  await node.bus.publish('to all')
  assert.equal(await node.bus.send(node.id, 'to one'), true)
  await recorder.until('onBroadcast', ['to all'])
  await recorder.until('onMessage', ['to one'])
  await node.leave()
  assert.deepEqual(recorder.calls('onProblem'), [])
  // A sentinel may be asked before it listens.
  if (isSteady) assert.deepEqual(recorder.calls('onUnavailable'), [])
}

describe('redisStore', { skip: noRedis }, () => {
  let server: RedisServer
  before(async () => {
    server = await RedisServer.start()
  })
  after(() => server.remove())

  for (const [name, makeClient] of Object.entries(CLIENTS)) {
    test(`redisStore over ${name} works with the rights that the reference names`, async (t) => {
      const reference = readFileSync(new URL('../../src/REFERENCE.md', import.meta.url), 'utf8')
      const [, rights = ''] = /`(~mcp:\* [^`]*)` for the prefix/.exec(reference) ?? []
      const admin = CLIENTS['ioredis 6']({ port: server.port })
      t.after(() => admin.close())
      await admin.send('ACL', 'SETUSER', 'mcp', 'reset', 'on', '>secret', ...rights.split(' '))
      const user = { port: server.port, username: 'mcp', password: 'secret' }
      const { client, recorder } = await join(t, user, { prefix: 'mcp:' }, makeClient)
      await assert.rejects(client.send('GET', 'another'), /NOPERM/)
      await useAll(recorder)
    })

    test(`redisStore over ${name} adds an error listener to a client without one, and leaves the client open that was open`, async (t) => {
      const { client, recorder } = await join(t, server, { prefix: 'listener:' }, makeClient)
      const emitter = client.client as unknown as { listenerCount(name: string): number }
      assert.equal(emitter.listenerCount('error'), 1)
      await recorder.node.leave()
      if (name.startsWith('io')) assert.equal(await client.send('PING'), 'PONG')
    })
  }

  test('redisStore finds its server through a sentinel', async (t) => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'barewire-sentinel-'))
    const port = await freePort()
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${server.port} 1`,
    ]
    const file = joinPath(folder, 'sentinel.conf')
    writeFileSync(file, lines.join('\n'))
    const sentinel = spawn(REDIS_SERVER, [file, '--sentinel'], { stdio: 'ignore' })
    const address = { host: '127.0.0.1', port }
    const clients = [
      createSentinel({ name: 'main', sentinelRootNodes: [address] }),
      new Redis({ name: 'main', sentinels: [address] }),
    ]
    t.after(async () => {
      for (const client of clients) if (client instanceof Redis) client.disconnect()
      sentinel.kill()
      await once(sentinel, 'exit')
      rmSync(folder, { recursive: true, force: true })
    })
    for (const [n, client] of clients.entries()) {
      await useAll(await RecordingNode.join(t, redisStore({ client, prefix: `sentinel-${n}:` })), {
        isSteady: false,
      })
    }
  })

  test('redisStore connects a client that is not connected, and closes it when its last node has left', async (t) => {
    const clients = [
      createClient({ url: server.url }),
      new Redis({ port: server.port, lazyConnect: true }),
    ] as const
    for (const client of clients) {
      const store = redisStore({ client, prefix: 'opened:' })
      const [one, two] = [await RecordingNode.join(t, store), await RecordingNode.join(t, store)]
      await one.node.leave()
      await two.node.sessions.create('session-1', 'record', MINUTE)
      await two.node.leave()
      await assert.rejects(async () => {
        if (client instanceof Redis) await client.get('x')
        else await client.get('x')
      }, /closed/i)
    }
    const open = createClient({ url: server.url })
    await open.connect()
    const { node } = await RecordingNode.join(t, redisStore({ client: open, prefix: 'opened:' }))
    await node.leave()
    assert.equal(await open.ping(), 'PONG')
    open.destroy()
  })

  test('redisStore lets the process end when its nodes have left', async () => {
    const program = `
      const { createClient } = await import('redis')
      const { redisStore } = await import('./src/redis/index.ts')
      const store = redisStore({ client: createClient({ url: '${server.url}' }), prefix: 'ends:' })
      const node = store.join(new Proxy({}, { get: () => () => undefined }))
      await node.bus.publish('x')
      await node.leave()
      console.log('left')`
    const args = [...typescript, '--input-type=module', '-e', program]
    const root = new URL('../..', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, timeout: 60_000 })
    assert.equal(String(stdout).trim(), 'left', String(stderr))
    assert.equal(status, 0)
  })

  test('redisStore refuses what is no client, and options that are wrong, at once and naming them', () => {
    const client = createClient()
    const make = (options: object) => () => redisStore({ client, ...options } as RedisStoreOptions)
    const bad: [object, RegExp][] = [
      [
        { client: undefined },
        /^redisStore\.client must be a client of redis \(5, 6\) or ioredis \(5, 6\); got undefined/,
      ],
      [{ client: 'redis://localhost' }, /redisStore\.client .*got a string without/],
      [{ client: { get: () => null } }, /without the method sendCommand or call/],
      [{ client: { sendCommand: () => null } }, /without the method duplicate/],
      [{ prefix: 'a{b}:' }, /redisStore\.prefix must be a string without braces; got "a\{b\}:"/],
      [{ prefix: 5 }, /redisStore\.prefix must be a string without braces; got 5/],
      [{ leaseMs: 0 }, /redisStore\.leaseMs must be at least 100 milliseconds; got 0/],
      [{ timeoutMs: '2s' }, /redisStore\.timeoutMs must be .*; got "2s"/],
      [{ maxWaitingBytes: 0 }, /redisStore\.maxWaitingBytes must be a positive integer/],
      [{ keyPrefix: 'a' }, /There is no option "redisStore\.keyPrefix": did you mean "redisStore\.prefix"/],
      [{ url: 'x' }, /did you mean "redisStore\.client"/],
    ]
    for (const [options, problem] of bad) {
      assert.throws(
        make(options),
        (error: Error) => error instanceof TypeError && problem.test(error.message),
        problem.source,
      )
    }
  })
})

/** A server with a certificate of its own. */
async function startTls(t: TestContext): Promise<ClientOptions> {
  const folder = mkdtempSync(joinPath(tmpdir(), 'barewire-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [key, certificate] = [joinPath(folder, 'key.pem'), joinPath(folder, 'cert.pem')]
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const { status, stderr } = spawnSync('openssl', [...kind, ...names, '-keyout', key, '-out', certificate])
  assert.equal(status, 0, String(stderr))
  const port = await freePort()
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  const server = await RedisServer.start(['--tls-port', String(port), '--tls-auth-clients', 'no', ...files])
  t.after(() => server.remove())
  return { port, ca: readFileSync(certificate) }
}

const noOpenssl = spawnSync('openssl', ['version']).error === undefined ? false : 'openssl is not installed'

describe('redisStore over TLS', { skip: noRedis || noOpenssl }, () => {
  for (const [name, makeClient] of Object.entries(CLIENTS)) {
    test(`redisStore over ${name} works over TLS`, async (t) => {
      const { recorder } = await join(t, await startTls(t), {}, makeClient)
      await useAll(recorder)
    })
  }
})
