/** The entrance of the handler: each refusal with its status, code and headers, told to the hook exactly once. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ServeOptions } from '../src/index.ts'
import { httpText, initializeText, pingText, type RawRequest, start } from './conversations/running-server.ts'
import { raw } from './helpers/wire.ts'

interface Row {
  readonly name: string
  readonly options?: ServeOptions
  readonly request: RawRequest
  readonly status: number
  readonly code: number
  readonly says: RegExp
  readonly headers?: { readonly [name: string]: string | RegExp }
  readonly id?: number | string
  /** The connection ends after the reply. */
  readonly closes?: boolean
  /** The hook of the server hears of it too. */
  readonly reported?: boolean
}

const verify = (token: string) => {
  if (token === 'broken') throw new Error('the token database is away')
  return token === 'good' ? { id: 'ada' } : undefined
}
const auth = { verify, resourceMetadata: 'https://example.com/.well-known/oauth-protected-resource/mcp' }
const unknownSession = { 'mcp-session-id': 'AAAAAAAAAAAAAAAA' }
const batch = `[${pingText}]`

const beforeTheBody: readonly Row[] = [
  {
    name: 'a repeated Host',
    request: { headers: { host: ['127.0.0.1', '127.0.0.1'] } },
    status: 400,
    code: -32000,
    says: /host header occurs more than once/,
    closes: true,
  },
  {
    name: 'a foreign Host',
    request: { headers: { host: 'evil.example' } },
    status: 403,
    code: -32000,
    says: /"evil\.example".*allowedHosts/,
    closes: true,
  },
  {
    name: 'a foreign Origin',
    request: { headers: { origin: 'https://evil.example' } },
    status: 403,
    code: -32000,
    says: /"https:\/\/evil\.example".*allowedOrigins/,
    closes: true,
  },
  {
    name: 'an unknown path',
    request: { target: '/other' },
    status: 404,
    code: -32000,
    says: /endpoint is \/mcp/,
    closes: true,
  },
  {
    name: 'an unknown method',
    request: { method: 'PUT', body: '{}', headers: { 'content-length': '2' } },
    status: 405,
    code: -32000,
    says: /PUT is not allowed/,
    headers: { allow: 'GET, POST, DELETE, OPTIONS' },
    closes: true,
  },
  {
    name: 'no token',
    options: { auth },
    request: {},
    status: 401,
    code: -32000,
    says: /bearer token is required/,
    headers: { 'www-authenticate': `Bearer resource_metadata="${auth.resourceMetadata}"` },
    closes: true,
  },
  {
    name: 'a bad token',
    options: { auth },
    request: { headers: { authorization: 'Bearer bad' } },
    status: 401,
    code: -32000,
    says: /not valid/,
    headers: { 'www-authenticate': /error="invalid_token"/ },
    closes: true,
  },
  {
    name: 'a token without the scopes',
    options: { auth: { ...auth, requiredScopes: ['mcp:use'] } },
    request: { headers: { authorization: 'Bearer good' } },
    status: 403,
    code: -32000,
    says: /scopes mcp:use/,
    headers: { 'www-authenticate': /error="insufficient_scope".*scope="mcp:use"/ },
    closes: true,
  },
  {
    name: 'a verifier that fails',
    options: { auth },
    request: { headers: { authorization: 'Bearer broken' } },
    status: 500,
    code: -32603,
    says: /^Internal error \(reference [0-9a-f-]{36}\)$/,
    closes: true,
    reported: true,
  },
  {
    name: 'another media type',
    request: { headers: { 'content-type': 'text/plain' } },
    status: 415,
    code: -32000,
    says: /application\/json; got "text\/plain"/,
    closes: true,
  },
  {
    name: 'an Accept that strictAccept does not take',
    options: { strictAccept: true },
    request: { headers: { accept: '*/*' } },
    status: 406,
    code: -32000,
    says: /must name application\/json and text\/event-stream/,
    closes: true,
  },
  {
    name: 'a body that declares too much',
    options: { maxBodyBytes: 10 },
    request: { headers: { 'content-length': '11' } },
    status: 413,
    code: -32000,
    says: /declares 11 bytes, the limit is 10/,
    closes: true,
  },
]

const afterTheBody: readonly Row[] = [
  {
    name: 'a body that is too large',
    options: { maxBodyBytes: 10 },
    request: {
      headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
      body: 'b\r\n12345678901\r\n0\r\n\r\n',
    },
    status: 413,
    code: -32000,
    says: /has 11 bytes or more, the limit is 10/,
    closes: true,
  },
  { name: 'no JSON', request: { body: '{' }, status: 400, code: -32700, says: /not valid JSON/ },
  { name: 'no message', request: { body: '5' }, status: 400, code: -32600, says: /expected a JSON object/ },
  {
    name: 'a version that is not supported',
    request: { body: pingText, headers: { ...unknownSession, 'mcp-protocol-version': '1999-01-01' } },
    status: 400,
    code: -32000,
    says: /"1999-01-01".*2025-11-25/,
    id: 1,
  },
  {
    name: 'a version that is not supported, and no session',
    request: { body: pingText, headers: { 'mcp-protocol-version': '1999-01-01' } },
    status: 400,
    code: -32602,
    says: /./,
    id: 1,
  },
  {
    name: 'no session id',
    request: { body: pingText },
    status: 400,
    code: -32000,
    says: /Mcp-Session-Id header is missing/,
    id: 1,
  },
  {
    name: 'an unknown session',
    request: { body: pingText, headers: unknownSession },
    status: 404,
    code: -32001,
    says: /Session not found/,
    id: 1,
  },
  {
    name: 'a batch where the revision has none',
    options: { sessions: false },
    request: { body: batch, headers: { 'mcp-protocol-version': '2025-11-25' } },
    status: 400,
    code: -32600,
    says: /not part of protocol version 2025-11-25/,
  },
  {
    name: 'an Accept that nothing fits',
    request: { body: initializeText, headers: { accept: 'image/png' } },
    status: 406,
    code: -32000,
    says: /excludes every answer/,
    id: 0,
  },
  {
    name: 'GET without a session id',
    request: { method: 'GET' },
    status: 405,
    code: -32000,
    says: /GET needs the Mcp-Session-Id/,
    headers: { allow: 'POST' },
  },
  {
    name: 'GET of an unknown session',
    request: { method: 'GET', headers: unknownSession },
    status: 404,
    code: -32001,
    says: /Session not found/,
  },
  {
    name: 'GET where there are no sessions',
    options: { sessions: false },
    request: { method: 'GET', headers: unknownSession },
    status: 405,
    code: -32000,
    says: /GET/,
    headers: { allow: 'POST' },
  },
  {
    name: 'DELETE without a session id',
    request: { method: 'DELETE' },
    status: 400,
    code: -32000,
    says: /DELETE needs the Mcp-Session-Id/,
  },
  {
    name: 'DELETE of an unknown session',
    request: { method: 'DELETE', headers: unknownSession },
    status: 404,
    code: -32001,
    says: /Session not found/,
  },
  {
    name: 'DELETE where there are no sessions',
    options: { sessions: false },
    request: { method: 'DELETE' },
    status: 405,
    code: -32000,
    says: /DELETE is not possible/,
    headers: { allow: 'POST' },
  },
]

async function check(t: TestContext, row: Row): Promise<void> {
  const { port, refusals, errors, serving, opened } = await start(t, row.options)
  const reply = await raw(port, httpText(row.request))
  assert.equal(reply.status, row.status)
  assert.equal(reply.headers['content-type'], 'application/json')
  const { error, ...frame } = JSON.parse(reply.body)
  assert.deepEqual(frame, { jsonrpc: '2.0', ...(row.id !== undefined && { id: row.id }) })
  assert.equal(error.code, row.code)
  assert.match(error.message, row.says)
  assert.doesNotMatch(reply.body, /\bat .*\.ts|node:/, 'no stack')
  for (const [name, expected] of Object.entries(row.headers ?? {})) {
    if (typeof expected === 'string') assert.equal(reply.headers[name], expected)
    else assert.match(reply.headers[name] ?? '', expected)
  }
  assert.equal(reply.headers['connection'], row.closes === true ? 'close' : 'keep-alive')
  assert.deepEqual(
    refusals.map((refusal) => [refusal.status, refusal.error.code, refusal.error.message]),
    [[row.status, row.code, error.message]],
    'the hook is told once',
  )
  assert.equal(refusals[0]?.request.method, row.request.method ?? 'POST')
  assert.equal(serving.stats().rejected, 1)
  assert.equal(errors.length, row.reported === true ? 1 : 0)
  assert.deepEqual(opened, [])
}

for (const row of beforeTheBody) {
  test(`handler refuses ${row.name} with ${row.status} before the body is there`, async (t) => {
    // The body is declared and never sent, so a reply shows that nobody waited for it.
    const { headers, ...request } = row.request
    const isPost = (request.method ?? 'POST') === 'POST'
    await check(t, {
      ...row,
      request: { ...request, headers: { ...(isPost && { 'content-length': '5' }), ...headers } },
    })
  })
}

for (const row of afterTheBody) {
  test(`handler refuses ${row.name} with ${row.status}`, (t) => check(t, row))
}

test('handler goes on when the onRejected hook throws, and reports it', async (t) => {
  const { port, errors } = await start(t, {
    onRejected: () => {
      throw new Error('hook')
    },
  })
  const reply = await raw(port, httpText({ target: '/other' }))
  assert.equal(reply.status, 404)
  assert.deepEqual(
    errors.map(({ phase }) => phase),
    ['hook'],
  )
})

test('handler answers the probes of OAuth discovery with a JSON 404, never HTML or a redirect', async (t) => {
  const { port } = await start(t)
  const paths = [
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/mcp/.well-known/openid-configuration',
  ]
  for (const target of paths) {
    const reply = await raw(port, httpText({ method: 'GET', target }))
    assert.equal(reply.status, 404, target)
    assert.equal(reply.headers['content-type'], 'application/json')
    assert.equal(JSON.parse(reply.body).jsonrpc, '2.0')
  }
  const register = await raw(port, httpText({ target: '/register', body: '{}' }))
  assert.equal(register.status, 404)
  assert.equal(JSON.parse(register.body).error.code, -32000)
})

test('handler answers health probes at once: GET and HEAD open neither session nor stream', async (t) => {
  const { port, serving } = await start(t)
  const bare = await raw(port, 'GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n')
  assert.deepEqual([bare.status, bare.headers['allow']], [405, 'POST'])
  const head = await raw(port, 'HEAD /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n', { head: true })
  assert.deepEqual([head.status, head.body], [405, ''])
  const { sessions, streams } = serving.stats()
  assert.deepEqual([sessions, streams], [0, 0])
})
