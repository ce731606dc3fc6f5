/** Session ids on the wire: which are answered, which are not, and with what. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlerOptions } from '../../src/index.ts'
import { del, get, type HttpReply, post, type RequestHeaders } from '../helpers/wire.ts'
import { responsesOf, serving, streaming, textOf } from './serving.ts'

const LIST = { jsonrpc: '2.0', id: 'mine', method: 'tools/list' }
const HELLO = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1' },
  },
}

const METHODS: Record<string, (url: string, headers: RequestHeaders) => Promise<HttpReply>> = {
  POST: (url, headers) => post(url, LIST, headers),
  GET: (url, headers) => get(url, headers),
  DELETE: (url, headers) => del(url, headers),
}

/** Ids that name no session, each with how it came to be so. */
const GONE: Record<string, (t: TestContext) => Promise<{ url: string; id: string }>> = {
  unknown: async (t) => ({ url: (await serving(t)).url, id: 'A'.repeat(32) }),
  deleted: async (t) => {
    const { open, url } = await serving(t)
    const session = await open()
    assert.equal((await session.delete()).status, 200)
    return { url, id: session.sessionId ?? '' }
  },
  expired: async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    const { open, url } = await serving(t, { sessions: { idleTimeoutMs: 8000 } })
    const session = await open()
    t.mock.timers.tick(10_000)
    return { url, id: session.sessionId ?? '' }
  },
  evicted: async (t) => {
    const { open, url } = await serving(t, { sessions: { max: 1 } })
    const session = await open()
    await open()
    return { url, id: session.sessionId ?? '' }
  },
  'cut short': async (t) => {
    const { open, url } = await serving(t)
    return { url, id: (await open()).sessionId?.slice(1) ?? '' }
  },
  'in another case': async (t) => {
    const { open, url } = await serving(t)
    const id = (await open()).sessionId ?? ''
    return {
      url,
      id: id.replace(/[a-z]/i, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())),
    }
  },
  malformed: async (t) => ({ url: (await serving(t)).url, id: '../%00 "{}' }),
  'very long': async (t) => ({ url: (await serving(t)).url, id: 'x'.repeat(8000) }),
  empty: async (t) => ({ url: (await serving(t)).url, id: '' }),
  'a key of every object': async (t) => ({ url: (await serving(t)).url, id: '__proto__' }),
}

for (const [kind, make] of Object.entries(GONE)) {
  for (const [method, request] of Object.entries(METHODS)) {
    test(`${method} with a session id that is ${kind} gets 404 and a JSON-RPC error [transports.session-gone-404]`, async (t) => {
      const { url, id } = await make(t)
      const reply = await request(url, { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' })
      assert.equal(reply.status, 404)
      assert.equal(reply.headers['content-type'], 'application/json')
      assert.equal(reply.headers['mcp-session-id'], undefined)
      assert.equal(reply.json.error.code, -32001)
      assert.match(reply.json.error.message, /^Session not found/)
      assert.equal(reply.json.id, method === 'POST' ? 'mine' : undefined)
    })
  }
}

test('a message without a session id gets 400, except initialize [transports.session-id-missing-400]', async (t) => {
  const { url, stats } = await serving(t)
  const reply = await post(url, LIST)
  assert.equal(reply.status, 400)
  assert.deepEqual([reply.json.error.code, reply.json.id], [-32000, 'mine'])
  assert.match(reply.json.error.message, /Mcp-Session-Id/)
  const response = await post(url, { jsonrpc: '2.0', id: 's-1', result: {} })
  assert.equal(response.status, 400)
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  assert.equal((await post(url, cancelled)).status, 400)
  assert.equal((await del(url)).status, 400)
  assert.equal(stats().sessions, 0)
})

test('notifications/initialized without a session id gets 202', async (t) => {
  const { url } = await serving(t)
  const reply = await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })
  assert.deepEqual([reply.status, reply.text], [202, ''])
})

test('initialize opens a session of its own whatever session id it carries', async (t) => {
  const { url, open, stats } = await serving(t)
  const living = await open()
  for (const id of [living.sessionId, 'A'.repeat(32), '']) {
    const reply = await post(url, HELLO, { 'mcp-session-id': id })
    assert.equal(reply.status, 200)
    assert.notEqual(reply.headers['mcp-session-id'], id)
    assert.match(String(reply.headers['mcp-session-id']), /^[\x21-\x7e]{32}$/)
  }
  assert.equal(stats().sessions, 4)
  assert.equal(textOf(await living.call('echo', { text: 'still here' })), 'still here')
})

test('an initialize that is refused opens no session', async (t) => {
  const { url, stats } = await serving(t)
  const { clientInfo: _, ...params } = HELLO.params
  const reply = await post(url, { ...HELLO, params }, {}, { check: false })
  assert.deepEqual([reply.json.error.code, reply.headers['mcp-session-id']], [-32602, undefined])
  assert.equal((await post(url, HELLO, { accept: 'image/png' })).status, 406)
  assert.equal(stats().sessions, 0)
})

test('a request is served as soon as initialize is answered, before notifications/initialized', async (t) => {
  const { open } = await serving(t, { logging: true })
  const session = await open({ initialized: false })
  assert.deepEqual((await session.request('logging/setLevel', { level: 'error' })).result, {})
  assert.equal(textOf(await session.call('echo', { text: 'a' })), 'a')
})

/** Tokens `name/version`; the name is who it speaks for, so a refreshed token speaks for the same. */
const auth: HandlerOptions['auth'] = {
  verify: (token) => {
    const [name, rest] = token.split('/')
    return name === undefined || rest === undefined ? undefined : { id: name }
  },
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('a session answers its own principal only; to another one it does not exist', async (t) => {
  const { url, open, held, ended, stats } = await serving(t, { auth })
  const session = await open({ headers: bearer('ada/1') })
  const { call, stream } = await streaming(session, held)
  const { id: eventId } = await stream.next()
  const theirs = { ...session.headers, ...bearer('eve/1') }
  const replies = [
    await post(url, LIST, theirs),
    await post(url, { jsonrpc: '2.0', id: 's-1', result: {} }, theirs),
    await get(url, theirs),
    await get(url, { ...theirs, 'last-event-id': eventId }),
    await del(url, theirs),
  ]
  for (const reply of replies) {
    assert.deepEqual([reply.status, reply.json.error.code], [404, -32001])
    assert.equal(reply.text.includes('ada'), false)
  }
  // The refused ones touched nothing: the stream is still the first client's, and the session lives.
  call.finish('for ada')
  assert.equal((await stream.end()).complete, true)
  assert.equal(textOf(responsesOf(stream)[0]), 'for ada')
  assert.deepEqual([ended, stats().sessions], [[], 1])
})

test('a refreshed token of the same principal goes on with the session', async (t) => {
  const { url, open } = await serving(t, { auth })
  const session = await open({ headers: bearer('ada/1') })
  const refreshed = { ...session.headers, ...bearer('ada/2') }
  assert.equal((await post(url, LIST, refreshed)).status, 200)
  const stream = await session.listen({ headers: bearer('ada/3') })
  assert.equal(stream.status, 200)
  assert.equal((await del(url, refreshed)).status, 200)
})

test('a bad token gets 401 before anything is said of the session', async (t) => {
  const { url, open } = await serving(t, { auth })
  const session = await open({ headers: bearer('ada/1') })
  for (const id of [session.sessionId, 'A'.repeat(32)]) {
    for (const token of [undefined, 'Bearer nobody']) {
      const headers = { 'mcp-session-id': id, authorization: token }
      assert.equal((await post(url, LIST, headers)).status, 401)
      assert.equal((await get(url, headers)).status, 401)
      assert.equal((await del(url, headers)).status, 401)
    }
  }
})
