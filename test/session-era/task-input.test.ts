/** What a task of 2025-11-25 asks and reports while it runs, on which stream, and what a lost connection does to it. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlerOptions } from '../../src/index.ts'
import type { TestSession, WireJson } from '../helpers/wire.ts'
import { eventually, HeldCalls, serving, textOf } from './serving.ts'
import { begin, related, taskOf, until } from './task-session.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

/** As many questions as no client is asked at once. */
const MANY = 300

async function start(t: TestContext, options: HandlerOptions & { logging?: 'debug' } = {}) {
  const held = new HeldCalls()
  const fixture = await serving(t, {
    ...options,
    setup: (server) => {
      server.registerTool('slow', { task: true }, held.run)
      server.registerTool('ask', { task: true }, async (_args, ctx) => {
        const { action, content } = await ctx.elicit('name', { message: 'Name?', requestedSchema })
        return `${action} ${content?.name}`
      })
      server.registerTool('many', { task: true }, async (_args, ctx) => {
        const asked = Array.from({ length: MANY }, (_, index) => ctx.listRoots(`roots ${index}`))
        const settled = await Promise.allSettled(asked)
        return settled.map(({ status }) => status.charAt(0)).join('')
      })
      server.registerTool('both', { task: true }, async (_args, ctx) => {
        const [{ content }, roots] = await Promise.all([
          ctx.elicit('name', { message: 'Name?', requestedSchema }),
          ctx.listRoots(),
        ])
        return `${content?.name} ${roots.length}`
      })
    },
  })
  const open = (more = {}) => fixture.open({ capabilities, ...more })
  return { ...fixture, held, open, session: await open() }
}

const isRequest = ({ method }: WireJson) => method === 'elicitation/create'

test('a task that asks is input_required until it is answered; the question comes on the stream of tasks/result and names the task [session-tasks.input-required] [session-tasks.input-related] [session-tasks.input-answered] [session-tasks.transitions] [session-tasks.related]', async (t) => {
  const { session } = await start(t)
  session.onRequest = () => ({ action: 'accept', content: { name: 'Ada' } })
  const { taskId } = await begin(session, 'ask')
  await until(session, taskId, 'input_required')
  assert.equal(session.serverRequests.length, 0)
  const reply = await session.request('tasks/result', { taskId })
  assert.equal(textOf(reply), 'accept Ada')
  const [asked] = session.serverRequests
  assert.deepEqual(asked.params, { message: 'Name?', requestedSchema, _meta: related(taskId) })
  assert.equal((await taskOf(session, taskId)).status, 'completed')
})

test('a question that comes while tasks/result waits is sent on its stream, and several are sent together', async (t) => {
  const { session } = await start(t)
  session.onRequest = (method) =>
    method === 'roots/list'
      ? { roots: [{ uri: 'file:///a' }] }
      : { action: 'accept', content: { name: 'Ada' } }
  const { taskId } = await begin(session, 'both')
  const reply = await session.request('tasks/result', { taskId })
  assert.equal(textOf(reply), 'Ada 1')
  assert.deepEqual(session.serverRequests.map(({ method }) => method).sort(), [
    'elicitation/create',
    'roots/list',
  ])
  for (const { params } of session.serverRequests) assert.deepEqual(params._meta, related(taskId))
})

test('an unusable answer, and an error, fail the tool as in any other call', async (t) => {
  const { session } = await start(t)
  session.onRequest = () => ({ action: 'accept', content: { name: 5 } })
  const first = await begin(session, 'ask')
  const wrong = await session.request('tasks/result', { taskId: first.taskId })
  assert.match(textOf(wrong), /not usable/)
  assert.equal(session.serverRequests.length, 1)
  const second = await begin(session, 'ask')
  const stream = await session.stream('tasks/result', { taskId: second.taskId })
  session.onRequest = undefined
  const { id } = await stream.nextMessage(isRequest)
  await session.respondError(id, { code: -1, message: 'no user' })
  const { result } = await stream.nextMessage(({ result }) => result !== undefined)
  assert.match(result.content[0].text, /answered elicitation\/create with an error: no user/)
})

test('a client that closes the stream after its question still answers it, and the task goes on', async (t) => {
  const { session } = await start(t)
  const { taskId } = await begin(session, 'ask')
  const stream = await session.stream('tasks/result', { taskId })
  const { id } = await stream.nextMessage(isRequest)
  await stream.close()
  assert.equal((await taskOf(session, taskId)).status, 'input_required')
  await session.respond(id, { action: 'decline' })
  await until(session, taskId, 'completed')
  assert.equal(textOf(await session.request('tasks/result', { taskId })), 'decline undefined')
})

test('the answer counts even when the call of its stream was given up long ago', async (t) => {
  const { session } = await start(t)
  const { taskId } = await begin(session, 'ask')
  const stream = await session.stream('tasks/result', { taskId }, { id: 'wait' })
  const { id } = await stream.nextMessage(isRequest)
  await session.notify('notifications/cancelled', { requestId: 'wait' })
  await stream.end()
  await session.respond(id, { action: 'cancel' })
  assert.equal(textOf(await session.request('tasks/result', { taskId })), 'cancel undefined')
})

test('a question whose stream has no connection is sent again with the next tasks/result, and the first one withdrawn', async (t) => {
  const { session, stats } = await start(t)
  const { taskId } = await begin(session, 'ask')
  const lost = await session.stream('tasks/result', { taskId })
  const first = await lost.nextMessage(isRequest)
  await lost.close()
  await eventually(() => stats().streams === 0, 'the end of the stream')
  const stream = await session.stream('tasks/result', { taskId })
  const second = await stream.nextMessage(isRequest)
  assert.notEqual(second.id, first.id)
  await session.respond(first.id, { action: 'accept', content: { name: 'late' } })
  await session.respond(second.id, { action: 'accept', content: { name: 'Ada' } })
  const { result } = await stream.nextMessage((message) => message.result !== undefined)
  assert.equal(result.content[0].text, 'accept Ada')
})

test('the stream of a tasks/result can be resumed, with the question and the result in it', async (t) => {
  const { session, stats } = await start(t)
  const { taskId } = await begin(session, 'ask')
  const lost = await session.stream('tasks/result', { taskId })
  await lost.nextMessage(isRequest)
  const priming = lost.events[0]?.id ?? ''
  await lost.close()
  await eventually(() => stats().streams === 0, 'the end of the stream')
  session.onRequest = () => ({ action: 'accept', content: { name: 'Ada' } })
  const back = await session.resume(priming)
  const { result } = await back.nextMessage((message) => message.result !== undefined)
  assert.equal(result.content[0].text, 'accept Ada')
})

test('a cancelled task withdraws its question', async (t) => {
  const { session } = await start(t)
  const { taskId } = await begin(session, 'ask')
  const stream = await session.stream('tasks/result', { taskId })
  const { id } = await stream.nextMessage(isRequest)
  await session.request('tasks/cancel', { taskId })
  const withdrawn = await stream.nextMessage(({ method }) => method === 'notifications/cancelled')
  assert.equal(withdrawn.params.requestId, id)
  assert.equal((await stream.nextMessage(({ error }) => error !== undefined)).error.code, -32_000)
})

test('progress keeps its token for the life of the task, on the stream of tasks/result or the standalone one, and stops with it [progress.task-lifetime] [progress.task-same-token] [progress.task-stops]', async (t) => {
  const { session, held } = await start(t, { logging: 'debug' })
  await session.request('logging/setLevel', { level: 'debug' })
  const listening = await session.listen()
  const { taskId } = await begin(session, 'slow', {}, { progressToken: 'p' })
  const { ctx, finish } = await held.next()
  ctx.progress(1, 3, 'one')
  const isProgress = ({ method }: WireJson) => method === 'notifications/progress'
  const first = await listening.nextMessage(isProgress)
  const params = { progressToken: 'p', progress: 1, total: 3, message: 'one', _meta: related(taskId) }
  assert.deepEqual(first.params, params)
  assert.equal((await taskOf(session, taskId)).statusMessage, 'one')
  const opening = session.stream('tasks/result', { taskId })
  // Waits for the request to be there: nothing says so but what it makes the server send.
  let stream: Awaited<typeof opening> | undefined
  void opening.then((opened) => {
    stream = opened
  })
  for (let value = 2; stream === undefined; value += 0.001) {
    ctx.progress(value)
    await new Promise((resolve) => setImmediate(resolve))
  }
  ctx.log.info('working')
  const logged = await stream.nextMessage(({ method }) => method === 'notifications/message')
  assert.deepEqual(logged.params, { level: 'info', data: 'working', _meta: related(taskId) })
  assert.ok(stream.messages.some(isProgress))
  await session.request('tasks/cancel', { taskId })
  ctx.progress(100)
  finish('')
  await stream.end()
  const all = [...listening.messages, ...stream.messages].filter(isProgress)
  assert.ok(all.every(({ params: { progress, progressToken } }) => progress < 100 && progressToken === 'p'))
})

test('changes of its status are notified on the standalone stream, without related-task metadata [session-tasks.status-not-related]', async (t) => {
  const { session } = await start(t)
  session.onRequest = () => ({ action: 'decline' })
  const listening = await session.listen()
  const { taskId } = await begin(session, 'ask')
  const isStatus = (status: string) => (message: WireJson) =>
    message.method === 'notifications/tasks/status' && message.params.status === status
  const asking = await listening.nextMessage(isStatus('input_required'))
  assert.deepEqual([asking.params.taskId, '_meta' in asking.params], [taskId, false])
  await session.request('tasks/result', { taskId })
  const { params } = await listening.nextMessage(isStatus('completed'))
  assert.deepEqual(params, await taskOf(session, taskId))
})

test('a session gets nothing of the tasks of another one', async (t) => {
  const { session, open, held } = await start(t)
  const other: TestSession = await open()
  const listening = await other.listen()
  const { taskId } = await begin(session, 'slow', {}, { progressToken: 'p' })
  const { ctx, finish } = await held.next()
  ctx.progress(1)
  finish('')
  await session.request('tasks/result', { taskId })
  const marker = await begin(other, 'slow', {}, { progressToken: 'own' })
  ;(await held.next()).ctx.progress(1)
  const { params } = await listening.nextMessage(({ method }) => method === 'notifications/progress')
  assert.deepEqual([params.progressToken, params._meta], ['own', related(marker.taskId)])
  assert.equal(listening.messages.filter(({ id }) => id === undefined).length, 1)
})

test('a task with more questions than may wait for one client is told so of those that are too many', async (t) => {
  const { session } = await start(t)
  const { taskId } = await begin(session, 'many')
  const stream = await session.stream('tasks/result', { taskId })
  for (let asked = 0; asked < 256; asked++) {
    const { id } = await stream.nextMessage(({ method }) => method === 'roots/list')
    await session.respond(id, { roots: [] })
  }
  const { result } = await stream.nextMessage((message) => message.result !== undefined)
  const text: string = result.content[0].text
  assert.deepEqual([text.replaceAll('r', '').length, text.replaceAll('f', '').length], [256, MANY - 256])
})
