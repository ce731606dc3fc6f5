/** Requests that the client executes as tasks of its own. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { WireJson } from '../helpers/wire.ts'
import { serving, textOf } from './serving.ts'

const requestedSchema = { type: 'object', properties: {} } as const
const tasks = { cancel: {}, requests: { elicitation: { create: {} }, sampling: { createMessage: {} } } }
const capabilities = { elicitation: {}, sampling: {}, tasks }
const task = {
  taskId: 't1',
  status: 'working',
  createdAt: '2026-01-01T00:00:00Z',
  lastUpdatedAt: '2026-01-01T00:00:00Z',
  ttl: 1000,
}
const messages = [{ role: 'user', content: { type: 'text', text: 'hi' } }] as const

async function start(t: TestContext, timeoutMs = 5000) {
  const { open } = await serving(t, {
    setup: (server) => {
      server.registerTool('ask', {}, async (_args, ctx) => {
        const { action } = await ctx.elicit(
          'ok',
          { message: 'OK?', requestedSchema },
          { asTask: true, timeoutMs },
        )
        return action
      })
      server.registerTool('sample', {}, async (_args, ctx) => {
        const { model } = await ctx.sample('s', { messages, maxTokens: 5 }, { asTask: true })
        return model
      })
      server.registerTool('usual', {}, async (_args, ctx) => {
        return (await ctx.elicit('ok', { message: 'OK?', requestedSchema })).action
      })
    },
  })
  const seen: { method: string; params: WireJson }[] = []
  const answering = (answers: { [method: string]: unknown }, options: object = { capabilities }) =>
    open({
      ...options,
      onRequest: (method: string, params: WireJson) => {
        seen.push({ method, params })
        return answers[method]
      },
    })
  return { answering, seen }
}

test('an elicitation and a sampling request become tasks of a client that executes them, whose result is asked for', async (t) => {
  const { answering, seen } = await start(t)
  const asking = await answering({
    'elicitation/create': { task },
    'tasks/result': { action: 'accept', content: {} },
  })
  assert.equal(textOf(await asking.call('ask')), 'accept')
  const [asked, fetched] = seen.splice(0)
  assert.deepEqual([asked?.method, asked?.params.task], ['elicitation/create', { ttl: 5000 }])
  assert.deepEqual([fetched?.method, fetched?.params], ['tasks/result', { taskId: 't1' }])
  const result = { model: 'm', role: 'assistant', content: { type: 'text', text: 'x' } }
  const sampling = await answering({ 'sampling/createMessage': { task }, 'tasks/result': result })
  assert.equal(textOf(await sampling.call('sample')), 'm')
  assert.deepEqual(seen[0]?.params.task, { ttl: 600_000 })
})

test('a client that does not execute them as tasks, an earlier revision, and a call that does not ask for it get a plain request', async (t) => {
  const { answering, seen } = await start(t)
  const answers = { 'elicitation/create': { action: 'decline' } }
  const clients = [
    { capabilities: { elicitation: {} } },
    { capabilities: { elicitation: {}, tasks: { requests: { sampling: { createMessage: {} } } } } },
    { capabilities, protocolVersion: '2025-06-18' },
  ]
  for (const options of clients) {
    const session = await answering(answers, options)
    assert.equal(textOf(await session.call('ask')), 'decline')
  }
  assert.equal(textOf(await (await answering(answers)).call('usual')), 'decline')
  assert.ok(seen.every(({ method, params }) => method === 'elicitation/create' && params.task === undefined))
  assert.equal(seen.length, 4)
})

test('a client that answers at once all the same is taken at its word', async (t) => {
  const { answering, seen } = await start(t)
  const session = await answering({ 'elicitation/create': { action: 'decline' } })
  assert.equal(textOf(await session.call('ask')), 'decline')
  assert.equal(seen.length, 1)
})

test('a task of the client that takes too long is cancelled', async (t) => {
  const { answering, seen } = await start(t, 50)
  const session = await answering({
    'elicitation/create': { task },
    'tasks/cancel': { ...task, status: 'cancelled' },
  })
  assert.match(textOf(await session.call('ask')), /did not answer tasks\/result within/)
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['elicitation/create', 'tasks/result', 'tasks/cancel'],
  )
})
