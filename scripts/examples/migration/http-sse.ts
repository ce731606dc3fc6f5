/**
 * Before: HTTP+SSE with the official SDK, v1. The README of this folder shows it beside what takes its place.
 *
 * Run: `npx tsx scripts/examples/migration/http-sse.ts`
 */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { z } from 'zod'
import { listen } from './listen.ts'

function getServer(): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.registerTool('forecast', { inputSchema: { city: z.string() } }, async ({ city }) => ({
    content: [{ type: 'text', text: `Sun in ${city}` }],
  }))
  return server
}

export async function start(port = 0) {
  // README: from here
  const transports = new Map<string, SSEServerTransport>()
  const http = createServer(async (req, res) => {
    const url = new URL(req.url ?? '', 'http://localhost')
    if (req.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', res)
      transports.set(transport.sessionId, transport)
      res.on('close', () => transports.delete(transport.sessionId))
      await getServer().connect(transport)
    } else if (req.method === 'POST' && url.pathname === '/messages') {
      const transport = transports.get(url.searchParams.get('sessionId') ?? '')
      if (transport === undefined) res.writeHead(404).end()
      else await transport.handlePostMessage(req, res)
    } else res.writeHead(404).end()
  })
  // README: to here
  return await listen(http, port, '/sse')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await start(3000)).url)
