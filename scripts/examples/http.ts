/**
 * barewire inside a plain `http.createServer`, next to a route of your own.
 *
 * Run: `npx tsx scripts/examples/http.ts`
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createMcpHandler, McpServer } from '../../src/index.ts'

export async function start(port = 0) {
  const mcpServer = new McpServer({ name: 'http-example', version: '1.0.0' })
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

  const server = createServer((req, res) => {
    if (req.url === '/health') res.end('ok')
    else mcp(req, res)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    await mcp.close()
    server.close()
  }
  return { origin, close }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${(await start(3000)).origin}/mcp`)
