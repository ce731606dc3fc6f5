/** As a program with long work has it: tools whose calls are tasks, one of which asks its user while it runs. */

import { randomUUID } from 'node:crypto'
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { ElicitResultSchema, isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })

function makeServer(): McpServer {
  const taskStore = new InMemoryTaskStore()
  const server = new McpServer(
    { name: 'tasks', version: '1.0.0' },
    {
      capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      taskStore,
      taskMessageQueue: new InMemoryTaskMessageQueue(),
    },
  )
  server.experimental.tasks.registerToolTask(
    'research',
    { title: 'Research', inputSchema: { topic: z.string().min(2), ask: z.boolean().default(false) } },
    {
      async createTask({ topic, ask }, extra) {
        const task = await extra.taskStore.createTask({
          ttl: extra.taskRequestedTtl ?? null,
          pollInterval: 50,
        })
        const { taskId } = task
        const work = async () => {
          let name = 'nobody'
          if (ask) {
            const requestedSchema = {
              type: 'object' as const,
              properties: { name: { type: 'string' as const } },
            }
            const { content } = await extra.sendRequest(
              { method: 'elicitation/create', params: { message: 'Who asks?', requestedSchema } },
              ElicitResultSchema,
              { relatedTask: { taskId } } as object,
            )
            name = String(content?.['name'])
          }
          await extra.taskStore.updateTaskStatus(taskId, 'working', 'Reading')
          await extra.taskStore.storeTaskResult(taskId, 'completed', text(`${topic} for ${name}`))
        }
        setTimeout(() => void work(), 100)
        return { task }
      },
      getTask: (_args, { taskStore: store, taskId }) => store.getTask(taskId),
      getTaskResult: async (_args, { taskStore: store, taskId }) =>
        (await store.getTaskResult(taskId)) as ReturnType<typeof text>,
    },
  )
  server.experimental.tasks.registerToolTask(
    'either',
    { execution: { taskSupport: 'optional' } },
    {
      async createTask({ taskStore: store }) {
        const task = await store.createTask({ pollInterval: 20 })
        setTimeout(() => void store.storeTaskResult(task.taskId, 'failed', text('Not today')), 50)
        return { task }
      },
      getTask: ({ taskStore: store, taskId }) => store.getTask(taskId),
      getTaskResult: async ({ taskStore: store, taskId }) =>
        (await store.getTaskResult(taskId)) as ReturnType<typeof text>,
    },
  )
  server.experimental.tasks.registerToolTask(
    'endless',
    {},
    {
      createTask: async ({ taskStore: store }) => ({ task: await store.createTask({ pollInterval: 20 }) }),
      getTask: ({ taskStore: store, taskId }) => store.getTask(taskId),
      getTaskResult: async ({ taskStore: store, taskId }) =>
        (await store.getTaskResult(taskId)) as ReturnType<typeof text>,
    },
  )
  server.registerTool('plain', {}, async () => text('done'))
  return server
}

const transports = new Map<string, StreamableHTTPServerTransport>()
const app = createMcpExpressApp()
app.all('/mcp', async (req, res) => {
  const id = req.headers['mcp-session-id'] as string | undefined
  let transport = id === undefined ? undefined : transports.get(id)
  if (transport === undefined && isInitializeRequest(req.body)) {
    const opened = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (sessionId) => {
        transports.set(sessionId, opened)
      },
    })
    await makeServer().connect(opened)
    transport = opened
  }
  if (transport === undefined) res.status(400).end()
  else await transport.handleRequest(req, res, req.body)
})
app.listen(3000)
