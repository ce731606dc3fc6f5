/**
 * barewire in a Fastify 5 application. `reply.hijack()` leaves the raw response to the handler.
 *
 * Run: `npx tsx scripts/examples/fastify.ts`
 */

import { fileURLToPath } from 'node:url'
import fastify from 'fastify'
import { createMcpHandler, McpServer } from '../../src/index.ts'

export async function start(port = 0) {
  const mcpServer = new McpServer({ name: 'fastify-example', version: '1.0.0' })
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

  const app = fastify()
  app.get('/health', async () => 'ok')
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    mcp(request.raw, reply.raw, request.body)
  })

  const origin = await app.listen({ port, host: '127.0.0.1' })
  const close = async () => {
    await mcp.close()
    await app.close()
  }
  return { origin, close }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${(await start(3000)).origin}/mcp`)
