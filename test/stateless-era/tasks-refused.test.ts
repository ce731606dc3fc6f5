/** Who gets no task, and which requests for tasks are refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type McpServer, RpcError } from '../../src/index.ts'
import { HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient, tasksExtension } from './task-client.ts'

/** Two task tools whose calls wait for the test. */
const tools = (held: HeldCalls) => (server: McpServer) => {
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('slow', { inputSchema, task: true }, held.run)
  server.registerTool('job', { inputSchema, task: 'required' }, held.run)
}

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
