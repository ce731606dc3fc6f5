/** Tasks and the rest of a server: tasks on demand, middleware, a definition that changes, many at once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { eventually, HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient, taskCapabilities, tasksExtension } from './task-client.ts'

/** Two task tools whose calls wait for the test. */
const tools = (held: HeldCalls) => (server: McpServer) => {
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('slow', { inputSchema, task: true }, held.run)
  server.registerTool('job', { inputSchema, task: 'required' }, held.run)
}

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

test('a tool that is no task is as ever for a client that knows tasks: its signal aborts when the client leaves', async (t) => {
  const plain = new HeldCalls()
  const setup = (server: McpServer) => {
    server.registerTool('slow', { task: true }, plain.run)
    server.registerTool('plain', { inputSchema: { type: 'object' } }, plain.run)
  }
  for (const asks of ['early', 'late'] as const) {
    const { url, opened, stats } = await serving(t, { setup })
    const opening = opened(
      new TaskClient(url).stream('tools/call', { name: 'plain' }, { meta: { progressToken: 1 } }),
    )
    const { ctx, aborted } = await plain.next()
    const reason = asks === 'early' ? aborted() : undefined
    assert.deepEqual([ctx.canStartTask, ctx.aborted], [false, false])
    ctx.progress(1)
    const stream = await opening
    await stream.nextMessage()
    await stream.close()
    await eventually(() => ctx.aborted, 'the end of the call')
    const { code } = ((await reason) ?? ctx.signal.reason) as { code?: string }
    assert.deepEqual([code, ctx.signal.aborted, stats().callsInProgress], ['ERR_CLIENT_GONE', true, 0])
  }
})

test('middleware cannot make a task of a call before its tool is known, and sees the task behind it', async (t) => {
  const seen: unknown[] = []
  const held = new HeldCalls()
  const { url, server } = await serving(t, { setup: tools(held) })
  server.use(async (ctx, next) => {
    if (ctx.method !== 'tools/call') return await next()
    seen.push(ctx.canStartTask)
    const result = await next()
    seen.push(ctx.canStartTask)
    return result
  })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  ;(await held.next()).finish('done')
  assert.equal(textOf(await client.until(taskId, 'completed')), 'done')
  assert.deepEqual(seen, [false, true])
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

test('what is sent before there is a task is sent with the call, and the task is its last message', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('late', { task: 'on-demand' }, async (_args, ctx) => {
      ctx.progress(1, 3)
      await ctx.startTask()
      ctx.progress(2, 3)
      return 'done'
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const { kind, messages, result } = await client.call('late', {}, { meta: { progressToken: 5 } })
  assert.deepEqual([kind, messages.length, messages[0].params.progress], ['sse', 2, 1])
  assert.equal(result.resultType, 'task')
  assert.equal(textOf(await client.until(result.taskId, 'completed')), 'done')
})

test('a handler that begins a task and answers without waiting for it is answered plainly, and no task is left', async (t) => {
  const failures: unknown[] = []
  const setup = (server: McpServer) => {
    server.registerTool('hasty', { task: 'on-demand' }, (_args, ctx) => {
      ctx.startTask().catch((error) => failures.push(error.code))
      return 'plain'
    })
  }
  const { url, errors, close } = await serving(t, { setup })
  assert.equal(textOf(await new TaskClient(url).call('hasty')), 'plain')
  await close({ drainMs: 2 ** 31 - 1 })
  assert.deepEqual([failures, errors], [['ERR_REQUEST_ABORTED'], []])
})

test('a middleware runs around the whole of a task, and what it makes of the result is the result', async (t) => {
  const log: string[] = []
  const held = new HeldCalls()
  const setup = (server: McpServer) => {
    tools(held)(server)
    server.use(async (ctx, next) => {
      if (ctx.method !== 'tools/call') return next()
      log.push('before')
      const result = (await next()) as object
      log.push('after')
      return { ...result, _meta: { seen: true } }
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  const call = await held.next()
  assert.deepEqual(log, ['before'])
  call.finish('done')
  const { result } = await client.until(taskId, 'completed')
  assert.deepEqual([log, result._meta, textOf({ result })], [['before', 'after'], { seen: true }, 'done'])
})

test('a hundred tasks with equal request ids: no question, answer or result crosses', async (t) => {
  const setup = (server: McpServer) => {
    const inputSchema = {
      type: 'object',
      properties: { secret: { type: 'string' } },
      required: ['secret'],
    } as const
    server.registerTool('ask', { inputSchema, task: true }, async ({ secret }, ctx) => {
      const requestedSchema = { type: 'object', properties: { s: { type: 'string' } } } as const
      const { content } = await ctx.elicit('q', { message: secret, requestedSchema })
      return `${secret} ${content?.s}`
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const run = async (_: unknown, n: number) => {
    const taskId = await client.begin('ask', { secret: `secret ${n}` })
    const { inputRequests } = await client.until(taskId, 'input_required')
    const answer = `${inputRequests.q.params.message} answered`
    await client.update(taskId, { q: { action: 'accept', content: { s: answer } } })
    return textOf(await client.until(taskId, 'completed'))
  }
  const texts = await Promise.all(Array.from({ length: 100 }, run))
  for (const [n, text] of texts.entries()) assert.equal(text, `secret ${n} secret ${n} answered`)
})
