/** Tasks of 2025-11-25 with the official client of that generation, by its experimental tasks API. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { McpServer, serve } from '../../src/index.ts'
import { HeldCalls } from '../session-era/serving.ts'
import { clientV1 } from './client-v1.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const

async function start(t: TestContext) {
  const server = new McpServer({ name: 'tasks', version: '1' })
  const held = new HeldCalls()
  server.registerTool('slow', { task: true }, held.run)
  server.registerTool('job', { task: 'required' }, () => 'worked')
  server.registerTool('plain', {}, () => 'plain')
  server.registerTool('ask', { task: true }, async (_args, ctx) => {
    const { action, content } = await ctx.elicit('name', { message: 'Name?', requestedSchema })
    return `${action} ${content?.name}`
  })
  const serving = await serve(server, { port: 0, tasks: { pollIntervalMs: 10 } })
  t.after(() => serving.close({ drainMs: 0 }))
  const client = await clientV1.connect({
    url: serving.url,
    capabilities: { elicitation: { form: {} }, tasks: { list: {}, cancel: {} } },
    answers: { 'elicitation/create': () => ({ action: 'accept', content: { name: 'Ada' } }) },
  })
  t.after(() => client.close())
  const api = client.api as Client
  await api.listTools()
  return { held, api, tasks: api.experimental.tasks }
}

type Tasks = Awaited<ReturnType<typeof start>>['tasks']

/** Calls a tool as a task, and gives what the client says of it to its end. */
async function run(tasks: Tasks, name: string, onprogress?: (value: { progress: number }) => void) {
  const seen: string[] = []
  const options = { task: {}, ...(onprogress && { onprogress }) }
  for await (const message of tasks.callToolStream({ name, arguments: {} }, CallToolResultSchema, options)) {
    if (message.type === 'error') throw message.error
    if (message.type === 'result') return { seen, content: message.result.content as { text: string }[] }
    seen.push(message.type === 'taskCreated' ? 'created' : message.task.status)
  }
  assert.fail('the stream ended without a result')
}

test('SDK v1 client starts a task, polls it and gets its result', async (t) => {
  const { tasks, held } = await start(t)
  const running = run(tasks, 'slow')
  ;(await held.next()).finish('done')
  const { seen, content } = await running
  assert.equal(seen[0], 'created')
  assert.equal(content[0]?.text, 'done')
  assert.equal((await run(tasks, 'job')).content[0]?.text, 'worked')
})

test('SDK v1 client answers what a task asks, on the stream of tasks/result', async (t) => {
  const { tasks } = await start(t)
  const { seen, content } = await run(tasks, 'ask')
  assert.ok(seen.includes('input_required') || seen.includes('working'), seen.join())
  assert.equal(content[0]?.text, 'accept Ada')
})

test('SDK v1 client lists its tasks, gets one, and cancels it', async (t) => {
  const { tasks, held } = await start(t)
  const stream = tasks.callToolStream({ name: 'slow', arguments: {} }, CallToolResultSchema, {
    task: { ttl: 60_000 },
  })
  const { value } = await stream.next()
  assert.ok(value?.type === 'taskCreated')
  const { taskId, ttl } = value.task
  assert.equal(ttl, 60_000)
  const call = await held.next()
  assert.deepEqual(
    (await tasks.listTasks()).tasks.map((task) => task.taskId),
    [taskId],
  )
  assert.equal((await tasks.getTask(taskId)).status, 'working')
  const result = tasks.getTaskResult(taskId, CallToolResultSchema)
  const refused = assert.rejects(result, /The client cancelled the task/)
  assert.equal((await tasks.cancelTask(taskId)).status, 'cancelled')
  await call.aborted()
  await refused
  await assert.rejects(tasks.cancelTask(taskId), { code: -32_602 })
})

test('SDK v1 client gets the progress of a task under the token of its call', async (t) => {
  const { tasks, held } = await start(t)
  const values: number[] = []
  let heard = () => {}
  const progressed = new Promise<void>((resolve) => {
    heard = resolve
  })
  const running = run(tasks, 'slow', ({ progress }) => {
    values.push(progress)
    heard()
  })
  const { ctx, finish } = await held.next()
  // Until the client listens, or waits for the result, there is no stream that progress could be sent on.
  let isHeard = false
  void progressed.then(() => {
    isHeard = true
  })
  for (let value = 1; !isHeard; value++) {
    ctx.progress(value)
    await new Promise((resolve) => setImmediate(resolve))
  }
  finish('done')
  assert.equal((await running).content[0]?.text, 'done')
  assert.ok(values.length > 0)
})

test('SDK v1 client is refused a task of a tool that has none, and a call without one of a tool that works only as a task', async (t) => {
  const { api, tasks } = await start(t)
  await assert.rejects(run(tasks, 'plain'), { code: -32_601 })
  const params = { method: 'tools/call', params: { name: 'job', arguments: {} } } as const
  await assert.rejects(api.request(params, CallToolResultSchema), { code: -32_601 })
  assert.equal(((await api.callTool({ name: 'plain' })).content as { text: string }[])[0]?.text, 'plain')
})

test('SDK v1 client executes an elicitation as a task of its own', async (t) => {
  const server = new McpServer({ name: 'tasks', version: '1' })
  server.registerTool('ask', {}, async (_args, ctx) => {
    const { action, content } = await ctx.elicit(
      'name',
      { message: 'Name?', requestedSchema },
      { asTask: true },
    )
    return `${action} ${content?.name}`
  })
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  const tasks = { list: {}, cancel: {}, requests: { elicitation: { create: {} } } }
  const capabilities = { elicitation: { form: {} }, tasks }
  const store = new InMemoryTaskStore()
  // Its timers keep the process alive for as long as tasks live.
  t.after(() => store.cleanup())
  const client = new Client({ name: 'executes', version: '1' }, { capabilities, taskStore: store })
  t.after(() => client.close())
  client.setRequestHandler(ElicitRequestSchema, async ({ params }, { taskStore }) => {
    assert.ok(taskStore !== undefined && params.task !== undefined)
    const task = await taskStore.createTask({ ttl: params.task.ttl ?? null })
    setImmediate(() => {
      void taskStore.storeTaskResult(task.taskId, 'completed', { action: 'accept', content: { name: 'Ada' } })
    })
    return { task }
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(serving.url)) as never)
  const { content } = await client.callTool({ name: 'ask' })
  assert.equal((content as { text: string }[])[0]?.text, 'accept Ada')
})
