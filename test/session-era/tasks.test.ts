/** Tasks of 2025-11-25: how a call becomes one, its states, its result, and what other revisions see of it. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RpcError, ToolError } from '../../src/index.ts'
import type { TestSession, WireJson } from '../helpers/wire.ts'
import { eventually, HeldCalls, serving } from './serving.ts'
import { begin, related, TASKS, taskOf } from './task-session.ts'

const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const

/** Task tools whose calls wait for the test. */
async function start(t: TestContext, options: Parameters<typeof serving>[1] = {}) {
  const held = new HeldCalls()
  const fixture = await serving(t, {
    ...options,
    setup: (server) => {
      server.registerTool('slow', { inputSchema, task: true }, held.run)
      server.registerTool('job', { inputSchema, task: 'required' }, held.run)
      server.registerTool('later', { inputSchema, task: 'on-demand' }, async (args, ctx) => {
        const isTask = await ctx.startTask()
        return `${isTask} ${await held.run(args, ctx)}`
      })
      options.setup?.(server)
    },
  })
  return {
    ...fixture,
    held,
    session: options.auth === undefined ? await fixture.open() : (undefined as never),
  }
}

test('a call with a task is answered with its state at once; tasks/get has it, and tasks/result its result [session-tasks.create] [session-tasks.create-at-once] [session-tasks.result-blocks] [session-tasks.monitoring] [session-tasks.begins-working] [session-tasks.id-string] [session-tasks.id-of-receiver] [session-tasks.created-at] [session-tasks.updated-at] [session-tasks.get-ttl] [session-tasks.result-related] [session-tasks.get-not-related] [session-tasks.get-plain]', async (t) => {
  const { session, held, stats } = await start(t)
  for (const name of ['slow', 'job', 'later']) {
    const created = await session.request('tools/call', { name, arguments: { text: 'a' }, task: {} })
    assert.deepEqual([created.status, created.kind], [200, 'json'])
    const { task, _meta, ...others } = created.result
    assert.deepEqual([_meta, others], [related(task.taskId), {}])
    const { taskId, createdAt, lastUpdatedAt } = task
    const state = { taskId, status: 'working', createdAt, lastUpdatedAt, ttl: 3_600_000, pollInterval: 1000 }
    assert.deepEqual(task, state)
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
    const call = await held.next()
    assert.deepEqual(call.args, { text: 'a' })
    assert.equal(stats().tasks, 1)
    const got = await session.request('tasks/get', { taskId })
    assert.deepEqual([got.kind, got.result], ['json', state])
    const waiting = session.request('tasks/result', { taskId })
    call.finish('done')
    const { result } = await waiting
    const text = name === 'later' ? 'true done' : 'done'
    assert.deepEqual(result, { content: [{ type: 'text', text }], _meta: related(taskId) })
    const { status, createdAt: same } = await taskOf(session, taskId)
    assert.deepEqual([status, same], ['completed', createdAt])
    assert.deepEqual((await session.request('tasks/result', { taskId })).result, result)
  }
})

test('a call without a task waits for its result, and a tool that works only as a task is refused with -32601 [session-tasks.required-tool] [session-tasks.refusals-explain]', async (t) => {
  const { session, held } = await start(t)
  const waiting = session.call('slow', { text: 'a' })
  ;(await held.next()).finish('plain')
  assert.equal((await waiting).result.content[0].text, 'plain')
  const later = session.call('later')
  ;(await held.next()).finish('plain')
  assert.equal((await later).result.content[0].text, 'false plain')
  const { error } = await session.call('job')
  assert.deepEqual(error, {
    code: -32_601,
    message: 'This tool works only as a task: call it with "task" in the parameters',
  })
})

test('a task of a tool that cannot be one is refused with -32601 [session-tasks.forbidden-tool]', async (t) => {
  const { session } = await start(t)
  const { error } = await session.request('tools/call', { name: 'echo', arguments: {}, task: {} })
  assert.equal(error.code, -32_601)
  assert.match(error.message, /cannot be called as a task/)
})

test('a server without task tools declares none, and ignores "task" [session-tasks.undeclared-ignored] [session-tasks.declared]', async (t) => {
  const bare = await serving(t)
  const session = await bare.open()
  assert.equal(session.initializeResult.capabilities.tasks, undefined)
  const params = { name: 'echo', arguments: { text: 'a' }, task: { ttl: 5 } }
  assert.equal((await session.request('tools/call', params)).result.content[0].text, 'a')
  assert.equal((await session.request('tasks/get', { taskId: 'x' })).error.code, -32_601)
  const { session: declared } = await start(t)
  assert.deepEqual(declared.initializeResult.capabilities.tasks, TASKS)
})

test('tools say whether they can be tasks to clients of 2025-11-25 alone; earlier ones ignore "task"', async (t) => {
  const { session, open, held } = await start(t)
  const support = ({ result }: { result: WireJson }) =>
    Object.fromEntries(result.tools.map(({ name, execution }: WireJson) => [name, execution?.taskSupport]))
  assert.deepEqual(support(await session.request('tools/list')), {
    echo: undefined,
    hold: undefined,
    slow: 'optional',
    job: 'required',
    later: 'optional',
  })
  const earlier = await open({ protocolVersion: '2025-06-18' })
  assert.equal(earlier.initializeResult.capabilities.tasks, undefined)
  assert.ok(
    (await earlier.request('tools/list')).result.tools.every((tool: object) => !('execution' in tool)),
  )
  assert.equal((await earlier.request('tasks/list', {}, { check: false })).error.code, -32_601)
  const params = { name: 'slow', arguments: {}, task: {} }
  const waiting = earlier.request('tools/call', params, { check: false })
  ;(await held.next()).finish('plain')
  assert.equal((await waiting).result.content[0].text, 'plain')
})

test('a failed tool fails its task, with its text as the message, and tasks/result gives the result that says so [session-tasks.failed-message] [session-tasks.result-same] [session-tasks.result-terminal]', async (t) => {
  const { session, errors } = await start(t, {
    setup: (server) => {
      server.registerTool('throws', { task: true }, () => {
        throw new ToolError('no such file')
      })
      server.registerTool('breaks', { task: true }, async () => {
        throw new Error('secret')
      })
    },
  })
  for (const name of ['throws', 'breaks']) {
    const { taskId } = await begin(session, name)
    const { result } = await session.request('tasks/result', { taskId })
    const plain = (await session.call(name)).result
    const task = await taskOf(session, taskId)
    assert.deepEqual([task.status, task.statusMessage], ['failed', result.content[0].text])
    if (name === 'throws') assert.deepEqual(result, { ...plain, _meta: related(taskId) })
    else assert.match(task.statusMessage, /^Internal error/)
  }
  assert.deepEqual(
    errors.splice(0).map((error) => (error as Error).message),
    ['secret', 'secret'],
  )
})

test('a JSON-RPC error fails the task, and tasks/result answers with the same error [session-tasks.result-error] [session-tasks.failed-message]', async (t) => {
  const { session } = await start(t, {
    setup: (server) => {
      server.registerTool('limit', { task: true }, () => {
        throw new RpcError(-32_002, 'Not there', { uri: 'a:b' })
      })
    },
  })
  const { taskId } = await begin(session, 'limit')
  const { error } = await session.request('tasks/result', { taskId })
  assert.deepEqual(error, { code: -32_002, message: 'Not there', data: { uri: 'a:b' } })
  const task = await taskOf(session, taskId)
  assert.deepEqual([task.status, task.statusMessage], ['failed', 'Not there'])
})

test('wrong arguments are the result of a task, since the client waits for one', async (t) => {
  const { session } = await start(t)
  const { result } = await session.request('tools/call', { name: 'slow', arguments: { text: 5 }, task: {} })
  const { taskId } = result.task
  assert.match(
    (await session.request('tasks/result', { taskId })).result.content[0].text,
    /^Invalid arguments/,
  )
  const unknown = await session.request('tools/call', { name: 'nothing', arguments: {}, task: {} })
  assert.equal(unknown.error.code, -32_602)
})

test('what middleware answers in place of a tool is the result of a task too', async (t) => {
  const { session, server } = await start(t)
  server.use((ctx, next) =>
    ctx.method === 'tools/call' ? { content: [{ type: 'text', text: 'cached' }] } : next(),
  )
  const { taskId } = await begin(session, 'slow')
  assert.equal((await session.request('tasks/result', { taskId })).result.content[0].text, 'cached')
})

test('structured content that is no object is left out of the result of a task, as of any other', async (t) => {
  const { session } = await start(t, {
    setup: (server) => {
      const outputSchema = { type: 'array', items: { type: 'number' } } as const
      server.registerTool('list', { outputSchema, task: true }, () => ({ structuredContent: [1, 2] }))
    },
  })
  const { taskId } = await begin(session, 'list')
  const { result } = await session.request('tasks/result', { taskId })
  assert.deepEqual(result, { content: [{ type: 'text', text: '[1,2]' }], _meta: related(taskId) })
})

test('tasks/cancel aborts the handler and answers with the cancelled state, which stays [session-tasks.cancel] [session-tasks.cancel-stops] [session-tasks.cancelled-stays] [session-tasks.terminal-stays] [cancellation.tasks]', async (t) => {
  const { session, held } = await start(t)
  const { taskId } = await begin(session, 'slow')
  const call = await held.next()
  const waiting = session.request('tasks/result', { taskId })
  const { result } = await session.request('tasks/cancel', { taskId })
  assert.deepEqual([result.taskId, result.status], [taskId, 'cancelled'])
  assert.equal('_meta' in result, false)
  assert.equal((await call.aborted()).message, 'The client cancelled the task')
  call.finish('too late')
  assert.equal((await waiting).error.message, 'The client cancelled the task')
  assert.equal((await taskOf(session, taskId)).status, 'cancelled')
  assert.equal((await session.request('tasks/result', { taskId })).error.code, -32_000)
})

test('what is over cannot be cancelled: -32602 [session-tasks.cancel-terminal]', async (t) => {
  const { session, held } = await start(t)
  const { taskId } = await begin(session, 'slow')
  ;(await held.next()).finish('done')
  await session.request('tasks/result', { taskId })
  for (const expected of ['completed', 'completed']) {
    const { error } = await session.request('tasks/cancel', { taskId })
    assert.equal(error.code, -32_602)
    assert.match(error.message, new RegExp(`with the status ${expected}$`))
  }
})

test('a notification that cancels the request of a task does not cancel the task', async (t) => {
  const { session, held } = await start(t)
  const created = await session.request('tools/call', { name: 'slow', arguments: {}, task: {} })
  const call = await held.next()
  await session.notify('notifications/cancelled', { requestId: created.id })
  call.finish('done')
  const { taskId } = created.result.task
  assert.equal((await session.request('tasks/result', { taskId })).result.content[0].text, 'done')
})

test('a cancelled tasks/result gets no answer, and leaves the task alone', async (t) => {
  const { session, held } = await start(t)
  const { taskId } = await begin(session, 'slow')
  const call = await held.next()
  const waiting = session.request('tasks/result', { taskId }, { id: 'wait' })
  await session.notify('notifications/cancelled', { requestId: 'wait' })
  assert.deepEqual((await waiting).messages, [])
  call.finish('done')
  assert.equal((await session.request('tasks/result', { taskId })).result.content[0].text, 'done')
})

test('an unknown task is -32602 in every method; the id in the parameters alone counts [session-tasks.unknown-id] [session-tasks.id-of-params]', async (t) => {
  const { session, held } = await start(t)
  const { taskId } = await begin(session, 'slow')
  await held.next()
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    for (const params of [{ taskId: 'x' }, { taskId: 5 }, {}]) {
      const reply = await session.request(method, params, { check: false, meta: related(taskId) })
      assert.equal(reply.error.code, -32_602, method)
    }
  }
  const other = await session.request('tasks/get', { taskId }, { meta: related('other') })
  assert.equal(other.result.taskId, taskId)
})

test('tasks/list has the tasks of the session page by page, in order [session-tasks.list-pages] [session-tasks.list-next-cursor] [session-tasks.list-complete] [session-tasks.list-bad-cursor] [session-tasks.list-not-related]', async (t) => {
  const { session, held, open } = await start(t, { pageSize: 2 })
  const ids: string[] = []
  for (let count = 0; count < 5; count++) {
    ids.push((await begin(session, 'slow')).taskId)
    await held.next()
    // Of one millisecond, the order is that of their ids.
    const now = Date.now()
    await eventually(() => Date.now() > now, 'the next millisecond')
  }
  const listed: WireJson[] = []
  let cursor: string | undefined
  do {
    const { result } = await session.request('tasks/list', cursor === undefined ? {} : { cursor })
    assert.ok(result.tasks.length <= 2)
    listed.push(...result.tasks)
    cursor = result.nextCursor
  } while (cursor !== undefined)
  assert.deepEqual(
    listed.map(({ taskId }) => taskId),
    ids,
  )
  assert.deepEqual(listed[0], await taskOf(session, ids[0] as string))
  assert.equal((await session.request('tasks/list', { cursor: 'x' })).error.code, -32_602)
  const other = await open()
  assert.deepEqual((await other.request('tasks/list')).result, { tasks: [] })
})

test('the time to live is what the client asks for, up to tasks.ttlMs; a malformed one is -32602 [session-tasks.max-ttl] [session-tasks.expired-removed]', async (t) => {
  const { session, held, stats } = await start(t, { tasks: { ttlMs: 10_000, pollIntervalMs: 0 } })
  const ttlOf = async (task: object) => {
    const { result } = await session.request('tools/call', { name: 'slow', arguments: {}, task })
    await held.next()
    assert.equal('pollInterval' in result.task, false)
    return result.task.ttl
  }
  assert.equal(await ttlOf({ ttl: 5000 }), 5000)
  assert.equal(await ttlOf({ ttl: 50_000 }), 10_000)
  assert.equal(await ttlOf({}), 10_000)
  const malformed = { name: 'slow', arguments: {}, task: { ttl: '5' } }
  assert.equal((await session.request('tools/call', malformed, { check: false })).error.code, -32_602)
  assert.equal(stats().tasks, 3)
})

test('a task that outlives its time is stopped and forgotten, and tasks/result says why [session-tasks.expired-removed]', async (t) => {
  const { session, held, stats } = await start(t)
  const { result } = await session.request('tools/call', { name: 'slow', arguments: {}, task: { ttl: 50 } })
  const { taskId } = result.task
  const waiting = session.request('tasks/result', { taskId })
  const reason = await (await held.next()).aborted()
  assert.match(reason.message, /time to live of 50 ms/)
  assert.match((await waiting).error.message, /Task not found|time to live/)
  assert.equal(stats().tasks, 0)
  assert.equal((await session.request('tasks/get', { taskId })).error.code, -32_602)
})

test('a session has so many tasks and no more, whatever other sessions have [session-tasks.concurrent-limit]', async (t) => {
  const { session, held, open } = await start(t, { tasks: { maxPerPrincipal: 1 } })
  const first = await begin(session, 'slow')
  await held.next()
  const { error } = await session.request('tools/call', { name: 'slow', arguments: {}, task: {} })
  assert.deepEqual([error.code, /too many tasks/i.test(error.message)], [-32_000, true])
  const other: TestSession = await open()
  await begin(other, 'slow')
  await held.next()
  await session.request('tasks/cancel', { taskId: first.taskId })
  await begin(session, 'slow')
})

test('task requests count against the rate of their caller, and middleware sees each of them [session-tasks.rate-limit] [session-tasks.logged]', async (t) => {
  const seen: string[] = []
  const { open } = await start(t, {
    auth: { verify: async (token) => ({ id: token }) },
    rateLimit: { perSecond: 0.001, burst: 5 },
    setup: (server) => {
      server.use((ctx, next) => {
        seen.push(`${ctx.auth?.id} ${ctx.method}`)
        return next()
      })
    },
  })
  const session = await open({ headers: { authorization: 'Bearer ann' } })
  const statuses: number[] = []
  for (let count = 0; count < 5; count++) {
    statuses.push((await session.request('tasks/get', { taskId: 'guess' })).status)
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 429])
  assert.deepEqual(seen.slice(1), Array(4).fill('ann tasks/get'))
})
