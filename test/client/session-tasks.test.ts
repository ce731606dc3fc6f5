/** Tasks of 2025-11-25: which calls become one, where questions come from, and the result. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { ConnectOptions } from '../../src/client/index.ts'
import { McpServer, RpcError, ToolError } from '../../src/index.ts'
import { served } from './offering.ts'
import { connected, type Exchange, failure, response, result, scripted, session } from './scripted-server.ts'

const FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } as const
const REVISIONS = ['2026-07-28', '2025-11-25'] as const

function building(): McpServer {
  const server = new McpServer({ name: 's', version: '1' })
  server.registerTool('build', { task: true }, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return 'built'
  })
  server.registerTool('must', { task: 'required' }, () => 'done')
  server.registerTool('ask', { task: true }, async (_, ctx) => {
    const { content } = await ctx.elicit('who', { message: 'Who?', requestedSchema: FORM })
    return `for ${content?.name}`
  })
  server.registerTool('endless', { task: true }, async (_, ctx) => {
    await once(ctx.signal, 'abort')
    return 'late'
  })
  server.registerTool('fail', { task: true }, () => {
    throw new ToolError('out of paper')
  })
  server.registerTool('refuse', { task: true }, () => {
    throw new RpcError(-31000, 'no', { why: 1 })
  })
  server.registerTool('plain', {}, () => 'at once')
  return server
}

function start(t: TestContext, options: ConnectOptions = {}) {
  return served(t, options, building(), { tasks: { pollIntervalMs: 10 } })
}

const textOf = ({ content }: { readonly content: readonly object[] }) => (content[0] as { text: string }).text

for (const revision of REVISIONS) {
  test(`${revision}: startTool makes a task where the tool allows one, with all that a handle has`, async (t) => {
    const { client } = await start(t, { revision })
    const task = await client.startTool('build')
    assert.equal(typeof task.taskId, 'string')
    const statuses: string[] = []
    for await (const { status } of task) statuses.push(status)
    assert.equal(statuses.at(-1), 'completed')
    assert.equal(textOf(await task.result()), 'built')
    const state = await task.get()
    assert.equal(state.status, 'completed')
    assert.equal(state.pollIntervalMs, 10)
    assert.equal(typeof state.ttlMs, 'number')

    const again = client.task(task.taskId ?? '')
    assert.equal(textOf(await again.result()), 'built')
  })

  test(`${revision}: callTool waits for a tool that works only as a task`, async (t) => {
    const { client } = await start(t, { revision })
    assert.equal(textOf(await client.callTool('must')), 'done')
  })

  test(`${revision}: questions of a task are answered, in result() and while it is iterated`, async (t) => {
    const asked: string[] = []
    const { client } = await start(t, {
      revision,
      onElicit: ({ message }) => {
        asked.push(message)
        return { action: 'accept', content: { name: 'Ann' } }
      },
    })
    const task = await client.startTool('ask')
    assert.equal(textOf(await task.result()), 'for Ann')
    const other = await client.startTool('ask')
    const statuses: string[] = []
    for await (const { status } of other) statuses.push(status)
    assert.equal(statuses.at(-1), 'completed')
    assert.equal(textOf(await other.result()), 'for Ann')
    assert.deepEqual(asked, ['Who?', 'Who?'])
  })

  test(`${revision}: cancel stops a task, and the result rejects`, async (t) => {
    const { client } = await start(t, { revision })
    const task = await client.startTool('endless')
    const outcome = assert.rejects(task.result(), { code: 'ERR_TASK_CANCELLED' })
    await task.cancel()
    await outcome
    assert.equal((await task.get()).status, 'cancelled')
  })

  test(`${revision}: a task that fails gives what the call would have given`, async (t) => {
    const { client } = await start(t, { revision })
    const failed = await (await client.startTool('fail')).result()
    assert.deepEqual([failed.isError, textOf(failed)], [true, 'out of paper'])
    await assert.rejects((await client.startTool('refuse')).result(), {
      name: 'RpcError',
      code: -31000,
      message: 'no',
      data: { why: 1 },
    })
  })

  test(`${revision}: a call that was over at once has no state, and nothing to cancel or to update`, async (t) => {
    const { client } = await start(t, { revision })
    const task = await client.startTool('plain')
    assert.equal(task.taskId, undefined)
    for (const use of [() => task.get(), () => task.cancel(), () => task.update({})])
      await assert.rejects(use(), { code: 'ERR_TASK_OVER' })
    assert.equal(textOf(await task.result()), 'at once')
  })
}

test('update of a task of 2025-11-25 says that only the handlers can answer', async (t) => {
  const { client } = await start(t, { revision: '2025-11-25' })
  const task = await client.startTool('endless')
  await assert.rejects(task.update({}), { code: 'ERR_NOT_SUPPORTED', message: /handlers/ })
  await task.cancel()
})

test('option tasks: false, and an earlier revision: no call is made a task', async (t) => {
  for (const options of [{ revision: '2025-11-25', tasks: false }, { revision: '2025-06-18' }] as const) {
    const { client } = await start(t, options)
    assert.equal((await client.startTool('build')).taskId, undefined)
  }
})

const TASKS = { tools: {}, tasks: { requests: { tools: { call: {} } } } }
const TOOL = { name: 'a', inputSchema: { type: 'object' }, execution: { taskSupport: 'optional' } }

/** A server with one tool that may be a task; the rest is for the script. */
async function taskServer(
  t: TestContext,
  script: (exchange: Exchange) => unknown,
  { capabilities = TASKS as object, tool = TOOL as object } = {},
) {
  const server = await scripted(
    t,
    session(
      (exchange) => {
        if (exchange.what === 'GET') return exchange.response.writeHead(405).end()
        if (exchange.what === 'tools/list') return result(exchange, { tools: [tool] })
        return script(exchange)
      },
      { capabilities },
    ),
  )
  const params = (what: string) => server.seen.find((each) => each.what === what)?.message.params
  return { server, params, url: server.url }
}

for (const [what, options] of [
  ['the server does not declare them', { capabilities: { tools: {} } }],
  ['the tool forbids them', { tool: { ...TOOL, execution: { taskSupport: 'forbidden' } } }],
  ['the tool says nothing', { tool: { name: 'a', inputSchema: {} } }],
] as const) {
  test(`startTool asks for no task where ${what}`, async (t) => {
    const { url, params } = await taskServer(t, (exchange) => result(exchange, { content: [] }), options)
    const client = await connected(t, url)
    assert.equal((await client.startTool('a')).taskId, undefined)
    assert.deepEqual(params('tools/call'), { name: 'a', arguments: {} })
  })
}

test('a server that answers the result in place of a task is taken at its word; callTool leaves the choice', async (t) => {
  const { url, params, server } = await taskServer(t, (exchange) => result(exchange, { content: [] }))
  const client = await connected(t, url)
  await client.callTool('a')
  assert.equal(params('tools/call').task, undefined)
  const task = await client.startTool('a')
  assert.deepEqual(server.seen.at(-1)?.message.params.task, {})
  assert.equal(task.status, 'completed')
})

test('a question of a task is answered with the task, and tasks/result is asked again where it was cut', async (t) => {
  let answered: Exchange | undefined
  let results = 0
  const meta = { 'io.modelcontextprotocol/related-task': { taskId: 'x' } }
  const { url } = await taskServer(t, (exchange) => {
    const status = answered === undefined ? 'input_required' : 'completed'
    if (exchange.what === 'tools/call')
      return result(exchange, { task: { taskId: 'x', status: 'working', ttl: null, pollInterval: 1 } })
    if (exchange.what === 'tasks/get')
      return result(exchange, { taskId: 'x', status, ttl: null, pollInterval: 1 })
    if (exchange.what === 'response') {
      answered = exchange
      return exchange.response.writeHead(202).end()
    }
    if (answered !== undefined) return result(exchange, { content: [{ type: 'text', text: 'end' }] })
    results += 1
    exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
    const params = { message: 'm', requestedSchema: FORM, _meta: meta }
    const question = { jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params }
    if (results > 1) exchange.response.write(`data: ${JSON.stringify(question)}\n\n`)
    else exchange.response.end()
  })
  const client = await connected(t, url, {
    onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
  })
  const task = await client.startTool('a')
  assert.equal(textOf(await task.result()), 'end')
  assert.equal(results, 2)
  assert.deepEqual(answered?.message.result, { action: 'accept', content: { name: 'Ann' }, _meta: meta })
})

test('notifications/tasks/status wakes those that wait for the task', async (t) => {
  let get = 0
  const { url } = await taskServer(t, (exchange) => {
    const state = { taskId: 'x', ttl: null, pollInterval: 50_000 }
    if (exchange.what === 'tools/call') return result(exchange, { task: { ...state, status: 'working' } })
    if (exchange.what === 'tasks/get') {
      get += 1
      return result(exchange, { ...state, status: 'completed' })
    }
    if (exchange.what === 'tasks/result') return result(exchange, { content: [] })
    // A ping, on whose stream the notification comes.
    exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
    const params = { ...state, status: 'completed' }
    const news = { jsonrpc: '2.0', method: 'notifications/tasks/status', params }
    for (const message of [news, response(exchange.message.id, {})])
      exchange.response.write(`data: ${JSON.stringify(message)}\n\n`)
    exchange.response.end()
  })
  const client = await connected(t, url)
  const task = await client.startTool('a')
  const outcome = task.result()
  await client.ping()
  assert.deepEqual((await outcome).content, [])
  assert.equal(get, 1)
})

test('what is no task is an error', async (t) => {
  const { url } = await taskServer(t, (exchange) =>
    exchange.what === 'tools/call'
      ? result(exchange, { task: { taskId: 7, status: 'working' } })
      : failure(exchange, -32601),
  )
  const client = await connected(t, url)
  await assert.rejects(client.startTool('a'), { code: 'ERR_INVALID_RESPONSE' })
})
