/** Tasks: how a call becomes one, what tasks/get says of it, and who is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type McpServer, RpcError, ToolError } from '../../src/index.ts'
import { HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient, taskCapabilities, tasksExtension } from './task-client.ts'

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

test('a client that does not declare the extension with the request waits for the plain result, or is refused [tasks.only-declared] [tasks.required-capability] [tasks.result-type-only]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('slow', { task: true }, () => 'plain')
    server.registerTool('job', { task: 'required' }, () => 'never')
  }
  const { url, errors } = await serving(t, { setup })
  const taskId = await new TaskClient(url).begin('slow')
  assert.ok(taskId)
  const declarations: object[] = [
    {},
    { extensions: {} },
    { extensions: { [tasksExtension]: null } },
    { tasks: {} },
  ]
  for (const capabilities of declarations) {
    const client = new TaskClient(url, { capabilities })
    const plain = await client.call('slow', {}, { check: false })
    assert.deepEqual([plain.result.resultType, textOf(plain)], ['complete', 'plain'])
    const { status, error } = await client.call('job', {}, { check: false })
    assert.deepEqual([status, error.code], [400, -32_021])
    assert.deepEqual(error.data, { requiredCapabilities: { extensions: { [tasksExtension]: {} } } })
    assert.match(error.message, /io\.modelcontextprotocol\/tasks/)
  }
  assert.deepEqual(errors, [])
})

test('tasks/get, tasks/update and tasks/cancel are refused without the capability, also for a task that exists [tasks.methods-capability]', async (t) => {
  const { url } = await serving(t, { setup: tools(new HeldCalls()) })
  const taskId = await new TaskClient(url).begin('slow')
  const stranger = new TaskClient(url, { capabilities: {} })
  for (const id of [taskId, 'unknown']) {
    for (const reply of [await stranger.get(id), await stranger.update(id, {}), await stranger.cancel(id)]) {
      assert.deepEqual([reply.status, reply.error.code], [400, -32_021])
      assert.deepEqual(reply.error.data, { requiredCapabilities: { extensions: { [tasksExtension]: {} } } })
    }
  }
  assert.equal((await new TaskClient(url).task(taskId)).status, 'working')
})

test('an unknown task is -32602 that names it, for all three methods [tasks.get-unknown] [tasks.update-unknown] [tasks.cancel-unknown] [tasks.error-messages]', async (t) => {
  const { url } = await serving(t, { setup: tools(new HeldCalls()) })
  const client = new TaskClient(url)
  for (const id of ['nope', '', '__proto__', 'constructor', 'ä'.repeat(300)]) {
    for (const { error } of [await client.get(id), await client.update(id, {}), await client.cancel(id)]) {
      assert.equal(error.code, -32_602)
      assert.ok(error.message.startsWith(`Task not found: "${id.slice(0, 100)}`), error.message)
    }
  }
})

test('a task id that is no string, and answers that are no object, are -32602', async (t) => {
  const { url } = await serving(t, { setup: tools(new HeldCalls()) })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  for (const wrong of [undefined, null, 5, ['a'], {}]) {
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { error } = await client.request(method, { taskId: wrong }, { check: false })
      assert.deepEqual([error.code, /needs "taskId", a string/.test(error.message)], [-32_602, true])
    }
  }
  for (const inputResponses of [undefined, null, 'a', []]) {
    const { error } = await client.request('tasks/update', { taskId, inputResponses }, { check: false })
    assert.deepEqual([error.code, /needs "inputResponses"/.test(error.message)], [-32_602, true])
  }
})

test('the headers of a request for a task must say what its body says', async (t) => {
  const { url } = await serving(t, { setup: tools(new HeldCalls()) })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  for (const name of ['another', undefined]) {
    const { status, error } = await client.get(taskId, { headers: { 'mcp-name': name } })
    assert.deepEqual([status, error.code], [400, -32_020])
  }
})

test('there are no other methods, and none at all where no tool is a task', async (t) => {
  const { url } = await serving(t, { setup: tools(new HeldCalls()) })
  for (const method of ['tasks/list', 'tasks/result']) {
    const { status, error } = await new TaskClient(url).request(method, { taskId: 'a' }, { check: false })
    assert.deepEqual([status, error.code], [404, -32_601])
  }
  const plain = await serving(t)
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const params = { taskId: 'a', inputResponses: {} }
    const { status, error } = await new TaskClient(plain.url).request(method, params)
    assert.deepEqual([status, error.code], [404, -32_601])
  }
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
  const rootless = new TaskClient(url, { capabilities: { extensions: { [tasksExtension]: {} } } })
  const { error } = await rootless.until(await rootless.begin('asks'), 'failed')
  assert.deepEqual([error.code, error.data], [-32_021, { requiredCapabilities: { roots: {} } }])
})

test('what is wrong before the handler runs is answered at once, and makes no task', async (t) => {
  let runs = 0
  const setup = (server: McpServer) => {
    const inputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const
    server.registerTool('strict', { inputSchema, task: true }, () => {
      runs += 1
      return ''
    })
    server.registerTool('hidden', { task: true, visible: () => false }, () => 'x')
    server.use((ctx, next) => {
      if (ctx.meta['forbidden'] === true) throw new RpcError(-32_010, 'Forbidden')
      return next()
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const { result } = await client.call('strict', { n: 'one' })
  assert.deepEqual([result.resultType, result.isError], ['complete', true])
  assert.equal((await client.call('hidden')).error.code, -32_602)
  assert.equal((await client.call('unknown')).error.code, -32_602)
  assert.equal((await client.call('strict', { n: 1 }, { meta: { forbidden: true } })).error.code, -32_010)
  assert.equal(runs, 0)
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

test('on demand, a handler decides for each call whether it becomes a task, and from when on', async (t) => {
  const seen: unknown[] = []
  const setup = (server: McpServer) => {
    const inputSchema = { type: 'object', properties: { long: { type: 'boolean' } } } as const
    server.registerTool('either', { inputSchema, task: 'on-demand' }, async ({ long }, ctx) => {
      ctx.progress(1, 2, 'before')
      if (long === true) seen.push(ctx.canStartTask, await ctx.startTask(), await ctx.startTask())
      ctx.progress(2, 2, 'after')
      return 'done'
    })
    server.registerTool('never', {}, async (_args, ctx) => String(await ctx.startTask()))
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  assert.equal(textOf(await client.call('either')), 'done')
  const { result } = await client.until(await client.begin('either', { long: true }), 'completed')
  assert.equal(textOf({ result }), 'done')
  assert.deepEqual(seen.splice(0), [true, true, true])
  const stranger = new TaskClient(url, { capabilities: {} })
  assert.equal(textOf(await stranger.call('either', { long: true })), 'done')
  assert.deepEqual(seen, [false, false, false])
  assert.equal(textOf(await client.call('never')), 'false')
})

test('a task tool that the definition gains while it is served can be called as a task', async (t) => {
  const { url, server } = await serving(t)
  const client = new TaskClient(url)
  const before = await client.request('server/discover')
  assert.equal(before.result.capabilities.extensions, undefined)
  server.registerTool('new', { task: true }, () => 'x')
  const after = await client.request('server/discover')
  assert.deepEqual(after.result.capabilities.extensions, { [tasksExtension]: {} })
  assert.equal(after.result.capabilities.tasks, undefined)
  await client.until(await client.begin('new'), 'completed')
  assert.deepEqual(taskCapabilities.extensions, after.result.capabilities.extensions)
})
