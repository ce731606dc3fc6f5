/** Responses and cancellations that come to another node than the one that runs the call. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestContext } from '../../../src/index.ts'
import { post } from '../../helpers/wire.ts'
import { eventually, responsesOf, streaming, textOf } from '../serving.ts'
import { at, cluster, type Node } from './cluster.ts'

const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

/** Registers `ask` on all nodes: it asks for a name. */
function asking(nodes: readonly Node[]): void {
  for (const { server } of nodes) {
    server.registerTool('ask', {}, async (_, ctx: RequestContext) => {
      const schema = { type: 'object', properties: { name: { type: 'string' } } } as const
      const answer = await ctx.elicit('name', { message: 'Name?', requestedSchema: schema })
      const sampled = await ctx.sample('word', {
        messages: [{ role: 'user', content: { type: 'text', text: 'A word' } }],
        maxTokens: 10,
      })
      return `${answer.action} ${JSON.stringify(answer.content)} ${JSON.stringify(sampled.content)}`
    })
  }
}

test('elicitation and sampling are answered through another node, 202 when the answer is handed over', async (t) => {
  const { nodes, a, b, c } = await cluster(t)
  asking(nodes)
  const session = await a.open({ capabilities })
  const statuses: number[] = []
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const question = await stream.nextMessage()
  assert.match(question.id, new RegExp(`^s-${a.id}-\\d+$`))
  statuses.push(
    (await at(session, b).respond(question.id, { action: 'accept', content: { name: 'Ada' } })).status,
  )
  const sampling = await stream.nextMessage()
  assert.equal(sampling.method, 'sampling/createMessage')
  const content = { type: 'text', text: 'word' }
  statuses.push(
    (await at(session, c).respond(sampling.id, { role: 'assistant', content, model: 'm' })).status,
  )
  await stream.end()
  assert.deepEqual(statuses, [202, 202])
  assert.match(textOf(responsesOf(stream)[0] ?? {}), /accept .*Ada.*word/)
  assert.deepEqual([b.stats().store?.routedAnswers, a.stats().store?.routedAnswers], [1, 0])
})

test('an error is routed as an answer is', async (t) => {
  const { nodes, a, b } = await cluster(t, { count: 2 })
  asking(nodes)
  const session = await a.open({ capabilities })
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const { id } = await stream.nextMessage()
  assert.equal((await at(session, b).respondError(id, { code: -1, message: 'no' })).status, 202)
  await stream.end()
  assert.equal(responsesOf(stream)[0]?.result.isError, true)
  assert.equal(a.errors.splice(0).length <= 1, true)
})

test('an answer to a node that is gone is refused at once; one that is late or made up is taken, as with one node', async (t) => {
  const { nodes, a, b } = await cluster(t, { memory: { leaseMs: 50 } })
  asking(nodes)
  const session = await a.open({ capabilities })
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const { id } = await stream.nextMessage()
  at(session, b)
  for (const other of [`s-${a.id}-999`, `s-${b.id}-7`, 's-1', 7, 's--1', `s-${'x'.repeat(65)}-1`]) {
    assert.equal((await session.respond(other, {}, { check: 'none' })).status, 202, String(other))
  }
  await stream.destroy()
  a.die()
  await eventually(() => b.stats().store?.nodes === 2, 'the lease to end')
  for (const gone of [id, `s-${a.id}-999`, 's-never-1']) {
    const reply = await session.respond(gone, { action: 'cancel' }, { check: 'none' })
    assert.deepEqual([reply.status, reply.json.error.code], [400, -32600], gone)
    assert.match(reply.json.error.message, /answers no request/)
  }
})

test('an answer of one session settles no request of another one', async (t) => {
  const { nodes, a, b } = await cluster(t, { count: 2 })
  asking(nodes)
  const [session, other] = [await a.open({ capabilities }), await a.open({ capabilities })]
  const stream = await session.stream('tools/call', { name: 'ask', arguments: {} })
  const { id } = await stream.nextMessage()
  const stolen = { action: 'accept', content: { name: 'Eve' } }
  assert.equal((await at(other, b).respond(id, stolen, { check: 'none' })).status, 202)
  assert.equal((await at(session, b).respond(id, { action: 'decline' })).status, 202)
  const sampling = await stream.nextMessage()
  await session.respond(sampling.id, { role: 'assistant', content: { type: 'text', text: 'w' }, model: 'm' })
  await stream.end()
  assert.match(textOf(responsesOf(stream)[0] ?? {}), /^decline/)
})

test('notifications/cancelled reaches the call on another node, with its reason', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held, { id: 'the one' })
  const other = await streaming(session, a.held, { id: 'another' })
  await at(session, b).notify('notifications/cancelled', { requestId: 'the one', reason: 'enough' })
  assert.match((await call.aborted()).message, /cancelled the request: enough/)
  await stream.end()
  assert.deepEqual(responsesOf(stream), [])
  assert.equal(other.call.ctx.signal.aborted, false)
  other.call.finish('done')
  await other.stream.end()
})

test('a cancellation of an id that calls on this node share cancels none of them, and is not passed on', async (t) => {
  const { a, b } = await cluster(t, { count: 2 })
  const session = await a.open()
  const far = await streaming(session, a.held, { id: 1, check: 'none' })
  at(session, b)
  const near = [await streaming(session, b.held, { id: 1, check: 'none' })]
  near.push(await streaming(session, b.held, { id: 1, check: 'none' }))
  await session.notify('notifications/cancelled', { requestId: 1 })
  await session.call('echo', {})
  for (const { call } of [far, ...near]) assert.equal(call.ctx.signal.aborted, false)
  for (const { call, stream } of [far, ...near]) {
    call.finish('done')
    await stream.end()
  }
})

test('a flood of cancellations is not passed on to all nodes', async (t) => {
  const published: string[] = []
  const { a, b } = await cluster(t, { count: 2, onPublish: (message) => published.push(message) })
  const session = await a.open()
  const message = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'x' } }
  for (let number = 0; number < 150; number++) {
    assert.equal((await post(b.url, message, session.headers)).status, 202)
  }
  const cancels = published.filter((text) => text.includes('"cancel"'))
  assert.ok(cancels.length >= 100 && cancels.length < 130, String(cancels.length))
})
