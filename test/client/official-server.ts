/** A server of the official SDK (v1), for each of its transports. As a program it speaks stdio. */

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

export function officialServer(): McpServer {
  const server = new McpServer({ name: 'official', version: '1.0.0' }, { capabilities: { logging: {} } })
  server.registerTool(
    'add',
    { inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number() } },
    ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } }),
  )
  server.registerTool('count', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken
    for (let progress = 1; progress <= 3 && progressToken !== undefined; progress++) {
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3 },
      })
    }
    return { content: [{ type: 'text', text: 'counted' }] }
  })
  server.registerTool('ask', {}, async () => {
    const { action, content } = await server.server.elicitInput({
      message: 'who?',
      requestedSchema: {
        type: 'object',
        properties: { name: { type: 'string' }, age: { type: 'integer', default: 7 } },
        required: ['name'],
      },
    })
    return { content: [{ type: 'text', text: JSON.stringify({ action, content }) }] }
  })
  server.registerResource('note', 'note://1', {}, () => ({ contents: [{ uri: 'note://1', text: 'a note' }] }))
  server.registerPrompt('greet', { argsSchema: { name: z.string() } }, ({ name }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello ${name}` } }],
  }))
  return server
}

export interface Running {
  readonly url: string
  close(): void
}

/** @param kind - `sessions`; `requests`: one server for each request, without sessions; `json`: no event streams */
export async function streamable(kind: 'sessions' | 'requests' | 'json'): Promise<Running> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  return await listen('/mcp', async (request, response) => {
    const id = request.headers['mcp-session-id']
    let transport = typeof id === 'string' ? transports.get(id) : undefined
    if (transport === undefined && typeof id === 'string') {
      response.writeHead(404).end()
      return
    }
    if (transport === undefined) {
      const made = new StreamableHTTPServerTransport({
        ...(kind !== 'requests' && { sessionIdGenerator: () => randomUUID() }),
        enableJsonResponse: kind === 'json',
        onsessioninitialized: (newId) => {
          transports.set(newId, made)
        },
      })
      transport = made
      await officialServer().connect(made as never)
    }
    await transport.handleRequest(request, response)
  })
}

/** HTTP+SSE of 2024-11-05. */
export async function eventStream(): Promise<Running> {
  const transports = new Map<string, SSEServerTransport>()
  return await listen('/sse', async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    if (pathname === '/sse' && request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response)
      transports.set(transport.sessionId, transport)
      await officialServer().connect(transport)
      return
    }
    const transport = transports.get(searchParams.get('sessionId') ?? '')
    if (pathname === '/messages' && transport !== undefined)
      await transport.handlePostMessage(request, response)
    else response.writeHead(404).end()
  })
}

async function listen(
  path: string,
  handle: (...args: Parameters<Parameters<typeof createServer>[1] & object>) => unknown,
): Promise<Running> {
  const server = createServer(handle as never)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, close }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await officialServer().connect(new StdioServerTransport())
}
