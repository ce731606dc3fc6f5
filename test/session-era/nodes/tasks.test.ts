/** Tasks of 2025-11-25 on several nodes: begun on one, followed, answered, awaited and cancelled on others. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { TaskRecord } from '../../../src/index.ts'
import { as, resourceOf } from '../../auth/scoped-serving.ts'
import { ErrorAnswer, type TestSession, type WireJson } from '../../helpers/wire.ts'
import { eventually, HeldCalls, textOf } from '../serving.ts'
import { begin, related, taskOf, until } from '../task-session.ts'
import { at, type ClusterOptions, cluster, SILENT } from './cluster.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }
const ada = () => ({ action: 'accept', content: { name: 'Ada' } })

async function start(t: TestContext, options: ClusterOptions = {}) {
  const held = new HeldCalls()
  const nodes = await cluster(t, {
    logging: true,
    ...options,
    setup: (server) => {
      server.registerTool('slow', { task: true }, held.run)
      server.registerTool('ask', { task: true }, async (_args, ctx) => {
        const { action, content } = await ctx.elicit('name', { message: 'Name?', requestedSchema })
        return `${action} ${content?.name}`
      })
      server.registerTool('fails', { task: true }, async (_args, ctx) => {
        try {
          return (await ctx.listRoots()).length.toString()
        } catch (error) {
          return (error as Error).message
        }
      })
      server.registerTool('bad', { task: true }, () => ({
        content: [{ type: 'text', text: 'why' }],
        isError: true,
      }))
    },
  })
  return { ...nodes, held, session: await nodes.a.open({ capabilities, check: true }) }
}

/** Sends `tasks/result` and waits until the task knows it. */
async function awaiting(session: TestSession, node: { readonly url: string }, taskId: string, meta?: object) {
  return at(session, node).request('tasks/result', { taskId }, meta && { meta })
}

test('a task that one node runs is polled, listed and awaited on others', async (t) => {
  const { a, b, c, held, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'slow')
  const call = await held.next()
  const waiting = awaiting(session, b, taskId)
  assert.equal((await taskOf(at(session, c), taskId)).status, 'working')
  const listed = await at(session, c).request('tasks/list')
  assert.deepEqual(
    listed.result.tasks.map((task: WireJson) => [task.taskId, task.status]),
    [[taskId, 'working']],
  )
  call.finish('done')
  const { result } = await waiting
  assert.deepEqual(result, { content: [{ type: 'text', text: 'done' }], _meta: related(taskId) })
  for (const node of [c, a, b]) assert.deepEqual((await awaiting(session, node, taskId)).result, result)
})

test('a tool that failed has failed on all nodes, with its text', async (t) => {
  const { a, b, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'bad')
  const task = await until(at(session, b), taskId, 'failed')
  assert.equal(task.statusMessage, 'why')
  assert.equal((await awaiting(session, b, taskId)).result.isError, true)
})

test('the question of a task comes on the stream of tasks/result on another node, and is answered through a third', async (t) => {
  const { a, b, c, session } = await start(t)
  session.onRequest = () => {
    at(session, c)
    return ada()
  }
  const { taskId } = await begin(at(session, a), 'ask')
  await until(at(session, b), taskId, 'input_required')
  assert.equal(textOf(await awaiting(session, b, taskId)), 'accept Ada')
  assert.equal(session.serverRequests.length, 1)
  const [asked] = session.serverRequests
  assert.deepEqual(asked.params, { message: 'Name?', requestedSchema, _meta: related(taskId) })
})

test('an error of the client reaches the handler of a task on another node', async (t) => {
  const { a, b, session } = await start(t)
  session.onRequest = () => {
    throw new ErrorAnswer(-32_601, 'no roots here')
  }
  const { taskId } = await begin(at(session, a), 'fails')
  const text = textOf(await awaiting(session, b, taskId))
  assert.match(text, /The client answered roots\/list with an error/)
})

test('a question that was sent on a node is sent on another one where the client waits next, and is answered once', async (t) => {
  const { a, b, c, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'ask')
  await until(session, taskId, 'input_required')
  const first = await at(session, b).stream('tasks/result', { taskId })
  await first.nextMessage(({ method }) => method === 'elicitation/create')
  await first.close()
  session.onRequest = ada
  assert.equal(textOf(await awaiting(session, c, taskId)), 'accept Ada')
})

test('progress and log messages of a task reach its session where it waits, or else its standalone stream, on whichever node', async (t) => {
  const { a, b, c, held, session } = await start(t)
  await at(session, a).request('logging/setLevel', { level: 'debug' })
  const standalone = await at(session, c).listen()
  await at(session, b).request('ping')
  const { taskId } = await begin(at(session, a), 'slow', {}, { progressToken: 'p' })
  const call = await held.next()
  // Node a knows that another node was the last to open the stream once it has heard so.
  let step = 0
  await eventuallySent(standalone, () => call.ctx.progress(++step))
  assert.deepEqual((await standalone.nextMessage()).params._meta, related(taskId))
  const waiting = await at(session, b).stream('tasks/result', { taskId })
  await eventuallySent(waiting, () => call.ctx.progress(++step))
  await call.ctx.log.info('said')
  const said = await waiting.nextMessage(({ method }) => method === 'notifications/message')
  assert.deepEqual([said.params.data, said.params._meta], ['said', related(taskId)])
  const seen = [...standalone.messages, ...waiting.messages].filter(
    ({ method }) => method === 'notifications/progress',
  )
  const values = seen.map(({ params }) => params.progress)
  assert.equal(new Set(values).size, values.length, 'the same progress twice')
  call.finish('done')
  await waiting.nextMessage(({ result }) => result !== undefined)
})

test('the session that began a task is notified of its status on the node of its standalone stream', async (t) => {
  const { a, b, held, session } = await start(t)
  const stream = await at(session, b).listen()
  await eventually(() => a.stats().sessions === 1, 'the session')
  const { taskId } = await begin(at(session, a), 'slow', {}, { progressToken: 'p' })
  const call = await held.next()
  let step = 0
  await eventuallySent(stream, () => call.ctx.progress(++step))
  call.finish('done')
  const { params } = await stream.nextMessage(({ method }) => method === 'notifications/tasks/status')
  assert.deepEqual([params.taskId, params.status], [taskId, 'completed'])
})

test('messages of a task that needs scopes reach a standalone stream on another node only with a token that has them', async (t) => {
  const auth = resourceOf()
  const { a, b, c } = await cluster(t, {
    auth,
    setup: (server) => {
      server.registerTool('job', { task: true, scopes: ['notes:write'] }, () => 'done')
    },
  })
  const session = await a.open({ headers: as('ada', 'notes:write') })
  for (const [scope, node, hears] of [
    ['notes:read', b, false],
    ['notes:write', c, true],
  ] as const) {
    const stream = await at(session, node).listen({ headers: as('ada', scope) })
    await at(session, a).request('ping')
    a.server.registerTool(`after ${scope}`.replace(/\W/g, '_'), {}, () => '')
    await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
    const { taskId } = await begin(session, 'job')
    await until(session, taskId, 'completed')
    a.server.registerTool(`behind ${scope}`.replace(/\W/g, '_'), {}, () => '')
    const next = await stream.nextMessage()
    assert.equal(next.method === 'notifications/tasks/status', hears, JSON.stringify(next))
    await stream.close()
  }
})

test('a task is cancelled on another node before the answer, once, and who waits for it is answered', async (t) => {
  const { a, b, c, held, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'slow')
  const call = await held.next()
  const waiting = awaiting(session, c, taskId)
  const cancelled = await at(session, b).request('tasks/cancel', { taskId })
  assert.equal(cancelled.result.status, 'cancelled')
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_TASK_CANCELLED')
  call.finish('too late')
  assert.match((await waiting).error.message, /cancelled/)
  for (const node of [a, b, c]) {
    assert.equal((await taskOf(at(session, node), taskId)).status, 'cancelled')
    assert.equal((await at(session, node).request('tasks/cancel', { taskId })).error.code, -32_602)
  }
})

test('a task that ends while another node cancels it is not cancelled, and the client is told so', async (t) => {
  const { a, b, held, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'slow')
  const call = await held.next()
  const { tasks } = b.own
  const update = tasks.update.bind(tasks)
  t.mock.method(tasks, 'update', async (record: TaskRecord) => {
    call.finish('done')
    await eventually(() => a.stats().tasks === 0, 'the task to end')
    return await update(record)
  })
  const { error } = await at(session, b).request('tasks/cancel', { taskId })
  assert.equal(error.code, -32_602)
  assert.match(error.message, /is over already, with the status completed/)
})

test('a task whose node died has failed, also for who waits for its result', async (t) => {
  const { a, b, c, held, session } = await start(t, { memory: { leaseMs: 20 } })
  const { taskId } = await begin(at(session, a), 'slow')
  await held.next()
  const waiting = awaiting(session, b, taskId)
  await eventually(() => b.stats().callsInProgress === 1, 'b to wait')
  a.die()
  const { error } = await waiting
  assert.equal(error.code, -32_000)
  assert.match(error.message, /process that ran the task is gone/)
  const listed = await at(session, c).request('tasks/list')
  assert.deepEqual(
    listed.result.tasks.map((task: WireJson) => task.status),
    ['failed'],
  )
})

test('the tasks of a session end with it, on whichever node it is deleted', async (t) => {
  const { store, a, b, c, held, session } = await start(t)
  const { taskId } = await begin(at(session, a), 'slow')
  const call = await held.next()
  await at(session, c).request('ping')
  assert.equal((await at(session, b).delete()).status, 200)
  assert.ok((await call.aborted()) instanceof Error)
  call.finish('too late')
  await eventually(() => a.stats().tasks === 0, 'the task to end')
  assert.equal(await store.join(SILENT).tasks.read(taskId), undefined)
})

test('the tasks of a session that the node of its task has closed go on, and end when it is deleted elsewhere', async (t) => {
  const { a, b, held, session } = await start(t, { sessions: { max: 1 } })
  const { taskId } = await begin(at(session, a), 'slow')
  const call = await held.next()
  const other = await a.open()
  assert.equal(a.stats().sessions, 1)
  assert.equal((await taskOf(at(session, b), taskId)).status, 'working')
  assert.equal((await at(session, b).delete()).status, 200)
  assert.ok((await call.aborted()) instanceof Error)
  call.finish('too late')
  await eventually(() => a.stats().tasks === 0, 'the task to end')
  await other.close()
})

test('tasks/list on any node skips none, also when the task of the cursor is deleted meanwhile', async (t) => {
  const { store, a, b, c, held, session } = await start(t, { pageSize: 2 })
  const began: string[] = []
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (let n = 0; n < 5; n++) {
    began.push((await begin(at(session, [a, b, c][n % 3] as typeof a), 'slow')).taskId)
    ;(await held.next()).finish('done')
  }
  const first = await at(session, b).request('tasks/list')
  const page = first.result.tasks.map((task: WireJson) => task.taskId)
  assert.equal(page.length, 2)
  await store.join(SILENT).tasks.delete(page[1])
  const listed = [...page]
  let cursor = first.result.nextCursor
  while (cursor !== undefined) {
    const { result } = await at(session, c).request('tasks/list', { cursor })
    listed.push(...result.tasks.map((task: WireJson) => task.taskId))
    cursor = result.nextCursor
  }
  assert.deepEqual([...listed].sort(), [...began].sort())
  t.mock.timers.reset()
})

/** Sends something again and again until the first of it has come. */
async function eventuallySent(
  stream: { readonly messages: readonly unknown[] },
  send: () => unknown,
): Promise<void> {
  const before = stream.messages.length
  await eventually(() => {
    if (stream.messages.length === before) void send()
    return stream.messages.length > before
  }, 'a message')
}
