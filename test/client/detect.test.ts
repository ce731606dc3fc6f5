/** Which lifecycle a server has: each rule of the versioning page, against servers that show one behaviour each. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { forgetServers } from '../../src/client/era-memory.ts'
import { type ConnectOptions, connect, McpError, RpcError, statusOf } from '../../src/client/index.ts'
import {
  connected,
  type Exchange,
  failure,
  json,
  result,
  scripted,
  session,
  stateless,
} from './scripted-server.ts'

const ok = session(() => {})

/** Connects to a server that answers `server/discover` in one way, and everything of a session properly. */
async function outcome(
  t: TestContext,
  discover: (exchange: Exchange) => unknown,
  options: ConnectOptions = {},
) {
  const server = await scripted(t, (exchange) =>
    exchange.what === 'server/discover' ? discover(exchange) : ok(exchange),
  )
  try {
    const client = await connected(t, server.url, { retries: 0, ...options })
    return { era: client.era, log: server.log() }
  } catch (error) {
    return { error, log: server.log() }
  }
}

test('connect speaks without a session to a server that answers server/discover', async (t) => {
  const server = await scripted(
    t,
    stateless(() => {}),
  )
  const client = await connected(t, server.url)
  assert.deepEqual([client.era, client.revision], ['stateless', '2026-07-28'])
  assert.deepEqual(server.log(), ['server/discover'])
})

const old: readonly (readonly [string, (exchange: Exchange) => unknown])[] = [
  ['400 without a body', ({ response }) => response.writeHead(400).end()],
  ['400 with text', ({ response }) => response.writeHead(400).end('Bad Request')],
  ['400 with another error of JSON-RPC', (exchange) => failure(exchange, -32000, 'No valid session ID', 400)],
  [
    '400 with an error without an id',
    ({ response }) =>
      json(
        { response } as Exchange,
        { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'm' } },
        400,
      ),
  ],
  ['404', ({ response }) => response.writeHead(404).end()],
  ['404 with -32601', (exchange) => failure(exchange, -32601, 'Method not found', 404)],
  ['405', ({ response }) => response.writeHead(405).end()],
  ['406', ({ response }) => response.writeHead(406).end()],
  ['422', ({ response }) => response.writeHead(422).end('{"detail":[]}')],
  ['200 with -32601', (exchange) => failure(exchange, -32601)],
  ['200 with -32602', (exchange) => failure(exchange, -32602)],
  [
    '200 with a page',
    ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'),
  ],
  [
    '200 with what is not JSON',
    ({ response }) => response.writeHead(200, { 'content-type': 'application/json' }).end('hello'),
  ],
  ['202 and nothing else', ({ response }) => response.writeHead(202).end()],
  ['a result without supportedVersions', (exchange) => result(exchange, {})],
  [
    'a result that names revisions with sessions only',
    (exchange) => result(exchange, { supportedVersions: ['2025-06-18'] }),
  ],
  [
    '-32022 that names revisions with sessions only',
    (exchange) => failure(exchange, -32022, 'm', 400, { supported: ['2025-11-25'] }),
  ],
]
for (const [what, discover] of old) {
  test(`connect begins a session where server/discover is answered with ${what}`, async (t) => {
    const { era, log, error } = await outcome(t, discover)
    assert.equal(error, undefined)
    assert.equal(era, 'session')
    assert.deepEqual(log.slice(0, 3), ['server/discover', 'initialize', 'notifications/initialized'])
  })
}

for (const status of [401, 403, 408, 429, 500, 502, 503]) {
  test(`connect never takes HTTP ${status} for an old server`, async (t) => {
    const { error, log } = await outcome(t, ({ response }) => response.writeHead(status).end('no'))
    assert.ok(error instanceof McpError)
    assert.deepEqual([error.code, statusOf(error)], ['ERR_HTTP_STATUS', status])
    assert.deepEqual(log, ['server/discover'])
  })
}

test('connect never takes a server that does not answer in time for an old one', async (t) => {
  const { error, log } = await outcome(t, () => {}, { timeoutMs: 100 })
  assert.ok(error instanceof McpError)
  assert.equal(error.code, 'ERR_REQUEST_TIMEOUT')
  assert.match(error.message, /Connecting took longer than 100 ms \(option timeoutMs\)/)
  assert.deepEqual(log, ['server/discover'])
})

test('connect never takes a connection that breaks for an old server', async (t) => {
  const { error, log } = await outcome(t, ({ request }) => request.socket.destroy())
  assert.ok(error instanceof McpError)
  assert.equal(error.code, 'ERR_CONNECTION')
  assert.deepEqual(log, ['server/discover'])
})

for (const code of [-32020, -32021]) {
  test(`connect gives the error ${code} of a modern server, and begins no session`, async (t) => {
    const { error, log } = await outcome(t, (exchange) => failure(exchange, code, 'because', 400))
    assert.ok(error instanceof RpcError)
    assert.deepEqual([error.code, error.message, statusOf(error)], [code, 'because', 400])
    assert.deepEqual(log, ['server/discover'])
  })
}

test('connect sends the request once more where the server refuses our revision and names it', async (t) => {
  let refusals = 0
  const { log, era } = await outcome(t, (exchange) => {
    if (refusals++ === 0) return failure(exchange, -32022, 'm', 400, { supported: ['2026-07-28'] })
    return result(exchange, { supportedVersions: ['2026-07-28'], capabilities: {} })
  })
  assert.deepEqual([era, log], ['stateless', ['server/discover', 'server/discover']])
})

test('connect rejects with ERR_UNSUPPORTED_VERSION where there is no revision in common, and names those of the server', async (t) => {
  for (const discover of [
    (exchange: Exchange) => failure(exchange, -32022, 'm', 400, { supported: ['2031-01-01'] }),
    (exchange: Exchange) => result(exchange, { supportedVersions: ['2031-01-01'] }),
  ]) {
    const { error, log } = await outcome(t, discover)
    assert.ok(error instanceof McpError)
    assert.equal(error.code, 'ERR_UNSUPPORTED_VERSION')
    assert.match(error.message, /"2031-01-01"/)
    assert.deepEqual(log, ['server/discover'])
  }
})

test("option first 'initialize': a session where that works, server/discover where it does not", async (t) => {
  const both = await scripted(t, ok)
  const client = await connected(t, both.url, { first: 'initialize' })
  assert.deepEqual(
    [client.era, both.log().slice(0, 2)],
    ['session', ['initialize', 'notifications/initialized']],
  )

  for (const refuse of [
    (exchange: Exchange) => failure(exchange, -32020, 'no header', 400),
    (exchange: Exchange) => failure(exchange, -32601, 'unknown', 404),
    (exchange: Exchange) => failure(exchange, -32022, 'unknown', 400, { supported: ['2026-07-28'] }),
  ]) {
    const modern = await scripted(t, stateless(refuse))
    const other = await connected(t, modern.url, { first: 'initialize' })
    assert.deepEqual([other.era, modern.log()], ['stateless', ['initialize', 'server/discover']])
  }
})

test('what was found is remembered for the origin, and found out again when it is wrong', async (t) => {
  let isOld = true
  const server = await scripted(t, (exchange) =>
    (isOld ? ok : stateless((e) => failure(e, -32601, 'm', 404)))(exchange),
  )
  await connected(t, server.url)
  const again = await connected(t, `${server.origin}/other`)
  assert.equal(again.era, 'session')
  assert.deepEqual(server.log().filter((what) => what === 'server/discover').length, 1)

  isOld = false
  const replaced = await connected(t, server.url)
  assert.equal(replaced.era, 'stateless')
})

test('option revision: no other is spoken', async (t) => {
  const server = await scripted(
    t,
    session(() => {}, { revision: '2025-06-18' }),
  )
  const client = await connected(t, server.url, { revision: '2025-06-18' })
  assert.deepEqual([client.revision, server.log()[0]], ['2025-06-18', 'initialize'])
  assert.equal(server.seen[0]?.message.params.protocolVersion, '2025-06-18')

  await assert.rejects(connect(server.url, { revision: '2025-03-26' }), { code: 'ERR_UNSUPPORTED_VERSION' })
  await assert.rejects(connect(server.url, { revision: '2026-07-28' }), { code: -32601 })
})

test('connect refuses a revision of the server that it does not know', async (t) => {
  const server = await scripted(
    t,
    session(() => {}, { revision: '1999-01-01' }),
  )
  await assert.rejects(connect(server.url), { code: 'ERR_UNSUPPORTED_VERSION', message: /"1999-01-01"/ })
})

test('connect with a wrong option or target throws a TypeError that names it', async () => {
  forgetServers()
  const url = 'http://127.0.0.1:9/mcp'
  const rows: readonly (readonly [unknown, object, RegExp])[] = [
    [url, { timeout: 5 }, /There is no option "timeout"/],
    [url, { onElict: () => {} }, /no option "onElict".*"onElicit"/],
    [url, { timeoutMs: -1 }, /timeoutMs must be 0 \(off\) to \d+ milliseconds; got -1/],
    [url, { retries: 1.5 }, /retries must be a positive integer.*got 1.5/],
    [url, { revision: '2020-01-01' }, /revision must be one of .*got "2020-01-01"/],
    [url, { headers: { a: 1 } }, /headers\["a"\] must be a string; got the number 1/],
    [url, { clientInfo: { name: 'a' } }, /clientInfo.version must be of type string; got undefined/],
    [url, null as never, /options must be an object; got null/],
    [url, { clientInfo: null }, /clientInfo must be of type object; got null/],
    [url, { headers: null }, /headers must be of type object; got null/],
    [url, { signal: 5 }, /signal must be an AbortSignal; got the number 5/],
    [url, { signal: null }, /signal must be an AbortSignal; got null/],
    [url, { signal: new AbortController() }, /signal must be an AbortSignal; got an AbortController/],
    [url, { middleware: () => {} }, /middleware must be an array of functions; got a function/],
    [url, { middleware: [5] }, /middleware must be an array of functions; got an array/],
    [url, { capabilities: [] }, /capabilities must be of type object; got an array/],
    [url, { capabilities: { experimental: true } }, /capabilities\.experimental must be of type object/],
    ['nothing', {}, /The URL of the server is none: "nothing"/],
    ['file:///etc/passwd', {}, /must begin with http:\/\/ or https:\/\/; got file:/],
    ['http://user:secret@127.0.0.1/', {}, /must not hold a user or password: http:\/\/127.0.0.1\/;/],
    [
      undefined,
      {},
      /connect needs a URL, an McpServer, a handler, { fetch } or what stdio\(\) gives; got undefined/,
    ],
    [{}, {}, /connect needs a URL.*got an object/],
  ]
  for (const [target, options, message] of rows) {
    await assert.rejects(connect(target as string, options), (error) => {
      assert.ok(error instanceof TypeError)
      assert.match(error.message, message)
      return true
    })
  }
})
