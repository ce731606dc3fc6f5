/** How sessions end, and what keeps them: idle expiry, the cap, DELETE, shutdown. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { post, TestSession } from '../helpers/wire.ts'
import { eventually, responsesOf, serving, streaming, textOf } from './serving.ts'

const IDLE_MS = 8000

function mockTimers(t: TestContext): (milliseconds: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  return (milliseconds) => t.mock.timers.tick(milliseconds)
}

test('a session without traffic expires, one with traffic does not', async (t) => {
  const pass = mockTimers(t)
  const { open, ended, stats } = await serving(t, { sessions: { idleTimeoutMs: IDLE_MS } })
  const [quiet, busy] = [await open(), await open()]
  for (let passed = 0; passed < 3 * IDLE_MS; passed += IDLE_MS / 2) {
    pass(IDLE_MS / 2)
    assert.equal((await busy.request('ping')).status, 200)
  }
  assert.deepEqual(ended, [[quiet.sessionId, 'expired']])
  assert.equal((await quiet.request('ping')).status, 404)
  pass(IDLE_MS + IDLE_MS / 4)
  assert.deepEqual(ended.at(-1), [busy.sessionId, 'expired'])
  assert.equal(stats().sessions, 0)
})

test('a session does not expire before its time, and notifications count as traffic', async (t) => {
  const pass = mockTimers(t)
  const { open, ended } = await serving(t, { sessions: { idleTimeoutMs: IDLE_MS } })
  const session = await open()
  pass(IDLE_MS - 1)
  await session.notify('notifications/roots/list_changed')
  pass(IDLE_MS - 1)
  assert.equal(ended.length, 0)
})

test('a session with a call in progress or an open GET stream never expires', async (t) => {
  const pass = mockTimers(t)
  const { open, held, ended, stats } = await serving(t, {
    sessions: { idleTimeoutMs: IDLE_MS },
    sseAfterMs: 0,
  })
  const [calling, listening] = [await open(), await open()]
  const reply = calling.call('hold')
  const call = await held.next()
  const stream = await listening.listen()
  pass(10 * IDLE_MS)
  assert.equal(ended.length, 0)
  call.finish('at last')
  assert.equal(textOf(await reply), 'at last')
  await stream.close()
  await eventually(() => stats().streams === 0, 'the server to see the stream closed')
  // Both are idle from now on.
  pass(IDLE_MS + IDLE_MS / 4)
  assert.deepEqual(new Set(ended.map(([id]) => id)), new Set([calling.sessionId, listening.sessionId]))
})

test('idle expiry can be turned off', async (t) => {
  const pass = mockTimers(t)
  const { open } = await serving(t, { sessions: { idleTimeoutMs: 0 } })
  const session = await open()
  pass(7 * 24 * 3600 * 1000)
  assert.equal((await session.request('ping')).status, 200)
})

test('above the cap the session that was idle for longest makes room', async (t) => {
  const { open, ended, stats } = await serving(t, { sessions: { max: 3 } })
  const [first, second, third] = [await open(), await open(), await open()]
  await first.request('ping')
  const fourth = await open()
  assert.deepEqual(ended, [[second.sessionId, 'evicted']])
  await third.notify('notifications/roots/list_changed')
  await open()
  assert.deepEqual(ended.at(-1), [first.sessionId, 'evicted'])
  assert.equal((await fourth.request('ping')).status, 200)
  assert.equal((await first.request('ping')).status, 404)
  assert.equal(stats().sessions, 3)
})

test('a session with a call or an open stream is never evicted, and 503 says when all are in use', async (t) => {
  const { open, held, ended, url } = await serving(t, { sessions: { max: 2 } })
  const [calling, listening] = [await open(), await open()]
  const reply = calling.call('hold')
  const call = await held.next()
  const stream = await listening.listen()
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'one too many', version: '1' },
  }
  const refused = await post(url, { jsonrpc: '2.0', id: 7, method: 'initialize', params })
  assert.deepEqual([refused.status, refused.json.id, refused.json.error.code], [503, 7, -32000])
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(refused.headers['mcp-session-id'], undefined)
  assert.equal(ended.length, 0)
  call.finish('done')
  assert.equal(textOf(await reply), 'done')
  assert.equal((await open()).initialize.status, 200)
  assert.deepEqual(ended, [[calling.sessionId, 'evicted']])
  assert.equal((await listening.request('ping')).status, 200)
  await stream.close()
})

test('a session whose call went on without its client is still in use', async (t) => {
  const { open, held, ended, stats } = await serving(t, { sessions: { max: 1 } })
  const session = await open()
  const { call, stream } = await streaming(session, held)
  const { id } = await stream.next()
  await stream.destroy()
  await eventually(() => stats().streams === 0, 'the server to see the lost connection')
  await assert.rejects(open(), /503/)
  assert.equal(ended.length, 0)
  call.finish('kept')
  const resumed = await session.resume(id ?? '')
  await resumed.end()
  assert.equal(textOf(responsesOf(resumed)[0]), 'kept')
})

test('a flood of initialize without DELETE stays within the cap', async (t) => {
  const { url, ended, stats } = await serving(t, { sessions: { max: 50 } })
  let highest = 0
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 25 }, () => TestSession.open(url, { initialized: false })))
    highest = Math.max(highest, stats().sessions)
  }
  assert.equal(highest, 50)
  assert.equal(ended.length, 250)
  assert.equal(new Set(ended.map(([id]) => id)).size, 250)
})

test('onSessionClosed tells each end once, with its reason, and onSessionOpened each beginning', async (t) => {
  const pass = mockTimers(t)
  const opened: string[] = []
  const { open, ended, close, server } = await serving(t, {
    sessions: { max: 3, idleTimeoutMs: IDLE_MS },
    onSessionOpened: ({ id, client, protocolVersion, principalId }) => {
      opened.push(id)
      assert.deepEqual(
        [client.name, protocolVersion, principalId],
        ['barewire-test', '2025-11-25', undefined],
      )
    },
    setup: (it) => it.registerResource('r', 'a:b', { subscribe: true }, () => 'text'),
  })
  const [evicted, expired, deleted] = [await open(), await open(), await open()]
  const left = await open()
  pass(IDLE_MS - 1000)
  await deleted.request('ping')
  await left.request('resources/subscribe', { uri: 'a:b' })
  const stream = await left.listen()
  pass(2000)
  await deleted.delete()
  assert.equal((await deleted.delete()).status, 404)
  await Promise.all([close({ drainMs: 0 }), eventually(() => ended.length === 4, 'all to end')])
  assert.equal((await stream.end()).complete, true)
  assert.deepEqual(ended, [
    [evicted.sessionId, 'evicted'],
    [expired.sessionId, 'expired'],
    [deleted.sessionId, 'deleted'],
    [left.sessionId, 'shutdown'],
  ])
  assert.deepEqual(
    opened,
    [evicted, expired, deleted, left].map(({ sessionId }) => sessionId),
  )
  server.notifyResourceUpdated('a:b')
})

test('a hook that throws does no harm and is told to onError', async (t) => {
  const { open, errors, stats } = await serving(t, {
    onSessionOpened: () => {
      throw new Error('opened')
    },
    onSessionClosed: () => {
      throw new Error('closed')
    },
  })
  const session = await open()
  assert.equal((await session.delete()).status, 200)
  assert.equal(stats().sessions, 0)
  assert.deepEqual(
    errors.splice(0).map((error) => (error as Error).message),
    ['opened', 'closed'],
  )
})
