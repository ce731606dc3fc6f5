/** Batches: served in 2025-03-26, bounded and answered together; refused, never met with silence, everywhere else. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { openSse, post, TestSession, type WireJson } from '../helpers/wire.ts'
import { initializeText, start } from './running-server.ts'

async function open(t: TestContext, options: ServeOptions = {}) {
  const running = await start(t, options)
  return { ...running, session: await TestSession.open(running.url, { protocolVersion: '2025-03-26' }) }
}

const ping = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'ping' })
const call = (id: number | string, name: string, args = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
})
const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'nothing' } }
const response = (id: number | string) => ({ jsonrpc: '2.0', id, result: {} })

/** An error whose id could not be read has none, which the schemas of the earlier revisions do not know. */
const unchecked = { check: 'none' } as const

const idsOf = (messages: readonly WireJson[]) => messages.map((message) => message.id)

test('a batch is answered with one array, a response for each request and nothing for the rest [v2025-03-26.batch-received] [v2025-03-26.batch-response-each] [v2025-03-26.batch-answer-type]', async (t) => {
  const { session } = await open(t)
  const batch = [
    ping(0),
    cancelled,
    call('a', 'echo', { text: 'x' }),
    response(5),
    ping('0'),
    call(1, 'missing'),
  ]
  const reply = await session.send(batch)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.ok(Array.isArray(reply.json))
  assert.deepEqual(idsOf(reply.json), [0, 'a', '0', 1])
  assert.deepEqual(reply.json[1].result.content[0].text, 'x')
  assert.equal(reply.json[3].error.code, -32602)
})

test('a batch of one request is answered with an array of one', async (t) => {
  const { session } = await open(t)
  const reply = await session.send([ping(3)])
  assert.deepEqual(reply.json, [{ jsonrpc: '2.0', id: 3, result: {} }])
})

test('a batch with a call that speaks becomes a stream, which ends after the last of all responses [v2025-03-26.batch-answer-type] [v2025-03-26.stream-awaits-responses] [v2025-03-26.stream-closes-after-all]', async (t) => {
  const { url, session, waiting } = await open(t)
  const message = [ping(1), call(2, 'wait'), call(3, 'talk'), call(4, 'wait')]
  const stream = await openSse(url, { message, headers: session.headers, conversation: session.conversation })
  const [first, second] = [await waiting(), await waiting()]
  second.release('second')
  const four = await stream.nextMessage((each) => each.id === 4)
  assert.equal(four.result.content[0].text, 'second')
  assert.equal(
    stream.messages.some((each) => each.id === 2),
    false,
  )
  first.release('first')
  const { complete } = await stream.end()
  assert.equal(complete, true)
  const responses = stream.messages.filter((each) => each.id !== undefined)
  assert.deepEqual(idsOf(responses).sort(), [1, 2, 3, 4])
  assert.equal(responses.at(-1).id, 2)
})

test('a batch without requests is answered with 202 and no body [v2025-03-26.batch-202] [jsonrpc.batch-notifications-only]', async (t) => {
  const { session } = await open(t)
  for (const batch of [[cancelled], [cancelled, cancelled], [response(1)], [response('x'), cancelled]]) {
    const reply = await session.send(batch)
    assert.deepEqual([reply.status, reply.text, reply.headers['content-length']], [202, '', '0'])
    assert.equal(reply.headers['content-type'], undefined)
  }
})

test('a batch of responses settles each request of the server that it names [v2025-03-26.batch-of-responses]', async (t) => {
  const { url, server } = await start(t)
  server.registerTool('ask-twice', {}, async (_args, ctx) => {
    const answers = await Promise.all([ctx.listRoots('one'), ctx.listRoots('two')])
    return answers.map(([root]) => root?.uri).join(' ')
  })
  const session = await TestSession.open(url, {
    protocolVersion: '2025-03-26',
    capabilities: { roots: {} },
    onRequest: () => undefined,
  })
  const stream = await session.stream('tools/call', { name: 'ask-twice', arguments: {} })
  const asked = [
    await stream.nextMessage((message) => message.method === 'roots/list'),
    await stream.nextMessage((message) => message.method === 'roots/list'),
  ]
  const roots = (uri: string) => ({ roots: [{ uri }] })
  const reply = await session.send([
    { jsonrpc: '2.0', id: asked[1].id, result: roots('file:///two') },
    { jsonrpc: '2.0', id: asked[0].id, result: roots('file:///one') },
  ])
  assert.equal(reply.status, 202)
  const answer = await stream.nextMessage((message) => message.result !== undefined)
  assert.equal(answer.result.content[0].text, 'file:///one file:///two')
})

test('an empty batch and one that is too long get one error, not an array [jsonrpc.batch-empty] [v2025-03-26.batch-http-error]', async (t) => {
  const { session } = await open(t, { maxBatch: 3 })
  for (const batch of [[], [ping(1), ping(2), ping(3), ping(4)]]) {
    const reply = await session.send(batch, unchecked)
    assert.equal(reply.status, 400)
    assert.equal(reply.json.error.code, -32600)
  }
})

test('members of a batch that are no messages get an error each, the others are served [jsonrpc.batch-invalid-members]', async (t) => {
  const { session } = await open(t)
  const mixed = await session.send(
    [1, ping(2), { foo: 'bar' }, [ping(3)], { ...ping(4), jsonrpc: '1' }],
    unchecked,
  )
  assert.equal(mixed.status, 200)
  const codes = mixed.json.map((message: WireJson) => message.error?.code ?? message.id)
  assert.deepEqual(codes.sort(), [-32600, -32600, -32600, -32600, 2].sort())
  const none = await session.send([1, 2, 3], unchecked)
  assert.deepEqual(
    none.json.map((message: WireJson) => message.error.code),
    [-32600, -32600, -32600],
  )
})

test('initialize inside a batch is refused, and no session begins [v2025-03-26.initialize-not-in-batch] [v2025-03-26.batch-http-error]', async (t) => {
  const { url, session, opened } = await open(t)
  const before = opened.length
  for (const batch of [[JSON.parse(initializeText)], [ping(1), JSON.parse(initializeText)]]) {
    const inside = await session.send(batch, unchecked)
    assert.deepEqual([inside.status, inside.json.error.code], [400, -32600])
    const outside = await post(url, JSON.stringify(batch), {}, unchecked)
    assert.equal(outside.status, 400)
    assert.equal(outside.headers['mcp-session-id'], undefined)
  }
  assert.equal(opened.length, before)
})

test('a batch is refused with 400 and -32600 in every later revision [transports.single-message-body] [v2025-06-18.single-message-body]', async (t) => {
  const { url, ran } = await start(t)
  for (const protocolVersion of ['2025-06-18', '2025-11-25']) {
    const session = await TestSession.open(url, { protocolVersion })
    for (const batch of [[], [call(1, 'echo')], [cancelled], [response(1)]]) {
      const reply = await post(url, JSON.stringify(batch), session.headers, unchecked)
      assert.equal(reply.status, 400)
      assert.equal(reply.json.error.code, -32600)
      assert.match(reply.json.error.message, new RegExp(protocolVersion))
    }
  }
  assert.deepEqual(ran, [])
})

test('the calls of a batch count against maxInFlightPerSession, all or none', async (t) => {
  const { session, waiting, ran } = await open(t, { maxInFlightPerSession: 2 })
  const over = await session.send([call(1, 'wait'), call(2, 'wait'), call(3, 'wait')], unchecked)
  assert.equal(over.status, 429)
  assert.deepEqual(ran, [])
  const fits = session.send([call(1, 'wait'), call(2, 'wait')])
  for (const waited of [await waiting(), await waiting()]) waited.release()
  assert.equal((await fits).json.length, 2)
})
