/** The compatibility matrix of the versioning page: each kind of client against each set of eras that is served. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { get, post, TestSession } from '../helpers/wire.ts'
import { serving } from '../stateless-era/serving.ts'

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
}

/** Errors by which a client knows that the server speaks the stateless era. */
const recognised = [-32020, -32021, -32022]

/** A client of both eras: a stateless request first, and `initialize` when the answer is not of that era. */
async function dualClient(url: string): Promise<string> {
  const client = new StatelessClient(url)
  const reply = await client.request('tools/list', {}, { check: 'none' })
  if (reply.status === 200) return 'stateless'
  if (reply.status < 400 || reply.status >= 500 || recognised.includes(reply.error?.code)) return 'fails'
  const session = await TestSession.open(url)
  const { status } = await session.request('tools/list')
  await session.delete()
  return status === 200 ? 'session' : 'fails'
}

test('a stateless client works with both eras and with its own', async (t) => {
  for (const eras of [['session', 'stateless'], ['stateless']] as const) {
    const { client, stats } = await serving(t, { handler: { eras } })
    for (const method of ['server/discover', 'tools/list']) {
      assert.equal((await client().request(method)).status, 200)
    }
    assert.equal((await client().call('echo', { text: 'x' })).result.content[0].text, 'x')
    assert.equal(stats().sessions, 0)
  }
})

test('a stateless client fails with the session era alone, by an error that names its versions and is not of the other era', async (t) => {
  const { client, stats } = await serving(t, { handler: { eras: ['session'] } })
  for (const method of ['server/discover', 'tools/list', 'subscriptions/listen']) {
    const { status, error } = await client().request(method, {}, { check: 'none' })
    assert.equal(status, 400)
    assert.ok(!recognised.includes(error.code), String(error.code))
    assert.match(error.message, /2025-11-25/)
  }
  assert.equal(stats().sessions, 0)
})

test('a client of both eras finds one with every server, and the stateless one where there is a choice', async (t) => {
  for (const [eras, chosen] of [
    [['session'], 'session'],
    [['stateless'], 'stateless'],
    [['session', 'stateless'], 'stateless'],
    [['stateless', 'session'], 'stateless'],
  ] as const) {
    const { url } = await serving(t, { handler: { eras } })
    assert.equal(await dualClient(url), chosen)
  }
})

test('a session-era client works with both eras and with its own, on the stream of GET too', async (t) => {
  for (const eras of [['session', 'stateless'], ['session']] as const) {
    for (const protocolVersion of ['2025-03-26', '2025-06-18', '2025-11-25']) {
      const { url, stats } = await serving(t, { handler: { eras } })
      const session = await TestSession.open(url, { protocolVersion })
      assert.equal(session.revision, protocolVersion)
      assert.equal((await session.call('echo', { text: 'x' })).result.content[0].text, 'x')
      const stream = await session.listen()
      assert.equal(stats().sessions, 1)
      await stream.close()
      assert.equal((await session.delete()).status, 200)
    }
  }
})

test('a session-era client fails with the stateless era alone, at its first request [stateless.initialize-names-versions]', async (t) => {
  const { url, stats } = await serving(t, { handler: { eras: ['stateless'] } })
  const reply = await post(url, initialize)
  assert.deepEqual([reply.status, reply.json.error.data.supported], [400, ['2026-07-28']])
  assert.equal((await get(url)).status, 405)
  assert.equal(stats().sessions, 0)
})

test('an initialize with header and envelope of the stateless era is a method that does not exist; without them it opens a session', async (t) => {
  const { url, client, stats } = await serving(t)
  const { params } = initialize
  const refused = await client().request('initialize', params, { check: false })
  assert.deepEqual([refused.status, refused.error.code], [404, -32601])
  assert.equal(stats().sessions, 0)
  const opened = await post(url, initialize, { 'mcp-method': 'initialize' })
  assert.equal(opened.status, 200)
  assert.equal(stats().sessions, 1)
})

test('both eras of one server share its definition and its changes, not its clients', async (t) => {
  const { url, client, server, opened } = await serving(t)
  const session = await TestSession.open(url)
  const sessionStream = await session.listen()
  const statelessStream = await opened(client().listen({ toolsListChanged: true }))
  await statelessStream.nextMessage()
  await sessionStream.until(() => true)
  server.registerTool('new', {}, (_args, ctx) => `${ctx.protocolVersion} ${ctx.session === undefined}`)
  for (const stream of [sessionStream, statelessStream]) {
    const { method } = await stream.nextMessage()
    assert.equal(method, 'notifications/tools/list_changed')
  }
  assert.equal((await session.call('new')).result.content[0].text, '2025-11-25 false')
  assert.equal((await client().call('new')).result.content[0].text, '2026-07-28 true')
  const stale = client({ headers: { 'mcp-session-id': session.sessionId } })
  assert.equal((await stale.call('new')).result.content[0].text, '2026-07-28 true')
  await sessionStream.close()
  await session.delete()
})
