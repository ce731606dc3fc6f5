/**
 * A server with default limits that says where it listens, and what it holds when it is asked. bounds.test.ts runs it in
 * a process with a small heap of its own and attacks it.
 */

import { McpServer, serve } from '../../../src/index.ts'

const server = new McpServer({ name: 'attacked', version: '1' })
server.registerTool(
  'echo',
  { inputSchema: { type: 'object', properties: { text: { type: 'string' } } } },
  ({ text }) => text,
)
server.registerResourceTemplate('memo', 'memo://{+id}', { subscribe: true }, () => '')
const waiting: (() => void)[] = []
server.registerTool('wait', { inputSchema: { type: 'object' } }, async () => {
  await new Promise<void>((resolve) => waiting.push(resolve))
})
const serving = await serve(server, { port: 0 })

process.on('message', (question) => {
  if (question === 'notify') server.notifyResourceUpdated('memo://honest')
  if (question === 'release') for (const resolve of waiting.splice(0)) resolve()
  globalThis.gc?.()
  process.send?.({ ...serving.stats(), heap: process.memoryUsage().heapUsed })
})
process.send?.({ url: serving.url })
