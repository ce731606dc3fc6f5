/**
 * Before: Streamable HTTP with sessions, with the official SDK, v1. The README of this folder shows it beside what takes
 * its place.
 *
 * Run: `npx tsx scripts/examples/migration/sdk-v1.ts`
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'
import { listen } from './listen.ts'

async function bodyOf(req: IncomingMessage): Promise<{ method?: string } | undefined> {
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) text += chunk
  return text === '' ? undefined : JSON.parse(text)
}

export async function start(port = 0) {
  // README: from here
  function getServer(): McpServer {
    const server = new McpServer({ name: 'weather', version: '1.0.0' })
    server.registerTool('forecast', { inputSchema: { city: z.string() } }, async ({ city }, extra) => {
      const progressToken = extra._meta?.progressToken
      if (progressToken !== undefined) {
        const params = { progressToken, progress: 1, total: 2 }
        await extra.sendNotification({ method: 'notifications/progress', params })
      }
      return { content: [{ type: 'text', text: `Sun in ${city}` }] }
    })
    server.registerTool('book', { inputSchema: { city: z.string() } }, async ({ city }) => {
      const { action } = await server.server.elicitInput({
        message: `Book a trip to ${city}?`,
        requestedSchema: { type: 'object', properties: {} },
      })
      return { content: [{ type: 'text', text: action === 'accept' ? 'Booked' : 'Not booked' }] }
    })
    server.registerResource('units', 'weather://units', {}, async (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'metric' }],
    }))
    return server
  }

  const transports = new Map<string, StreamableHTTPServerTransport>()
  const http = createServer(async (req, res) => {
    const body = await bodyOf(req)
    let transport = transports.get(String(req.headers['mcp-session-id']))
    if (transport === undefined && body?.method === 'initialize') {
      const opened = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void transports.set(id, opened),
        onsessionclosed: (id) => void transports.delete(id),
      })
      await getServer().connect(opened as never)
      transport = opened
    }
    if (transport === undefined) res.writeHead(404).end()
    else await transport.handleRequest(req, res, body)
  })
  // README: to here
  return await listen(http, port, '/mcp')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await start(3000)).url)
