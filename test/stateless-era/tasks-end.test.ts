/** How tasks end otherwise than by their handler: cancellation, age, shutdown; and what there is no room for. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlerOptions, McpServer } from '../../src/index.ts'
import { eventually, HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient } from './task-client.ts'

async function start(t: TestContext, handler: HandlerOptions = {}) {
  const held = new HeldCalls()
  const outcomes: unknown[] = []
  const setup = (server: McpServer) => {
    server.registerTool('slow', { task: true }, held.run)
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      const requestedSchema = { type: 'object', properties: {} } as const
      const asked = ctx.elicit('ok', { message: 'OK?', requestedSchema })
      outcomes.push(await asked.catch((error) => error.code))
      outcomes.push(await ctx.elicit('ok', { message: 'OK?', requestedSchema }).catch((error) => error.code))
      return 'asked'
    })
  }
  const fixture = await serving(t, { setup, handler })
  return { ...fixture, held, outcomes, client: new TaskClient(fixture.url) }
}

test('cancelling a task aborts its handler and is final, whatever the handler still gives [tasks.cancel-ack] [tasks.cancel-result-type] [tasks.get-cancelled]', async (t) => {
  const { client, held, errors } = await start(t)
  const taskId = await client.begin('slow')
  const call = await held.next()
  const { result } = await client.cancel(taskId)
  assert.deepEqual([Object.keys(result).sort(), result.resultType], [['_meta', 'resultType'], 'complete'])
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_TASK_CANCELLED')
  const cancelled = await client.task(taskId)
  assert.equal(cancelled.status, 'cancelled')
  call.finish('too late')
  call.ctx.progress(1, 2, 'too late')
  assert.deepEqual(await client.task(taskId), cancelled)
  assert.equal((await client.cancel(taskId)).result.resultType, 'complete')
  assert.deepEqual(await client.task(taskId), cancelled)
  assert.deepEqual(errors, [])
})

test('cancelling a task that is over is acknowledged, and changes nothing', async (t) => {
  const { client, held } = await start(t)
  const taskId = await client.begin('slow')
  ;(await held.next()).finish('done')
  const done = await client.until(taskId, 'completed')
  assert.equal((await client.cancel(taskId)).result.resultType, 'complete')
  assert.deepEqual(await client.task(taskId), done)
})

test('cancelling a task that waits for its client rejects the question, and later ones', async (t) => {
  const { client, outcomes, errors } = await start(t)
  const taskId = await client.begin('ask')
  await client.until(taskId, 'input_required')
  await client.cancel(taskId)
  assert.equal((await client.task(taskId)).status, 'cancelled')
  await eventually(() => outcomes.length === 2, 'both questions to be rejected')
  assert.deepEqual(outcomes, ['ERR_TASK_CANCELLED', 'ERR_TASK_CANCELLED'])
  assert.deepEqual(errors, [])
})

test('the session of cancellation is not the connection: notifications/cancelled does not end a task', async (t) => {
  const { client, held } = await start(t)
  const taskId = await client.begin('slow', {}, { id: 7 })
  const call = await held.next()
  const message = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }
  const response = await fetch(client.url, {
    method: 'POST',
    body: JSON.stringify({ ...message, params: { ...message.params, _meta: client.envelope } }),
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28' },
  })
  assert.equal(response.status, 202)
  call.finish('done')
  assert.equal(textOf(await client.until(taskId, 'completed')), 'done')
})

test('a task that outlives its time to live is aborted and forgotten; a finished one is forgotten', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  const { client, held } = await start(t, { tasks: { ttlMs: 60_000, pollIntervalMs: 0 } })
  const created = await client.call('slow')
  assert.deepEqual([created.result.ttlMs, 'pollIntervalMs' in created.result], [60_000, false])
  const running = created.result.taskId
  const call = await held.next()
  const finished = await client.begin('slow')
  ;(await held.next()).finish('done')
  await client.until(finished, 'completed')
  t.mock.timers.tick(59_999)
  assert.equal((await client.task(running)).status, 'working')
  assert.equal((await client.task(finished)).status, 'completed')
  t.mock.timers.tick(1)
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_TASK_EXPIRED')
  for (const taskId of [running, finished]) assert.equal((await client.get(taskId)).error.code, -32_602)
})

test('subscribers of a task that outlives its time to live are notified that it failed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  const { client, held, opened } = await start(t, { tasks: { ttlMs: 60_000 } })
  const taskId = await client.begin('slow')
  await held.next()
  const stream = await opened(client.listen({ taskIds: [taskId] }))
  await stream.nextMessage(({ params }) => params.status === 'working')
  t.mock.timers.tick(60_000)
  const { params } = await stream.nextMessage(({ params: { status } }) => status === 'failed')
  assert.match(params.error.message, /did not finish within its time to live of 60000 ms/)
})

test('without a time to live a task says null, and is kept', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  const { client, held } = await start(t, { tasks: { ttlMs: 0 } })
  const taskId = await client.begin('slow')
  const call = await held.next()
  t.mock.timers.tick(2 ** 31 - 2)
  assert.equal((await client.task(taskId)).ttlMs, null)
  call.finish('late')
  assert.equal(textOf(await client.until(taskId, 'completed')), 'late')
})

test('when all tasks run and there is no room, a call is refused with -32000; ended ones make room', async (t) => {
  const { client, held } = await start(t, { tasks: { max: 2 } })
  const first = await client.begin('slow')
  const call = await held.next()
  const second = await client.begin('slow')
  const { error } = await client.call('slow')
  assert.deepEqual([error.code, error.message], [-32_000, 'Too many tasks are running (the limit is 2)'])
  call.finish('x')
  await client.until(first, 'completed')
  await client.begin('slow')
  assert.equal((await client.get(first)).error.code, -32_602)
  assert.equal((await client.task(second)).status, 'working')
})

test('a result larger than all results may be fails its task', async (t) => {
  const { client, held, errors } = await start(t, { tasks: { maxBytes: 1500 } })
  const taskId = await client.begin('slow')
  ;(await held.next()).finish('x'.repeat(1500))
  const { error } = await client.until(taskId, 'failed')
  assert.equal(error.code, -32_603)
  assert.deepEqual(
    errors.map(({ error: cause }) => (cause as { code?: string }).code),
    ['ERR_TASK_TOO_LARGE'],
  )
})

test('a closing server waits for tasks that work, until the time to drain is over', async (t) => {
  const { client, held, close } = await start(t)
  const taskId = await client.begin('slow')
  const call = await held.next()
  let isClosed = false
  const closing = close({ drainMs: 60_000 }).then(() => {
    isClosed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([isClosed, call.ctx.signal.aborted], [false, false])
  call.finish('done in time')
  await closing
  assert.equal(call.ctx.signal.aborted, false)
  assert.ok(taskId)
})

test('a closing server aborts what is left when the time to drain is over', async (t) => {
  const { client, held, close } = await start(t)
  await client.begin('slow')
  const call = await held.next()
  await close({ drainMs: 0 })
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_SERVER_CLOSED')
})

test('a closing server does not wait for tasks that wait for their client', async (t) => {
  const { client, outcomes, close } = await start(t)
  await client.until(await client.begin('ask'), 'input_required')
  await close({ drainMs: 2 ** 31 - 1 })
  await eventually(() => outcomes.length === 2, 'both questions to be rejected')
  assert.deepEqual(outcomes, ['ERR_SERVER_CLOSED', 'ERR_SERVER_CLOSED'])
})

test('the time limit of a tool holds for its task', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const held = new HeldCalls()
  const setup = (server: McpServer) => {
    server.registerTool('limited', { task: true, timeoutMs: 5000 }, held.run)
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('limited')
  const call = await held.next()
  t.mock.timers.tick(5000)
  const done = await client.until(taskId, 'completed')
  assert.deepEqual([done.result.isError, /did not finish within 5000 ms/.test(textOf(done))], [true, true])
  assert.equal(call.ctx.signal.aborted, true)
})
