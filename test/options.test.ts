/** Options: every one with wrong values, refused at construction by name; the defaults; what is read of the rest. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMcpHandler, type HandlerOptions, McpServer, type ServeOptions, serve } from '../src/index.ts'
import { checkOptions } from '../src/options.ts'
import { MemoryStore } from '../src/store/memory-store.ts'

const newServer = () => new McpServer({ name: 'options-test', version: '1' })

/** Wrong values have no type of ours. */
const given = (options: object) => options as HandlerOptions

const counts = [
  'maxBodyBytes',
  'maxBodyDepth',
  'maxBodyValues',
  'maxBatch',
  'maxStreamBufferBytes',
  'maxInFlightPerSession',
  'maxInFlight',
  'maxSubscriptionsPerSession',
]
const times = ['keepAliveMs', 'sseAfterMs', 'disconnectGraceMs', 'requestTimeoutMs', 'elicitTimeoutMs']
const nestedCounts = {
  sessions: ['max', 'maxPerPrincipal', 'maxTotalBytes'],
  replay: ['maxEvents', 'maxBytes', 'maxTotalBytes'],
  subscriptions: ['max', 'maxPerPrincipal', 'maxResources', 'maxTotalBytes'],
  requestState: ['maxLength'],
  tasks: ['max', 'maxPerPrincipal', 'maxBytes'],
}
const nestedTimes = {
  sessions: ['idleTimeoutMs', 'lifetimeMs'],
  replay: ['ttlMs', 'retryMs'],
  subscriptions: ['maxAgeMs'],
  requestState: ['ttlMs'],
  tasks: ['ttlMs', 'pollIntervalMs'],
}

const wrongCounts = [0, -1, 1.5, Number.NaN, '5', null, true, {}]
const wrongTimes = [-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, '5', null, true, {}]
const verify = () => undefined
const taskStore = { create: verify, read: verify, update: verify, delete: verify }

const wrong: readonly (readonly [name: string, options: object])[] = [
  ...counts.flatMap((name) => wrongCounts.map((value) => [name, { [name]: value }] as const)),
  ...times.flatMap((name) => wrongTimes.map((value) => [name, { [name]: value }] as const)),
  ...nested(nestedCounts, wrongCounts),
  ...nested(nestedTimes, wrongTimes),
  ...['mcp', '', 5, null, '/mcp?a=1', '/mcp#a'].map((path) => ['path', { path }] as const),
  ...[[], 'localhost', [5], ['http://localhost'], ['a/b']].map(
    (allowedHosts) => ['allowedHosts', { allowedHosts }] as const,
  ),
  ...['https://a.example', [5], ['a.example'], ['https://a.example/path'], ['null']].map(
    (allowedOrigins) => ['allowedOrigins', { allowedOrigins }] as const,
  ),
  ...[null, true, 'token'].map((auth) => ['auth', { auth }] as const),
  ['auth.verify', { auth: {} }],
  ['auth.verify', { auth: { verify: 'yes' } }],
  ['auth.resourceMetadata', { auth: { verify, resourceMetadata: '/relative' } }],
  ['auth.resourceMetadata', { auth: { verify, resourceMetadata: 'https://a.example/ü' } }],
  ['auth.resourceMetadata', { auth: { verify, resourceMetadata: 5 } }],
  ['auth.requiredScopes', { auth: { verify, requiredScopes: 'read' } }],
  ['auth.requiredScopes', { auth: { verify, requiredScopes: ['two words'] } }],
  ['auth.requiredScopes', { auth: { verify, requiredScopes: [''] } }],
  ['auth.scopes', { auth: { verify, scopes: [] } }],
  ...[null, true, 5].map((sessions) => ['sessions', { sessions }] as const),
  ['sessions.missingId', { sessions: { missingId: 'ignore' } }],
  ['sessions.idleTimeout', { sessions: { idleTimeout: 5 } }],
  ...[null, true, 5].map((replay) => ['replay', { replay }] as const),
  ['replay.max', { replay: { max: 5 } }],
  ...[[], 'session', ['legacy'], [5], null].map((eras) => ['eras', { eras }] as const),
  ...[null, true, 5].map((subscriptions) => ['subscriptions', { subscriptions }] as const),
  ['subscriptions.maxAge', { subscriptions: { maxAge: 5 } }],
  ...[null, true, 5].map((requestState) => ['requestState', { requestState }] as const),
  ...[[], ['short'], 'a secret of more than enough characters, but no array', 5, null].map(
    (keys) => ['requestState.keys', { requestState: { keys } }] as const,
  ),
  ...[
    [],
    ['short'],
    [new Uint8Array(31)],
    [5],
    'a secret of more than enough characters, but no array',
    5,
    null,
  ].map((keys) => ['sessions.keys', { sessions: { keys } }] as const),
  ['requestState.key', { requestState: { key: 'secret' } }],
  ...[null, true, 5].map((tasks) => ['tasks', { tasks }] as const),
  ['tasks.poll', { tasks: { poll: 5 } }],
  ['tasks.ttlMs', { tasks: { ttlMs: 1.5 } }],
  ['tasks.store', { tasks: { store: 'redis' } }],
  ['tasks.store.create', { tasks: { store: {} } }],
  ['tasks.max', { tasks: { max: 5, store: taskStore } }],
  ['tasks.maxBytes', { tasks: { maxBytes: 5 }, store: new MemoryStore() }],
  ...['yes', 1, null].map((serverInfo) => ['serverInfo', { serverInfo }] as const),
  ...['yes', 1, null].map((strictAccept) => ['strictAccept', { strictAccept }] as const),
  ...['tolerate', true, null].map((duplicateIds) => ['duplicateIds', { duplicateIds }] as const),
  ...['onSessionOpened', 'onSessionClosed', 'onRejected'].flatMap((hook) =>
    ['log', true, null].map((value) => [hook, { [hook]: value }] as const),
  ),
  ...[null, true, 5, 'none', []].map((rateLimit) => ['rateLimit', { rateLimit }] as const),
  ['rateLimit.perSecond', { rateLimit: { burst: 5 } }],
  ['rateLimit.burst', { rateLimit: { perSecond: 5 } }],
  ['rateLimit.per', { rateLimit: { perSecond: 5, burst: 5, per: 'call' } }],
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', null].map(
    (perSecond) => ['rateLimit.perSecond', { rateLimit: { perSecond, burst: 5 } }] as const,
  ),
  ...[...wrongCounts, Number.POSITIVE_INFINITY].map(
    (burst) => ['rateLimit.burst', { rateLimit: { perSecond: 5, burst } }] as const,
  ),
  ['keepAlive', { keepAlive: 5 }],
  ...[null, true, 5, 'slow'].map((messageRate) => ['messageRate', { messageRate }] as const),
  ['messageRate.perMinute', { messageRate: { perMinute: 5 } }],
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', null].map(
    (perSecond) => ['messageRate.perSecond', { messageRate: { perSecond } }] as const,
  ),
  ...[0, -1, 1.5, Number.POSITIVE_INFINITY, '5', null].map(
    (burst) => ['messageRate.burst', { messageRate: { burst } }] as const,
  ),
  ['MaxBatch', { MaxBatch: 5 }],
  ['constructor', { constructor: 5 }],
]

function nested(names: { readonly [group: string]: readonly string[] }, values: readonly unknown[]) {
  return Object.entries(names).flatMap(([group, members]) =>
    members.flatMap((name) =>
      values.map((value) => [`${group}.${name}`, { [group]: { [name]: value } }] as const),
    ),
  )
}

test('a wrong value or an unknown name throws a TypeError that names the option', () => {
  for (const [name, options] of wrong) {
    const names = (error: unknown) =>
      error instanceof TypeError &&
      new RegExp(`(^|[ "])${name.replaceAll('.', '\\.')}\\b`).test(error.message)
    assert.throws(() => createMcpHandler(newServer(), given(options)), names, JSON.stringify([name, options]))
  }
})

test('an unknown name of an option is refused with the one that was meant, of serve and of the handler', async () => {
  const rows: [object, string][] = [
    [{ allowedHost: ['a'] }, '"allowedHost": did you mean "allowedHosts"?'],
    [{ origins: ['a'] }, '"origins": did you mean "allowedOrigins"?'],
    [{ sessionIdGenerator: undefined }, '"sessionIdGenerator": did you mean "sessions"?'],
    [{ eventStore: {} }, '"eventStore": did you mean "replay"?'],
    [
      { sessions: { maxPerPrincipl: 5 } },
      '"sessions.maxPerPrincipl": did you mean "sessions.maxPerPrincipal"?',
    ],
    [{ sessions: { ttl: 5 } }, '"sessions.ttl": did you mean "sessions.idleTimeoutMs"?'],
    [{ sessions: { maxSessions: 5 } }, '"sessions.maxSessions": did you mean "sessions.max"?'],
    [{ auth: { verify, scopes: [] } }, '"auth.scopes": did you mean "auth.requiredScopes"?'],
    [{ rateLimit: { perSecond: 1, bursts: 1 } }, '"rateLimit.bursts": did you mean "rateLimit.burst"?'],
    [{ colour: 'red' }, '"colour"'],
    [{ onError: () => {} }, '"onError": it is an option of McpServer'],
  ]
  for (const [options, problem] of rows) {
    const expected = { name: 'TypeError', message: `There is no option ${problem}` }
    assert.throws(() => createMcpHandler(newServer(), given(options)), expected)
    await assert.rejects(serve(newServer(), { port: 0, ...options }), expected)
  }
  assert.throws(() => createMcpHandler(newServer(), given({ port: 3000 })), {
    message: 'There is no option "port": it is an option of serve()',
  })
  for (const [name, right] of [
    ['prot', 'port'],
    ['hostname', 'host'],
  ]) {
    await assert.rejects(serve(newServer(), { port: 0, [name as string]: 'x' }), {
      message: `There is no option "${name}": did you mean "${right}"?`,
    })
  }
})

test('options that are not an object throw a TypeError', () => {
  for (const options of [null, 5, 'options', true]) {
    assert.throws(() => createMcpHandler(newServer(), options as unknown as HandlerOptions), {
      name: 'TypeError',
      message: /options must be an object/,
    })
  }
})

test('the defaults are the documented ones', () => {
  const MiB = 1024 * 1024
  const { sessionEra, statelessEra, tasks, ...common } = checkOptions({})
  assert.deepEqual(common, {
    path: undefined,
    allowedHosts: undefined,
    allowedOrigins: undefined,
    auth: undefined,
    httpSse: undefined,
    eras: new Set(['session', 'stateless']),
    maxBodyBytes: 4 * MiB,
    maxTotalBodyBytes: 256 * MiB,
    maxPipelined: 128,
    maxUnreadBytes: 1 * MiB,
    inFlight: { maxInFlight: 10_000, maxInFlightPerPrincipal: 1024 },
    bodyLimits: { maxDepth: 512, maxValues: 500_000 },
    strictAccept: false,
    trustProxy: false,
    page: true,
    rateLimit: { perSecond: 10_000, burst: 100_000 },
    onRejected: undefined,
    store: undefined,
  })
  assert.deepEqual(sessionEra, {
    maxBatch: 100,
    maxStreamBufferBytes: 1 * MiB,
    maxInFlightPerSession: 256,
    maxSubscriptionsPerSession: 1000,
    keepAliveMs: 15_000,
    sseAfterMs: 5000,
    disconnectGraceMs: 30_000,
    requestTimeoutMs: 60_000,
    elicitTimeoutMs: 600_000,
    sessions: {
      max: 10_000,
      maxPerPrincipal: 1000,
      maxTotalBytes: 64 * MiB,
      idleTimeoutMs: 1_800_000,
      lifetimeMs: 604_800_000,
      keys: undefined,
      missingId: 'reject',
    },
    replay: { maxEvents: 256, maxBytes: 1 * MiB, maxTotalBytes: 64 * MiB, ttlMs: 300_000, retryMs: 1000 },
    duplicateIds: 'accept',
    messageRate: { perSecond: 10_000, burst: 100_000 },
    onSessionOpened: undefined,
    onSessionClosed: undefined,
  })
  assert.deepEqual(tasks, {
    ttlMs: 3_600_000,
    pollIntervalMs: 1000,
    store: { max: 10_000, maxPerPrincipal: 100, maxBytes: 64 * MiB },
  })
  assert.deepEqual(statelessEra, {
    keepAliveMs: 15_000,
    sseAfterMs: 5000,
    maxStreamBufferBytes: 1 * MiB,
    messageRate: { perSecond: 10_000, burst: 100_000 },
    subscriptions: {
      max: 10_000,
      maxPerPrincipal: 100,
      maxResources: 1000,
      maxTotalBytes: 64 * MiB,
      maxAgeMs: 0,
    },
    requestState: { ttlMs: 900_000, maxLength: 65_536 },
    serverInfo: true,
    supported: ['2026-07-28'],
  })
})

test('0 turns every time limit off, Infinity every count and size', () => {
  const groups = ['sessions', 'replay', 'subscriptions', 'requestState', 'tasks'] as const
  const options: { [name: string]: unknown } = Object.fromEntries(groups.map((group) => [group, {}]))
  const set = (target: object, names: readonly string[], value: number) => {
    for (const name of names) Object.assign(target, { [name]: value })
  }
  set(options, counts, Number.POSITIVE_INFINITY)
  set(options, times, 0)
  for (const group of groups) {
    set(options[group] as object, nestedCounts[group], Number.POSITIVE_INFINITY)
    set(options[group] as object, nestedTimes[group], 0)
  }
  const { sessionEra, statelessEra, tasks, maxBodyBytes, bodyLimits } = checkOptions(given(options))
  const { subscriptions, requestState } = statelessEra
  const numbers = [
    ...Object.values({ ...sessionEra, ...sessionEra.sessions, ...sessionEra.replay }),
    ...Object.values({ ...subscriptions, ...requestState, ...tasks, ...tasks.store }),
    maxBodyBytes,
    ...Object.values(bodyLimits),
  ]
  for (const value of numbers.filter((each) => typeof each === 'number')) {
    assert.ok(value === 0 || value === Number.POSITIVE_INFINITY)
  }
})

test('rateLimit false is no limit', () => {
  assert.equal(checkOptions({ rateLimit: false }).rateLimit, undefined)
  const rate = { perSecond: 0.5, burst: 1 }
  assert.deepEqual(checkOptions({ rateLimit: rate }).rateLimit, rate)
})

test('an option that is undefined has its default', () => {
  const names = [
    ...counts,
    ...times,
    'path',
    'auth',
    'sessions',
    'replay',
    'strictAccept',
    'duplicateIds',
    'rateLimit',
    'onRejected',
  ]
  const options = Object.fromEntries(names.map((name) => [name, undefined]))
  assert.deepEqual(checkOptions(given(options)), checkOptions({}))
})

test('sessions and replay can be switched off, and without sessions nothing is kept for replay', () => {
  assert.equal(checkOptions({ sessions: false }).sessionEra.sessions, undefined)
  assert.equal(checkOptions({ sessions: false }).sessionEra.replay, undefined)
  assert.equal(checkOptions({ replay: false }).sessionEra.replay, undefined)
})

test('a final slash of path does not count, except where it is all there is', () => {
  assert.equal(checkOptions({ path: '/mcp/' }).path, '/mcp')
  assert.equal(checkOptions({ path: '/' }).path, '/')
})

test('serve names its own wrong options, and those of the handler', async () => {
  const rows: readonly (readonly [name: string, options: object])[] = [
    ...[-1, 65_536, 1.5, '80x', '', ' ', '65536', null, Number.NaN].map(
      (port) => ['port', { port }] as const,
    ),
    ...[5, '', null].map((host) => ['host', { host }] as const),
    ['path', { path: 'mcp' }],
    ['hostname', { hostname: 'localhost' }],
    ['maxBatch', { maxBatch: 0 }],
  ]
  for (const [name, options] of rows) {
    const names = (error: unknown) => error instanceof TypeError && error.message.includes(name)
    await assert.rejects(serve(newServer(), options as ServeOptions), names, JSON.stringify(options))
  }
})

test('close names a wrong drainMs, and can be called rightly afterwards', async () => {
  const handler = createMcpHandler(newServer())
  const serving = await serve(newServer(), { port: 0 })
  for (const drainMs of [-1, Number.POSITIVE_INFINITY, Number.NaN, '5' as unknown as number]) {
    await assert.rejects(handler.close({ drainMs }), { name: 'TypeError', message: /drainMs/ })
    await assert.rejects(serving.close({ drainMs }), { name: 'TypeError', message: /drainMs/ })
  }
  await handler.close()
  await serving.close()
})
