/**
 * barewire in an Express 5 application. `express.json()` may run before it: the parsed body is handed over.
 *
 * Run: `npx tsx scripts/examples/express.ts`
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { createMcpHandler, McpServer } from '../../src/index.ts'

export async function start(port = 0) {
  const mcpServer = new McpServer({ name: 'express-example', version: '1.0.0' })
  mcpServer.registerTool(
    'add',
    {
      description: 'Adds two numbers',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a', 'b'],
      },
    },
    async ({ a, b }) => String(a + b),
  )
  const mcp = createMcpHandler(mcpServer)

  const app = express()
  app.use(express.json())
  app.get('/health', (_req, res) => {
    res.send('ok')
  })
  app.all('/mcp', (req, res) => mcp(req, res, req.body))

  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    await mcp.close()
    server.close()
  }
  return { origin, close }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${(await start(3000)).origin}/mcp`)
