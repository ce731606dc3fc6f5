/** Fair shares of sessions: what one principal, or one who never comes back, can take of the places and the memory of others. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { post, type RequestOptions, TestSession } from '../helpers/wire.ts'
import { eventually, type Fixture, type FixtureOptions, serving } from './serving.ts'

const auth = { verify: (token: string) => ({ id: token }) }
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const offer = (server: McpServer) => {
  server.registerResourceTemplate('memo', 'memo://{+id}', { subscribe: true }, () => '')
}

/** An `initialize` that may be refused. */
async function initialize(
  { url }: Fixture,
  { headers = {}, clientInfo = {} }: { headers?: object; clientInfo?: object } = {},
) {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1', ...clientInfo },
  }
  return await post(url, { jsonrpc: '2.0', id: 'hello', method: 'initialize', params }, { ...headers })
}

const isAlive = async (session: TestSession) => (await session.request('ping')).status === 200
const subscribe = (session: TestSession, uri: string, options: RequestOptions = {}) =>
  session.request('resources/subscribe', { uri }, options)

test('a principal at sessions.maxPerPrincipal makes room with its own longest idle session', async (t) => {
  const { open, ended } = await serving(t, { auth, sessions: { maxPerPrincipal: 2 } })
  const others = [await open(as('bob')), await open(as('carol'))]
  const [first, second] = [await open(as('alice')), await open(as('alice'))]
  assert.ok(await isAlive(first))
  const third = await open(as('alice'))
  assert.deepEqual(ended, [[second.sessionId, 'evicted']])
  for (const session of [...others, first, third]) assert.ok(await isAlive(session))
})

test('a principal whose sessions are all in use gets 429 and Retry-After, others get sessions', async (t) => {
  const fixture = await serving(t, { auth, sessions: { maxPerPrincipal: 2 } })
  const { open, held, ended } = fixture
  const [calling, listening] = [await open(as('alice')), await open(as('alice'))]
  const reply = calling.call('hold')
  const call = await held.next()
  const stream = await listening.listen()
  const refused = await initialize(fixture, as('alice'))
  assert.deepEqual([refused.status, refused.json.error.code, refused.json.id], [429, -32000, 'hello'])
  assert.match(
    refused.json.error.message,
    /All 2 sessions of this caller are in use.*sessions\.maxPerPrincipal/,
  )
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(refused.headers['mcp-session-id'], undefined)
  await open(as('bob'))
  assert.deepEqual(ended, [])
  await stream.close()
  call.finish('')
  await reply
})

test('clients that initialize and are never heard of again do not push out those that work', async (t) => {
  const { url, open, stats, ended } = await serving(t, { sessions: { max: 48 } })
  const working = await Promise.all(Array.from({ length: 45 }, () => open()))
  for (const session of working) assert.ok(await isAlive(session))
  for (let times = 0; times < 150; times++) await TestSession.open(url, { initialized: false })
  assert.equal(stats().sessions, 48)
  assert.equal(ended.length, 45 + 150 - 48)
  for (const session of working) assert.ok(await isAlive(session))
})

test('clients that come to a full table at the same time do not push out each other', async (t) => {
  const { url, open, ended } = await serving(t, { sessions: { max: 48 } })
  const working = await Promise.all(Array.from({ length: 48 }, () => open()))
  for (const session of working) assert.ok(await isAlive(session))
  const newcomers = [1, 2, 3].map(() => TestSession.open(url, { initialized: false }))
  for (const session of await Promise.all(newcomers)) assert.ok(await isAlive(session))
  // The longest idle ones made room.
  assert.deepEqual(
    new Set(ended.map(([id]) => id)),
    new Set(working.slice(0, 3).map(({ sessionId }) => sessionId)),
  )
})

const bigPeer = (index: number) => ({ name: `client-${index}`, title: 'x'.repeat(10_000) })

test('what clients say of themselves stays within sessions.maxTotalBytes: idle sessions end for it', async (t) => {
  const maxTotalBytes = 200_000
  const fixture = await serving(t, { sessions: { maxTotalBytes } })
  const equal = await Promise.all(Array.from({ length: 50 }, () => fixture.open()))
  const shared = fixture.stats().sessionBytes
  assert.ok(shared > 0 && shared < 5000, 'equal clients are kept once')
  for (let index = 0; index < 40; index++) {
    assert.equal((await initialize(fixture, { clientInfo: bigPeer(index) })).status, 200)
    assert.ok(fixture.stats().sessionBytes <= maxTotalBytes)
  }
  assert.ok(fixture.stats().sessions < 50 + 40)
  // Clients that were heard of again were not the first to go.
  for (const session of equal) assert.ok(await isAlive(session))
})

test('a client for which there are no bytes gets 503, and it costs others no more than a few idle sessions', async (t) => {
  const fixture = await serving(t, { sessions: { maxTotalBytes: 80_000 } })
  const { open, ended } = fixture
  const hogs = await Promise.all(
    [0, 1, 2].map((index) => open({ clientInfo: { version: '1', ...bigPeer(index) } })),
  )
  const streams = await Promise.all(hogs.map((session) => session.listen()))
  for (let index = 0; index < 40; index++) await open()
  const refused = await initialize(fixture, { clientInfo: { name: 'late', title: 'y'.repeat(14_000) } })
  assert.deepEqual([refused.status, refused.json.error.code, refused.json.id], [503, -32000, 'hello'])
  assert.match(refused.json.error.message, /sessions\.maxTotalBytes, 80000/)
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.ok(ended.length <= 16)
  // What is known already costs nothing.
  await open()
  for (const stream of streams) await stream.close()
})

test('a session may subscribe to a 16th of sessions.maxTotalBytes, and to more once it lets go of some', async (t) => {
  const maxTotalBytes = 320_000
  const { open, stats } = await serving(t, { setup: offer, sessions: { maxTotalBytes } })
  const [greedy, modest] = [await open(), await open()]
  const before = stats().sessionBytes
  const uri = (index: number) => `memo://${index}/${'x'.repeat(4000)}`
  for (const index of [0, 1]) assert.deepEqual((await subscribe(greedy, uri(index))).result, {})
  const refused = await subscribe(greedy, uri(2))
  assert.equal(refused.error.code, -32000)
  assert.match(
    refused.error.message,
    /This session would keep \d+ bytes, of 20000.*sessions\.maxTotalBytes, 320000/,
  )
  assert.ok(stats().sessionBytes - before <= maxTotalBytes / 16)
  assert.deepEqual((await subscribe(modest, uri(3))).result, {})
  await greedy.request('resources/unsubscribe', { uri: uri(0) })
  assert.deepEqual((await subscribe(greedy, uri(2))).result, {})
  await Promise.all([greedy.delete(), modest.delete()])
  assert.equal(stats().sessionBytes, 0)
})

test('the sessions of one principal share a 16th of sessions.maxTotalBytes', async (t) => {
  const { open } = await serving(t, { auth, setup: offer, sessions: { maxTotalBytes: 320_000 } })
  const sessions = await Promise.all(['alice', 'alice', 'alice', 'bob'].map((name) => open(as(name))))
  const [first, second, third, other] = sessions as [TestSession, TestSession, TestSession, TestSession]
  const uri = (index: number) => `memo://${index}/${'x'.repeat(3500)}`
  assert.deepEqual((await subscribe(first, uri(0))).result, {})
  assert.deepEqual((await subscribe(second, uri(1))).result, {})
  const refused = await subscribe(third, uri(2))
  assert.deepEqual([refused.status, refused.error.code], [429, -32000])
  assert.match(refused.error.message, /The sessions of this caller would keep/)
  assert.deepEqual((await subscribe(other, uri(2))).result, {})
  await first.delete()
  assert.deepEqual((await subscribe(third, uri(2))).result, {})
})

test('a subscription for which all bytes are taken is refused with 503, and ends no session', async (t) => {
  const { open, ended } = await serving(t, { setup: offer, sessions: { maxTotalBytes: 160_000 } })
  const sessions = await Promise.all(Array.from({ length: 24 }, () => open()))
  const replies: { status: number; error: { message: string } }[] = []
  for (const [index, session] of sessions.entries()) {
    replies.push(await subscribe(session, `memo://${index}/${'x'.repeat(3800)}`))
  }
  const refused = replies.filter(({ error }) => error !== undefined)
  assert.ok(refused.length > 0 && refused.length < 24)
  for (const { status, error } of refused) {
    assert.equal(status, 503)
    assert.match(error.message, /sessions\.maxTotalBytes, 160000/)
  }
  assert.deepEqual(ended, [])
})

test('a resource that many sessions subscribe to is kept once', async (t) => {
  const { open, stats, server } = await serving(t, { setup: offer })
  const sessions = await Promise.all(Array.from({ length: 20 }, () => open()))
  const uri = `memo://${'x'.repeat(4000)}`
  const before = stats().sessionBytes
  for (const session of sessions) await subscribe(session, uri)
  assert.ok(stats().sessionBytes - before < 20_000)
  const listening = sessions[7] as TestSession
  const stream = await listening.listen()
  await Promise.all(sessions.filter((session) => session !== listening).map((session) => session.delete()))
  assert.ok(stats().sessionBytes > 8000)
  server.notifyResourceUpdated(uri)
  assert.equal((await stream.nextMessage()).params.uri, uri)
  await listening.delete()
  assert.equal(stats().sessionBytes, 0)
})

test('a subscription whose watch function throws leaves nothing behind', async (t) => {
  const setup: FixtureOptions['setup'] = (server) => {
    const subscribe = () => {
      throw new Error('cannot watch')
    }
    server.registerResource('r', 'memo://r', { subscribe }, () => '')
  }
  const { open, stats, errors } = await serving(t, { setup })
  const session = await open()
  const before = stats().sessionBytes
  for (let times = 0; times < 3; times++)
    assert.equal((await subscribe(session, 'memo://r')).error.code, -32603)
  assert.equal(stats().sessionBytes, before)
  await eventually(() => errors.length === 3, 'the errors to be reported')
  errors.length = 0
})

test('a URI that is too long cannot be subscribed to, and is not repeated', async (t) => {
  const { open } = await serving(t, { setup: offer })
  const session = await open()
  const fits = `memo://${'x'.repeat(8192 - 7)}`
  assert.deepEqual((await subscribe(session, fits)).result, {})
  for (const uri of [`${fits}x`, `memo://${'é'.repeat(4100)}`]) {
    const { error } = await subscribe(session, uri, { check: false })
    assert.equal(error.code, -32602)
    assert.match(error.message, /the limit is 8192/)
    assert.ok(error.message.length < 300 && error.data.uri.length < 200)
  }
})
