/** Origin and CORS on the wire: who may call, and that a page which may call can read every answer. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpText, initializeText, pingText, start } from './conversations/running-server.ts'
import { bodiless, get, openSse, options, post, raw, TestSession } from './helpers/wire.ts'

const page = 'https://app.example.com'

test('a foreign Origin is refused on POST, GET, DELETE and preflight before anything happens [transports.origin-validated] [transports.origin-invalid-403]', async (t) => {
  const { url, opened, serving, ran } = await start(t)
  const session = await TestSession.open(url)
  const foreign = [
    'https://evil.example',
    'http://localhost.evil.example',
    'null',
    'file://',
    'http://127.0.0.2',
    '',
  ]
  for (const origin of foreign) {
    const headers = { ...session.headers, origin }
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } }
    const replies = [
      await post(url, initializeText, { origin }),
      await post(url, call, headers),
      await get(url, headers),
      await bodiless('DELETE', url, headers),
      await options(url, { origin, 'access-control-request-method': 'POST' }),
    ]
    for (const reply of replies) {
      assert.equal(reply.status, 403, `${origin} ${reply.text}`)
      assert.equal(reply.json.error.code, -32000)
      assert.equal(reply.headers['access-control-allow-origin'], undefined)
    }
  }
  assert.equal(opened.length, 1)
  assert.deepEqual(ran, [])
  assert.equal(serving.stats().streams, 0)
  assert.equal((await session.request('ping')).status, 200, 'the session was not deleted')
})

test('an allowed Origin matches exactly, with scheme and port, and any page of this machine by default', async (t) => {
  const listed = await start(t, { allowedOrigins: [page, 'http://dev.example:5173'] })
  const local = await start(t)
  const rows: readonly (readonly [url: string, origin: string, status: number])[] = [
    [listed.url, page, 200],
    [listed.url, 'HTTPS://APP.example.com', 200],
    [listed.url, `${page}:443`, 200],
    [listed.url, `${page}:8443`, 403],
    [listed.url, 'http://app.example.com', 403],
    [listed.url, 'https://app.example.com.evil.example', 403],
    [listed.url, 'https://evil-app.example.com', 403],
    [listed.url, 'http://dev.example:5173', 200],
    [listed.url, 'http://dev.example', 403],
    [listed.url, 'http://localhost:3000', 403],
    [local.url, 'http://localhost:3000', 200],
    [local.url, 'https://127.0.0.1', 200],
    [local.url, 'http://[::1]:8080', 200],
  ]
  for (const [url, origin, status] of rows) {
    assert.equal((await post(url, initializeText, { origin })).status, status, origin)
  }
})

test('a request with two Origin lines is refused, and neither origin can read the reply', async (t) => {
  const { port } = await start(t, { allowedOrigins: [page] })
  for (const origin of [
    [page, 'https://evil.example'],
    ['https://evil.example', page],
    [page, page],
  ]) {
    const reply = await raw(port, httpText({ headers: { origin }, body: initializeText }))
    assert.equal(reply.status, 400)
    assert.equal(reply.headers['access-control-allow-origin'], undefined)
  }
})

test('a preflight is answered with 204 without a token, and allows the headers of the protocol', async (t) => {
  const { url, refusals } = await start(t, { allowedOrigins: [page], auth: { verify: () => undefined } })
  const reply = await options(url, {
    origin: page,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,mcp-session-id,mcp-param-region,x-other',
  })
  assert.deepEqual([reply.status, reply.text], [204, ''])
  assert.equal(reply.headers['access-control-allow-origin'], page)
  assert.equal(reply.headers['access-control-allow-methods'], 'GET, POST, DELETE')
  const allowed = (reply.headers['access-control-allow-headers'] ?? '').toLowerCase().split(', ')
  for (const name of [
    'authorization',
    'content-type',
    'accept',
    'mcp-session-id',
    'mcp-protocol-version',
    'last-event-id',
    'mcp-method',
    'mcp-name',
    'mcp-param-region',
    // W3C trace context, which `ctx.trace` reads.
    'traceparent',
    'tracestate',
    'baggage',
  ]) {
    assert.ok(allowed.includes(name), name)
  }
  assert.ok(!allowed.includes('x-other'))
  assert.match(reply.headers['vary'] ?? '', /Origin/)
  assert.equal(reply.headers['access-control-allow-credentials'], undefined)
  assert.deepEqual(refusals, [])
})

test('a preflight to a private network is answered for allowed origins only', async (t) => {
  const { url } = await start(t, { allowedOrigins: [page] })
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' }
  const allowed = await options(url, { ...asked, origin: page })
  assert.equal(allowed.headers['access-control-allow-private-network'], 'true')
  const refused = await options(url, { ...asked, origin: 'https://evil.example' })
  assert.equal(refused.status, 403)
  assert.equal(refused.headers['access-control-allow-private-network'], undefined)
})

test('OPTIONS that is no preflight names the methods', async (t) => {
  const { url } = await start(t, { allowedOrigins: [page] })
  for (const headers of [{}, { origin: page }, { 'access-control-request-method': 'POST' }]) {
    const reply = await options(url, headers)
    assert.equal(reply.status, 204)
    assert.equal(reply.headers['allow'], 'GET, POST, DELETE, OPTIONS')
  }
})

test('an allowed page can read every answer: results, streams, 202, and refusals of every kind', async (t) => {
  const auth = { verify: (token: string) => (token === 'good' ? { id: 'ada' } : undefined) }
  const { url } = await start(t, { allowedOrigins: [page], auth, maxBodyBytes: 400 })
  const headers = { origin: page, authorization: 'Bearer good' }
  const session = await TestSession.open(url, { headers })
  const inSession = session.headers
  const stream = await openSse(url, { headers: inSession })
  const talk = await session.call('talk')
  assert.equal(talk.kind, 'sse')
  const replies = {
    initialize: await post(url, initializeText, headers),
    ping: await session.request('ping'),
    talk,
    listening: stream,
    notification: await session.notify('notifications/initialized'),
    unauthorized: await post(url, initializeText, { origin: page }),
    otherPath: await post(new URL('/other', url), initializeText, headers),
    otherMethod: await bodiless('PUT', url, headers),
    otherType: await post(url, 'x', { ...headers, 'content-type': 'text/plain' }),
    noJson: await post(url, '{', headers),
    tooLarge: await post(url, 'x'.repeat(500), headers),
    noSession: await post(url, pingText, headers),
    unknownSession: await get(url, { ...headers, 'mcp-session-id': 'unknown' }),
  }
  assert.deepEqual(
    Object.values(replies).map(({ status }) => status),
    [200, 200, 200, 200, 202, 401, 404, 405, 415, 400, 413, 400, 404],
  )
  for (const [name, reply] of Object.entries(replies)) {
    assert.equal(reply.headers['access-control-allow-origin'], page, name)
    assert.equal(reply.headers['vary'], 'Origin', name)
    assert.equal(reply.headers['access-control-allow-credentials'], undefined, name)
    const exposed = reply.headers['access-control-expose-headers'] ?? ''
    assert.equal(exposed, 'Mcp-Session-Id, WWW-Authenticate, Retry-After', name)
  }
  await stream.close()
})

test('a request without Origin is not from a page and gets no CORS headers', async (t) => {
  const { url } = await start(t, { allowedOrigins: ['*'] })
  const reply = await post(url, initializeText)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers['access-control-allow-origin'], undefined)
})
