/** Tasks: how a call becomes one, and what tasks/get says of it until its end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type McpServer, RpcError, ToolError } from '../../src/index.ts'
import { HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient, tasksExtension } from './task-client.ts'

/** Two task tools whose calls wait for the test. */
const tools = (held: HeldCalls) => (server: McpServer) => {
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('slow', { inputSchema, task: true }, held.run)
  server.registerTool('job', { inputSchema, task: 'required' }, held.run)
}

test('a call of a task tool is answered with a task that tasks/get finds, working and then completed [tasks.result-type] [tasks.durable] [tasks.get-working] [tasks.get-completed] [tasks.get-result-type]', async (t) => {
  for (const name of ['slow', 'job']) {
    const held = new HeldCalls()
    const { url } = await serving(t, { setup: tools(held) })
    const client = new TaskClient(url)
    const created = await client.call(name, { text: 'a' })
    assert.deepEqual([created.status, created.kind, created.result.resultType], [200, 'json', 'task'])
    const { taskId, createdAt, lastUpdatedAt, _meta } = created.result
    const handle = {
      taskId,
      createdAt,
      lastUpdatedAt,
      status: 'working',
      ttlMs: 3_600_000,
      pollIntervalMs: 1000,
    }
    assert.deepEqual(created.result, { resultType: 'task', ...handle, _meta })
    const call = await held.next()
    assert.deepEqual(call.args, { text: 'a' })
    assert.deepEqual(await client.task(taskId), { resultType: 'complete', ...handle, _meta })
    call.finish('done')
    const { result, ...rest } = await client.until(taskId, 'completed')
    assert.deepEqual(result, { resultType: 'complete', content: [{ type: 'text', text: 'done' }] })
    assert.deepEqual([rest.resultType, rest.taskId, rest.createdAt], ['complete', taskId, createdAt])
  }
})

test('the connection of the call does not end the task, and the next request may come over any other', async (t) => {
  const held = new HeldCalls()
  const { url, stats } = await serving(t, { setup: tools(held) })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  const { ctx, finish } = await held.next()
  assert.equal(stats().callsInProgress, 0)
  assert.equal(ctx.signal.aborted, false)
  finish('still here')
  assert.equal(textOf(await client.until(taskId, 'completed')), 'still here')
})

test('a result with isError completes the task, whoever says it [tasks.tool-error-completed] [tasks.failed-only-errors]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('says', { task: true }, () => ({
      content: [{ type: 'text', text: 'no' }],
      isError: true,
    }))
    server.registerTool('throws', { task: true }, () => {
      throw new ToolError('no')
    })
    server.registerTool('breaks', { task: true }, async () => {
      throw new Error('secret')
    })
  }
  const { url, errors } = await serving(t, { setup })
  const client = new TaskClient(url)
  for (const name of ['says', 'throws', 'breaks']) {
    const { result } = await client.until(await client.begin(name), 'completed')
    assert.equal(result.isError, true)
    if (name === 'breaks') assert.match(result.content[0].text, /^Internal error \(reference /)
    else assert.equal(result.content[0].text, 'no')
  }
  assert.deepEqual(
    errors.map(({ error }) => (error as Error).message),
    ['secret'],
  )
})

test('a JSON-RPC error fails the task, with the error and a message [tasks.get-failed] [tasks.failed-error] [tasks.failed-message]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('limit', { task: true }, () => {
      throw new RpcError(-32_005, 'Rate limit', { retryAfter: 5 })
    })
    server.registerTool('older', { task: true }, () => {
      throw new RpcError(-32_002, 'Resource not found')
    })
    server.registerTool('asks', { task: true }, async (_args, ctx) => {
      await ctx.listRoots()
      return ''
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const limit = await client.until(await client.begin('limit'), 'failed')
  assert.deepEqual(limit.error, { code: -32_005, message: 'Rate limit', data: { retryAfter: 5 } })
  assert.equal(limit.statusMessage, 'Rate limit')
  const older = await client.until(await client.begin('older'), 'failed')
  assert.deepEqual(older.error, { code: -32_602, message: 'Resource not found' })
  const rootless = new TaskClient(url, { capabilities: { extensions: { [tasksExtension]: {} } } })
  const { error } = await rootless.until(await rootless.begin('asks'), 'failed')
  assert.deepEqual([error.code, error.data], [-32_021, { requiredCapabilities: { roots: {} } }])
})

test('a result that cannot be written as JSON fails the task with -32603, and the cause is only reported [tasks.internal-error]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('big', { task: true }, () => ({ content: [], _meta: { n: 5n } }))
  }
  const { url, errors } = await serving(t, { setup })
  const client = new TaskClient(url)
  const { error } = await client.until(await client.begin('big'), 'failed')
  assert.equal(error.code, -32_603)
  assert.match(error.message, /^Internal error \(reference [-0-9a-f]{36}\)$/)
  assert.deepEqual(
    errors.map(({ phase }) => phase),
    ['output'],
  )
})

test('progress and log messages are not sent for a task; the last progress message is its status message [tasks.no-progress]', async (t) => {
  const held = new HeldCalls()
  const { url, opened } = await serving(t, {
    setup: tools(held),
    server: { logging: 'debug' },
  })
  const client = new TaskClient(url, { logLevel: 'debug' })
  const created = await client.call('slow', {}, { meta: { progressToken: 'p' } })
  const { taskId } = created.result
  const stream = await opened(client.listen({ taskIds: [taskId] }))
  const call = await held.next()
  call.ctx.progress(1, 2, 'half way')
  call.ctx.log.error('loud')
  const isDescribed = (message: { params?: { statusMessage?: string } }) =>
    message.params?.statusMessage === 'half way'
  assert.equal((await stream.nextMessage(isDescribed)).params.status, 'working')
  assert.equal((await client.task(taskId)).statusMessage, 'half way')
  call.ctx.progress(2, 2, 'x'.repeat(5000))
  assert.equal((await client.task(taskId)).statusMessage, 'x'.repeat(1000))
  call.finish('')
  await stream.nextMessage(({ params }) => params?.status === 'completed')
  assert.equal('statusMessage' in (await client.task(taskId)), false)
  const methods = new Set(stream.messages.map(({ method }) => method))
  assert.deepEqual([...methods], ['notifications/subscriptions/acknowledged', 'notifications/tasks'])
  assert.equal(created.messages.length, 1)
})
