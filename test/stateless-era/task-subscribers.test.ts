/** Notifications of tasks on subscription streams. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HandlerOptions, McpServer } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { eventually, HeldCalls, serving } from './serving.ts'
import { TaskClient, tasksExtension } from './task-client.ts'

const subscriptionId = 'io.modelcontextprotocol/subscriptionId'

async function start(t: Parameters<typeof serving>[0], handler: HandlerOptions = {}) {
  const held = new HeldCalls()
  const setup = (server: McpServer) => {
    server.registerTool('slow', { task: true }, held.run)
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      const requestedSchema = { type: 'object', properties: {} } as const
      return (await ctx.elicit('ok', { message: 'OK?', requestedSchema })).action
    })
  }
  const fixture = await serving(t, { setup, handler })
  return { ...fixture, held, client: new TaskClient(fixture.url) }
}

const isTask = (status: string) => (message: WireJson) =>
  message.method === 'notifications/tasks' && message.params.status === status

test('a stream notifies of each change of the tasks that it names, as tasks/get would give them', async (t) => {
  const { client, opened, held } = await start(t)
  const taskId = await client.begin('ask')
  const other = await client.begin('slow')
  const stream = await opened(client.listen({ taskIds: [taskId, taskId, 'unknown'] }, { id: 'sub/1' }))
  const acknowledged = await stream.nextMessage()
  assert.deepEqual(acknowledged.params.notifications, { taskIds: [taskId] })
  const waiting = await stream.nextMessage(isTask('input_required'))
  assert.equal(waiting.params._meta[subscriptionId], 'sub/1')
  ;(await held.next()).finish('not told here')
  await client.until(other, 'completed')
  await client.update(taskId, { ok: { action: 'decline' } })
  const { _meta, ...done } = (await stream.nextMessage(isTask('completed'))).params
  const { _meta: __, resultType, ...task } = await client.task(taskId)
  assert.deepEqual([done, resultType], [task, 'complete'])
  assert.ok(stream.messages.slice(1).every(({ params }) => params.taskId === taskId))
})

test('what a task has become before the stream is open is notified at once', async (t) => {
  const { client, opened, held } = await start(t)
  const taskId = await client.begin('slow')
  ;(await held.next()).finish('subscription id')
  await client.until(taskId, 'completed')
  const stream = await opened(client.listen({ taskIds: [taskId] }))
  const { params } = await stream.nextMessage(isTask('completed'))
  assert.equal(params.result.content[0].text, 'subscription id')
})

test('the end of a cancelled task is notified', async (t) => {
  const { client, opened, held } = await start(t)
  const taskId = await client.begin('slow')
  const stream = await opened(client.listen({ taskIds: [taskId] }))
  await held.next()
  await client.cancel(taskId)
  await stream.nextMessage(isTask('cancelled'))
})

test('asking for notifications of tasks without the capability is refused, whatever else is asked for [tasks.listen-capability]', async (t) => {
  const { url } = await start(t)
  const stranger = new TaskClient(url, { capabilities: {} })
  for (const taskIds of [['a'], []]) {
    const notifications = { taskIds, toolsListChanged: true }
    const { status, error } = await stranger.request('subscriptions/listen', { notifications })
    assert.deepEqual([status, error.code], [400, -32_021])
    assert.deepEqual(error.data, { requiredCapabilities: { extensions: { [tasksExtension]: {} } } })
  }
})

test('tasks and lists can be asked for on one stream; with nothing to notify of, the stream ends', async (t) => {
  const { client, opened, server } = await start(t)
  const taskId = await client.begin('ask')
  const stream = await opened(client.listen({ taskIds: [taskId], toolsListChanged: true }))
  const { params } = await stream.nextMessage()
  assert.deepEqual(params.notifications, { taskIds: [taskId], toolsListChanged: true })
  server.registerTool('new', {}, () => '')
  await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed')
  const { messages, result } = await client.request('subscriptions/listen', {
    notifications: { taskIds: ['unknown'] },
  })
  assert.deepEqual(messages[0].params.notifications, {})
  assert.equal(result.resultType, 'complete')
})

test('task ids that are malformed or too many are -32602', async (t) => {
  const { client } = await start(t, { subscriptions: { maxResources: 2 } })
  for (const taskIds of ['a', null, {}, [5], [null], ['a', 'b', 'c']]) {
    const notifications = { taskIds }
    const { error } = await client.request('subscriptions/listen', { notifications }, { check: false })
    assert.equal(error.code, -32_602, JSON.stringify(taskIds))
  }
})

test('a stream that is closed is forgotten, and the others go on', async (t) => {
  const { client, opened, held, stats } = await start(t)
  const taskId = await client.begin('slow')
  const gone = await opened(client.listen({ taskIds: [taskId] }))
  const stays = await opened(client.listen({ taskIds: [taskId] }, { id: 2 }))
  await stays.nextMessage(isTask('working'))
  await gone.close()
  await eventually(() => stats().subscriptions === 1, 'the stream to be gone')
  ;(await held.next()).finish('x')
  assert.equal((await stays.nextMessage(isTask('completed'))).params._meta[subscriptionId], 2)
})

test('changes of one moment are notified once, by the state that they end in', async (t) => {
  const { client, opened, held } = await start(t)
  const taskId = await client.begin('slow')
  const stream = await opened(client.listen({ taskIds: [taskId] }))
  const { ctx, finish } = await held.next()
  await stream.nextMessage(isTask('working'))
  for (let step = 1; step <= 100; step++) ctx.progress(step, 100, `step ${step}`)
  const { params } = await stream.nextMessage(isTask('working'))
  assert.equal(params.statusMessage, 'step 100')
  finish('')
  await stream.nextMessage(isTask('completed'))
  assert.equal(stream.messages.length, 4)
})
