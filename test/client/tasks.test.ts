/** Tasks: calls that the server goes on with, awaited without a trace, or taken as a handle. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { type ClientTask, type ConnectOptions, McpError, RpcError } from '../../src/client/index.ts'
import { McpServer, RpcError as ServerRpcError, ToolError } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { served } from './offering.ts'
import { connected, type Exchange, failure, result, scripted, stateless } from './scripted-server.ts'

const FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } as const

function tasks() {
  const server = new McpServer({ name: 's', version: '1' })
  const signals: AbortSignal[] = []
  const out = { type: 'object', properties: { v: { type: 'number' } }, required: ['v'] } as const
  server.registerTool('work', { task: true, outputSchema: out }, async (_, ctx) => {
    signals.push(ctx.signal)
    await new Promise((resolve) => setImmediate(resolve))
    return { structuredContent: { v: 1 } }
  })
  server.registerTool('ask', { task: true }, async (_, ctx) => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((key) => ctx.elicit(key, { message: key, requestedSchema: FORM })),
    )
    return `${a?.content?.name} and ${b?.content?.name}`
  })
  server.registerTool('endless', { task: true }, async (_, ctx) => {
    signals.push(ctx.signal)
    await once(ctx.signal, 'abort')
    return 'late'
  })
  server.registerTool('refuse', { task: true }, () => {
    throw new ServerRpcError(-31000, 'no', { why: 1 })
  })
  server.registerTool('fail', { task: true }, () => {
    throw new ToolError('out of paper')
  })
  server.registerTool('quick', {}, () => 'at once')
  return { server, signals }
}

function start(t: TestContext, options: ConnectOptions = {}) {
  const { server, signals } = tasks()
  return served(t, options, server, { tasks: { pollIntervalMs: 10 } }).then((all) => ({ ...all, signals }))
}

test('callTool waits for a task as for any call, and checks its result', async (t) => {
  const { client } = await start(t)
  const { structuredContent } = await client.callTool('work')
  assert.deepEqual(structuredContent, { v: 1 })
  const failed = await client.callTool('fail')
  assert.deepEqual([failed.isError, failed.content], [true, [{ type: 'text', text: 'out of paper' }]])
  await assert.rejects(client.callTool('refuse'), (error) => {
    assert.ok(error instanceof RpcError)
    assert.deepEqual([error.code, error.message, error.data], [-31000, 'no', { why: 1 }])
    return true
  })
})

test('questions of a task are asked once, and answered together', async (t) => {
  const asked: string[] = []
  const { client } = await start(t, {
    onElicit: async ({ message }) => {
      asked.push(message)
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { action: 'accept', content: { name: message.toUpperCase() } }
    },
  })
  const { content } = await client.callTool('ask')
  assert.deepEqual(content, [{ type: 'text', text: 'A and B' }])
  assert.deepEqual(asked.sort(), ['a', 'b'])
})

test('startTool gives a handle: its states can be iterated, and its result waited for', async (t) => {
  const { client } = await start(t, {
    onElicit: ({ message }) => ({ action: 'accept', content: { name: message } }),
  })
  const task = await client.startTool('ask')
  assert.equal(typeof task.taskId, 'string')
  const statuses: string[] = []
  for await (const { status } of task) statuses.push(status)
  assert.equal(statuses.at(-1), 'completed')
  assert.ok(statuses.includes('input_required'), statuses.join())
  assert.equal(task.status, 'completed')
  assert.deepEqual((await task.result()).content, [{ type: 'text', text: 'a and b' }])

  const quick = await client.startTool('quick')
  assert.deepEqual([quick.taskId, quick.status], [undefined, 'completed'])
  assert.deepEqual((await quick.result()).content, [{ type: 'text', text: 'at once' }])
  for await (const state of quick) assert.fail(`there is no task, and no ${state.status}`)
})

test('client.task takes a task up again, as another client after a restart', async (t) => {
  const { client, url } = await start(t)
  const { taskId = '' } = await client.startTool('work')
  await client.close()
  const other = await connected(t, url)
  const task = other.task(taskId)
  assert.equal(task.status, 'working')
  assert.deepEqual((await task.result()).structuredContent, { v: 1 })
  assert.equal((await task.get()).status, 'completed')
  await assert.rejects(other.task('unknown').result(), { name: 'RpcError', code: -32602 })
})

test('cancel asks the server to stop, and the result rejects', async (t) => {
  const { client, signals } = await start(t)
  const task = await client.startTool('endless')
  while (signals.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const outcome = assert.rejects(task.result(), { code: 'ERR_TASK_CANCELLED' })
  await task.cancel()
  await outcome
  assert.equal(signals[0]?.aborted, true)
})

test('aborting a call that became a task cancels the task', async (t) => {
  const { client, signals, server } = await start(t)
  const asked = new Promise<void>((resolve) => {
    server.use((ctx, next) => {
      if (ctx.method === 'tasks/get') resolve()
      return next()
    })
  })
  const abort = new AbortController()
  const call = client.callTool('endless', {}, { signal: abort.signal })
  // Before the client knows of the task it can only close the connection of the call.
  await asked
  const stopped = once(signals[0] as AbortSignal, 'abort')
  abort.abort(new Error('enough'))
  await assert.rejects(call, { code: 'ERR_REQUEST_ABORTED' })
  await within(stopped, () => 'the task to be cancelled')
})

test('aborting the wait for a handle rejects with ERR_REQUEST_ABORTED, whatever it was doing', async (t) => {
  const { client } = await start(t)
  for (const [name, wait] of [
    ['result', (task: ClientTask) => task.result()],
    [
      'iteration',
      async (task: ClientTask) => {
        for await (const _ of task);
      },
    ],
  ] as const) {
    const abort = new AbortController()
    const task = await client.startTool('endless', {}, { signal: abort.signal })
    const outcome = assert.rejects(wait(task), { code: 'ERR_REQUEST_ABORTED' }, name)
    abort.abort()
    await outcome
  }
})

test('a task with more keys of questions than can be remembered is an error', async (t) => {
  let polls = 0
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.what === 'tools/call')
        return result(exchange, { resultType: 'task', taskId: 'a', status: 'working', pollIntervalMs: 1 })
      if (exchange.what === 'tasks/update') return result(exchange, {})
      const question = { method: 'elicitation/create', params: { message: 'm', requestedSchema: FORM } }
      const inputRequests = { [`${polls++}${'x'.repeat(300_000)}`]: question }
      return result(exchange, { taskId: 'a', status: 'input_required', inputRequests, pollIntervalMs: 1 })
    }),
  )
  const client = await connected(t, server.url, {
    onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
  })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_INVALID_RESPONSE',
    message: /more than 10000 questions/,
  })
  assert.equal(polls, 4)
})

test('maxTimeoutMs bounds a call that became a task', async (t) => {
  const { client, signals } = await start(t)
  await assert.rejects(client.callTool('endless', {}, { maxTimeoutMs: 60 }), {
    code: 'ERR_REQUEST_TIMEOUT',
    message: /maxTimeoutMs/,
  })
  await within(once(signals[0] as AbortSignal, 'abort'), () => 'the task to be cancelled').catch(() => {})
  assert.equal(signals[0]?.aborted, true)
})

test('option tasks: false: nothing is declared, and the server waits for its tool', async (t) => {
  const { client } = await start(t, { tasks: false })
  assert.deepEqual((await client.callTool('work')).structuredContent, { v: 1 })
  const state = { resultType: 'task', taskId: 'x', status: 'working', ttlMs: null }
  const server = await scripted(
    t,
    stateless((exchange) => result(exchange, state)),
  )
  const other = await connected(t, server.url, { tasks: false })
  await assert.rejects(other.callTool('a'), { code: 'ERR_INVALID_RESPONSE', message: /resultType "task"/ })
})

const ODD = { taskId: 'x', pollIntervalMs: { valueOf: 1, toString: 1 }, statusMessage: { toString: 1 } }

for (const [what, state] of [
  ['no id', { status: 'working' }],
  ['an unknown status', { taskId: 'x', status: 'lost' }],
  ['questions that are none', { taskId: 'x', status: 'input_required', inputRequests: null }],
  ['an odd pace and questions that are none', { ...ODD, status: 'input_required', inputRequests: 5 }],
] as const) {
  test(`a task with ${what} is an error`, async (t) => {
    const server = await scripted(
      t,
      stateless((exchange) => result(exchange, { resultType: 'task', ...state })),
    )
    const client = await connected(t, server.url)
    await assert.rejects(client.callTool('a'), { code: 'ERR_INVALID_RESPONSE' })
  })
}

test('a task that ends without a result, or with an error that is none, is an error', async (t) => {
  const ends: object[] = [{ status: 'completed' }, { status: 'failed', error: 'no', statusMessage: 'ink' }]
  const server = await scripted(
    t,
    stateless((exchange: Exchange) => {
      if (exchange.what === 'tools/call')
        return result(exchange, { resultType: 'task', taskId: 'x', status: 'working', pollIntervalMs: 1 })
      if (exchange.what === 'tasks/get') return result(exchange, { taskId: 'x', ...ends.shift() })
      return failure(exchange, -32601)
    }),
  )
  const client = await connected(t, server.url)
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_INVALID_RESPONSE',
    message: /completed task needs "result"/,
  })
  await assert.rejects(
    client.callTool('a'),
    (error) => error instanceof McpError && /failed: ink/.test(error.message),
  )
  const { request } = server.seen.find(({ what }) => what === 'tasks/get') as Exchange
  assert.equal(request.headers['mcp-name'], 'x')
})

test('the server says how often it may be asked, within bounds', async (t) => {
  const times: number[] = []
  const server = await scripted(
    t,
    stateless((exchange) => {
      if (exchange.what === 'tools/call')
        return result(exchange, { resultType: 'task', taskId: 'x', status: 'working', pollIntervalMs: 80 })
      times.push(performance.now())
      const over = times.length === 3
      return result(exchange, {
        taskId: 'x',
        pollIntervalMs: 80,
        ...(over ? { status: 'completed', result: { content: [] } } : { status: 'working' }),
      })
    }),
  )
  const client = await connected(t, server.url)
  const from = performance.now()
  await client.callTool('a')
  // Timers of Node may be early by a part of a millisecond.
  for (const [at, time] of times.entries())
    assert.ok(time - from > 79 * (at + 1), `asked after ${time - from} ms`)
})
