/** Tasks of the SDK, on it and on the facade: what the official client is told, step by step. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client as FacadeClient } from '../../src/sdk/client/index.ts'
import { StreamableHTTPClientTransport as FacadeTransport } from '../../src/sdk/client/streamableHttp.ts'
import {
  InMemoryTaskMessageQueue,
  InMemoryTaskStore,
} from '../../src/sdk/experimental/tasks/stores/in-memory.ts'
import { beginTalk, lists } from './conversation.ts'
import { LIBRARIES, startProgram } from './run-program.ts'

const program = fileURLToPath(new URL('./programs/tasks.ts', import.meta.url))

/** Ids and times differ, and the words for a wrong result. */
function normal(record: unknown): unknown {
  return JSON.parse(
    JSON.stringify(record)
      .replace(/\b[\da-f]{32}\b/g, 'TASK')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/(Invalid task creation result: )(?:[^"\\]|\\.)*/g, '$1WHY'),
  )
}

async function messages(
  stream: AsyncIterable<{ readonly type: string; readonly error?: unknown }>,
): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const message of stream) {
    if (message.type === 'taskStatus') continue
    seen.push(message.error === undefined ? message : { type: 'error', text: String(message.error) })
  }
  return seen
}

test('tasks: created, waited for, asking their user, cancelled, listed; and what is refused', async (t) => {
  const [sdk, facade] = await Promise.all(
    LIBRARIES.map(async (library) => {
      const { port } = await startProgram(t, library, program)
      const talk = await beginTalk(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)))
      const { client, step, record } = talk
      const call = (name: string, args: Record<string, unknown>, task?: object) => () =>
        client.request(
          { method: 'tools/call', params: { name, arguments: args, ...(task && { task }) } },
          CallToolResultSchema.loose(),
        )
      await lists(talk)
      const { tasks } = client.experimental
      const stream =
        (name: string, args = {}) =>
        () =>
          messages(tasks.callToolStream({ name, arguments: args }))
      await step('research', stream('research', { topic: 'tea' }))
      await step('asks', stream('research', { topic: 'tea', ask: true }))
      await step('wrong arguments', stream('research', { topic: 'x' }))
      await step('fails', stream('either'))
      await step('without a task', call('either', {}))
      await step('has to be a task', call('research', { topic: 'tea' }))
      await step('no task tool', call('plain', {}, { ttl: 1000 }))
      await step('unknown', call('nothing', {}, {}))
      await step('ttl', call('research', { topic: 'tea' }, { ttl: 60_000 }))
      const { task } = (await call('endless', {}, {})()) as unknown as {
        readonly task: { readonly taskId: string }
      }
      await step('get', () => tasks.getTask(task.taskId))
      await step('cancel', () => tasks.cancelTask(task.taskId))
      await step('cancel again', () => tasks.cancelTask(task.taskId))
      await step('result of what was cancelled', () => tasks.getTaskResult(task.taskId))
      await step('get nothing', () => tasks.getTask('0'))
      await step('result of nothing', () => tasks.getTaskResult('0'))
      await step('cancel nothing', () => tasks.cancelTask('0'))
      await step('wrong cursor', () => tasks.listTasks('0'))
      await step('list', async () => (await tasks.listTasks()).tasks.length)
      await client.close()
      const { notifications, ...others } = record
      return { ...others, hasNotifications: (notifications as unknown[]).length > 0 }
    }),
  )
  assert.deepEqual(normal(facade), normal(sdk))
  const { asks } = facade as { readonly asks?: unknown }
  assert.match(JSON.stringify(asks), /tea for Ann/)
})

describe('the client of the facade', () => {
  test('is told the same of the tasks of a server as the official client', async (t) => {
    const { port } = await startProgram(t, 'sdk', program)
    const url = new URL(`http://127.0.0.1:${port}/mcp`)
    const seen: unknown[] = []
    const pairs = [
      [new Client({ name: 'c', version: '1' }), new StreamableHTTPClientTransport(url)],
      [new FacadeClient({ name: 'c', version: '1' }) as unknown as Client, new FacadeTransport(url)],
    ] as const
    for (const [client, transport] of pairs) {
      await client.connect(transport as never)
      await client.listTools()
      const { tasks } = client.experimental
      seen.push([
        await messages(tasks.callToolStream({ name: 'research', arguments: { topic: 'tea' } })),
        await messages(tasks.callToolStream({ name: 'either', arguments: {} })),
        await messages(tasks.callToolStream({ name: 'plain', arguments: {} })),
        await client.callTool({ name: 'research', arguments: {} }).catch(String),
        (await tasks.listTasks()).tasks.length,
      ])
      await client.close()
    }
    assert.deepEqual(normal(seen[1]), normal(seen[0]))
  })
})

describe('the store in memory', () => {
  test('a task of one session is not seen by another, ends once, and is forgotten after its ttl', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const store = new InMemoryTaskStore()
    const request = { method: 'tools/call' }
    const { taskId } = await store.createTask({ ttl: 20 }, 1, request, 'a')
    assert.equal(await store.getTask(taskId, 'b'), null)
    assert.deepEqual((await store.listTasks(undefined, 'b')).tasks, [])
    await store.updateTaskStatus(taskId, 'working', 'On it', 'a')
    assert.equal((await store.getTask(taskId, 'a'))?.statusMessage, 'On it')
    await assert.rejects(store.getTaskResult(taskId, 'a'), /has no result stored/)
    t.mock.timers.tick(15)
    await store.storeTaskResult(taskId, 'completed', { ok: true }, 'a')
    t.mock.timers.tick(15)
    assert.deepEqual(await store.getTaskResult(taskId, 'a'), { ok: true })
    await assert.rejects(store.storeTaskResult(taskId, 'failed', {}, 'a'), /can only be stored once/)
    await assert.rejects(store.updateTaskStatus(taskId, 'working', undefined, 'a'), /terminal status/)
    t.mock.timers.tick(5)
    await assert.rejects(store.getTaskResult(taskId, 'a'), /not found/)
  })

  test('lists ten tasks at a time, and forgets all of them with cleanup', async () => {
    const store = new InMemoryTaskStore()
    for (let index = 0; index < 11; index++) await store.createTask({}, index, { method: 'tools/call' })
    const { tasks, nextCursor } = await store.listTasks()
    assert.equal(tasks.length, 10)
    assert.equal((await store.listTasks(nextCursor)).tasks.length, 1)
    assert.equal(store.getAllTasks().length, 11)
    store.cleanup()
    assert.equal(store.getAllTasks().length, 0)
  })

  test('the queue gives messages in order, and has a limit', async () => {
    const queue = new InMemoryTaskMessageQueue()
    const message = (method: string) =>
      ({ type: 'notification', timestamp: 0, message: { jsonrpc: '2.0', method } }) as const
    await queue.enqueue('t', message('a'))
    await queue.enqueue('t', message('b'))
    await assert.rejects(queue.enqueue('t', message('c'), undefined, 2), /overflow/)
    assert.deepEqual(await queue.dequeue('t'), message('a'))
    assert.deepEqual(await queue.dequeueAll('t'), [message('b')])
    assert.equal(await queue.dequeue('t'), undefined)
  })
})
