/** Isolation: answers are routed by HTTP exchange, so equal ids, tokens and shared sessions never cross. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import type { RequestReply, TestSession } from '../helpers/wire.ts'
import { progressOf, responsesOf, serving, streaming, textOf } from './serving.ts'

test('fifty concurrent calls of one session, all with id 1, each get their own answer', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const replies = Array.from({ length: 50 }, (_, n) =>
    session.call('hold', { payload: `payload ${n}` }, { id: 1 }),
  )
  const calls = await Promise.all(replies.map(() => held.next()))
  // Neither in the order of arrival nor in reverse.
  calls.sort((a, b) => String(a.args['payload']).length - String(b.args['payload']).length).reverse()
  for (const call of calls) call.finish(`answer to ${call.args['payload']}`)
  for (const [n, reply] of (await Promise.all(replies)).entries()) {
    assert.deepEqual([reply.status, reply.id], [200, 1])
    assert.equal(textOf(reply), `answer to payload ${n}`)
  }
})

test('two calls with one progress token and one id each get their own progress on their own stream [progress.tokens-tracked] [transports.one-stream-per-message] [transports.no-broadcast] [transports.stream-messages-related]', async (t) => {
  const { open, held } = await serving(t)
  const session = await open()
  const own = await session.listen()
  const a = await streaming(session, held, { id: 1 })
  const b = await streaming(session, held, { id: 1 })
  for (const step of [1, 2, 3]) {
    a.call.ctx.progress(step)
    b.call.ctx.progress(10 * step)
  }
  a.call.finish('a')
  b.call.finish('b')
  await Promise.all([a.stream.end(), b.stream.end()])
  assert.deepEqual(progressOf(a.stream), [0, 1, 2, 3])
  assert.deepEqual(progressOf(b.stream), [0, 10, 20, 30])
  assert.deepEqual(
    [a.stream, b.stream].map((stream) => responsesOf(stream).map((result) => textOf(result))),
    [['a'], ['b']],
  )
  await own.close()
  assert.deepEqual(own.messages, [])
})

/** Says its payload in progress, in a log message, in a question and in its result, with waits between. */
function addChatty(server: McpServer): void {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const inputSchema = {
    type: 'object',
    properties: { payload: { type: 'string' }, asks: { type: 'boolean' } },
    required: ['payload', 'asks'],
  } as const
  server.registerTool('chatty', { inputSchema }, async ({ payload, asks }, ctx) => {
    ctx.progress(1, 3, payload)
    await turn()
    ctx.log.info(payload)
    ctx.progress(2, 3, payload)
    const asked = asks
      ? await ctx.elicit('who', { message: payload, requestedSchema: { type: 'object', properties: {} } })
      : undefined
    await turn()
    ctx.progress(3, 3, payload)
    return `${payload} ${ctx.session?.id} ${asked?.action}`
  })
}

function holdAgainst(reply: RequestReply, session: TestSession, payload: string, asks: boolean): void {
  assert.equal(textOf(reply), `${payload} ${session.sessionId} ${asks ? 'accept' : 'undefined'}`)
  const said = reply.messages.slice(0, -1).map(({ params }) => params.message ?? params.data)
  assert.equal(said.length, asks ? 5 : 4)
  for (const each of said) assert.equal(each, payload)
}

test('in 200 sessions with parallel calls, all ids and tokens equal, no answer, progress or question crosses', async (t) => {
  const { open, stats } = await serving(t, { setup: addChatty, logging: true })
  const sessions: TestSession[] = []
  for (let index = 0; index < 200; index++) {
    const session = await open({ capabilities: { elicitation: {} } })
    // The client of each session answers only what was meant for it.
    session.onRequest = (_method, params) => {
      assert.match(params.message, new RegExp(`^session ${index},`))
      return { action: 'accept', content: {} }
    }
    sessions.push(session)
  }
  const calls = sessions.flatMap((session, index) =>
    [0, 1, 2].map(async (n) => {
      const payload = `session ${index}, call ${n}`
      const asks = n === 0
      const reply = await session.call('chatty', { payload, asks }, { id: 1, meta: { progressToken: 1 } })
      holdAgainst(reply, session, payload, asks)
    }),
  )
  await Promise.all(calls)
  assert.deepEqual([stats().sessions, stats().callsInProgress, stats().undeliverable], [200, 0, 0])
})

test('a question is never answered by another session, even under the same request id', async (t) => {
  const { open, held } = await serving(t)
  const [asked, other] = [
    await open({ capabilities: { roots: {} } }),
    await open({ capabilities: { roots: {} } }),
  ]
  const { call, stream } = await streaming(asked, held)
  const roots = call.ctx.listRoots()
  const request = await stream.until(({ json }) => json?.method === 'roots/list')
  const forged = { jsonrpc: '2.0', id: request.json.id, result: { roots: [{ uri: 'file:///forged' }] } }
  assert.equal((await other.send(forged, { check: false })).status, 202)
  await asked.respond(request.json.id, { roots: [{ uri: 'file:///real' }] })
  assert.deepEqual(await roots, [{ uri: 'file:///real' }])
  call.finish('')
  await stream.end()
})
