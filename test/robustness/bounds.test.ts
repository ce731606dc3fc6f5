/**
 * Everything that clients can make the server keep beyond the request that brings it: one row for each, with what
 * bounds it, and clients that try to make it grow. A gate holds the table against the options, so that no limit is
 * without a row.
 *
 * Not here: what a request holds while it is served (bodies, calls in progress, output that waits); two attacks on a
 * process with a small heap (memory-attacks.test.ts).
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type HandlerOptions, inputRequired, type McpServer, type RequestContext } from '../../src/index.ts'
import { checkOptions } from '../../src/options.ts'
import {
  del,
  get,
  post,
  type RequestHeaders,
  type SseStream,
  TestSession,
  type WireJson,
} from '../helpers/wire.ts'
import { type StatelessFixture, serving } from '../stateless-era/serving.ts'
import { TaskClient } from '../stateless-era/task-client.ts'

interface Row {
  /** What is kept. */
  readonly kept: string
  /** The options that bound it; none: a limit that is always the same. */
  readonly options: readonly string[]
  run(t: TestContext): Promise<void>
}

const auth = { verify: (token: string) => ({ id: token }) }
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const unchecked = { check: 'none' } as const
const memo = (name: string, length = 20) => `memo://${name}/`.padEnd(length, 'x')

function offer(server: McpServer): void {
  server.registerResourceTemplate('memo', 'memo://{+id}', { subscribe: true }, () => '')
  server.registerTool('log', {}, (_args, ctx) => {
    for (let n = 0; n < 20; n++) ctx.log.info('x'.repeat(1000))
    return 'logged'
  })
  server.registerTool('task', { task: true }, () => 'y'.repeat(10_000))
  server.registerTool('ask', {}, async (_args, ctx) => await askOften(ctx))
  server.registerTool('once', {}, async (_args, ctx) => {
    if (ctx.requestState === undefined) return inputRequired({ state: 'asked' })
    return await ctx.once('key', () => randomUUID())
  })
}

/** How many of 300 questions at once were sent. */
async function askOften(ctx: RequestContext): Promise<string> {
  const asked = Array.from({ length: 300 }, (_, n) => ctx.listRoots(`roots ${n}`, { timeoutMs: 50 }))
  const outcomes = await Promise.allSettled(asked)
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'answered'))
  return String(codes.filter((code) => code === 'ERR_REQUEST_TIMEOUT').length)
}

const serve = (t: TestContext, handler: HandlerOptions = {}) =>
  serving(t, { setup: offer, handler, server: { logging: true } })

/** Sends until something is refused. @returns how many were not, and the refusal */
async function untilRefused<Reply extends { status: number; error?: WireJson }>(
  most: number,
  send: (n: number) => Promise<Reply>,
): Promise<{ taken: number; refusal: Reply }> {
  for (let n = 0; n < most; n++) {
    const reply = await send(n)
    if (reply.error !== undefined) return { taken: n, refusal: reply }
  }
  return assert.fail(`${most} of them, and none was refused`)
}

/** Someone else is served in both eras. */
async function assertOthersAreServed(
  { url, client }: StatelessFixture,
  headers: RequestHeaders = {},
): Promise<void> {
  const session = await TestSession.open(url, { headers })
  assert.equal((await session.call('echo', { text: 'a' })).status, 200)
  assert.equal((await client({ headers }).call('echo', { text: 'b' })).status, 200)
  await session.delete()
}

/** A listen stream, or the refusal of one. */
async function listen(
  { client, opened }: StatelessFixture,
  notifications: object,
  { headers = {}, id = 1 }: { headers?: RequestHeaders; id?: string | number } = {},
): Promise<{ status: number; error?: WireJson; stream?: SseStream }> {
  try {
    return {
      status: 200,
      stream: await opened(client({ headers }).listen(notifications, { id, ...unchecked })),
    }
  } catch {
    return await client({ headers }).request('subscriptions/listen', { notifications }, { id, ...unchecked })
  }
}

const initialize = (clientInfo: object, protocolVersion = '2025-11-25') => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1', ...clientInfo } },
})

const rows: readonly Row[] = [
  {
    kept: 'the id of a request, in each message of a subscription stream, and a progress token, in each progress notification',
    options: [],
    async run(t) {
      const { url, client } = await serve(t)
      const session = await TestSession.open(url)
      const old = await TestSession.open(url, { protocolVersion: '2025-03-26' })
      const long = 'i'.repeat(1_000_000)
      const call = { name: 'echo', arguments: {} }
      for (const reply of [
        await session.request('tools/call', call, { id: long, ...unchecked }),
        await client().request('tools/call', call, { id: long, ...unchecked }),
        await listen(await serve(t), { toolsListChanged: true }, { id: long }),
      ]) {
        assert.deepEqual([reply.status, reply.error.code], [400, -32600])
        assert.match(reply.error.message, /at most 1024 characters/)
        assert.ok(JSON.stringify(reply.error).length < 500)
      }
      const meta = { progressToken: long }
      for (const reply of [
        await session.call('log', {}, { meta, ...unchecked }),
        await client().call('log', {}, { meta, ...unchecked }),
      ]) {
        assert.deepEqual([reply.status, reply.error.code], [400, -32602])
        assert.match(reply.error.message, /"progressToken" must have at most 1024 characters/)
      }
      const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
      const batch = [
        { ...ping, id: long },
        { ...ping, params: { _meta: meta } },
        { ...ping, id: 3 },
      ]
      const answers = (await old.send(batch, unchecked)).json
      assert.deepEqual(
        answers.map(({ id, error }: WireJson) => [id, error?.code]),
        [
          [undefined, -32600],
          [1, -32602],
          [3, undefined],
        ],
      )
    },
  },
  {
    kept: 'sessions',
    options: ['sessions.max'],
    async run(t) {
      const fixture = await serve(t, { sessions: { max: 10 } })
      for (let n = 0; n < 40; n++)
        assert.equal((await post(fixture.url, initialize({ name: `c${n}` }))).status, 200)
      assert.equal(fixture.stats().sessions, 10)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'sessions of one principal',
    options: ['sessions.maxPerPrincipal'],
    async run(t) {
      const fixture = await serve(t, { auth, sessions: { maxPerPrincipal: 3 } })
      for (let n = 0; n < 10; n++) await TestSession.open(fixture.url, as('greedy'))
      assert.equal(fixture.stats().sessions, 3)
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
  {
    kept: 'sessions that are taken up from their ids, and the ids that ended',
    options: ['sessions.max', 'sessions.maxPerPrincipal'],
    async run(t) {
      const keys = ['k'.repeat(32)]
      const fixture = await serve(t, { auth, sessions: { keys, max: 5, maxPerPrincipal: 3 } })
      const ids: RequestHeaders[] = []
      for (let n = 0; n < 20; n++) ids.push((await TestSession.open(fixture.url, as('greedy'))).headers)
      const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
      for (const headers of [...ids, ...ids]) {
        assert.equal((await post(fixture.url, ping, headers)).status, 200)
        assert.ok(fixture.stats().sessions <= 3)
      }
      // Whatever ended is remembered, up to 65 536 ids of a few characters: test/session-era/sealed-ids.test.ts.
      for (const headers of ids) assert.equal((await del(fixture.url, headers)).status, 200)
      for (const headers of ids) assert.equal((await post(fixture.url, ping, headers)).status, 404)
      assert.deepEqual([fixture.stats().sessions, fixture.stats().sessionBytes], [0, 0])
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
  {
    kept: 'what clients say of themselves',
    options: ['sessions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 100_000
      const fixture = await serve(t, { sessions: { maxTotalBytes } })
      for (let n = 0; n < 30; n++) {
        await post(fixture.url, initialize({ name: `c${n}`, title: 'x'.repeat(5000) }))
        assert.ok(fixture.stats().sessionBytes <= maxTotalBytes)
      }
      const tooLong = await post(fixture.url, initialize({ title: 'x'.repeat(20_000) }))
      assert.equal(tooLong.json.error.code, -32602)
      assert.match(tooLong.json.error.message, /above the limit of 16384/)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'subscriptions of a session: their number, and the length of a URI',
    options: ['maxSubscriptionsPerSession'],
    async run(t) {
      const fixture = await serve(t, { maxSubscriptionsPerSession: 5 })
      const session = await TestSession.open(fixture.url)
      const subscribe = (uri: string) => session.request('resources/subscribe', { uri })
      assert.equal((await subscribe(memo('long', 9000))).error.code, -32602)
      const { taken, refusal } = await untilRefused(20, (n) => subscribe(memo(`${n}`)))
      assert.equal(taken, 5)
      assert.deepEqual([refusal.status, refusal.error.code], [429, -32000])
      assert.match(refusal.error.message, /the limit of maxSubscriptionsPerSession/)
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'subscriptions of sessions: their bytes',
    options: ['sessions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 320_000
      const fixture = await serve(t, { sessions: { maxTotalBytes } })
      const { url, stats } = fixture
      for (let client = 0; client < 30; client++) {
        const session = await TestSession.open(url)
        const send = (n: number) =>
          session.request('resources/subscribe', { uri: memo(`${client}/${n}`, 4000) })
        const { taken, refusal } = await untilRefused(20, send)
        assert.ok(taken <= 3)
        assert.match(refusal.error.message, /sessions\.maxTotalBytes/)
        assert.ok(stats().sessionBytes <= maxTotalBytes)
      }
      await assertOthersAreServed(fixture)
    },
  },
  {
    kept: 'streams of news: their number',
    options: ['subscriptions.max', 'subscriptions.maxPerPrincipal'],
    async run(t) {
      const fixture = await serve(t, { auth, subscriptions: { max: 5, maxPerPrincipal: 2 } })
      const filter = { toolsListChanged: true }
      const greedy = await untilRefused(20, () => listen(fixture, filter, as('greedy')))
      assert.deepEqual([greedy.taken, greedy.refusal.status], [2, 429])
      const others = await untilRefused(20, (n) => listen(fixture, filter, as(`other-${n}`)))
      assert.deepEqual([others.taken, others.refusal.status], [3, 503])
      await assertOthersAreServed(fixture, as('another').headers)
    },
  },
  {
    kept: 'streams of news: what they name, and their bytes',
    options: ['subscriptions.maxResources', 'subscriptions.maxTotalBytes'],
    async run(t) {
      const maxTotalBytes = 320_000
      const fixture = await serve(t, { subscriptions: { maxResources: 10, maxTotalBytes } })
      const naming = (uris: readonly string[]) => listen(fixture, { resourceSubscriptions: uris })
      const tooMany = await naming(Array.from({ length: 11 }, (_, n) => memo(`${n}`)))
      assert.deepEqual([tooMany.status, tooMany.error.code], [400, -32602])
      assert.equal((await naming([memo('long', 9000)])).error.code, -32602)
      const greedy = await naming(Array.from({ length: 6 }, (_, n) => memo(`${n}`, 4000)))
      assert.deepEqual([greedy.status, greedy.error.code], [429, -32000])
      const all = await untilRefused(60, (n) => naming([memo(`${n}`, 8000)]))
      assert.equal(all.refusal.status, 503)
      assert.match(all.refusal.error.message, /subscriptions\.maxTotalBytes/)
      assert.ok(fixture.stats().subscriptionBytes <= maxTotalBytes)
      await assertOthersAreServed(fixture)
      assert.equal((await listen(fixture, { toolsListChanged: true })).status, 200)
    },
  },
  {
    kept: 'tasks and their results',
    options: ['tasks.max', 'tasks.maxPerPrincipal', 'tasks.maxBytes'],
    async run(t) {
      for (const [limits, left] of [
        [{ max: 4 }, 4],
        [{ maxPerPrincipal: 3 }, 3],
        [{ maxBytes: 60_000 }, 5],
      ] as const) {
        const fixture = await serve(t, { auth, tasks: limits })
        const greedy = new TaskClient(fixture.url, as('greedy'))
        const ids: string[] = []
        for (let n = 0; n < 12; n++) {
          const id = await greedy.begin('task')
          await greedy.until(id, 'completed')
          ids.push(id)
        }
        const found = await Promise.all(ids.map((id) => greedy.get(id)))
        assert.equal(found.filter(({ error }) => error === undefined).length, left)
        await assertOthersAreServed(fixture, as('other').headers)
      }
    },
  },
  {
    kept: 'events for clients that come back',
    options: ['replay.maxEvents', 'replay.maxBytes', 'replay.maxTotalBytes'],
    async run(t) {
      for (const [replay, most] of [
        [{ maxEvents: 3 }, 64 * 3 * 1200],
        [{ maxBytes: 5000 }, 64 * 5000],
        [{ maxTotalBytes: 40_000, maxBytes: 30_000 }, 40_000],
      ] as const) {
        const fixture = await serve(t, { replay })
        const session = await TestSession.open(fixture.url)
        for (let n = 0; n < 80; n++) await session.call('log')
        const { replayBytes } = fixture.stats()
        assert.ok(replayBytes > 0 && replayBytes <= most, `${replayBytes} of ${most}`)
        await assertOthersAreServed(fixture)
      }
    },
  },
  {
    kept: 'streams that have ended, beside their events',
    options: [],
    async run(t) {
      const { url } = await serve(t)
      const session = await TestSession.open(url)
      const ids: string[] = []
      for (let n = 0; n < 70; n++) ids.push((await session.call('log')).events[0]?.id ?? '')
      const resume = async (id: string | undefined) =>
        await get(url, { ...session.headers, 'last-event-id': id }).then(
          ({ status }) => status,
          () => 200,
        )
      assert.deepEqual([await resume(ids[0]), await resume(ids[5]), await resume(ids[6])], [400, 400, 200])
    },
  },
  {
    kept: 'questions of a session that its client does not answer',
    options: [],
    async run(t) {
      const { url } = await serve(t)
      const capabilities = { roots: {} }
      const session = await TestSession.open(url, { capabilities, onRequest: () => undefined })
      assert.equal((await session.call('ask')).result.content[0].text, '256')
    },
  },
  {
    kept: 'what ctx.once has done',
    options: [],
    async run(t) {
      const fixture = await serve(t, { auth })
      const { client } = fixture
      const params = { name: 'once', arguments: {} }
      const begin = async (token: string) => {
        const { requestState } = (await client(as(token)).request('tools/call', params)).result
        return { ...params, requestState }
      }
      const end = async (token: string, state: object) => await client(as(token)).request('tools/call', state)
      const [early, first] = [await begin('other'), await begin('greedy')]
      const { result } = await end('greedy', first)
      assert.deepEqual((await end('greedy', first)).result, result)
      // Each call counts two, itself and its key; one principal has 2000.
      for (let n = 0; n < 1000; n++) await end('greedy', await begin('greedy'))
      const { error } = await end('greedy', first)
      assert.equal(error.code, -32602)
      assert.match(error.message, /^The requestState has expired/)
      assert.equal((await end('other', early)).error, undefined)
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
  {
    kept: 'nothing of a log level that is none, of a cursor, of the state of a call',
    options: ['requestState.maxLength'],
    async run(t) {
      const { url, client } = await serve(t)
      const session = await TestSession.open(url)
      const long = 'A'.repeat(1_000_000)
      const level = await session.request('logging/setLevel', { level: long }, unchecked)
      const cursor = await session.request('tools/list', { cursor: long })
      const params = { name: 'echo', arguments: {}, requestState: long, inputResponses: {} }
      const state = await client().request('tools/call', params)
      for (const { error } of [level, cursor, state]) {
        assert.equal(error.code, -32602)
        assert.ok(error.message.length < 500)
      }
    },
  },
  {
    kept: 'Accept values that were seen before, and callers whose rate is limited',
    options: [],
    async run(t) {
      setFlagsFromString('--expose-gc')
      const collect: () => void = runInNewContext('gc')
      const heapUsed = () => {
        for (let times = 0; times < 5; times++) collect()
        return process.memoryUsage().heapUsed
      }
      const { client } = await serve(t, { auth })
      const ask = async (n: number) => {
        const padding = `${n}`.padEnd(7000, 'x')
        const accept = `application/json, text/event-stream, x/${padding}`
        const headers = { accept, authorization: `Bearer ${padding}` }
        assert.equal((await client({ headers }).request('tools/list')).status, 200)
      }
      for (let n = 0; n < 50; n++) await ask(n)
      const before = heapUsed()
      for (let n = 50; n < 400; n++) await ask(n)
      const grown = heapUsed() - before
      assert.ok(grown < (350 * 7000) / 2, `${grown} bytes after 350 callers with texts of 14 kB`)
    },
  },
]

for (const { kept, options, run } of rows) {
  test(`kept and bounded: ${kept}${options.length === 0 ? '' : ` (${options.join(', ')})`}`, run)
}

test('every option that limits what is remembered has a row', () => {
  const { sessionEra, statelessEra, tasks } = checkOptions({})
  const groups: { readonly [prefix: string]: object | undefined } = {
    '': sessionEra,
    'sessions.': sessionEra.sessions,
    'replay.': sessionEra.replay,
    'subscriptions.': statelessEra.subscriptions,
    'tasks.': tasks.store,
    'requestState.': statelessEra.requestState,
  }
  /** Of what is being served, and of no interest once it was. */
  const ofRequests = /^max(?:InFlight|Batch|StreamBuffer|Body)/
  const limits = Object.entries(groups).flatMap(([prefix, group]) =>
    Object.keys(group ?? {})
      .filter((name) => name.startsWith('max') && name !== 'maxAgeMs' && !ofRequests.test(name))
      .map((name) => prefix + name),
  )
  const inRows = new Set(rows.flatMap(({ options }) => options))
  assert.deepEqual(
    limits.filter((name) => !inRows.has(name)),
    [],
  )
  assert.ok(limits.length >= 15, `only ${limits.join(', ')}`)
})
