/** Batches, which only 2025-03-26 has. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post, type WireJson } from '../../helpers/wire.ts'
import { serving, textOf } from '../serving.ts'

const OLD = { protocolVersion: '2025-03-26' }
const call = (id: unknown, name: string, args: object = {}, meta: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, _meta: meta },
})
const note = (method: string, params?: object) => ({ jsonrpc: '2.0', method, ...(params && { params }) })
const ids = (messages: readonly WireJson[]) => messages.map(({ id }) => id)

test('a mixed batch is answered with one array: a response for each request, an error for each non-message [v2025-03-26.batch-received] [v2025-03-26.batch-response-each] [v2025-03-26.batch-answer-type] [v2025-03-26.result-xor-error] [jsonrpc.batch-invalid-members]', async (t) => {
  const { open } = await serving(t)
  const session = await open(OLD)
  const reply = await session.send(
    [
      call(1, 'echo', { text: 'a' }),
      note('notifications/roots/list_changed'),
      call('1', 'echo', { text: 'b' }),
      { jsonrpc: '2.0', id: 9, method: 'no/such' },
      7,
      { jsonrpc: '1.0', id: 3, method: 'ping' },
    ],
    { check: false },
  )
  assert.deepEqual([reply.status, reply.headers['content-type']], [200, 'application/json'])
  const byId = new Map(reply.json.map((message: WireJson) => [message.id, message]))
  assert.equal(reply.json.length, 5)
  assert.equal(textOf(byId.get(1) as WireJson), 'a')
  assert.equal(textOf(byId.get('1') as WireJson), 'b')
  const codes = reply.json
    .filter(({ error }: WireJson) => error)
    .map(({ id, error }: WireJson) => [id, error.code])
  assert.deepEqual(codes, [
    [undefined, -32600],
    [3, -32600],
    [9, -32601],
  ])
  for (const message of reply.json) assert.notEqual('result' in message, 'error' in message)
})

test('a batch whose calls take their time is answered when the last of them is, in one array', async (t) => {
  const { open, held } = await serving(t)
  const session = await open(OLD)
  const sending = session.send([call(1, 'hold'), call(2, 'echo', { text: 'quick' }), call(3, 'hold')])
  const [first, second] = [await held.next(), await held.next()]
  second.finish('b')
  first.finish('a')
  const reply = await sending
  assert.deepEqual(ids(reply.json).sort(), [1, 2, 3])
  assert.equal(textOf(reply.json.find(({ id }: WireJson) => id === 1)), 'a')
})

test('a batch that speaks early becomes a stream, which carries every response and ends after the last [v2025-03-26.stream-awaits-responses] [v2025-03-26.stream-closes-after-all]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open(OLD)
  const sending = session.send([
    call(1, 'hold', {}, { progressToken: 't' }),
    call(2, 'echo', { text: 'quick' }),
    call(3, 'hold'),
  ])
  const [first, second] = [await held.next(), await held.next()]
  first.ctx.progress(1)
  first.finish('a')
  await new Promise<void>((resolve) => setImmediate(resolve))
  // Its stream is open for the other one, but not for what is answered.
  first.ctx.progress(2)
  second.finish('b')
  const reply = await sending
  assert.deepEqual([reply.headers['content-type'], reply.complete], ['text/event-stream', true])
  assert.equal(reply.messages[0].method, 'notifications/progress')
  assert.deepEqual(ids(reply.messages.slice(1)).sort(), [1, 2, 3])
  assert.deepEqual(reply.events[0], { comment: '' })
})

test('a cancelled member of a batch gets no response, the others get theirs', async (t) => {
  const { open, held } = await serving(t)
  const session = await open(OLD)
  const sending = session.send([call(1, 'hold'), call(2, 'hold')])
  const [first, second] = [await held.next(), await held.next()]
  await session.notify('notifications/cancelled', { requestId: 1 })
  await first.aborted()
  first.finish('too late')
  // The handler has returned by then.
  await new Promise<void>((resolve) => setImmediate(resolve))
  second.finish('left')
  assert.deepEqual(ids((await sending).json), [2])
})

test('a batch whose members are all cancelled ends without a message', async (t) => {
  const { open, held } = await serving(t)
  const session = await open(OLD)
  const sending = session.send([call(1, 'hold'), call(2, 'hold')])
  const calls = [await held.next(), await held.next()]
  await session.send([1, 2].map((requestId) => note('notifications/cancelled', { requestId })))
  for (const each of calls) await each.aborted()
  const reply = await sending
  assert.deepEqual([reply.complete, reply.messages], [true, []])
})

test('a batch of notifications and responses gets 202 and no body, and settles each request that it answers [v2025-03-26.batch-202] [v2025-03-26.batch-of-responses] [jsonrpc.batch-notifications-only]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ ...OLD, capabilities: { roots: {} } })
  const sending = session.call('hold')
  const { ctx, finish } = await held.next()
  const answers = Promise.all([ctx.listRoots(), ctx.listRoots('again')])
  const respond = (id: string, uri: string) => ({ jsonrpc: '2.0', id, result: { roots: [{ uri }] } })
  const reply = await session.send([
    respond('s-1', 'file:///1'),
    note('notifications/roots/list_changed'),
    respond('s-2', 'file:///2'),
    respond('s-3', 'file:///3'),
  ])
  assert.deepEqual([reply.status, reply.text, reply.headers['content-type']], [202, '', undefined])
  assert.deepEqual(await answers, [[{ uri: 'file:///1' }], [{ uri: 'file:///2' }]])
  finish('')
  await sending
})

test('a batch that cannot be accepted gets an HTTP error and nothing of it is done [v2025-03-26.batch-http-error] [jsonrpc.batch-empty] [v2025-03-26.initialize-not-in-batch]', async (t) => {
  const { open, stats, held } = await serving(t, { maxBatch: 3 })
  const session = await open(OLD)
  const hello = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
  }
  for (const batch of [
    [],
    [hello],
    [call(1, 'hold'), hello],
    Array.from({ length: 4 }, (_, id) => call(id, 'hold')),
  ]) {
    const reply = await session.send(batch, { check: false })
    assert.deepEqual([reply.status, reply.json.error.code, Array.isArray(reply.json)], [400, -32600, false])
  }
  assert.deepEqual([stats().sessions, stats().callsInProgress], [1, 0])
  const sending = session.call('hold', { only: true })
  const begun = await held.next()
  assert.deepEqual(begun.args, { only: true })
  begun.finish('')
  await sending
})

test('a batch is refused in every other revision [transports.single-message-body] [v2025-06-18.single-message-body]', async (t) => {
  const { open } = await serving(t)
  for (const protocolVersion of ['2024-11-05', '2025-06-18', '2025-11-25']) {
    const session = await open({ protocolVersion, check: 'none' })
    const reply = await session.send([call(1, 'echo', { text: 'a' })])
    assert.deepEqual([reply.status, reply.json.error.code], [400, -32600])
    assert.ok(reply.json.error.message.includes(protocolVersion))
  }
})

test('without sessions and without a version header a batch is served, as 2025-03-26 has it [transports.version-absent-2025-03-26]', async (t) => {
  const { url } = await serving(t, { sessions: false })
  const batch = [call(1, 'echo', { text: 'a' }), call(2, 'echo', { text: 'b' })]
  const reply = await post(url, batch, {}, { revision: '2025-03-26' })
  assert.deepEqual([reply.status, ids(reply.json)], [200, [1, 2]])
  const later = await post(url, batch, { 'mcp-protocol-version': '2025-11-25' }, { check: 'none' })
  assert.equal(later.status, 400)
})
