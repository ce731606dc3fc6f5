/** Refusals that depend on what is going on: too many calls or sessions, an id in use, a lost position, the end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpText, initializeText, start } from './conversations/running-server.ts'
import { get, post, RawSocket, TestSession } from './helpers/wire.ts'

const message = (method: string, params?: object, id: number | string = 7) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
})

test('handler refuses a call above maxInFlightPerSession with 429 and Retry-After', async (t) => {
  const { url, waiting, refusals } = await start(t, { maxInFlightPerSession: 1 })
  const session = await TestSession.open(url)
  const first = session.call('wait')
  const call = await waiting()
  const second = await session.request('ping', undefined, { id: 'over' })
  assert.equal(second.status, 429)
  assert.equal(second.error.code, -32000)
  assert.match(second.error.message, /in progress \(maxInFlightPerSession is 1\)$/)
  assert.equal(second.headers['retry-after'], '1')
  call.release()
  assert.equal((await first).result.content[0].text, 'released')
  assert.equal((await session.request('ping')).status, 200)
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [429],
  )
})

for (const era of ['session era', 'stateless era']) {
  test(`handler refuses a call without a session above maxInFlight with 503 and Retry-After: ${era}`, async (t) => {
    const { url, waiting, refusals } = await start(t, { sessions: false, maxInFlight: 1 })
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const stateless = era === 'stateless era'
    const headers: { [name: string]: string } = stateless
      ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'wait' }
      : {}
    const wait = (id: number) =>
      post(url, message('tools/call', { name: 'wait', ...(stateless && { _meta: meta }) }, id), headers)
    const first = wait(1)
    const call = await waiting()
    const second = await wait(2)
    assert.deepEqual([second.status, second.json?.id, second.json?.error.code], [503, 2, -32000])
    assert.match(second.json?.error.message ?? '', /in progress \(maxInFlight is 1\)$/)
    assert.ok(Number(second.headers['retry-after']) > 0)
    call.release()
    assert.equal((await first).json?.result.content[0].text, 'released')
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [503],
    )
  })
}

test('handler refuses a session above sessions.max with 503 and Retry-After, only while all are in use', async (t) => {
  const { url, waiting, refusals, serving } = await start(t, { sessions: { max: 1 } })
  const session = await TestSession.open(url)
  const running = session.call('wait')
  const call = await waiting()
  const full = await post(url, initializeText)
  assert.equal(full.status, 503)
  assert.equal(full.json.id, 0)
  assert.equal(full.json.error.code, -32000)
  assert.ok(Number(full.headers['retry-after']) > 0)
  assert.equal(full.headers['mcp-session-id'], undefined)
  call.release()
  await running
  const next = await TestSession.open(url)
  assert.equal(serving.stats().sessions, 1)
  assert.equal((await session.request('ping')).status, 404, 'the idle session made room')
  assert.equal((await next.request('ping')).status, 200)
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [503, 404],
  )
})

test('handler refuses an id in use when duplicateIds is reject, and leaves the first call alone', async (t) => {
  const { url, waiting, refusals } = await start(t, { duplicateIds: 'reject' })
  const session = await TestSession.open(url)
  const first = session.call('wait', {}, { id: 5 })
  const call = await waiting()
  const second = await session.call('echo', { text: 'second' }, { id: 5 })
  assert.deepEqual([second.status, second.error.code], [400, -32600])
  assert.equal((await session.call('echo', { text: 'other' }, { id: '5' })).status, 200, '"5" is another id')
  call.release('first')
  assert.equal((await first).result.content[0].text, 'first')
  assert.equal(refusals.length, 1)
})

test('handler refuses a Last-Event-ID that it cannot resume from with 400, once', async (t) => {
  const { url, refusals } = await start(t)
  const session = await TestSession.open(url)
  const stream = await session.listen()
  const { id: first = '' } = await stream.next()
  for (const id of ['_', '_x', '_9', 'x_1'].map((end) => first.replace(/_0$/, end))) {
    const reply = await get(url, { ...session.headers, 'last-event-id': id })
    assert.equal(reply.status, 400, id)
    assert.match(reply.json.error.message, /Cannot resume/)
  }
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [400, 400, 400, 400],
  )
})

test('handler refuses a batch above maxBatch, and takes one of exactly that size', async (t) => {
  const { url, refusals } = await start(t, { maxBatch: 2 })
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26' })
  const pings = [1, 2, 3].map((id) => message('ping', undefined, id))
  const fits = await session.send(pings.slice(0, 2))
  assert.equal(fits.status, 200)
  // Its id cannot be told, and the schema of 2025-03-26 knows no error without id.
  const over = await session.send(pings, { check: 'none' })
  assert.deepEqual([over.status, over.json.error.code], [400, -32600])
  assert.match(over.json.error.message, /2 messages at most, received 3/)
  assert.equal(refusals.length, 1)
})

test('handler refuses what comes while it is closing with 503, Retry-After and the end of the connection', async (t) => {
  const { url, port, serving, waiting, refusals } = await start(t)
  const session = await TestSession.open(url)
  const running = session.call('wait')
  const call = await waiting()
  // Connections that were open before: the listener accepts no new ones while it closes.
  const [poster, listener] = [await RawSocket.open(port), await RawSocket.open(port)]
  const sessionHeaders = { 'mcp-session-id': session.sessionId }
  const halfOfPost = httpText({ body: '{"jsonrpc":"2.0","id":9,"method":"ping"}', headers: sessionHeaders })
  const halfOfGet = httpText({ method: 'GET', headers: sessionHeaders })
  await poster.write(halfOfPost.slice(0, 20))
  await listener.write(halfOfGet.slice(0, 20))
  const closing = serving.close({ drainMs: 20_000 })
  await poster.write(halfOfPost.slice(20))
  const late = await poster.response()
  assert.equal(late.status, 503)
  assert.equal(late.headers['retry-after'], '1')
  assert.equal(late.headers['connection'], 'close')
  assert.equal(JSON.parse(late.body).id, 9)
  await listener.write(halfOfGet.slice(20))
  assert.equal((await listener.response()).status, 503)
  call.release()
  assert.equal((await running).result.content[0].text, 'released', 'the call in progress was let finish')
  await closing
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [503, 503],
  )
})

test('handler gives a call up with 503 when drainMs has passed, and with 404 when its session is deleted', async (t) => {
  const { url, serving, waiting, refusals } = await start(t)
  const deleted = await TestSession.open(url)
  const first = deleted.call('wait')
  const firstCall = await waiting()
  assert.equal((await deleted.delete()).status, 200)
  const gone = await first
  assert.deepEqual([gone.status, gone.error.code], [404, -32001])
  assert.equal(firstCall.signal.aborted, true)
  const other = await TestSession.open(url)
  const second = other.call('wait')
  const secondCall = await waiting()
  await serving.close({ drainMs: 0 })
  const given = await second
  assert.deepEqual([given.status, given.error.code], [503, -32000])
  assert.equal(secondCall.signal.aborted, true)
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [404, 503],
  )
})
