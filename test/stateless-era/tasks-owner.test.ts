/** Who may know of a task: its principal and nobody else; and what a store of one's own is asked. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type McpServer, RpcError, type TaskRecord, type TaskStore } from '../../src/index.ts'
import { eventually, HeldCalls, serving, textOf } from './serving.ts'
import { TaskClient } from './task-client.ts'

async function start(t: TestContext, handler: NonNullable<Parameters<typeof serving>[1]>['handler'] = {}) {
  const held = new HeldCalls()
  const setup = (server: McpServer) => {
    server.registerTool('slow', { task: true }, held.run)
    server.use((ctx, next) => {
      if (ctx.method === 'tasks/get' && ctx.meta['forbidden'] === true)
        throw new RpcError(-32_010, 'Forbidden')
      return next()
    })
  }
  const fixture = await serving(t, { setup, handler })
  return { ...fixture, held, client: new TaskClient(fixture.url) }
}

const auth = { verify: (token: string) => ({ id: token.replace(/ .*/, '') }) }
const as = (url: string, token: string) =>
  new TaskClient(url, { headers: { authorization: `Bearer ${token}` } })

test('a task of another principal is as unknown as one that never was, for every method and for subscriptions [tasks.authorization]', async (t) => {
  const { url, held, opened } = await start(t, { auth })
  const alice = as(url, 'alice')
  const taskId = await alice.begin('slow')
  const call = await held.next()
  assert.equal(call.ctx.auth?.id, 'alice')
  const mallory = as(url, 'mallory')
  const unknown = (await mallory.get('x'.repeat(taskId.length))).error
  for (const reply of [
    await mallory.get(taskId),
    await mallory.update(taskId, {}),
    await mallory.cancel(taskId),
  ]) {
    assert.deepEqual(reply.error, { ...unknown, message: unknown.message.replace(/x+/, taskId) })
  }
  const { messages } = await mallory.request('subscriptions/listen', { notifications: { taskIds: [taskId] } })
  assert.deepEqual(messages[0].params.notifications, {})
  assert.equal(messages.length, 2)
  assert.equal(call.ctx.signal.aborted, false)
  const stream = await opened(as(url, 'alice').listen({ taskIds: [taskId] }))
  call.finish('for alice')
  await stream.nextMessage(({ params }) => params.status === 'completed')
  assert.equal(textOf(await as(url, 'alice').task(taskId)), 'for alice')
  assert.equal((await mallory.get(taskId)).error.code, -32_602)
})

test('one principal cannot take the room of the others', async (t) => {
  const { url } = await start(t, { auth, tasks: { maxPerPrincipal: 2 } })
  const mallory = as(url, 'mallory')
  for (const _ of [1, 2]) await mallory.begin('slow')
  const { error } = await mallory.call('slow')
  assert.deepEqual([error.code, /2 for each principal/.test(error.message)], [-32_000, true])
  await as(url, 'alice').begin('slow')
})

test('a middleware decides on requests for tasks, too [tasks.authorization]', async (t) => {
  const { client } = await start(t)
  const taskId = await client.begin('slow')
  assert.equal((await client.get(taskId, { meta: { forbidden: true } })).error.code, -32_010)
  assert.equal((await client.task(taskId)).taskId, taskId)
})

test('task ids are 192 random bits in characters that are safe in headers [tasks.id-entropy]', async (t) => {
  const { client } = await start(t)
  const ids = await Promise.all(Array.from({ length: 100 }, () => client.begin('slow')))
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{32}$/)
  assert.equal(new Set(ids).size, ids.length)
  // Each place of an id takes many values: no part of it is a counter or a clock.
  for (let place = 0; place < 32; place++) assert.ok(new Set(ids.map((id) => id[place])).size > 10)
})

/** A store that answers when the test lets it. */
class SlowStore implements TaskStore {
  readonly records = new Map<string, TaskRecord>()
  readonly log: string[] = []
  readonly #waiting: (() => void)[] = []
  isOpen = true
  fails: string | undefined

  create(record: TaskRecord): Promise<void> {
    return this.#run(`create ${record.status}`, () => void this.records.set(record.taskId, record))
  }
  read(taskId: string): Promise<TaskRecord | undefined> {
    return this.#run('read', () => this.records.get(taskId))
  }
  update(record: TaskRecord): Promise<void> {
    return this.#run(`update ${record.status}`, () => void this.records.set(record.taskId, record))
  }
  delete(taskId: string): Promise<void> {
    return this.#run('delete', () => void this.records.delete(taskId))
  }
  release(): void {
    this.isOpen = true
    for (const go of this.#waiting.splice(0)) go()
  }
  async #run<T>(what: string, run: () => T): Promise<T> {
    this.log.push(what)
    if (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.fails !== undefined && what.startsWith(this.fails)) throw new Error(`no ${what}`)
    return run()
  }
}

test('the answer waits until a slow store has the task [tasks.store-consistency]', async (t) => {
  const store = new SlowStore()
  store.isOpen = false
  const { client, held } = await start(t, { tasks: { store } })
  let taskId: string | undefined
  const beginning = client.begin('slow').then((id) => {
    taskId = id
  })
  await eventually(() => store.log.length === 1, 'the store to be asked')
  assert.deepEqual([taskId, store.records.size], [undefined, 0])
  store.release()
  await beginning
  assert.deepEqual([...store.records.keys()], [taskId])
  ;(await held.next()).finish('done')
  assert.equal(textOf(await client.until(taskId ?? '', 'completed')), 'done')
  const { status, payload, owner } = store.records.get(taskId ?? '') ?? assert.fail('not stored')
  const result = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] }
  assert.deepEqual([status, owner, JSON.parse(payload ?? '')], ['completed', null, result])
})

test('a closing server waits for a task that is being created, and then for the task', async (t) => {
  const store = new SlowStore()
  store.isOpen = false
  const { client, held, close } = await start(t, { tasks: { store } })
  const beginning = client.begin('slow')
  await eventually(() => store.log.length === 1, 'the store to be asked')
  const closing = close({ drainMs: 2 ** 31 - 1 })
  await new Promise((resolve) => setImmediate(resolve))
  store.release()
  const taskId = await beginning
  const call = await held.next()
  assert.equal(call.ctx.signal.aborted, false)
  call.finish('done')
  await closing
  assert.equal(store.records.get(taskId)?.status, 'completed')
})

test('a closing server does not wait for a task that could not be created', async (t) => {
  const store = new SlowStore()
  store.isOpen = false
  store.fails = 'create'
  const { client, close } = await start(t, { tasks: { store } })
  const calling = client.call('slow')
  await eventually(() => store.log.length === 1, 'the store to be asked')
  const closing = close({ drainMs: 2 ** 31 - 1 })
  store.release()
  assert.equal((await calling).error.code, -32_603)
  await closing
})

test('a client that leaves before the store has the task leaves no task behind', async (t) => {
  const store = new SlowStore()
  store.isOpen = false
  const { client, held, stats } = await start(t, { tasks: { store } })
  const leaving = new AbortController()
  const message = client.message('tools/call', { name: 'slow', arguments: {} })
  const headers = { ...client.headers(message), 'content-type': 'application/json' } as Record<string, string>
  const body = JSON.stringify(message)
  const posted = fetch(client.url, { method: 'POST', body, headers, signal: leaving.signal })
  await eventually(() => store.log.length === 1, 'the store to be asked')
  leaving.abort()
  await assert.rejects(posted)
  await eventually(() => stats().callsInProgress === 0, 'the call to be over')
  store.release()
  await eventually(() => store.log.includes('delete'), 'the task to be taken back')
  assert.deepEqual([store.records.size, store.log], [0, ['create working', 'delete']])
  const taskId = await client.begin('slow')
  ;(await held.next()).finish('only this one ran')
  assert.equal(textOf(await client.until(taskId, 'completed')), 'only this one ran')
})

test('a finished task, and a task of another process, are read from the store', async (t) => {
  const store = new SlowStore()
  const { client, opened, errors } = await start(t, { tasks: { store } })
  const now = new Date().toISOString()
  const common = { createdAt: now, lastUpdatedAt: now, ttlMs: 60_000, owner: null }
  store.records.set('elsewhere', { ...common, taskId: 'elsewhere', status: 'working' })
  const payload = JSON.stringify({ resultType: 'complete', content: [] })
  store.records.set('over', { ...common, taskId: 'over', status: 'completed', payload })
  store.records.set('owned', { ...common, taskId: 'owned', status: 'working', owner: 'alice' })
  const old = new Date(Date.now() - 60_000).toISOString()
  store.records.set('old', { ...common, taskId: 'old', status: 'working', createdAt: old })
  assert.equal((await client.task('elsewhere')).status, 'working')
  assert.deepEqual((await client.task('over')).result.content, [])
  for (const taskId of ['owned', 'old']) assert.equal((await client.get(taskId)).error.code, -32_602)
  for (const reply of [await client.update('elsewhere', {}), await client.cancel('elsewhere')]) {
    assert.deepEqual([reply.error.code, /Mcp-Name/.test(reply.error.message)], [-32_603, true])
  }
  assert.equal((await client.cancel('over')).result.resultType, 'complete')
  const stream = await opened(client.listen({ taskIds: ['elsewhere', 'over', 'owned', 'old'] }))
  const { params } = await stream.nextMessage()
  assert.deepEqual(params.notifications.taskIds, ['elsewhere', 'over'])
  await stream.nextMessage(({ params: { status } }) => status === 'completed')
  assert.deepEqual(errors, [])
})

test('a stream that is refused for its filter or for a limit has not asked the store', async (t) => {
  const store = new SlowStore()
  const { client, opened } = await start(t, { tasks: { store }, subscriptions: { max: 1 } })
  const refused = async (notifications: object) => {
    const { status, error } = await client.request(
      'subscriptions/listen',
      { notifications },
      { check: false },
    )
    return [status, error.code]
  }
  assert.deepEqual(await refused({ taskIds: ['x'], toolsListChanged: 'yes' }), [400, -32_602])
  assert.deepEqual(await refused({ taskIds: ['x'], resourceSubscriptions: 7 }), [400, -32_602])
  const stream = await opened(client.listen({ toolsListChanged: true }))
  assert.deepEqual(await refused({ taskIds: ['x'] }), [503, -32_000])
  assert.deepEqual(store.log, [])
  await stream.close()
})

test('a stream that waits for the store is not opened when the server shuts down meanwhile: 503 with Retry-After', async (t) => {
  const store = new SlowStore()
  const { client, close, stats } = await start(t, { tasks: { store } })
  store.isOpen = false
  const opening = client.request('subscriptions/listen', { notifications: { taskIds: ['x'] } }, { id: 's' })
  await eventually(() => store.log.length === 1, 'the store to be asked')
  assert.deepEqual([stats().callsInProgress, stats().subscriptions], [1, 0])
  const closing = close({ drainMs: 2 ** 31 - 1 })
  store.release()
  const { status, error, id, headers } = await opening
  assert.deepEqual([status, error.code, id, headers['retry-after']], [503, -32_000, 's', '1'])
  assert.deepEqual(error.data, undefined)
  await closing
  assert.equal(stats().callsInProgress, 0)
})

test('a store that fails while a stream waits for it refuses the stream with 500', async (t) => {
  const store = new SlowStore()
  const { client, errors, stats } = await start(t, { tasks: { store } })
  store.fails = 'read'
  const { status, error } = await client.request('subscriptions/listen', {
    notifications: { taskIds: ['x'], toolsListChanged: true },
  })
  assert.deepEqual([status, error.code, stats().subscriptions], [500, -32_603, 0])
  assert.deepEqual(
    errors.map(({ error: cause }) => (cause as Error).message),
    ['no read'],
  )
})

test('a store that fails to create or to read is an internal error, and its cause is only reported [tasks.internal-error]', async (t) => {
  const store = new SlowStore()
  const { client, errors } = await start(t, { tasks: { store } })
  store.fails = 'create'
  const created = await client.call('slow')
  store.fails = 'read'
  const read = await client.get('x')
  for (const { error } of [created, read]) {
    assert.deepEqual([error.code, /Internal error \(reference/.test(error.message)], [-32_603, true])
  }
  assert.deepEqual(
    errors.map(({ error: cause }) => (cause as Error).message),
    ['no create working', 'no read'],
  )
})

test('a last state that cannot be stored fails the task; an earlier one is only reported', async (t) => {
  const store = new SlowStore()
  const { client, held, errors } = await start(t, { tasks: { store } })
  const taskId = await client.begin('slow')
  const call = await held.next()
  store.fails = 'update working'
  call.ctx.progress(1, 2, 'half')
  await eventually(() => errors.length === 1, 'the report')
  assert.equal((await client.task(taskId)).statusMessage, 'half')
  store.fails = 'update completed'
  call.finish('done')
  const { error } = await client.until(taskId, 'failed')
  assert.equal(error.code, -32_603)
  assert.equal(store.records.get(taskId)?.status, 'failed')
  assert.equal(errors.length, 2)
})
