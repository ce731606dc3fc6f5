/**
 * Hostile requests on every carrier: one table of what is sent and what comes back, and clients that behave badly while
 * they are served. Each carrier answers the same, and serves the next client.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually, generator } from '../session-era/serving.ts'
import { carriers, type Running, type Wire } from './carriers.ts'

const INITIALIZE =
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}'
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const call = (name: string, args: object = {}, meta: object = {}) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 5,
    method: 'tools/call',
    params: { name, arguments: args, _meta: meta },
  })
const stateless = (method: string, name: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  'mcp-name': name,
})
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

interface Row extends Wire {
  readonly what: string
  readonly status: number
  /** Of the error. */
  readonly code?: number
  readonly message?: RegExp
  /** Sent with the id of an open session. */
  readonly inSession?: true
}

const rows: readonly Row[] = [
  { what: 'a Host that was rebound', headers: { host: 'evil.example' }, status: 403, message: /Host header/ },
  { what: 'a Host that ends as an allowed one', headers: { host: 'x.localhost' }, status: 403 },
  { what: 'an Origin that is not allowed', headers: { origin: 'https://evil.example' }, status: 403 },
  { what: 'the Origin of a sandboxed frame', headers: { origin: 'null' }, status: 403 },
  {
    what: 'an Origin that contains an allowed one',
    headers: { origin: 'http://localhost.evil.example' },
    status: 403,
  },
  { what: 'another path', path: '/other', status: 404, message: /MCP endpoint is \/mcp/ },
  { what: 'a path in other letters', path: '/MCP', status: 404 },
  { what: 'a path with an escape', path: '/%6dcp', status: 404 },
  { what: 'PUT', method: 'PUT', status: 405 },
  { what: 'PATCH', method: 'PATCH', status: 405 },
  { what: 'GET without a session', method: 'GET', status: 405 },
  { what: 'DELETE without a session', method: 'DELETE', status: 400 },
  { what: 'no Content-Type', headers: { 'content-type': '' }, body: PING, status: 415 },
  {
    what: 'a form',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=b',
    status: 415,
  },
  {
    what: 'text that says it is JSON',
    headers: { 'content-type': 'text/plain; x=application/json' },
    body: PING,
    status: 415,
  },
  {
    what: 'another charset',
    headers: { 'content-type': 'application/json; charset=latin1' },
    body: PING,
    status: 415,
  },
  { what: 'a compressed body', headers: { 'content-encoding': 'gzip' }, body: PING, status: 415 },
  {
    what: 'an Accept that excludes every answer',
    headers: { accept: 'text/html' },
    body: INITIALIZE,
    status: 406,
  },
  { what: 'no body', body: '', status: 400, code: -32700 },
  { what: 'half a body', body: '{"jsonrpc":"2.0",', status: 400, code: -32700 },
  { what: 'two bodies', body: `${PING}${PING}`, status: 400, code: -32700 },
  { what: 'bytes that are no UTF-8', body: Buffer.from([0x22, 0xff, 0xfe, 0x22]), status: 400, code: -32700 },
  { what: 'a cut character', body: Buffer.from([0x22, 0xe2, 0x82]), status: 400, code: -32700 },
  { what: 'UTF-16', body: Buffer.from(PING, 'utf16le'), status: 400, code: -32700 },
  { what: 'NUL bytes', body: Buffer.alloc(100), status: 400, code: -32700 },
  { what: 'an unclosed depth', body: '['.repeat(100_000), status: 400 },
  { what: 'a depth above the limit', body: nested(600), status: 400 },
  {
    what: 'a depth in a string of params',
    body: call('echo', { text: nested(600) }),
    inSession: true,
    status: 200,
  },
  { what: 'a body above the limit', body: `"${'x'.repeat(300_000)}"`, status: 413 },
  { what: 'a number', body: '7', status: 400, code: -32600 },
  { what: 'null', body: 'null', status: 400, code: -32600 },
  { what: 'an empty array', body: '[]', inSession: true, status: 400 },
  { what: 'an array', body: `[${PING}]`, inSession: true, status: 400, code: -32600 },
  { what: 'an empty object', body: '{}', inSession: true, status: 400, code: -32600 },
  {
    what: 'another JSON-RPC',
    body: '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    inSession: true,
    status: 400,
    code: -32600,
  },
  {
    what: 'an id that is an object',
    body: '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    inSession: true,
    status: 400,
    code: -32600,
  },
  {
    what: 'an id that is null',
    body: '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    inSession: true,
    status: 400,
    code: -32600,
  },
  {
    what: 'a method that is a number',
    body: '{"jsonrpc":"2.0","id":1,"method":1}',
    inSession: true,
    status: 400,
    code: -32600,
  },
  {
    what: 'params that are text',
    body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}',
    inSession: true,
    status: 400,
  },
  {
    what: 'a result and an error',
    body: '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}',
    inSession: true,
    status: 400,
  },
  {
    what: 'a response to no request',
    body: '{"jsonrpc":"2.0","id":"never","result":{}}',
    inSession: true,
    status: 202,
  },
  {
    what: 'a notification of nothing',
    body: '{"jsonrpc":"2.0","method":"notifications/nothing"}',
    inSession: true,
    status: 202,
  },
  {
    what: 'a cancellation of nothing',
    body: '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}',
    inSession: true,
    status: 202,
  },
  {
    what: 'a method that does not exist',
    body: '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
    inSession: true,
    status: 200,
    code: -32601,
  },
  {
    what: 'a tool named like an object property',
    body: call('__proto__'),
    inSession: true,
    status: 200,
    code: -32602,
  },
  {
    what: 'arguments named like object properties',
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"__proto__":{"text":"x"},"constructor":1}}}',
    inSession: true,
    status: 200,
  },
  { what: 'arguments of another type', body: call('echo', { text: 7 }), inSession: true, status: 200 },
  {
    what: 'initialize without params',
    body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
    status: 200,
    code: -32602,
  },
  {
    what: 'a request without a session',
    body: PING,
    status: 400,
    message: /Mcp-Session-Id header is missing/,
  },
  {
    what: 'a session that never was',
    headers: { 'mcp-session-id': 'x'.repeat(32) },
    body: PING,
    status: 404,
    code: -32001,
  },
  {
    what: 'a session named like an object property',
    headers: { 'mcp-session-id': '__proto__' },
    body: PING,
    status: 404,
  },
  {
    what: 'a session id of four kilobytes',
    headers: { 'mcp-session-id': 'y'.repeat(4096) },
    body: PING,
    status: 404,
  },
  {
    what: 'a stream of a session that never was',
    method: 'GET',
    headers: { 'mcp-session-id': 'z' },
    status: 404,
  },
  {
    what: 'a version that does not exist',
    headers: { 'mcp-protocol-version': '1999-01-01' },
    body: PING,
    inSession: true,
    status: 400,
  },
  {
    what: 'resuming from nowhere',
    method: 'GET',
    headers: { 'last-event-id': 'nowhere_99' },
    inSession: true,
    status: 200,
  },
  {
    what: 'an envelope of a version that does not exist',
    headers: { ...stateless('ping', ''), 'mcp-protocol-version': '2099-01-01' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
      params: { _meta: { ...ENVELOPE, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } },
    }),
    status: 400,
  },
  {
    what: 'headers that say another tool than the body',
    headers: stateless('tools/call', 'other'),
    body: call('echo', {}, ENVELOPE),
    status: 400,
    code: -32020,
  },
  {
    what: 'headers that say another method than the body',
    headers: stateless('tools/list', 'echo'),
    body: call('echo', {}, ENVELOPE),
    status: 400,
    code: -32020,
  },
]

async function openSession({ send }: Pick<Running, 'send'>): Promise<{ readonly 'mcp-session-id': string }> {
  const { status, headers } = await send({ body: INITIALIZE })
  assert.equal(status, 200)
  return { 'mcp-session-id': String(headers['mcp-session-id']) }
}

/** The next client is served in both eras, and nothing is left of those before. */
async function assertServes(running: Running): Promise<void> {
  const session = await openSession(running)
  const { status, messages } = await running.send({ body: call('echo', { text: 'ok' }), headers: session })
  assert.deepEqual([status, messages.at(-1)?.result?.content?.[0]?.text], [200, 'ok'])
  const alone = await running.send({
    body: call('echo', { text: 'ok' }, ENVELOPE),
    headers: stateless('tools/call', 'echo'),
  })
  assert.equal(alone.status, 200)
  await running.send({ method: 'DELETE', headers: session })
  await eventually(() => {
    const { bodyBytes, callsInProgress, streams } = running.stats()
    return bodyBytes === 0 && callsInProgress === 0 && streams === 0
  }, 'everything of the requests to be released')
}

for (const { name, run } of carriers) {
  describe(name, () => {
    test('each row of the table gets its status and error, and the server goes on', async (t) => {
      const running = await run(t, { maxBodyBytes: 200_000 })
      const session = await openSession(running)
      for (const { what, status, code, message, inSession, ...wire } of rows) {
        const headers = { ...(inSession && session), ...wire.headers }
        if (wire.method === 'GET' && status === 200) {
          const stream = running.begin({ ...wire, headers })
          await eventually(() => running.stats().streams === 1, `the stream of ${what}`)
          stream.abort()
          await eventually(() => running.stats().streams === 0, `the end of the stream of ${what}`)
          continue
        }
        const reply = await running.send({ ...wire, headers })
        assert.equal(reply.status, status, `${what}: ${reply.text.slice(0, 200)}`)
        const error = reply.json?.error
        if (status >= 400) assert.equal(reply.json?.jsonrpc, '2.0', `${what} ${reply.text.slice(0, 100)}`)
        if (code !== undefined) assert.equal(error?.code, code, what)
        if (message !== undefined) assert.match(error?.message, message, what)
      }
      await assertServes(running)
      assert.deepEqual(running.errors, [])
    })

    test('random bytes and random pieces of messages are answered, each with one status', async (t) => {
      const running = await run(t, { maxBodyBytes: 50_000 })
      const session = await openSession(running)
      const next = generator(15)
      const seeds = [INITIALIZE, PING, call('echo', { text: 'é' }), `[${PING},${PING}]`].map((text) =>
        Buffer.from(text),
      )
      for (let n = 0; n < 300; n++) {
        const body = Buffer.concat([seeds[next(seeds.length)] as Buffer, Buffer.alloc(next(3), next(256))])
        for (let changes = next(6); changes > 0; changes--) body[next(body.length)] = next(256)
        const cut = body.subarray(0, next(4) === 0 ? next(body.length) : body.length)
        const { status } = await running.send({ body: cut, headers: next(2) === 0 ? session : {} })
        assert.ok([200, 202, 400, 404].includes(status), `${status} for ${JSON.stringify(cut.toString())}`)
      }
      await assertServes(running)
      assert.deepEqual(running.errors, [])
    })

    test('uploads that break off leave nothing', async (t) => {
      const running = await run(t)
      const uploads = Array.from({ length: 20 }, () => running.begin({}))
      for (const upload of uploads) upload.write(Buffer.alloc(30_000, 0x20))
      await eventually(() => running.stats().bodyBytes > 0, 'the uploads')
      for (const upload of uploads) upload.abort()
      await Promise.all(uploads.map(({ ended }) => ended))
      await assertServes(running)
    })

    test('clients that leave in the middle of a call cancel it, where nobody can come back', async (t) => {
      const running = await run(t, { sessions: false, eras: ['session', 'stateless'] })
      const calls = []
      for (let n = 0; n < 10; n++) {
        const request = running.begin({
          body: call('hold', {}, ENVELOPE),
          headers: stateless('tools/call', 'hold'),
        })
        const held = await running.held.next()
        if (n % 2 === 0) held.ctx.log.info('streaming')
        calls.push({ request, held })
      }
      for (const { request } of calls) request.abort()
      for (const { held } of calls)
        assert.equal(((await held.aborted()) as { code?: string }).code, 'ERR_CLIENT_GONE')
      await eventually(() => running.stats().callsInProgress === 0, 'the end of the calls')
    })

    test('a reader that takes nothing costs no more than its buffer', async (t) => {
      const running = await run(t, { maxStreamBufferBytes: 50_000, sessions: false })
      const request = running.begin({
        body: call('hold', {}, { ...ENVELOPE, progressToken: 1 }),
        headers: stateless('tools/call', 'hold'),
      })
      const { ctx, aborted } = await running.held.next()
      const message = 'x'.repeat(20_000)
      for (let n = 0; n < 5000 && !ctx.signal.aborted; n++) {
        void ctx.progress(n, undefined, message)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      await aborted()
      request.abort()
      await eventually(() => running.stats().streams === 0, 'the end of the stream')
    })

    test('calls above the limits are refused, and those within them are served', async (t) => {
      const running = await run(t, { maxInFlight: 3 })
      const session = await openSession(running)
      const first = Array.from({ length: 3 }, () => running.send({ body: call('hold'), headers: session }))
      const held = await Promise.all(first.map(() => running.held.next()))
      const refused = await Promise.all(
        Array.from({ length: 20 }, () => running.send({ body: call('hold'), headers: session })),
      )
      for (const { status, headers, json } of refused) {
        assert.deepEqual([status, headers['retry-after']], [503, '1'])
        assert.match(json.error.message, /maxInFlight/)
      }
      for (const { finish } of held) finish('done')
      for (const { status } of await Promise.all(first)) assert.equal(status, 200)
      await assertServes(running)
    })
  })
}
