/** What a running task holds: its call, and nothing of the connections that brought it or listen to it. */

import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { collected } from '../helpers/heap.ts'
import { eventually, HeldCalls, serving } from './serving.ts'
import { TaskClient } from './task-client.ts'

/** Counts the responses that were begun and are still in memory. */
function responsesOf(t: TestContext) {
  const responses: WeakRef<ServerResponse>[] = []
  const onStart = (message: unknown) => {
    responses.push(new WeakRef((message as { response: ServerResponse }).response))
  }
  channel('barewire:http:start').subscribe(onStart)
  t.after(() => channel('barewire:http:start').unsubscribe(onStart))
  const collect = async () => {
    const begun = responses.length
    return { begun, alive: begun - (await collected(responses)) }
  }
  return { collect }
}

test('a running task holds neither the response nor the socket of its call', async (t) => {
  const held = new HeldCalls()
  const setup = (server: McpServer) => void server.registerTool('slow', { task: true }, held.run)
  const { collect } = responsesOf(t)
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskIds: string[] = []
  for (let n = 0; n < 20; n++) taskIds.push(await client.begin('slow'))
  const calls = await Promise.all(taskIds.map(() => held.next()))
  assert.deepEqual(await collect(), { begun: 20, alive: 0 })
  for (const call of calls) call.finish('')
  for (const taskId of taskIds) await client.until(taskId, 'completed')
})

test('a running task holds nothing of those who have stopped to listen to it', async (t) => {
  const held = new HeldCalls()
  const setup = (server: McpServer) => void server.registerTool('slow', { task: true }, held.run)
  const { collect } = responsesOf(t)
  const { url, stats } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('slow')
  const call = await held.next()
  for (let n = 0; n < 20; n++) {
    const stream = await client.listen({ taskIds: [taskId] })
    await stream.nextMessage(({ method }) => method === 'notifications/tasks')
    await stream.close()
  }
  await eventually(() => stats().subscriptions === 0, 'the streams to be gone')
  assert.deepEqual(await collect(), { begun: 21, alive: 0 })
  call.finish('')
  await client.until(taskId, 'completed')
})
