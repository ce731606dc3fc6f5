/** The experimental tasks of the official client of 2025-11-25, while each request goes to another node than the one before. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { clientV1 } from '../../interop/client-v1.ts'
import { HeldCalls } from '../serving.ts'
import { cluster, roundRobin } from './cluster.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const

async function start(t: TestContext) {
  const held = new HeldCalls()
  const made = await cluster(t, {
    tasks: { pollIntervalMs: 10 },
    setup: (server) => {
      server.registerTool('slow', { task: true }, held.run)
      server.registerTool('ask', { task: true }, async (_args, ctx) => {
        const { action, content } = await ctx.elicit('name', { message: 'Name?', requestedSchema })
        return `${action} ${content?.name}`
      })
    },
  })
  const asked: string[] = []
  const client = await clientV1.connect({
    url: made.a.url,
    fetch: roundRobin(made.nodes),
    capabilities: { elicitation: { form: {} }, tasks: { list: {}, cancel: {} } },
    answers: {
      'elicitation/create': ({ message }) => {
        asked.push(String(message))
        return { action: 'accept', content: { name: 'Ada' } }
      },
    },
  })
  t.after(() => client.close())
  const api = client.api as Client
  await api.listTools()
  return { ...made, held, asked, client, tasks: api.experimental.tasks }
}

type Tasks = Awaited<ReturnType<typeof start>>['tasks']

/** Calls a tool as a task, and gives the text of its result. */
async function run(tasks: Tasks, name: string): Promise<string | undefined> {
  for await (const message of tasks.callToolStream({ name, arguments: {} }, CallToolResultSchema, {
    task: {},
  })) {
    if (message.type === 'error') throw message.error
    if (message.type === 'result') return (message.result.content as { text: string }[])[0]?.text
  }
  return undefined
}

test('SDK v1 client starts tasks, polls them, and gets their results from other nodes', async (t) => {
  const { tasks, held, client } = await start(t)
  for (let number = 0; number < 4; number++) {
    const running = run(tasks, 'slow')
    ;(await held.next()).finish(`done ${number}`)
    assert.equal(await running, `done ${number}`)
  }
  assert.deepEqual(client.errors, [])
})

test('SDK v1 client answers what tasks ask, whichever node the task, its result and the answer go to', async (t) => {
  const { tasks, asked, client } = await start(t)
  for (let number = 1; number <= 6; number++) {
    assert.equal(await run(tasks, 'ask'), 'accept Ada')
    assert.equal(asked.length, number)
  }
  assert.deepEqual(client.errors, [])
})

test('SDK v1 client lists its tasks and cancels one, on other nodes than that of the task', async (t) => {
  const { tasks, held } = await start(t)
  const created: string[] = []
  for (let number = 0; number < 3; number++) {
    const stream = tasks.callToolStream({ name: 'slow', arguments: {} }, CallToolResultSchema, { task: {} })
    const { value } = await stream.next()
    assert.ok(value?.type === 'taskCreated')
    created.push(value.task.taskId)
  }
  assert.deepEqual((await tasks.listTasks()).tasks.map(({ taskId }) => taskId).sort(), [...created].sort())
  for (const taskId of created) {
    const refused = assert.rejects(tasks.getTaskResult(taskId, CallToolResultSchema), /cancelled/)
    assert.equal((await tasks.cancelTask(taskId)).status, 'cancelled')
    await refused
    await (await held.next()).aborted()
  }
})
