/** Serving session-era clients without sessions, wholly or for those that lose their id. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { del, get, post } from '../helpers/wire.ts'
import { eventually, serving, textOf } from './serving.ts'

const setLevel = { jsonrpc: '2.0', id: 1, method: 'logging/setLevel', params: { level: 'info' } }
const subscribe = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'test:r' } }
const echo = (text: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text } },
})

test('without sessions no id is issued, and an injected one is ignored', async (t) => {
  const { open, url, stats } = await serving(t, { sessions: false })
  const session = await open()
  assert.equal(session.sessionId, undefined)
  assert.equal(session.initialize.headers['mcp-session-id'], undefined)
  for (const id of [undefined, 'made-up', '', '__proto__']) {
    const reply = await post(url, echo('a'), { 'mcp-session-id': id })
    assert.deepEqual([reply.status, textOf(reply.json)], [200, 'a'])
    assert.equal(reply.headers['mcp-session-id'], undefined)
  }
  assert.equal(stats().sessions, 0)
})

test('without sessions GET and DELETE get 405 and are told to POST [transports.get-stream-or-405]', async (t) => {
  const { url } = await serving(t, { sessions: false })
  for (const headers of [{}, { 'mcp-session-id': 'made-up' }, { 'last-event-id': 'x_1' }]) {
    for (const reply of [await get(url, headers), await del(url, headers)]) {
      assert.deepEqual([reply.status, reply.headers.allow, reply.json.error.code], [405, 'POST', -32000])
    }
  }
})

test('without sessions nothing is promised or served that needs one', async (t) => {
  const { open, url } = await serving(t, {
    sessions: false,
    logging: true,
    setup: (server) => server.registerResource('r', 'test:r', { subscribe: true }, () => 'text'),
  })
  const session = await open()
  assert.deepEqual(session.initializeResult.capabilities, { tools: {}, resources: {} })
  for (const message of [setLevel, subscribe, { ...subscribe, method: 'resources/unsubscribe' }]) {
    const reply = await post(url, message)
    assert.deepEqual([reply.status, reply.json.error.code], [200, -32601])
  }
})

test('without sessions a call still streams its progress, cannot be resumed, and ends with its connection', async (t) => {
  const { open, held, stats } = await serving(t, { sessions: false })
  const session = await open({ capabilities: { roots: {} } })
  const opening = session.stream(
    'tools/call',
    { name: 'hold', arguments: {} },
    { meta: { progressToken: 1 } },
  )
  const call = await held.next()
  call.ctx.progress(1)
  call.ctx.closeStream()
  const stream = await opening
  await stream.until(({ json }) => json !== undefined)
  assert.ok(stream.events.every(({ id, retry }) => id === undefined && retry === undefined))
  await assert.rejects(call.ctx.listRoots())
  await stream.destroy()
  assert.match((await call.aborted()).message, /closed the connection/)
  await eventually(() => stats().callsInProgress === 0, 'the call to end')
  assert.equal(call.ctx.session, undefined)
})

test('missingId serve answers a request without id on its own, and one with id in its session', async (t) => {
  const { open, url, stats } = await serving(t, { sessions: { missingId: 'serve' }, logging: true })
  const session = await open()
  const alone = await post(url, echo('alone'))
  assert.deepEqual([alone.status, textOf(alone.json)], [200, 'alone'])
  assert.equal((await post(url, setLevel)).json.error.code, -32601)
  assert.equal((await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202)
  assert.equal((await post(url, { jsonrpc: '2.0', id: 's-1', result: {} })).status, 202)
  assert.deepEqual((await session.request('logging/setLevel', { level: 'info' })).result, {})
  // An id that is not known is still an end to tell of, not a missing one.
  assert.equal((await post(url, echo('gone'), { 'mcp-session-id': 'A'.repeat(32) })).status, 404)
  assert.deepEqual([(await get(url)).status, (await del(url)).status], [405, 400])
  assert.equal(stats().sessions, 1)
})
