/** Admission of a POST: each check alone, the order of those that fail together, and what is not looked at. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statelessRevision } from '../../helpers/stateless-client.ts'
import { post, type RequestHeaders, raw } from '../../helpers/wire.ts'
import { serving } from '../serving.ts'

const version = 'io.modelcontextprotocol/protocolVersion'
const capabilities = 'io.modelcontextprotocol/clientCapabilities'
const clientInfo = 'io.modelcontextprotocol/clientInfo'
const logLevel = 'io.modelcontextprotocol/logLevel'

interface Row {
  readonly what: string
  readonly requirements?: readonly string[]
  /** Status and code; a pass is 200 without a code. */
  readonly expected: readonly [number, number?]
  readonly method?: string
  readonly params?: object
  readonly meta?: { readonly [key: string]: unknown }
  readonly headers?: RequestHeaders
}

const named = { method: 'tools/call', params: { name: 'echo' } } as const

const rows: readonly Row[] = [
  { what: 'a full envelope', expected: [200] },
  {
    what: 'no protocolVersion in the envelope',
    requirements: ['stateless.envelope', 'stateless.envelope-status'],
    expected: [400, -32602],
    meta: { [version]: undefined },
  },
  { what: 'a protocolVersion that is no string', expected: [400, -32602], meta: { [version]: 20260728 } },
  {
    what: 'no clientCapabilities',
    requirements: ['stateless.envelope', 'stateless.envelope-status'],
    expected: [400, -32602],
    meta: { [capabilities]: undefined },
  },
  { what: 'clientCapabilities null', expected: [400, -32602], meta: { [capabilities]: null } },
  { what: 'clientCapabilities an array', expected: [400, -32602], meta: { [capabilities]: [] } },
  { what: 'no clientInfo', expected: [200], meta: { [clientInfo]: undefined } },
  { what: 'a clientInfo without a version', expected: [400, -32602], meta: { [clientInfo]: { name: 'x' } } },
  { what: 'a logLevel', expected: [200], meta: { [logLevel]: 'warning' } },
  {
    what: 'a logLevel that does not exist',
    requirements: ['stateless.logging-level'],
    expected: [400, -32602],
    meta: { [logLevel]: 'verbose' },
  },
  {
    what: 'keys of _meta that nobody knows',
    requirements: ['stateless.meta-unknown'],
    expected: [200],
    meta: { 'com.example/x': 7, 'io.modelcontextprotocol/subscriptionId': [null], __proto__x: {} },
  },
  {
    what: 'no version header',
    requirements: ['stateless.version-header', 'stateless.codes-meaning'],
    expected: [400, -32020],
    headers: { 'mcp-protocol-version': undefined },
  },
  {
    what: 'a version header that says another version',
    requirements: ['stateless.version-header', 'stateless.mismatch-400', 'stateless.mismatch-code'],
    expected: [400, -32020],
    headers: { 'mcp-protocol-version': '2025-11-25' },
  },
  {
    what: 'a version that nobody serves, in both places',
    requirements: ['stateless.version-unsupported', 'stateless.version-400', 'stateless.codes-meaning'],
    expected: [400, -32022],
    meta: { [version]: '2099-01-01' },
    headers: { 'mcp-protocol-version': '2099-01-01' },
  },
  {
    what: 'no Mcp-Method',
    requirements: ['stateless.standard-headers'],
    expected: [400, -32020],
    headers: { 'mcp-method': undefined },
  },
  {
    what: 'an Mcp-Method of another method',
    requirements: ['stateless.mismatch'],
    expected: [400, -32020],
    headers: { 'mcp-method': 'tools/call' },
  },
  {
    what: 'an Mcp-Method in another case',
    requirements: ['stateless.case'],
    expected: [400, -32020],
    headers: { 'mcp-method': 'Tools/List' },
  },
  { what: 'a named tool', expected: [200], ...named },
  {
    what: 'no Mcp-Name',
    requirements: ['stateless.standard-headers'],
    expected: [400, -32020],
    ...named,
    headers: { 'mcp-name': undefined },
  },
  {
    what: 'an Mcp-Name of another tool',
    requirements: ['stateless.mismatch'],
    expected: [400, -32020],
    ...named,
    headers: { 'mcp-name': 'hold' },
  },
  { what: 'an Mcp-Name in another case', expected: [400, -32020], ...named, headers: { 'mcp-name': 'Echo' } },
  { what: 'an Mcp-Name where none belongs', expected: [200], headers: { 'mcp-name': 'whatever' } },
  {
    what: 'a call without a name, which has no header to repeat',
    expected: [200, -32602],
    method: 'tools/call',
    params: {},
  },
  {
    what: 'a method that does not exist',
    requirements: ['stateless.method-404'],
    expected: [404, -32601],
    method: 'tools/destroy',
  },
  ...['ping', 'logging/setLevel', 'resources/subscribe', 'initialize', '__proto__', 'constructor'].map(
    (method) => ({
      what: `the method ${method}, which this revision has not`,
      expected: [404, -32601] as const,
      method,
    }),
  ),
  { what: 'an Accept that excludes both forms', expected: [406, -32000], headers: { accept: 'text/html' } },
  { what: 'an Accept of JSON only', expected: [200], headers: { accept: 'application/json' } },
  { what: 'an Accept of streams only', expected: [200], headers: { accept: 'text/event-stream' } },
  {
    what: 'a session id and a last event id',
    requirements: ['stateless.session-id-ignored', 'stateless.last-event-id-ignored'],
    expected: [200],
    headers: { 'mcp-session-id': 'from-earlier-times', 'last-event-id': 'abc_7' },
  },
]

for (const { what, expected, method = 'tools/list', params, meta, headers } of rows) {
  test(`admission: ${what} gives ${expected.join(' and ')}`, async (t) => {
    const { client } = await serving(t)
    const reply = await client().request(method, params, {
      check: false,
      id: 'an id',
      ...(meta && { meta }),
      ...(headers && { headers }),
    })
    assert.deepEqual([reply.status, reply.error?.code], [expected[0], expected[1]], reply.text)
    assert.equal(reply.id, 'an id')
    assert.equal(reply.headers['mcp-session-id'], undefined)
  })
}

/** Each step of the list in admit.ts as one fault of a request; a request with several gets the first one's answer. */
const steps: readonly {
  readonly code: number
  readonly status: number
  readonly meta?: object
  readonly headers?: RequestHeaders
  readonly method?: string
}[] = [
  { status: 400, code: -32602, meta: { [capabilities]: 'none' } },
  { status: 400, code: -32020, headers: { 'mcp-protocol-version': '2026-07-29' } },
  { status: 400, code: -32022, meta: { [version]: '2099-01-01' } },
  { status: 400, code: -32020, headers: { 'mcp-method': 'server/discover' } },
  { status: 404, code: -32601, method: 'nothing/here' },
  { status: 406, code: -32000, headers: { accept: 'image/png' } },
]

test('admission: of checks that fail together, the first of the list answers', async (t) => {
  const { client, refusals } = await serving(t)
  for (let first = 0; first < steps.length; first++) {
    const faults = steps.slice(first)
    // An unsupported version must be said in both places, or it is a mismatch.
    const spoken = first === 2 ? { 'mcp-protocol-version': '2099-01-01' } : {}
    const reply = await client().request(
      faults.find(({ method }) => method)?.method ?? 'tools/list',
      undefined,
      {
        check: false,
        meta: Object.assign({}, ...faults.map(({ meta }) => meta)),
        headers: Object.assign(
          {},
          ...faults.map(({ headers }) => headers),
          first === 1 ? steps[1]?.headers : spoken,
        ),
      },
    )
    assert.deepEqual(
      [reply.status, reply.error.code],
      [faults[0]?.status, faults[0]?.code],
      `step ${first + 2}`,
    )
  }
  assert.equal(refusals.length, steps.length)
})

test('an unsupported version is answered with what was asked for and what is served [stateless.version-unsupported]', async (t) => {
  const { client } = await serving(t)
  const { error } = await client().request('tools/list', undefined, {
    meta: { [version]: '1900-01-01' },
    headers: { 'mcp-protocol-version': '1900-01-01' },
    check: false,
  })
  assert.deepEqual(error.data, { supported: [statelessRevision], requested: '1900-01-01' })
  assert.match(error.message, /1900-01-01.*2026-07-28/)
})

test('messages of refusals name the header or the member, what came and what was expected', async (t) => {
  const { client } = await serving(t)
  const said = async (method: string, options: object, params?: object) =>
    (await client().request(method, params, { check: false, ...options })).error.message
  assert.match(
    await said('tools/call', { headers: { 'mcp-name': 'foo' } }, { name: 'echo' }),
    /Mcp-Name header says "foo", the body says "echo"/,
  )
  assert.match(
    await said('tools/list', { headers: { 'mcp-method': undefined } }),
    /Mcp-Method header is missing/,
  )
  assert.match(
    await said('tools/list', { meta: { [capabilities]: 7 } }),
    /clientCapabilities.*object.*number/,
  )
  assert.match(await said('nothing', {}), /"nothing".*2026-07-28/)
})

test('a body is one request or notification: arrays, responses and other JSON are refused [stateless.one-message] [stateless.unacceptable-status] [stateless.error-form]', async (t) => {
  const { url, client } = await serving(t)
  const request = client().message('tools/list')
  const headers = client().headers(request)
  const bad: readonly unknown[] = [
    [request],
    [],
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: null, method: 'tools/list' },
    { jsonrpc: '2.0', id: 1.5, method: 'tools/list' },
    { jsonrpc: '1.0', id: 1, method: 'tools/list' },
    { jsonrpc: '2.0', id: 1 },
    { jsonrpc: '2.0', method: 7 },
    null,
    7,
    'text',
  ]
  for (const body of bad) {
    const reply = await post(url, JSON.stringify(body), headers)
    assert.deepEqual([reply.status, reply.json?.error.code], [400, -32600], JSON.stringify(body))
  }
  const broken = await post(url, '{"jsonrpc":', headers)
  assert.deepEqual([broken.status, broken.json.error.code, 'id' in broken.json], [400, -32700, false])
})

test('ids of every form come back exactly, in results and in errors [stateless.response-id] [stateless.error-id]', async (t) => {
  const { client } = await serving(t)
  for (const id of [0, -1, 2 ** 53 - 1, '', '0', 'a"\\\u2028\u0000', 'ключ']) {
    assert.strictEqual((await client().request('tools/list', {}, { id })).id, id)
    const refused = await client().request('tools/list', {}, { id, headers: { 'mcp-method': 'x' } })
    assert.strictEqual(refused.id, id)
  }
})

test('notifications get 202 without a body, whatever they say, and stop nothing [stateless.accepted-202] [stateless.notification-unanswered] [stateless.cancel-invalid]', async (t) => {
  const { url, client, held } = await serving(t)
  const call = client().call('hold', {}, { id: 'x' })
  const { finish, ctx } = await held.next()
  const headers = { 'mcp-protocol-version': statelessRevision }
  const notifications = [
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'x' } },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'unknown' } },
    { jsonrpc: '2.0', method: 'notifications/cancelled' },
    { jsonrpc: '2.0', method: 'notifications/of/no/kind', params: {} },
  ]
  for (const notification of notifications) {
    const reply = await post(url, notification, headers, { check: false, revision: statelessRevision })
    assert.deepEqual([reply.status, reply.text, reply.headers['content-type']], [202, '', undefined])
  }
  assert.equal(ctx.signal.aborted, false)
  finish('done')
  assert.equal((await call).status, 200)
})

test('a single-valued header that occurs twice is refused, even when both say the same', async (t) => {
  const { port, client } = await serving(t)
  const body = JSON.stringify(client().message('tools/list'))
  for (const name of ['MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name']) {
    const own = { 'MCP-Protocol-Version': statelessRevision, 'Mcp-Method': 'tools/list', 'Mcp-Name': 'x' }
    const lines = Object.entries(own).map(([header, value]) => `${header}: ${value}`)
    const again = `${name.toLowerCase()}: ${own[name as keyof typeof own]}`
    const head = [
      'POST /mcp HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      ...lines,
    ]
    const once = await raw(port, `${head.join('\r\n')}\r\n\r\n${body}`)
    assert.equal(once.status, 200)
    const twice = await raw(port, `${[...head, again].join('\r\n')}\r\n\r\n${body}`)
    assert.equal(twice.status, 400)
    assert.match(twice.body, new RegExp(`${name}.*more than once`, 'i'))
  }
})

test('nothing reaches a handler that admission refused', async (t) => {
  let runs = 0
  const { client } = await serving(t, {
    setup: (server) => {
      server.use((_ctx, next) => {
        runs += 1
        return next()
      })
    },
  })
  await client().call('echo', {}, { headers: { 'mcp-name': 'hold' } })
  await client().call('echo', {}, { headers: { 'mcp-protocol-version': undefined } })
  await client().call('echo', {}, { meta: { [capabilities]: null }, check: false })
  assert.equal(runs, 0)
  await client().call('echo')
  assert.equal(runs, 1)
})
