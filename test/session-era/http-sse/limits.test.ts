/** HTTP+SSE: who may use it, what is refused, and what a client can make the server keep. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOptions } from '../../../src/options.ts'
import { openSse, options as optionsOf, post, type RequestHeaders, TestSession } from '../../helpers/wire.ts'
import { eventually } from '../serving.ts'
import { SseConnection, serveHttpSse } from './connection.ts'

const auth = {
  verify: (token: string) => (token === 'bad' ? undefined : { id: token }),
}
const as = (token: string): RequestHeaders => ({ authorization: `Bearer ${token}` })
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

test('httpSse: Host and Origin are checked on both endpoints, and an allowed page may read the answers [v2024-11-05.sse-origin]', async (t) => {
  const { origin, connect, told } = await serveHttpSse(t)
  const client = await connect()
  for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    await assert.rejects(openSse(`${origin}/sse`, { headers }), /got 403/)
    assert.equal((await client.postRaw(PING, headers)).status, 403)
  }
  const page = { origin: 'http://localhost:5173' }
  const stream = await openSse(`${origin}/sse`, { headers: page })
  assert.equal(stream.headers['access-control-allow-origin'], page.origin)
  await stream.close()
  const posted = await client.postRaw(PING, page)
  assert.deepEqual([posted.status, posted.headers['access-control-allow-origin']], [202, page.origin])
  const preflight = { ...page, 'access-control-request-method': 'POST' }
  assert.equal((await optionsOf(client.endpoint, preflight)).status, 204)
  assert.equal(told.filter((each) => each === 'rejected 403').length, 6)
})

test('httpSse: credentials are asked for on both endpoints, and a connection belongs to the one who opened it [v2024-11-05.sse-auth]', async (t) => {
  const { origin, connect } = await serveHttpSse(t, { auth })
  await assert.rejects(openSse(`${origin}/sse`), /got 401/)
  await assert.rejects(openSse(`${origin}/sse`, { headers: as('bad') }), /got 401/)
  const alice = await connect({ headers: as('alice') })
  assert.equal((await alice.postRaw(PING, {})).status, 401)
  const mallory = await alice.postRaw(PING, as('mallory'))
  assert.equal(mallory.status, 404)
  assert.match(mallory.json.error.message, /no connection with this sessionId/)
  assert.equal((await alice.postRaw(PING)).status, 202)
})

test('httpSse: an id that is missing, unknown, closed, or of a session of Streamable HTTP is refused', async (t) => {
  const { origin, connect, serving } = await serveHttpSse(t)
  const missing = await post(`${origin}/messages`, PING)
  assert.equal(missing.status, 400)
  assert.match(missing.json.error.message, /endpoint event of GET \/sse names/)
  for (const id of ['x', '', '__proto__', 'a'.repeat(5000), '%00', '../..']) {
    assert.equal((await post(`${origin}/messages?sessionId=${id}`, PING)).status, 404, id)
  }
  const session = await TestSession.open(serving.url)
  t.after(() => session.close())
  assert.equal((await post(`${origin}/messages?sessionId=${session.sessionId}`, PING)).status, 404)
  const client = await connect()
  const id = client.endpoint.searchParams.get('sessionId') as string
  const elsewhere = await post(serving.url, PING, { 'mcp-session-id': id })
  assert.equal(elsewhere.status, 404, 'the id of a connection is not that of a session')
  await client.stream.close()
  await eventually(() => serving.stats().sessions === 1, 'the end of the connection')
  assert.equal((await client.postRaw(PING)).status, 404)
})

test('httpSse: what is no message is refused with a status, and the connection stays', async (t) => {
  const { connect } = await serveHttpSse(t, { maxBodyBytes: 2000 })
  const client = await connect()
  const rows: readonly (readonly [body: string, status: number, headers?: RequestHeaders])[] = [
    ['', 400],
    ['{', 400],
    ['7', 400],
    ['{}', 400],
    ['[]', 400],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 400],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', 400],
    [`${'['.repeat(600)}${']'.repeat(600)}`, 400],
    [`"${'x'.repeat(3000)}"`, 413],
    [PING, 415, { 'content-type': 'text/plain' }],
    [PING, 415, { 'content-encoding': 'gzip' }],
  ]
  for (const [body, status, headers] of rows) {
    assert.equal((await client.postRaw(body, headers)).status, status, body.slice(0, 50))
  }
  assert.deepEqual((await client.request('ping')).result, {})
})

test('httpSse: a call above the limits gets an error on the stream, and is not lost with a status', async (t) => {
  const { connect, held } = await serveHttpSse(t, {
    maxInFlightPerSession: 1,
    rateLimit: { perSecond: 0.001, burst: 5 },
  })
  const client = await connect()
  await client.send({ id: 'held', method: 'tools/call', params: { name: 'hold' } })
  const call = await held.next()
  const second = await client.call('echo')
  assert.match(second.error.message, /maxInFlightPerSession is 1/)
  call.finish('')
  await client.until(({ id }) => id === 'held')
  const answers = []
  for (let n = 0; n < 6; n++) answers.push(await client.request('ping'))
  const limited = answers.find(({ error }) => error !== undefined)
  assert.match(limited.error.message, /rateLimit/)
  assert.ok(limited.error.data.retryAfterMs > 0)
})

test('httpSse: connections are limited in number, for all and for each principal, whether they initialize or not', async (t) => {
  const { origin, connect, told } = await serveHttpSse(t, {
    auth,
    sessions: { max: 3, maxPerPrincipal: 2 },
  })
  const revision = undefined
  await connect({ headers: as('a'), revision })
  const second = await connect({ headers: as('a') })
  await assert.rejects(openSse(`${origin}/sse`, { headers: as('a') }), /429.*sessions\.maxPerPrincipal/)
  await connect({ headers: as('b'), revision })
  await assert.rejects(openSse(`${origin}/sse`, { headers: as('c') }), /503.*sessions\.max/)
  await second.stream.close()
  await eventually(() => told.includes('closed deleted'), 'the end of a connection')
  await connect({ headers: as('c') })
})

test('httpSse: a client that opens a stream and never initializes is disconnected after a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { connect, serving } = await serveHttpSse(t, { keepAliveMs: 0 })
  const [idle, used] = [await connect({ revision: undefined }), await connect()]
  t.mock.timers.tick(60_000)
  assert.equal((await idle.stream.end()).complete, true)
  assert.equal(serving.stats().streams, 1)
  assert.deepEqual((await used.request('ping')).result, {})
})

test('httpSse: a session is not idle while its connection is open', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { connect, serving } = await serveHttpSse(t, { sessions: { idleTimeoutMs: 1000 }, keepAliveMs: 0 })
  const client = await connect()
  for (let n = 0; n < 40; n++) t.mock.timers.tick(125)
  assert.equal(serving.stats().sessions, 1)
  assert.deepEqual((await client.request('ping')).result, {})
})

test('httpSse: a client that reads nothing is dropped above maxStreamBufferBytes, and its calls are cancelled', async (t) => {
  const { origin, connect, held, told, serving } = await serveHttpSse(t, { maxStreamBufferBytes: 20_000 })
  const client = await connect()
  await client.send({ id: 1, method: 'tools/call', params: { name: 'hold', _meta: { progressToken: 1 } } })
  const call = await held.next()
  client.stream.pause()
  const message = 'x'.repeat(10_000)
  for (let n = 0; n < 2000 && !call.ctx.signal.aborted; n++) {
    void call.ctx.progress(n, undefined, message)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_CLIENT_GONE')
  await eventually(() => told.includes('closed deleted'), 'the end of the session')
  assert.equal(serving.stats().streams, 0)
  const next = await SseConnection.open(origin)
  assert.deepEqual((await next.request('ping')).result, {})
  await next.stream.close()
})

test('httpSse: an id in use is refused where duplicateIds says so', async (t) => {
  const { connect, held } = await serveHttpSse(t, { duplicateIds: 'reject' })
  const client = await connect()
  await client.send({ id: 'same', method: 'tools/call', params: { name: 'hold' } })
  const call = await held.next()
  const refused = await client.postRaw('{"jsonrpc":"2.0","id":"same","method":"ping"}')
  assert.equal(refused.status, 400)
  assert.match(refused.json.error.message, /"same" is in use/)
  call.finish('')
  await client.until(({ id }) => id === 'same')
  assert.equal((await client.postRaw('{"jsonrpc":"2.0","id":"same","method":"tools/list"}')).status, 202)
})

test('strictAccept asks the stream of HTTP+SSE for its type, and a POST for none', async (t) => {
  const { origin, connect } = await serveHttpSse(t, { strictAccept: true })
  const client = await connect()
  assert.equal((await client.postRaw(PING, { accept: '*/*' })).status, 202)
  await assert.rejects(openSse(`${origin}/sse`, { headers: { accept: '*/*' } }), /got 406/)
})

test('httpSse: a wrong value is refused at construction, with its name', () => {
  const rows: readonly (readonly [options: object, message: RegExp])[] = [
    [{ httpSse: 'yes' }, /httpSse must be an object; got/],
    [{ httpSse: { path: '/sse' } }, /no option "httpSse.path".*httpSse.ssePath/],
    [{ httpSse: { ssePath: 'sse' } }, /httpSse.ssePath must begin with a slash.*"sse"/],
    [{ httpSse: { messagePath: '/m?x' } }, /httpSse.messagePath must begin with a slash/],
    [{ httpSse: { ssePath: '/a', messagePath: '/a' } }, /must differ; both are "\/a"/],
    [{ httpSse: { ssePath: '/mcp' }, path: '/mcp' }, /httpSse.ssePath must differ from path/],
    [{ httpSse: true, sessions: false }, /httpSse needs sessions/],
    [{ httpSse: true, eras: ['stateless'] }, /httpSse needs sessions/],
    [{ sse: true }, /no option "sse".*httpSse/],
  ]
  for (const [options, message] of rows) assert.throws(() => checkOptions(options), message)
  assert.deepEqual(checkOptions({ httpSse: true }).httpSse, {
    path: undefined,
    ssePath: '/sse',
    messagePath: '/messages',
  })
  for (const httpSse of [undefined, false]) assert.equal(checkOptions({ httpSse }).httpSse, undefined)
})

test('httpSse: calls of one batch count against every limit before any of them has begun', async (t) => {
  const rows = [
    [{ maxInFlightPerSession: 2 }, /maxInFlightPerSession is 2/],
    [{ maxInFlightPerPrincipal: 2, auth }, /maxInFlightPerPrincipal is 2/],
    [{ maxInFlight: 2 }, /maxInFlight is 2/],
    // initialize is not of a session, and takes nothing of what this one may do.
    [{ rateLimit: { perSecond: 0.01, burst: 2 } }, /\(rateLimit\)/],
  ] as const
  for (const [options, message] of rows) {
    const { connect, held } = await serveHttpSse(t, options)
    const client = await connect({ headers: as('ann'), revision: '2025-03-26' })
    const call = (id: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
    await client.send([call('a'), call('b'), call('c')])
    for (const { finish } of [await held.next(), await held.next()]) finish('')
    for (const id of ['a', 'b']) assert.ok((await client.until((each) => each.id === id)).result, id)
    const { error } = await client.until((each) => each.id === 'c')
    assert.match(error.message, message)
  }
})
