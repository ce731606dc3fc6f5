/** Sessions on several nodes: any of them serves any request of any session. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { StoreNode } from '../../../src/store/store.ts'
import { del, get, post } from '../../helpers/wire.ts'
import { eventually, serving, streaming, textOf } from '../serving.ts'
import { at, cluster } from './cluster.ts'
import { counted } from './store-double.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

test('a session that began on one node is served by every other one', async (t) => {
  const { nodes, a, b } = await cluster(t, { count: 3 })
  const session = await a.open()
  for (const node of [...nodes, ...nodes]) {
    const reply = await at(session, node).call('echo', { text: node.id })
    assert.equal(textOf(reply), node.id)
  }
  assert.deepEqual(
    nodes.map((node) => node.stats().sessions),
    [1, 1, 1],
  )
  assert.equal(a.stats().store?.restored, 0)
  assert.equal(b.stats().store?.restored, 1)
})

test('an unknown id asks the store once, however many requests come at the same time; a known one asks nothing', async (t) => {
  const { store, calls } = counted()
  const [a, b] = [await serving(t, { store }), await serving(t, { store })]
  const session = await a.open()
  assert.deepEqual(calls.get('create'), 1)
  const replies = await Promise.all(Array.from({ length: 50 }, () => post(b.url, ping, session.headers)))
  assert.deepEqual(
    replies.map(({ status }) => status),
    Array(50).fill(200),
  )
  assert.equal(calls.get('read'), 1)
  calls.clear()
  for (let time = 0; time < 20; time++) await at(session, time % 2 === 0 ? a : b).call('echo', { text: 'x' })
  assert.deepEqual([...calls], [])
})

test('an id that no node has given out is 404, and the store is not asked for one that cannot be', async (t) => {
  const { store, calls } = counted()
  const a = await serving(t, { store })
  const session = await a.open()
  for (const id of ['x', '..', 'A'.repeat(31), 'A'.repeat(33), 'A'.repeat(10_000), `${'A'.repeat(31)}:`]) {
    const reply = await post(a.url, ping, { ...session.headers, 'mcp-session-id': id })
    assert.deepEqual([reply.status, reply.json.error.code], [404, -32001], id)
  }
  assert.equal(calls.get('read'), undefined)
  const headers = { ...session.headers, 'mcp-session-id': 'A'.repeat(32) }
  for (const reply of [
    await post(a.url, ping, headers),
    await get(a.url, headers),
    await del(a.url, headers),
  ]) {
    assert.deepEqual([reply.status, reply.json.error.code], [404, -32001])
  }
  assert.equal(calls.get('read'), 3)
})

test('DELETE on one node ends the session on all, calls in flight included', async (t) => {
  const { a, b, c } = await cluster(t)
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await at(session, b).call('echo', {})
  assert.equal((await at(session, b).delete()).status, 200)
  assert.match((await call.aborted()).message, /session ended \(deleted\)/i)
  await stream.end()
  for (const node of [a, b, c]) {
    await eventually(() => node.stats().sessions === 0, 'the session to end')
    assert.equal((await post(node.url, ping, session.headers)).status, 404)
  }
  assert.deepEqual(a.ended, [[session.sessionId, 'deleted']])
})

test('the log level that one node sets holds on those that have the session, and on those that open it later', async (t) => {
  const setup = { logging: 'error' as const }
  const { a, b, c } = await cluster(t, setup)
  for (const { server } of [a, b, c]) {
    server.registerTool('log', {}, (_, ctx) => {
      ctx.log.info('heard')
      return 'done'
    })
  }
  const heard = async (node: typeof a) => (await at(session, node).call('log')).messages.length === 2
  const session = await a.open()
  assert.deepEqual([await heard(a), await heard(b)], [false, false])
  await at(session, a).request('logging/setLevel', { level: 'info' })
  assert.equal(await heard(a), true)
  let isOnB = false
  for (let tries = 0; tries < 50 && !isOnB; tries++) isOnB = await heard(b)
  assert.deepEqual([isOnB, await heard(c)], [true, true])
})

test('a session of one principal does not exist for another one, also where the store has it', async (t) => {
  const auth = { verify: (token: string) => ({ id: token }) }
  const { a, b } = await cluster(t, { auth })
  const session = await a.open({ headers: { authorization: 'Bearer alice' } })
  const as = (who: string) => ({ ...session.headers, authorization: `Bearer ${who}` })
  assert.equal((await post(b.url, ping, as('bob'))).status, 404)
  assert.equal((await post(b.url, ping, as('alice'))).status, 200)
  assert.equal((await post(b.url, ping, as('bob'))).status, 404)
  assert.equal((await del(b.url, as('bob'))).status, 404)
  assert.equal((await post(b.url, ping, as('alice'))).status, 200)
})

test('sessions.max bounds what a node has open, and the store keeps the rest', async (t) => {
  const { a, b } = await cluster(t, { sessions: { max: 2 }, count: 2 })
  const sessions = []
  for (let number = 0; number < 5; number++) sessions.push(await a.open())
  assert.equal(a.stats().sessions, 2)
  assert.deepEqual([...new Set(a.ended.map(([, reason]) => reason))], ['evicted'])
  for (const session of sessions) {
    for (const node of [a, b]) assert.equal(textOf(await at(session, node).call('echo', { text: 'y' })), 'y')
  }
  assert.deepEqual([a.stats().sessions, b.stats().sessions], [2, 2])
})

test('the hook hears that a session was opened from the store', async (t) => {
  const opened: [string, boolean][] = []
  const onSessionOpened = ({ id }: { id: string }, restored: boolean) => opened.push([id, restored])
  const { a, b } = await cluster(t, { onSessionOpened, count: 2 })
  const session = await a.open()
  await at(session, b).call('echo', {})
  assert.deepEqual(opened, [
    [session.sessionId, false],
    [session.sessionId, true],
  ])
})

test('sessions.keys together with a store is a TypeError', async (t) => {
  const { store } = counted()
  await assert.rejects(serving(t, { store, sessions: { keys: ['k'.repeat(32)] } }), {
    name: 'TypeError',
    message: /sessions\.keys .* store/,
  })
})

test('what the store has under an id that this library has not written counts as unknown, and is reported once', async (t) => {
  const { store, node } = counted()
  const a = await serving(t, { store })
  const { sessions } = node() as StoreNode
  const records = [
    '',
    '{',
    '[]',
    '[2,"2025-11-25",{},{},null,0]',
    '[1,"2099-01-01",{},{},null,0]',
    '[1,"2025-11-25",7,{},null,0]',
  ]
  for (const [index, record] of records.entries()) {
    const id = String(index).padStart(32, 'x')
    await sessions.create(id, record, 0)
    assert.equal((await post(a.url, ping, { 'mcp-session-id': id })).status, 404, record)
  }
  assert.equal(a.errors.length, 1)
  assert.match(String(a.errors.pop()), /cannot be read/)
})

/** A session of `a` that nobody uses there any more. */
async function idle(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const made = await cluster(t, { sessions: { idleTimeoutMs: 8000 }, count: 2 })
  return { ...made, session: await made.a.open() }
}

test('a session that idles on one node is closed there alone, and lives while another node is used', async (t) => {
  const { a, b, session } = await idle(t)
  for (let passed = 0; passed < 30_000; passed += 1000) {
    assert.equal((await at(session, b).call('echo', {})).status, 200)
    t.mock.timers.tick(1000)
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  }
  assert.deepEqual([a.stats().sessions, b.stats().sessions], [0, 1])
  assert.deepEqual(a.ended, [[session.sessionId, 'evicted']])
  assert.equal((await at(session, a).call('echo', {})).status, 200)
})

test('a session that nobody uses expires in the store', async (t) => {
  const { a, b, session } = await idle(t)
  for (let passed = 0; passed < 20_000; passed += 1000) {
    t.mock.timers.tick(1000)
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  }
  assert.equal((await post(b.url, ping, session.headers)).status, 404)
  assert.equal((await post(a.url, ping, session.headers)).status, 404)
})

test('an initialize whose client is gone leaves no session in the store', async (t) => {
  const { store, calls } = counted()
  const a = await serving(t, {
    store,
    setup: (server) =>
      server.use(async (ctx, next) => {
        const result = await next()
        if (JSON.stringify(ctx.params).includes('refuse')) throw new Error('no')
        return result
      }),
  })
  await assert.rejects(a.open({ clientInfo: { name: 'x', version: '1', refuse: true }, check: 'none' }))
  await eventually(() => calls.get('delete') === 1, 'the record to be deleted')
  assert.equal(a.stats().sessions, 0)
  a.errors.length = 0
})
