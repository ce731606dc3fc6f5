/** Limits of the rate of requests, and of the calls of one tool, on the wire of both eras. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type HandlerOptions, inputRequired, type McpServer } from '../../src/index.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { eventually, serving, textOf } from '../stateless-era/serving.ts'

/** No token comes back in the time of a test. */
const rateOf = (burst: number) => ({ perSecond: 0.01, burst })
const auth = { verify: (token: string) => ({ id: token }) }
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

interface Refused {
  readonly status: number
  readonly headers: { readonly [name: string]: unknown }
  readonly error: {
    readonly code: number
    readonly message: string
    readonly data?: { retryAfterMs?: number }
  }
}

function assertLimited({ status, headers, error }: Refused, option: RegExp): void {
  assert.deepEqual([status, error.code], [429, -32000])
  assert.match(error.message, option)
  const seconds = Number(headers['retry-after'])
  assert.ok(seconds > 50 && seconds <= 100, String(headers['retry-after']))
  assert.ok(Math.ceil((error.data?.retryAfterMs ?? 0) / 1000) === seconds)
}

const served = (t: TestContext, handler: HandlerOptions, setup?: (server: McpServer) => void) =>
  serving(t, { handler, ...(setup && { setup }) })

test('session era: requests above rateLimit get 429, those of other sessions and notifications do not [tools.rate-limited] [completion.rate-limited] [completion.rate-limiting]', async (t) => {
  const { url, refusals } = await served(t, { rateLimit: rateOf(3) }, (server) => {
    server.registerPrompt(
      'p',
      { argsSchema: { type: 'object', properties: { a: { type: 'string' } } }, complete: { a: () => [] } },
      () => '',
    )
  })
  const [session, other] = [await TestSession.open(url), await TestSession.open(url)]
  assert.equal(textOf(await session.call('echo', { text: 'one' })), 'one')
  const completion = { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } }
  assert.equal((await session.request('completion/complete', completion)).status, 200)
  assert.equal((await session.request('ping')).status, 200)
  const refused = await session.call('echo', { text: 'four' }, { id: 'four' })
  assertLimited(
    refused,
    /Too many requests from this session: the limit is 0\.01 a second, and 3 after a pause \(rateLimit\)/,
  )
  assert.equal(refused.messages[0].id, 'four')
  assertLimited(await session.request('completion/complete', completion), /rateLimit/)
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [429, 429],
  )
  for (let times = 0; times < 5; times++) {
    assert.equal((await session.notify('notifications/cancelled', { requestId: 'unknown' })).status, 202)
    assert.equal((await session.respond('unknown', {})).status, 202)
  }
  assert.equal(textOf(await other.call('echo', { text: 'other' })), 'other')
})

test('session era: initialize counts on the account of all that have no session', async (t) => {
  const { url } = await served(t, { rateLimit: rateOf(2) })
  const session = await TestSession.open(url)
  await TestSession.open(url)
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const { status, headers, json } = await post(url, { ...message, params })
  assertLimited({ status, headers, error: json.error }, /callers without token and session, together/)
  assert.equal((await session.request('ping')).status, 200)
})

test('session era: all requests of a batch count, and are refused together', async (t) => {
  const { url } = await served(t, { rateLimit: rateOf(5) })
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26' })
  const ping = (id: number) => ({ jsonrpc: '2.0', id, method: 'ping' })
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } }
  assert.equal((await session.send([ping(1), ping(2), ping(3), cancelled, cancelled])).json.length, 3)
  const { status, headers, json } = await session.send([ping(4), ping(5), ping(6)], { check: 'none' })
  assertLimited({ status, headers, error: json.error }, /3 requests at once are too many from this session/)
  assert.equal((await session.send([ping(4), ping(5)])).json.length, 2)
})

test('stateless era: requests above rateLimit get 429, subscriptions/listen too [stateless.tools-rate] [stateless.completion-rate] [stateless.completion-limited]', async (t) => {
  const { client, opened, refusals } = await served(t, { rateLimit: rateOf(4) }, (server) => {
    server.registerPrompt(
      'p',
      { argsSchema: { type: 'object', properties: { a: { type: 'string' } } }, complete: { a: () => [] } },
      () => '',
    )
  })
  const completion = { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } }
  assert.equal(textOf(await client().call('echo', { text: 'one' })), 'one')
  await opened(client().listen({ toolsListChanged: true }))
  assert.equal((await client().request('completion/complete', completion)).status, 200)
  assert.equal((await client().request('server/discover')).status, 200)
  const refused = await client().call('echo', { text: 'five' }, { id: 'five' })
  assertLimited(refused, /callers without token and session, together: .*\(rateLimit\)/)
  assert.equal(refused.id, 'five')
  assertLimited(await client().request('completion/complete', completion), /rateLimit/)
  assertLimited(
    await client().request('subscriptions/listen', { notifications: { toolsListChanged: true } }),
    /rateLimit/,
  )
  assert.equal(refusals.length, 3)
})

test('each principal has a rate of its own, the same in both eras and in all its sessions', async (t) => {
  const { url, client } = await served(t, { auth, rateLimit: rateOf(4) })
  const [first, second] = [await TestSession.open(url, as('alice')), await TestSession.open(url, as('alice'))]
  assert.equal((await first.request('ping')).status, 200)
  assert.equal((await client(as('alice')).call('echo')).status, 200)
  assertLimited(await second.request('ping'), /from this caller/)
  assertLimited(await client(as('alice')).call('echo'), /from this caller/)
  // Not even one that is called like a session of another.
  assert.equal((await client(as(first.sessionId ?? '')).call('echo')).status, 200)
  assert.equal((await client(as('bob')).call('echo')).status, 200)
})

test('rateLimit false is no limit', async (t) => {
  const { client } = await served(t, { rateLimit: false })
  for (let times = 0; times < 50; times++) assert.equal((await client().call('echo')).status, 200)
})

test('the rate comes back with time', async (t) => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  const { client } = await served(t, { rateLimit: { perSecond: 2, burst: 1 } })
  assert.equal((await client().call('echo')).status, 200)
  const { status, headers, error } = await client().call('echo')
  assert.deepEqual([status, headers['retry-after'], error.data], [429, '1', { retryAfterMs: 500 }])
  now += 500
  assert.equal((await client().call('echo')).status, 200)
})

/** A tool of which one caller may make two calls; other tools are not limited. */
function limitedTool(ran: unknown[]) {
  return (server: McpServer) => {
    const inputSchema = { type: 'object', properties: { n: { type: 'integer' } } } as const
    return server.registerTool('limited', { inputSchema, rateLimit: rateOf(2) }, ({ n }) => {
      ran.push(n)
      return 'done'
    })
  }
}

test('a tool with a rateLimit is called no more often by one caller, in either era, and other tools are [tools.rate-limited] [stateless.tools-rate]', async (t) => {
  const ran: unknown[] = []
  const { url, client, refusals } = await served(t, {}, (server) => void limitedTool(ran)(server))
  const option = /Too many calls of tool "limited" from .* \(tool "limited" rateLimit\)$/
  const [session, other] = [await TestSession.open(url), await TestSession.open(url)]
  for (const caller of [session, other, client()]) {
    for (const n of [1, 2]) assert.equal(textOf(await caller.call('limited', { n })), 'done')
    assertLimited(await caller.call('limited', { n: 3 }), option)
    assert.equal(textOf(await caller.call('echo', { text: 'other tool' })), 'other tool')
  }
  assert.deepEqual(ran, [1, 2, 1, 2, 1, 2])
  assert.equal(refusals.length, 3)
})

test('a call counts before its arguments are checked: guessing is limited too', async (t) => {
  const { client } = await served(t, {}, (server) => void limitedTool([])(server))
  for (const n of ['x', 'y']) assert.equal((await client().call('limited', { n })).result.isError, true)
  assertLimited(await client().call('limited', { n: 'z' }), /rateLimit/)
})

test('update changes the rate of a tool, and anything else leaves what was counted', async (t) => {
  let tool: ReturnType<ReturnType<typeof limitedTool>> | undefined
  const { client } = await served(t, {}, (server) => {
    tool = limitedTool([])(server)
  })
  for (const n of [1, 2]) assert.equal((await client().call('limited', { n })).status, 200)
  tool?.update({ description: 'new' })
  assert.equal((await client().call('limited')).status, 429)
  tool?.update({ rateLimit: rateOf(1) })
  assert.equal((await client().call('limited')).status, 200)
  assert.equal((await client().call('limited')).status, 429)
})

test('in a batch and in an open stream the error stands alone, with the time to wait in its data', async (t) => {
  const { url, server } = await serving(t, {
    server: { logging: true },
    setup: (server) => void limitedTool([])(server),
  })
  server.use((ctx, next) => {
    if (ctx.params?.['name'] === 'limited') ctx.log.info('about to call')
    return next()
  })
  const old = await TestSession.open(url, { protocolVersion: '2025-03-26' })
  const call = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'limited', arguments: {} },
  })
  const batch = await old.send([call(1), call(2), call(3)])
  assert.equal(batch.status, 200)
  const answers = batch.messages.filter(({ id }) => id !== undefined).sort((a, b) => a.id - b.id)
  assert.deepEqual(
    answers.map(({ result }) => result !== undefined),
    [true, true, false],
  )
  const session = await TestSession.open(url)
  for (const _ of [1, 2]) await session.call('limited')
  const streamed = await session.call('limited')
  assert.deepEqual([streamed.kind, streamed.status, streamed.complete], ['sse', 200, true])
  for (const error of [answers[2]?.error, streamed.error]) {
    assert.equal(error.code, -32000)
    assert.ok(error.data.retryAfterMs > 50_000)
  }
})

test('a handler that runs again with the answers of its client is one call', async (t) => {
  const { url } = await served(t, {}, (server) => {
    server.registerTool('asking', { rateLimit: rateOf(1) }, (_args, ctx) => {
      const { roots } = ctx.inputResponses as { roots?: { roots: readonly unknown[] } }
      if (roots === undefined) return inputRequired({ inputRequests: { roots: { method: 'roots/list' } } })
      return `${roots.roots.length} roots`
    })
  })
  const session = await TestSession.open(url, {
    capabilities: { roots: {} },
    onRequest: () => ({ roots: [] }),
  })
  assert.equal(textOf(await session.call('asking')), '0 roots')
  assertLimited(await session.call('asking'), /rateLimit/)
})

test('what is refused holds nothing: neither a call nor a session stays in use', async (t) => {
  const { url, stats } = await served(t, { sessions: { max: 1 } }, (server) => {
    server.registerTool('slow', { rateLimit: rateOf(1) }, async () => 'done')
    server.use(async (_ctx, next) => await next())
  })
  const session = await TestSession.open(url)
  assert.equal((await session.call('slow')).status, 200)
  assert.equal((await session.call('slow')).status, 429)
  await eventually(() => stats().callsInProgress === 0, 'the call to end')
  await TestSession.open(url)
  assert.equal((await session.request('ping')).status, 404)
})

for (const rateLimit of [
  null,
  5,
  {},
  { perSecond: 1 },
  { perSecond: 0, burst: 1 },
  { perSecond: 1, burst: 1.5 },
]) {
  test(`a tool refuses ${JSON.stringify(rateLimit)} as rateLimit, by its name`, async (t) => {
    const { server } = await served(t, {})
    const register = () => server.registerTool('wrong', { rateLimit: rateLimit as never }, () => '')
    assert.throws(register, { name: 'TypeError', message: /tool "wrong" rateLimit/ })
  })
}
