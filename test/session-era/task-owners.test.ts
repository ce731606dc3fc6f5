/** Whose a task is: of a principal, in both eras; else of a session, with which it ends; else of whoever has the id. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { HandlerOptions, TaskRecord, TaskStore } from '../../src/index.ts'
import { checkOptions } from '../../src/options.ts'
import { headerValue } from '../helpers/stateless-client.ts'
import { post } from '../helpers/wire.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { HeldCalls, serving, textOf } from './serving.ts'
import { begin, taskOf, until } from './task-session.ts'

const requestedSchema = { type: 'object', properties: {} } as const
const capabilities = { elicitation: { form: {} } }
const auth = { verify: async (token: string) => ({ id: token }) }
const as = (token: string) => ({ capabilities, headers: { authorization: `Bearer ${token}` } })

async function start(t: TestContext, options: HandlerOptions = {}) {
  const held = new HeldCalls()
  const fixture = await serving(t, {
    ...options,
    setup: (server) => {
      server.registerTool('slow', { task: true }, held.run)
      server.registerTool('ask', { task: true }, async (_args, ctx) => {
        return (await ctx.elicit('ok', { message: 'OK?', requestedSchema })).action
      })
    },
  })
  return { ...fixture, held }
}

test('the tasks of a principal are there in all its sessions, outlive them, and are not there for another one [session-tasks.bound] [session-tasks.isolated] [session-tasks.list-own]', async (t) => {
  const { open, held } = await start(t, { auth })
  const session = await open(as('ann'))
  const { taskId } = await begin(session, 'slow')
  const call = await held.next()
  await session.delete()
  const stranger = await open(as('bob'))
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    const { error } = await stranger.request(method, { taskId })
    assert.deepEqual([error.code, /^Task not found/.test(error.message)], [-32_602, true], method)
  }
  assert.deepEqual((await stranger.request('tasks/list')).result.tasks, [])
  const again = await open(as('ann'))
  assert.deepEqual((await again.request('tasks/list')).result.tasks, [await taskOf(again, taskId)])
  assert.equal(call.ctx.signal.aborted, false)
  call.finish('done')
  assert.equal(textOf(await again.request('tasks/result', { taskId })), 'done')
})

test('without a principal a task belongs to its session, and ends with it [session-tasks.isolated]', async (t) => {
  const { open, held, stats, url } = await start(t)
  const session = await open()
  const { taskId } = await begin(session, 'slow')
  const call = await held.next()
  const stranger = await open()
  assert.equal((await stranger.request('tasks/get', { taskId })).error.code, -32_602)
  assert.equal((await stranger.request('tasks/cancel', { taskId })).error.code, -32_602)
  const stateless = new TaskClient(url)
  assert.equal((await stateless.request('tasks/get', { taskId })).error.code, -32_602)
  await session.delete()
  assert.match((await call.aborted()).message, /session of the task ended/)
  call.finish('')
  assert.equal(stats().tasks, 0)
})

test('a question whose session ended is asked in the next session of its principal that waits', async (t) => {
  const { open } = await start(t, { auth })
  const first = await open(as('ann'))
  const { taskId } = await begin(first, 'ask')
  const stream = await first.stream('tasks/result', { taskId })
  await stream.nextMessage(({ method }) => method === 'elicitation/create')
  await first.delete()
  const second = await open({ ...as('ann'), onRequest: () => ({ action: 'accept', content: {} }) })
  assert.equal(textOf(await second.request('tasks/result', { taskId })), 'accept')
})

test('a client that does not declare elicitation is not asked for a task that another one began', async (t) => {
  const { open } = await start(t, { auth })
  const first = await open(as('ann'))
  const { taskId } = await begin(first, 'ask')
  const bare = await open({ headers: as('ann').headers })
  const waiting = bare.request('tasks/result', { taskId })
  await until(bare, taskId, 'input_required')
  first.onRequest = () => ({ action: 'decline' })
  assert.equal(textOf(await first.request('tasks/result', { taskId })), 'decline')
  assert.equal(textOf(await waiting), 'decline')
  assert.equal(bare.serverRequests.length, 0)
})

test('a principal finds the task that it began in one era in the other one, with its questions', async (t) => {
  const { open, url, held } = await start(t, { auth })
  const session = await open({ ...as('ann'), onRequest: () => ({ action: 'accept', content: {} }) })
  const stateless = new TaskClient(url, { headers: as('ann').headers })
  const mine = await begin(session, 'ask')
  const { inputRequests } = await stateless.until(mine.taskId, 'input_required')
  const [key = ''] = Object.keys(inputRequests)
  await stateless.update(mine.taskId, { [key]: { action: 'decline' } })
  const { result } = await stateless.until(mine.taskId, 'completed')
  assert.deepEqual(result, { resultType: 'complete', content: [{ type: 'text', text: 'decline' }] })
  const taskId = await stateless.begin('ask')
  assert.equal(textOf(await session.request('tasks/result', { taskId })), 'accept')
  const slow = await stateless.begin('slow')
  await held.next()
  assert.equal((await session.request('tasks/cancel', { taskId: slow })).result.status, 'cancelled')
  assert.equal((await stateless.task(slow)).status, 'cancelled')
  const stranger = new TaskClient(url, { headers: as('bob').headers })
  assert.equal((await stranger.request('tasks/get', { taskId: mine.taskId })).error.code, -32_602)
  assert.equal(headerValue(taskId), taskId)
})

test('where callers are not known there is no list, and an id of 192 random bits is all that a task needs [session-tasks.unknown-callers] [session-tasks.no-list-unknown] [session-tasks.id-unique]', async (t) => {
  const { url, held } = await start(t, { sessions: false })
  const send = async (method: string, params: object) => {
    const headers = { 'mcp-protocol-version': '2025-11-25' }
    return (await post(url, { jsonrpc: '2.0', id: 1, method, params }, headers)).messages[0]
  }
  const clientInfo = { name: 'c', version: '1' }
  const handshake = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const { capabilities: offered } = (await send('initialize', handshake)).result
  assert.deepEqual(offered.tasks, { cancel: {}, requests: { tools: { call: {} } } })
  assert.equal((await send('tasks/list', {})).error.code, -32_601)
  const ids = new Set<string>()
  for (let count = 0; count < 100; count++) {
    const { taskId } = (await send('tools/call', { name: 'slow', arguments: {}, task: {} })).result.task
    assert.match(taskId, /^[\w-]{32}$/)
    ids.add(taskId)
    ;(await held.next()).finish(String(count))
  }
  assert.equal(ids.size, 100)
  const [taskId] = ids
  assert.equal((await send('tasks/result', { taskId })).result.content[0].text, '0')
})

test('a store of the application keeps the tasks of both eras; without list() no list is offered', async (t) => {
  const records = new Map<string, TaskRecord>()
  const store: TaskStore = {
    create: async (record) => void records.set(record.taskId, record),
    read: async (taskId) => records.get(taskId),
    update: async (record) => void records.set(record.taskId, record),
    delete: async (taskId) => void records.delete(taskId),
  }
  const { open, held } = await start(t, { tasks: { store } })
  const session = await open()
  assert.equal('list' in session.initializeResult.capabilities.tasks, false)
  assert.equal((await session.request('tasks/list')).error.code, -32_601)
  const { taskId } = await begin(session, 'slow')
  ;(await held.next()).finish('done')
  assert.equal(textOf(await session.request('tasks/result', { taskId })), 'done')
  const [record] = records.values()
  assert.ok(record?.owner?.startsWith('session ') && !record.owner.includes(session.sessionId ?? ''))
})

test('a task of another process is waited for in the store that both have', async (t) => {
  const records = new Map<string, TaskRecord>()
  const store: TaskStore = {
    create: (record) => void records.set(record.taskId, record),
    read: (taskId) => records.get(taskId),
    update: (record) => void records.set(record.taskId, record),
    delete: (taskId) => void records.delete(taskId),
    list: (owner) => [...records.values()].filter((record) => record.owner === owner),
  }
  const here = await start(t, { auth, tasks: { store } })
  const there = await start(t, { auth, tasks: { store } })
  const { taskId } = await begin(await here.open(as('ann')), 'slow')
  const call = await here.held.next()
  const session = await there.open(as('ann'))
  assert.equal((await taskOf(session, taskId)).status, 'working')
  assert.deepEqual((await session.request('tasks/list')).result.tasks.length, 1)
  assert.equal((await session.request('tasks/cancel', { taskId })).error.code, -32_603)
  const waiting = session.request('tasks/result', { taskId })
  call.finish('done')
  assert.equal(textOf(await waiting), 'done')
})

test('the documentation says whose tasks are, how long they live, and how many a caller has [session-tasks.unknown-documented] [session-tasks.limits-documented]', () => {
  const text = readFileSync(new URL('../../scripts/examples/README.md', import.meta.url), 'utf8')
  assert.match(text, /without a session either, whoever has the id can ask for it/)
  const { ttlMs, store } = checkOptions({}).tasks
  assert.deepEqual([ttlMs, 'maxPerPrincipal' in store && store.maxPerPrincipal], [3_600_000, 100])
  assert.match(text, /`tasks\.ttlMs` \(1 hour\)/)
  assert.match(text, /`tasks\.maxPerPrincipal` \(100\)/)
})

test('a session that is taken up again from its id finds its tasks, and they end with it', async (t) => {
  const keys = ['k'.repeat(32)]
  const { open, held, ended } = await start(t, { sessions: { max: 1, keys } })
  const session = await open()
  const { taskId } = await begin(session, 'slow')
  const call = await held.next()
  await open()
  assert.deepEqual(ended, [[session.sessionId, 'evicted']])
  assert.equal((await taskOf(session, taskId)).status, 'working')
  await session.delete()
  await call.aborted()
})
