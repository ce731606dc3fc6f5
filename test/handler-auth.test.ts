/** Bearer tokens: who gets in, what a refusal says, and sessions that belong to one principal. */

import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type AuthOptions, McpServer, type Principal, serve } from '../src/index.ts'
import { initializeText, start } from './conversations/running-server.ts'
import { bodiless, del, get, type HttpReply, openSse, post, TestSession } from './helpers/wire.ts'

const resourceMetadata = 'https://example.com/.well-known/oauth-protected-resource/mcp'

/** Two tokens of ada, as before and after a refresh, and one of bob. */
const principals = new Map<string, Principal>([
  ['ada-1', { id: 'ada', scopes: ['use', 'read'] }],
  ['ada-2', { id: 'ada', scopes: ['read', 'use'], claims: { fresh: true } }],
  ['bob-1', { id: 'bob', scopes: ['read'] }],
])
const verify = (token: string) => principals.get(token)

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const startWith = (t: TestContext, auth: Partial<AuthOptions> = {}) =>
  start(t, { auth: { verify, resourceMetadata, ...auth } })

function assertChallenged(reply: HttpReply, status: 401 | 403, error: string | undefined): void {
  assert.equal(reply.status, status)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.equal(reply.json.error.code, -32000)
  const challenge = reply.headers['www-authenticate'] ?? ''
  assert.ok(challenge.startsWith('Bearer '), challenge)
  assert.ok(challenge.includes(`resource_metadata="${resourceMetadata}"`), challenge)
  assert.equal(/error="([^"]*)"/.exec(challenge)?.[1], error)
}

const rows: readonly { name: string; header: string | undefined; error: string | undefined }[] = [
  { name: 'no header', header: undefined, error: undefined },
  { name: 'another scheme', header: 'Basic YWRhOnB3', error: undefined },
  { name: 'an empty token', header: 'Bearer ', error: 'invalid_token' },
  { name: 'a token with a space', header: 'Bearer ada-1 x', error: 'invalid_token' },
  { name: 'a token with a quote', header: 'Bearer "ada-1"', error: 'invalid_token' },
  { name: 'an unknown token', header: 'Bearer eve-1', error: 'invalid_token' },
]

for (const { name, header, error } of rows) {
  test(`auth answers ${name} with 401 and a challenge, whatever the method`, async (t) => {
    const { url, opened, serving } = await startWith(t)
    const headers = { authorization: header, 'mcp-session-id': 'unknown' }
    assertChallenged(await post(url, initializeText, headers), 401, error)
    assertChallenged(await get(url, headers), 401, error)
    assertChallenged(await del(url, headers), 401, error)
    assert.deepEqual(opened, [])
    assert.equal(serving.stats().rejected, 3)
  })
}

test('auth admits a valid token, in any case of the scheme, and shows the principal to handlers [transports.authentication]', async (t) => {
  const { url, server } = await startWith(t)
  server.registerTool('whoami', {}, (_args, ctx) => JSON.stringify(ctx.auth))
  for (const scheme of ['Bearer', 'bearer', 'BEARER  ']) {
    const session = await TestSession.open(url, { headers: { authorization: `${scheme} ada-1` } })
    const reply = await session.call('whoami')
    assert.deepEqual(JSON.parse(reply.result.content[0].text), { id: 'ada', scopes: ['use', 'read'] })
  }
})

test('auth hands verify the token and the request, before the body was read', async (t) => {
  const seen: [string, IncomingMessage][] = []
  const { url } = await startWith(t, {
    verify: (token, request) => {
      seen.push([token, request])
      assert.equal(request.readableDidRead, false)
      return { id: 'anyone' }
    },
  })
  await post(url, initializeText, bearer('abc.def-ghi_~+/=='))
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.[0], 'abc.def-ghi_~+/==')
  assert.equal(seen[0]?.[1].method, 'POST')
})

test('auth waits for a verify that gives a promise, or anything thenable', async (t) => {
  for (const later of [
    (token: string) => Promise.resolve(verify(token)),
    // biome-ignore lint/suspicious/noThenProperty: what promise libraries give
    (token: string) => ({ then: (resolve: (value: unknown) => void) => resolve(verify(token)) }),
  ]) {
    const { url } = await startWith(t, { verify: later as AuthOptions['verify'] })
    assertChallenged(await post(url, initializeText, bearer('eve-1')), 401, 'invalid_token')
    assert.equal((await post(url, initializeText, bearer('ada-1'))).status, 200)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    assert.equal((await post(url, body, bearer('ada-1'))).status, 400, 'a body that came meanwhile is read')
  }
})

test('auth takes null from verify for a token that is not valid', async (t) => {
  const { url } = await startWith(t, { verify: () => null })
  assertChallenged(await post(url, initializeText, bearer('ada-1')), 401, 'invalid_token')
})

test('auth answers 500 without the cause when verify throws, rejects or gives no principal', async (t) => {
  const failures: readonly AuthOptions['verify'][] = [
    () => {
      throw new Error('secret cause')
    },
    () => Promise.reject(new Error('secret cause')),
    () => ({ name: 'secret cause' }) as unknown as Principal,
    () => true as unknown as Principal,
    async () => ({ id: 5 }) as unknown as Principal,
  ]
  for (const failing of failures) {
    const { url, errors, refusals, opened } = await startWith(t, { verify: failing })
    const reply = await post(url, initializeText, { ...bearer('x'), origin: 'http://localhost:5173' })
    assert.deepEqual([reply.status, reply.json.error.code], [500, -32603])
    assert.doesNotMatch(reply.text, /secret/)
    assert.equal(reply.headers['access-control-allow-origin'], 'http://localhost:5173')
    assert.deepEqual(
      errors.map(({ phase }) => phase),
      ['transport'],
    )
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [500],
    )
    assert.deepEqual(opened, [])
  }
})

test('auth asks for every required scope, and names them in the challenge of both refusals', async (t) => {
  const { url } = await startWith(t, { requiredScopes: ['use', 'read'] })
  const missing = await post(url, initializeText)
  assertChallenged(missing, 401, undefined)
  assert.match(missing.headers['www-authenticate'] ?? '', /scope="use read"/)
  const insufficient = await post(url, initializeText, bearer('bob-1'))
  assertChallenged(insufficient, 403, 'insufficient_scope')
  assert.match(insufficient.headers['www-authenticate'] ?? '', /scope="use read"/)
  assert.equal((await post(url, initializeText, bearer('ada-1'))).status, 200)
})

test('auth comes before the session: a bad token is 401 for a known session, never 404', async (t) => {
  const { url } = await startWith(t)
  const session = await TestSession.open(url, { headers: bearer('ada-1') })
  for (const method of ['GET', 'DELETE']) {
    const reply = await bodiless(method, url, { ...session.headers, ...bearer('eve-1') })
    assertChallenged(reply, 401, 'invalid_token')
  }
  assert.equal((await session.request('ping')).status, 200, 'a failed attempt cost nothing')
})

test('a session does not exist for another principal, whatever is asked of it', async (t) => {
  const { url, server } = await startWith(t)
  server.registerTool('ask', {}, async (_args, ctx) => {
    const roots = await ctx.listRoots()
    return roots.map(({ uri }) => uri).join()
  })
  const session = await TestSession.open(url, {
    headers: bearer('ada-1'),
    capabilities: { roots: {} },
    onRequest: () => undefined,
  })
  const bobs = { ...session.headers, ...bearer('bob-1') }
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const asked = await stream.nextMessage((message) => message.method === 'roots/list')

  const attempts = {
    request: await post(url, { jsonrpc: '2.0', id: 3, method: 'ping' }, bobs),
    response: await post(
      url,
      { jsonrpc: '2.0', id: asked.id, result: { roots: [{ uri: 'file:///bob' }] } },
      bobs,
      { check: 'none' },
    ),
    cancellation: await post(
      url,
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
      bobs,
    ),
    listening: await get(url, bobs),
    resumption: await get(url, { ...bobs, 'last-event-id': stream.lastEventId }),
    deletion: await del(url, bobs),
  }
  for (const [name, reply] of Object.entries(attempts)) {
    assert.equal(reply.status, 404, name)
    assert.equal(reply.json.error.code, -32001, name)
  }
  await session.respond(asked.id, { roots: [{ uri: 'file:///ada' }] })
  const answer = await stream.nextMessage((message) => message.result !== undefined)
  assert.equal(answer.result.content[0].text, 'file:///ada')
})

test('a session goes on with a refreshed token of the same principal, streams included', async (t) => {
  const { url } = await startWith(t)
  const session = await TestSession.open(url, { headers: bearer('ada-1') })
  const refreshed = { ...session.headers, ...bearer('ada-2') }
  assert.equal((await post(url, { jsonrpc: '2.0', id: 1, method: 'ping' }, refreshed)).status, 200)
  const stream = await openSse(url, { headers: refreshed })
  assert.equal(stream.status, 200)
  await stream.close()
  assert.equal((await del(url, refreshed)).status, 200)
  assert.equal((await session.request('ping')).status, 404)
})

for (const scopes of ['admin', 5, { admin: true }, ['use', 5], null]) {
  test(`scopes of a principal that are not an array of strings are a TypeError: ${JSON.stringify(scopes)}`, async (t) => {
    for (const verify of [() => ({ id: 'ada', scopes }), async () => ({ id: 'ada', scopes })]) {
      const errors: unknown[] = []
      const server = new McpServer(
        { name: 'scopes', version: '1' },
        { onError: (error) => errors.push(error) },
      )
      const serving = await serve(server, {
        port: 0,
        auth: { verify: verify as never, requiredScopes: ['adm'] },
      })
      t.after(() => serving.close({ drainMs: 0 }))
      const message = { jsonrpc: '2.0', id: 1, method: 'ping' }
      const reply = await post(serving.url, message, { authorization: 'Bearer a' })
      assert.equal(reply.status, 500)
      assert.ok(errors[0] instanceof TypeError)
      assert.match(errors[0].message, /auth\.verify must give scopes as an array of strings/)
    }
  })
}

const thrown: readonly (readonly [status: number, error: unknown])[] = [
  [401, Object.assign(new Error('"exp" claim timestamp check failed'), { code: 'ERR_JWT_EXPIRED' })],
  [401, Object.assign(new Error('signature'), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })],
  [401, Object.assign(new Error('jwt expired'), { name: 'TokenExpiredError' })],
  [401, Object.assign(new Error('bad'), { status: 401 })],
  [401, Object.assign(new Error('bad'), { errorCode: 'invalid_token' })],
  [500, Object.assign(new Error('timeout'), { code: 'ERR_JWKS_TIMEOUT' })],
  [500, new TypeError('fetch failed')],
  [500, undefined],
]

for (const [status, error] of thrown) {
  test(`auth.verify that throws ${error} is ${status}`, async (t) => {
    const throws = () => {
      throw error
    }
    for (const verify of [throws, async () => throws()]) {
      const { url, errors } = await start(t, { auth: { verify } })
      const reply = await post(url, { jsonrpc: '2.0', id: 1, method: 'ping' }, { authorization: 'Bearer a' })
      assert.equal(reply.status, status)
      const challenge = reply.headers['www-authenticate']
      if (status === 401) assert.match(String(challenge), /^Bearer error="invalid_token"/)
      else assert.equal(challenge, undefined)
      assert.equal(errors.length, status === 401 ? 0 : 1)
    }
  })
}
