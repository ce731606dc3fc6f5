/**
 * Before: the official SDK, v2. The README of this folder shows it beside what takes its place.
 *
 * Run: `npx tsx scripts/examples/migration/sdk-v2.ts`
 */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { listen } from './listen.ts'

export async function start(port = 0) {
  // README: from here
  function getServer(): McpServer {
    const server = new McpServer({ name: 'weather', version: '1.0.0' })
    const inputSchema = z.object({ city: z.string() })
    server.registerTool('forecast', { inputSchema }, async ({ city }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      if (progressToken !== undefined) {
        const params = { progressToken, progress: 1, total: 2 }
        await mcpReq.notify({ method: 'notifications/progress', params })
      }
      return { content: [{ type: 'text', text: `Sun in ${city}` }] }
    })
    server.registerResource('units', 'weather://units', {}, async (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'metric' }],
    }))
    return server
  }

  const onRequest = toNodeHandler(createMcpHandler(getServer))
  // README: to here
  // Its types do not fit those of node:http with exactOptionalPropertyTypes.
  const http = createServer((req, res) => void onRequest(req as never, res))
  return await listen(http, port, '/mcp')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await start(3000)).url)
