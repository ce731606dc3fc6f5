/** Questions to the client: on the stream of their call, answered by POST, given up in time. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MissingCapabilityError } from '../../src/index.ts'
import { post, type SseStream, type WireJson } from '../helpers/wire.ts'
import { eventually, responsesOf, serving, streaming, textOf } from './serving.ts'

const ALL = { elicitation: {}, sampling: {}, roots: {} }
const FORM = {
  message: 'Who?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
} as const
const PROMPT = {
  messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }],
  maxTokens: 5,
} as const
const SAMPLED = { model: 'm', role: 'assistant', content: { type: 'text', text: 'Hello' } }

const asked = async (stream: SseStream, method: string): Promise<WireJson> =>
  (await stream.until(({ json }) => json?.method === method)).json
const requestsOn = (stream: SseStream) =>
  stream.messages.filter(({ id, method }) => id !== undefined && method)

function mockTimers(t: TestContext): (milliseconds: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  return (milliseconds) => t.mock.timers.tick(milliseconds)
}

test('elicitation, sampling and roots go out on the stream of their call, under ids of their own, and come back by POST [basic.own-request-id] [basic.own-request-ids-unique]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: ALL })
  const own = await session.listen()
  const { call, stream } = await streaming(session, held)
  const answers = Promise.all([
    call.ctx.elicit('who', FORM),
    call.ctx.sample('text', PROMPT),
    call.ctx.listRoots(),
  ])
  const elicit = await asked(stream, 'elicitation/create')
  const sample = await asked(stream, 'sampling/createMessage')
  const roots = await asked(stream, 'roots/list')
  // Not in the order in which they were asked.
  await session.respond(roots.id, { roots: [{ uri: 'file:///a' }] })
  await session.respond(sample.id, SAMPLED)
  await session.respond(elicit.id, { action: 'accept', content: { name: 'Ada' } })
  assert.deepEqual(await answers, [
    { action: 'accept', content: { name: 'Ada' } },
    SAMPLED,
    [{ uri: 'file:///a' }],
  ])
  call.finish('done')
  await stream.end()
  const ids = requestsOn(stream).map(({ id }) => id)
  assert.equal(new Set(ids).size, 3)
  for (const id of ids) assert.equal(typeof id, 'string')
  await session.delete()
  await own.end()
  assert.deepEqual(own.messages, [])
})

test('a question opens the stream of a call that was silent so far', async (t) => {
  const { open } = await serving(t, {
    setup: (server) =>
      server.registerTool('ask', {}, async (_, ctx) => (await ctx.listRoots()).map(({ uri }) => uri).join()),
  })
  const session = await open({ capabilities: ALL, onRequest: () => ({ roots: [{ uri: 'file:///b' }] }) })
  const reply = await session.call('ask')
  assert.deepEqual([reply.kind, textOf(reply)], ['sse', 'file:///b'])
})

test('what the client did not declare is never asked of it, and the error names it [lifecycle.negotiated-only] [lifecycle.handles-missing-capability]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: { sampling: {} } })
  const { call, stream } = await streaming(session, held)
  const tools = [{ name: 'a', inputSchema: { type: 'object' } }] as const
  const attempts: [Promise<unknown>, RegExp][] = [
    [call.ctx.elicit('who', FORM), /elicitation/],
    [call.ctx.elicit('page', { message: 'Go', url: 'https://example.com/' }), /elicitation/],
    [call.ctx.sample('text', { ...PROMPT, tools }), /sampling with tools/],
    [call.ctx.sample('more text', { ...PROMPT, includeContext: 'allServers' }), /includeContext/],
    [call.ctx.listRoots(), /roots/],
  ]
  for (const [attempt, what] of attempts) {
    await assert.rejects(
      attempt,
      (error) => error instanceof MissingCapabilityError && what.test(error.message),
    )
  }
  call.finish('nothing sent')
  await stream.end()
  assert.deepEqual(requestsOn(stream), [])
})

test('a client that reads only JSON cannot be asked, and the handler learns it at once', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: ALL })
  const reply = session.call('hold', {}, { headers: { accept: 'application/json' } })
  const call = await held.next()
  await assert.rejects(call.ctx.listRoots(), { code: 'ERR_NO_CLIENT_CHANNEL' })
  call.finish('')
  await reply
})

test('a question without an answer is given up in time, and cancelled at the client [lifecycle.request-timeout] [lifecycle.timeout-cancels] [lifecycle.handles-timeouts] [cancellation.own-requests-only]', async (t) => {
  const pass = mockTimers(t)
  const { open, held } = await serving(t, { requestTimeoutMs: 5000, elicitTimeoutMs: 50_000, sseAfterMs: 0 })
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  const [roots, elicited] = [call.ctx.listRoots(), call.ctx.elicit('who', FORM)]
  roots.catch(() => {})
  elicited.catch(() => {})
  const { id: rootsId } = await asked(stream, 'roots/list')
  const { id: elicitId } = await asked(stream, 'elicitation/create')
  pass(4999)
  pass(1)
  await assert.rejects(roots, { code: 'ERR_REQUEST_TIMEOUT' })
  const first = await asked(stream, 'notifications/cancelled')
  assert.equal(first.params.requestId, rootsId)
  assert.match(first.params.reason, /5000 ms/)
  // A person has more time, and answers still.
  await session.respond(elicitId, { action: 'decline' })
  assert.deepEqual(await elicited, { action: 'decline' })
  // The late answer is taken and changes nothing.
  assert.equal((await session.respond(rootsId, { roots: [] })).status, 202)
  const again = call.ctx.elicit('who', FORM)
  again.catch(() => {})
  const { id } = await asked(stream, 'elicitation/create')
  pass(50_000)
  await assert.rejects(again, { code: 'ERR_REQUEST_TIMEOUT' })
  const second = await asked(stream, 'notifications/cancelled')
  assert.equal(second.params.requestId, id)
  call.finish('went on')
  await stream.end()
  assert.equal(textOf(responsesOf(stream)[0]), 'went on')
})

test('a question that was answered is never cancelled, and a second answer is ignored [cancellation.in-progress-only] [cancellation.late-response-ignored]', async (t) => {
  const pass = mockTimers(t)
  const { open, held } = await serving(t, { requestTimeoutMs: 5000, sseAfterMs: 0 })
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  const roots = call.ctx.listRoots()
  const { id } = await asked(stream, 'roots/list')
  await session.respond(id, { roots: [] })
  assert.deepEqual(await roots, [])
  assert.equal((await session.respond(id, { roots: [{ uri: 'file:///late' }] })).status, 202)
  pass(60_000)
  call.finish('')
  await stream.end()
  assert.equal(
    stream.messages.some(({ method }) => method === 'notifications/cancelled'),
    false,
  )
})

test('an answer to nothing is taken with 202 and ignored [transports.accepted-202]', async (t) => {
  const { open, url, held } = await serving(t)
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  const roots = call.ctx.listRoots()
  roots.catch(() => {})
  const { id } = await asked(stream, 'roots/list')
  for (const other of ['s-99', 1, '', String(id).slice(2), Number(String(id).slice(2))]) {
    const reply = await session.respond(other, { roots: [{ uri: 'file:///wrong' }] }, { check: false })
    assert.deepEqual([reply.status, reply.text, reply.headers['content-length']], [202, '', '0'])
    assert.equal(reply.headers['content-type'], undefined)
  }
  const nameless = { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'what?' } }
  assert.equal((await post(url, nameless, session.headers, { check: false })).status, 202)
  await session.respondError(id, { code: -1, message: 'User said no', data: { why: 'no' } })
  await assert.rejects(roots, { code: 'ERR_CLIENT_ANSWER', message: /User said no/ })
  call.finish('')
  await stream.end()
})

test('a question of a client that is away waits for it, and is asked once', async (t) => {
  const { open, held, stats } = await serving(t)
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  await stream.next()
  await stream.destroy()
  await eventually(() => stats().streams === 0, 'the server to see the lost connection')
  const roots = call.ctx.listRoots()
  session.onRequest = () => ({ roots: [{ uri: 'file:///back' }] })
  const resumed = await session.resume(stream.lastEventId ?? '')
  assert.deepEqual(await roots, [{ uri: 'file:///back' }])
  call.finish('')
  await resumed.end()
  assert.equal(session.serverRequests.length, 1)
})

test('the end of the session rejects its open questions', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  const roots = call.ctx.listRoots()
  roots.catch(() => {})
  await asked(stream, 'roots/list')
  await session.delete()
  await assert.rejects(roots, { code: 'ERR_SESSION_CLOSED' })
  await stream.end()
})

test('a handler that asks too many questions at once is told so, and the others are still answered', async (t) => {
  const { open, held } = await serving(t)
  const session = await open({ capabilities: ALL })
  const { call, stream } = await streaming(session, held)
  const questions = Array.from({ length: 257 }, (_, index) => call.ctx.listRoots(`roots ${index}`))
  await assert.rejects(questions.pop() ?? Promise.resolve(), { code: 'ERR_TOO_MANY_REQUESTS' })
  await stream.until(({ json }) => json?.id === 's-256')
  for (const { id } of requestsOn(stream)) await session.respond(id, { roots: [] })
  assert.equal((await Promise.all(questions)).length, 256)
  call.finish('')
  await stream.end()
})
