/** Tasks of 2026-07-28 on several nodes: begun on one, followed, answered and cancelled on others; and nodes that die. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SseStream, WireJson } from '../../helpers/wire.ts'
import { type ClusterOptions, cluster, SILENT } from '../../session-era/nodes/cluster.ts'
import { eventually, HeldCalls, textOf } from '../serving.ts'
import { TaskClient, taskCapabilities } from '../task-client.ts'

const form = (message: string) => ({
  message,
  requestedSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const,
})
const accept = (n: number) => ({ action: 'accept', content: { n } })
const GONE = /process that ran the task is gone/

async function start(t: TestContext, options: ClusterOptions = {}) {
  const held = new HeldCalls()
  const nodes = await cluster(t, {
    ...options,
    setup: (server) => {
      server.registerTool('slow', { task: true }, held.run)
      server.registerTool('ask', { task: true }, async (_args, ctx) => {
        const first = await ctx.elicit('n', form('How many?'))
        const second = await ctx.elicit('n', form('Again?'))
        return `${first.content?.n} ${second.content?.n}`
      })
      options.setup?.(server)
    },
  })
  const headers = options.auth === undefined ? {} : { authorization: 'Bearer ann' }
  const client = (node: { readonly url: string }, more = headers) =>
    new TaskClient(node.url, { capabilities: taskCapabilities, headers: more })
  const listen = async (node: { readonly url: string }, taskId: string): Promise<SseStream> => {
    const stream = await client(node).listen({ taskIds: [taskId] })
    t.after(() => stream.close())
    return stream
  }
  return { ...nodes, held, client, listen }
}

const statuses = ({ messages }: SseStream) =>
  messages
    .filter(({ method }) => method === 'notifications/tasks')
    .map(({ params }: WireJson) => params.status)

test('a task that one node runs is polled on the others, with its messages, and has its result on all of them', async (t) => {
  const { a, b, c, held, client } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  const fields = await client(b).task(taskId)
  assert.deepEqual(Object.keys(fields).sort(), [
    '_meta',
    'createdAt',
    'lastUpdatedAt',
    'pollIntervalMs',
    'resultType',
    'status',
    'taskId',
    'ttlMs',
  ])
  call.ctx.progress(1, 2, 'half')
  const says = async () => (await client(c).task(taskId)).statusMessage
  for (let turn = 0; turn < 1000 && (await says()) !== 'half'; turn++);
  assert.equal(await says(), 'half')
  call.finish('done')
  for (const node of [b, c, a]) assert.equal(textOf(await client(node).until(taskId, 'completed')), 'done')
})

test('the questions of a task are answered on other nodes, each once', async (t) => {
  const { a, b, c, client } = await start(t)
  const taskId = await client(a).begin('ask')
  const waiting = await client(b).until(taskId, 'input_required')
  assert.deepEqual(Object.keys(waiting.inputRequests), ['n'])
  assert.equal(
    (await client(c).update(taskId, { n: accept(3), stray: accept(9) })).result.resultType,
    'complete',
  )
  let again = await client(b).task(taskId)
  for (let turn = 0; turn < 1000 && again.inputRequests?.['n#2'] === undefined; turn++)
    again = await client(b).task(taskId)
  // An answer to what is not open any more has no effect.
  await client(b).update(taskId, { n: accept(4) })
  await client(b).update(taskId, { 'n#2': accept(5) })
  assert.equal(textOf(await client(c).until(taskId, 'completed')), '3 5')
})

test('a task is cancelled on another node at once, and its handler hears of it', async (t) => {
  const { a, b, c, held, client } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  assert.equal((await client(b).cancel(taskId)).status, 200)
  for (const node of [c, b]) assert.equal((await client(node).task(taskId)).status, 'cancelled')
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_TASK_CANCELLED')
  call.finish('too late')
  await eventually(() => a.stats().tasks === 0, 'the task to end')
  for (const node of [a, b, c]) assert.equal((await client(node).task(taskId)).status, 'cancelled')
})

test('who listens to a task on another node is notified of each state, and of its end', async (t) => {
  const { a, b, c, client, listen } = await start(t)
  const taskId = await client(a).begin('ask')
  const streams = [await listen(b, taskId), await listen(c, taskId)]
  for (const stream of streams) {
    await stream.nextMessage(({ params }) => params?.inputRequests?.n !== undefined)
  }
  await client(b).update(taskId, { n: accept(1) })
  for (const stream of streams) {
    await stream.nextMessage(({ params }) => params?.inputRequests?.['n#2'] !== undefined)
  }
  await client(c).update(taskId, { 'n#2': accept(2) })
  for (const stream of streams) {
    const { params } = await stream.nextMessage(({ params }) => params?.status === 'completed')
    assert.equal(textOf(params), '1 2')
    const seen = stream.messages.slice(1).map(({ params }: WireJson) => JSON.stringify(params))
    assert.equal(new Set(seen).size, seen.length, 'the same state twice')
  }
})

test('a change between the look at a task and the subscription to it is not missed', async (t) => {
  const { a, b, held, client, listen } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  const { tasks } = b.own
  const read = tasks.read.bind(tasks)
  let isFirst = true
  t.mock.method(tasks, 'read', async (id: string) => {
    const record = await read(id)
    if (!isFirst) return record
    isFirst = false
    call.finish('done')
    await client(a).until(taskId, 'completed')
    // What node a has announced has come to node b too.
    await b.own.bus.publish('["none"]')
    for (let turn = 0; turn < 5; turn++) await new Promise<void>(setImmediate)
    return record
  })
  const stream = await listen(b, taskId)
  const { params } = await stream.nextMessage(({ params }) => params?.status === 'completed')
  assert.equal(textOf(params), 'done')
})

test('a task that ends while another node cancels it stays as it ended', async (t) => {
  const { a, b, held, client } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  const { tasks } = b.own
  const update = tasks.update.bind(tasks)
  t.mock.method(tasks, 'update', async (record: WireJson) => {
    call.finish('done')
    await client(a).until(taskId, 'completed')
    return await update(record)
  })
  assert.equal((await client(b).cancel(taskId)).status, 200)
  for (const node of [a, b]) assert.equal(textOf(await client(node).task(taskId)), 'done')
})

test('a task that is over before the subscription is there is not missed', async (t) => {
  const { a, b, held, client, listen } = await start(t)
  for (let n = 0; n < 20; n++) {
    const taskId = await client(a).begin('slow')
    const call = await held.next()
    const opening = listen(b, taskId)
    for (let turn = 0; turn < n; turn++) await new Promise<void>(setImmediate)
    call.finish('done')
    const stream = await opening
    await stream.nextMessage(({ params }) => params?.status === 'completed')
    assert.equal(statuses(stream).at(-1), 'completed')
    await stream.close()
  }
})

test('the tasks of a node that dies have failed, for who listens, and for who asks', async (t) => {
  const { a, b, c, held, client, listen } = await start(t, { memory: { leaseMs: 20 } })
  const taskIds = [await client(a).begin('slow'), await client(a).begin('slow')] as const
  await held.next()
  await held.next()
  const stream = await listen(b, taskIds[0])
  await stream.nextMessage(({ params }) => params?.status === 'working')
  a.die()
  const { params } = await stream.nextMessage(({ params }) => params?.status === 'failed')
  assert.match(params.error.message, GONE)
  assert.equal(params.error.code, -32_000)
  const asked = await client(c).task(taskIds[1])
  assert.match(asked.error.message, GONE)
  assert.deepEqual((await client(b).task(taskIds[1])).error, asked.error)
  // What comes for it now has nothing left to do.
  assert.equal((await client(b).update(taskIds[0], { n: accept(1) })).status, 200)
  assert.equal((await client(b).cancel(taskIds[0])).status, 200)
  assert.equal((await client(b).task(taskIds[0])).status, 'failed')
})

test('an answer for a task whose node died just now ends it, and an end that its node stored first stays', async (t) => {
  const { store, a, b, held, client } = await start(t, { memory: { leaseMs: 20 } })
  const [done, asks] = [await client(a).begin('slow'), await client(a).begin('ask')]
  ;(await held.next()).finish('done')
  await client(b).until(done, 'completed')
  await client(b).until(asks, 'input_required')
  store.kill(a.id)
  await eventually(() => b.stats().store?.nodes === 2, 'the lease to end')
  assert.equal((await client(b).update(asks, { n: accept(1) })).status, 200)
  assert.equal((await client(b).task(asks)).status, 'failed')
  assert.equal(textOf(await client(b).task(done)), 'done')
  await a.close({ drainMs: 0 })
  const [problem, ...others] = a.errors.splice(0)
  assert.match(String(problem), /The end of 1 tasks was not stored/)
  assert.deepEqual(others, [])
})

test('a node that was taken for dead hears that its task has ended, and what it comes to is not stored', async (t) => {
  const { store, a, b, held, client } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  // As by another node that takes it for dead.
  const record = await (store.join(SILENT).tasks.read(taskId) as Promise<WireJson>)
  const payload = JSON.stringify({ code: -32_000, message: 'taken for dead' })
  const end = { status: 'failed', statusMessage: 'taken for dead', payload } as const
  await store.join(SILENT).tasks.update({ ...record, ...end })
  call.ctx.progress(1, 2, 'I am not')
  assert.equal(((await call.aborted()) as { code?: string }).code, 'ERR_TASK_OVER')
  call.finish('done')
  await eventually(() => a.stats().tasks === 0, 'the task to end')
  for (const node of [a, b]) {
    const task = await client(node).task(taskId)
    assert.deepEqual([task.status, task.statusMessage], ['failed', 'taken for dead'])
  }
})

test('who listens on its node is told how another node has ended a task, not how its handler did', async (t) => {
  const { store, a, held, client, listen } = await start(t)
  const taskId = await client(a).begin('slow')
  const call = await held.next()
  const stream = await listen(a, taskId)
  const other = store.join(SILENT)
  const record = await (other.tasks.read(taskId) as Promise<WireJson>)
  const payload = JSON.stringify({ code: -32_000, message: 'taken for dead' })
  await other.tasks.update({ ...record, status: 'failed', payload })
  call.finish('done')
  const { params } = await stream.nextMessage(
    ({ params }) => !['working', undefined].includes(params?.status),
  )
  assert.equal(params.status, 'failed')
})

test('tasks belong to their principal on all nodes', async (t) => {
  const auth = { verify: (token: string) => ({ id: token }) }
  const { a, b, held, client } = await start(t, { auth })
  const taskId = await client(a).begin('slow')
  await held.next()
  assert.equal((await client(b).task(taskId)).status, 'working')
  const bob = client(b, { authorization: 'Bearer bob' })
  for (const reply of [await bob.get(taskId), await bob.cancel(taskId), await bob.update(taskId, {})]) {
    assert.match(reply.error.message, /Task not found/)
  }
})

test('while the store is away a task goes on, and others are 503; its result is there when the store is back', async (t) => {
  const { store, a, b, held, client } = await start(t)
  const [taskId, other] = [await client(a).begin('slow'), await client(b).begin('slow')]
  const call = await held.next()
  store.setAvailable(false, a.id)
  assert.equal((await client(a).task(taskId)).status, 'working')
  for (const reply of [
    await client(a).get(other),
    await client(a).call('slow'),
    await client(a).cancel(other),
  ]) {
    assert.equal(reply.status, 503)
    assert.equal(reply.headers['retry-after'], '1')
  }
  call.finish('done')
  assert.equal((await client(a).task(taskId)).status, 'working')
  store.setAvailable(true, a.id)
  for (const node of [a, b]) assert.equal(textOf(await client(node).until(taskId, 'completed')), 'done')
  assert.equal(a.errors.splice(0).length, 1)
})
