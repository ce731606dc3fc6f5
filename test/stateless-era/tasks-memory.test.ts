/** What a running task holds: its call, and nothing of the connection that brought it. */

import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { McpServer } from '../../src/index.ts'
import { HeldCalls, serving } from './serving.ts'
import { TaskClient } from './task-client.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('a running task holds neither the response nor the socket of its call', async (t) => {
  const held = new HeldCalls()
  const setup = (server: McpServer) => void server.registerTool('slow', { task: true }, held.run)
  const responses: WeakRef<ServerResponse>[] = []
  const onStart = (message: unknown) => {
    responses.push(new WeakRef((message as { response: ServerResponse }).response))
  }
  channel('barewire:http:start').subscribe(onStart)
  t.after(() => channel('barewire:http:start').unsubscribe(onStart))
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskIds: string[] = []
  for (let n = 0; n < 20; n++) taskIds.push(await client.begin('slow'))
  const calls = await Promise.all(taskIds.map(() => held.next()))
  const alive = () => responses.filter((response) => response.deref() !== undefined).length
  // A collection takes what was last seen alive in an earlier turn of the event loop.
  for (let turn = 0; turn < 200 && alive() > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
  assert.deepEqual([responses.length, alive()], [20, 0])
  for (const call of calls) call.finish('')
  for (const taskId of taskIds) await client.until(taskId, 'completed')
})
