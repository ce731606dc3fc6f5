/** Sessions that are taken up from their ids, on the wire: handlers with the same keys, as processes have them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createMcpHandler, McpServer } from '../../src/index.ts'
import { del, get, type HttpReply, post, type TestSession } from '../helpers/wire.ts'
import { eventually, type Fixture, type FixtureOptions, serving, textOf } from './serving.ts'

const KEY = 'k'.repeat(32)
const IDLE_MS = 8000
const auth = { verify: (token: string) => ({ id: token }) }
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }

interface Opened {
  readonly id: string
  readonly name: string
  readonly restored: boolean
}

/** A process with the key: what it serves, and the sessions that it began or took up. */
async function keyed(t: TestContext, options: FixtureOptions = {}): Promise<Fixture & { opened: Opened[] }> {
  const opened: Opened[] = []
  const fixture = await serving(t, {
    logging: 'warning',
    setup: (server) => {
      server.registerResource('a', 'memo://a', { subscribe: true }, () => '')
      server.registerTool('who', {}, (_args, ctx) => {
        ctx.log.notice('only for those who ask')
        return JSON.stringify([ctx.client, ctx.protocolVersion, ctx.session?.id])
      })
    },
    ...options,
    sessions: { keys: [KEY], ...(options.sessions || {}) },
    onSessionOpened: ({ id, client }, restored) => opened.push({ id, name: client.name, restored }),
  })
  return { ...fixture, opened }
}

/** A request of a session, to another process. */
const send = (url: string, session: TestSession, message: object = PING): Promise<HttpReply> =>
  post(url, message, session.headers, { conversation: session.conversation })
const call = (url: string, session: TestSession, name: string) =>
  send(url, session, { ...PING, method: 'tools/call', params: { name, arguments: {} } })

for (const protocolVersion of ['2025-03-26', '2025-06-18', '2025-11-25']) {
  test(`a session of ${protocolVersion} is taken up by another process with what its client said`, async (t) => {
    const [first, second] = [await keyed(t), await keyed(t)]
    const capabilities = { roots: { listChanged: true }, elicitation: {} }
    const clientInfo = { name: 'mine', version: '7', title: 'Mine' }
    const session = await first.open({ protocolVersion, capabilities, clientInfo })
    await first.close()

    const [client, version, id] = JSON.parse(textOf((await call(second.url, session, 'who')).json))
    assert.deepEqual([client.name, client.version, client.capabilities], ['mine', '7', capabilities])
    assert.deepEqual([version, id], [protocolVersion, session.sessionId])
    if (protocolVersion === '2025-03-26') {
      const batch = await send(second.url, session, [PING, { ...PING, id: 2 }])
      assert.equal(batch.json.length, 2)
    }
    assert.deepEqual(second.opened, [{ id: session.sessionId, name: 'mine', restored: true }])
    assert.deepEqual(first.opened, [{ id: session.sessionId, name: 'mine', restored: false }])
    assert.equal(second.stats().sessions, 1)
  })
}

test('without keys an id is short and random, and another process answers 404', async (t) => {
  const [first, second] = [await serving(t), await keyed(t)]
  const session = await first.open()
  assert.match(session.sessionId ?? '', /^[\w-]{32}$/)
  assert.equal((await send(second.url, session)).status, 404)
  const sealed = await second.open()
  assert.equal((await send(first.url, sealed)).status, 404)
})

test('a first request of any kind takes a session up: notification, response, GET', async (t) => {
  const second = await keyed(t)
  const first = await keyed(t)
  const sessions = await Promise.all([first.open(), first.open(), first.open()])
  const [one, two, three] = sessions as [TestSession, TestSession, TestSession]
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  assert.equal((await send(second.url, one, initialized)).status, 202)
  assert.equal((await send(second.url, two, { jsonrpc: '2.0', id: 'x', result: {} })).status, 202)
  const listening = await get(second.url, { ...three.headers, accept: 'application/json' })
  assert.equal(listening.status, 406)
  assert.deepEqual(
    new Set(second.opened.map(({ id }) => id)),
    new Set(sessions.map((each) => each.sessionId)),
  )
})

test('an id that was forged, cut, or sealed with another key is 404 for POST, GET and DELETE, and leaves nothing', async (t) => {
  const { url, open, stats, opened } = await keyed(t)
  const other = await keyed(t, { sessions: { keys: ['o'.repeat(32)] } })
  const id = (await open()).sessionId as string
  const foreign = (await other.open()).sessionId as string
  const middle = id.length >> 1
  for (const forged of [
    `${id.slice(0, middle)}${id[middle] === 'A' ? 'B' : 'A'}${id.slice(middle + 1)}`,
    id.slice(0, -1),
    `${id}A`,
    foreign,
    'A'.repeat(500),
    'A'.repeat(8000),
  ]) {
    const headers = { 'mcp-session-id': forged }
    for (const reply of [await post(url, PING, headers), await get(url, headers), await del(url, headers)]) {
      assert.deepEqual([reply.status, reply.json.error.code], [404, -32001])
    }
  }
  assert.deepEqual([stats().sessions, opened.length], [1, 1])
})

test('keys rotate on the wire: sessions of the old key go on where it is still one of the keys', async (t) => {
  const old = await keyed(t)
  const both = await keyed(t, { sessions: { keys: ['n'.repeat(32), KEY] } })
  const fresh = await keyed(t, { sessions: { keys: ['n'.repeat(32)] } })
  const [before, during] = [await old.open(), await both.open()]
  assert.equal((await send(both.url, before)).status, 200)
  assert.equal((await send(fresh.url, before)).status, 404)
  assert.equal((await send(fresh.url, during)).status, 200)
})

test('a session is taken up for its own principal; for another one, and without one, it is 404', async (t) => {
  const [first, second, open] = [await keyed(t, { auth }), await keyed(t, { auth }), await keyed(t)]
  const session = await first.open(as('alice'))
  const asBob = { ...session.headers, ...as('bob').headers }
  assert.equal((await post(second.url, PING, asBob)).status, 404)
  assert.equal((await send(open.url, session)).status, 404)
  assert.equal((await send(second.url, session)).status, 200)
  assert.equal((await post(second.url, PING, asBob)).status, 404)
})

test('DELETE holds in its process, for a session of another one too; other processes do not know of it', async (t) => {
  const [first, second, third] = [await keyed(t), await keyed(t), await keyed(t)]
  const session = await first.open()
  assert.equal((await del(second.url, session.headers)).status, 200)
  assert.deepEqual(second.ended, [[session.sessionId, 'deleted']])
  assert.equal(second.stats().sessions, 0)
  assert.equal((await send(second.url, session)).status, 404)
  assert.equal((await get(second.url, session.headers)).status, 404)
  assert.equal((await del(second.url, session.headers)).status, 404)
  assert.equal((await send(third.url, session)).status, 200)
  assert.equal((await session.delete()).status, 200)
  assert.equal((await session.request('ping')).status, 404)
})

test('a session that was idle for too long does not come back; one that made room does', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const first = await keyed(t, { sessions: { max: 1, idleTimeoutMs: IDLE_MS } })
  const evicted = await first.open()
  const session = await first.open()
  assert.deepEqual(first.ended, [[evicted.sessionId, 'evicted']])
  assert.equal((await evicted.request('ping')).status, 200)
  assert.deepEqual(first.ended.at(-1), [session.sessionId, 'evicted'])
  assert.equal(first.opened.at(-1)?.restored, true)
  t.mock.timers.tick(IDLE_MS + IDLE_MS / 4)
  assert.deepEqual(first.ended.at(-1), [evicted.sessionId, 'expired'])
  assert.equal((await evicted.request('ping')).status, 404)
  assert.equal((await session.request('ping')).status, 200)
})

test('idle time counts from when a process saw the session, and the life of an id from initialize', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000_000 })
  const limits = { idleTimeoutMs: IDLE_MS, lifetimeMs: 10 * IDLE_MS }
  const first = await keyed(t, { sessions: limits })
  const session = await first.open()
  t.mock.timers.tick(9 * IDLE_MS)
  assert.equal((await session.request('ping')).status, 404)
  const second = await keyed(t, { sessions: limits })
  assert.equal((await send(second.url, session)).status, 200)
  // What a process knows goes on: only taking up has an end.
  for (let passed = 0; passed < 4; passed++) {
    t.mock.timers.tick(IDLE_MS / 2)
    assert.equal((await send(second.url, session)).status, 200)
  }
  const third = await keyed(t, { sessions: limits })
  assert.equal((await send(third.url, session)).status, 404)
})

test('taken up sessions count against max, maxPerPrincipal, maxTotalBytes and the rate of requests', async (t) => {
  const first = await keyed(t, { auth })
  const sessions: TestSession[] = []
  for (let n = 0; n < 3; n++) sessions.push(await first.open(as('alice')))
  const [one, two, three] = sessions as [TestSession, TestSession, TestSession]
  const takeUp = async (options: FixtureOptions) => {
    const fixture = await keyed(t, { auth, ...options })
    const busy = call(fixture.url, one, 'hold')
    const held = await fixture.held.next()
    const reply = await send(fixture.url, two)
    held.finish('done')
    await busy
    return { fixture, reply }
  }
  for (const [options, status, name] of [
    [{ sessions: { max: 1 } }, 503, 'sessions.max'],
    [{ sessions: { maxPerPrincipal: 1 } }, 429, 'sessions.maxPerPrincipal'],
    [{ rateLimit: { perSecond: 0.001, burst: 2 } }, 429, 'rateLimit'],
  ] as const) {
    const { fixture, reply } = await takeUp(options)
    assert.equal(reply.status, status, name)
    assert.match(reply.json.error.message, new RegExp(name.replace('.', '\\.')))
    assert.ok(Number(reply.headers['retry-after']) > 0)
    if (status === 503) assert.equal((await send(fixture.url, two)).status, 200, 'where there is room again')
    assert.ok(fixture.stats().sessions <= 1)
  }
  const tiny = await keyed(t, { auth, sessions: { maxTotalBytes: 100 } })
  assert.equal((await send(tiny.url, three)).status, 429)
  assert.deepEqual([tiny.stats().sessions, tiny.stats().sessionBytes], [0, 0])
  const roomy = await keyed(t, { auth })
  for (const session of sessions) await send(roomy.url, session)
  assert.equal(roomy.stats().sessions, 3)
  assert.ok(roomy.stats().sessionBytes > 0)
  for (const session of sessions) await del(roomy.url, session.headers)
  assert.equal(roomy.stats().sessionBytes, 0)
})

test('a log level that was set and a subscription are not in an id: after a restart they are as at the start', async (t) => {
  const [first, second] = [await keyed(t), await keyed(t)]
  const session = await first.open()
  await session.request('logging/setLevel', { level: 'debug' })
  await session.request('resources/subscribe', { uri: 'memo://a' })
  const logged = (messages: readonly { method?: string }[]) =>
    messages.filter(({ method }) => method === 'notifications/message').length
  assert.equal(logged((await session.call('who')).messages), 1)
  assert.equal(logged((await call(second.url, session, 'who')).messages), 0)
  const silent = await keyed(t, { logging: false })
  const answer = await send(silent.url, session, {
    ...PING,
    method: 'logging/setLevel',
    params: { level: 'info' },
  })
  assert.equal(answer.json.error.code, -32601)
})

test('a client that listens again is told that the lists may have changed, and of changes as before', async (t) => {
  const [first, second] = [await keyed(t), await keyed(t)]
  const session = await first.open()
  const { sessionId } = session
  const listener = await second.open()
  // The session of another process, with a conversation of its own to listen in.
  const methods: string[] = []
  const stream = await listener.listen({
    headers: { 'mcp-session-id': sessionId },
    onMessage: ({ method }) => methods.push(method),
  })
  await eventually(() => methods.length === 2, 'two changes')
  assert.deepEqual(methods.sort(), [
    'notifications/resources/list_changed',
    'notifications/tools/list_changed',
  ])
  const ids = stream.events.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  second.server.registerTool('late', {}, () => '')
  await eventually(() => methods.length === 3, 'the change')
})

test('while a process shuts down, a session that it does not know gets 503: it goes on elsewhere', async (t) => {
  const session = await (await keyed(t)).open()
  const handler = createMcpHandler(new McpServer({ name: 'fixture', version: '1' }), {
    sessions: { keys: [KEY] },
  })
  const http = createServer(handler).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => http.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
  await handler.close()
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  const headers = { ...session.headers, 'last-event-id': 'ab1_1' }
  for (const reply of [
    await post(url, PING, headers),
    await post(url, cancelled, headers),
    await get(url, headers),
    await del(url, headers),
  ]) {
    assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '1'])
  }
  assert.equal(handler.stats().sessions, 0)
})

test('BAREWIRE_SESSION_KEY serves where no keys are given, and a wrong one is named', async (t) => {
  t.after(() => {
    delete process.env['BAREWIRE_SESSION_KEY']
  })
  const wrongKeys: readonly (readonly [string, RegExp])[] = [
    ['short', /BAREWIRE_SESSION_KEY must have at least 32 bytes or characters; got 5/],
    ['', /BAREWIRE_SESSION_KEY .*; got 0/],
  ]
  const make = (sessions: object | false = {}) =>
    createMcpHandler(new McpServer({ name: 'fixture', version: '1' }), { sessions })
  for (const [key, message] of wrongKeys) {
    process.env['BAREWIRE_SESSION_KEY'] = key
    assert.throws(() => make(), { name: 'TypeError', message })
    make(false)
    make({ keys: [KEY] })
  }
  process.env['BAREWIRE_SESSION_KEY'] = KEY
  const fromEnvironment = await serving(t)
  const session = await fromEnvironment.open()
  delete process.env['BAREWIRE_SESSION_KEY']
  assert.equal((await send((await keyed(t)).url, session)).status, 200)
})
