/** What servers write: McpServer with zod, its handles, and transports in a map. Compiled only (scripts/lib/sdk-programs.ts). */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import {
  McpServer,
  type RegisteredTool,
  ResourceTemplate,
  type ToolCallback,
} from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import {
  type CallToolResult,
  type GetPromptResult,
  isInitializeRequest,
  type JSONRPCMessage,
  type ReadResourceResult,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

const server = new McpServer(
  { name: 'typed', version: '1.0.0' },
  { capabilities: { logging: {}, tools: { listChanged: true } }, instructions: 'Ask' },
)

const shape = {
  city: z.string().min(1),
  days: z.number().int().default(1),
  unit: z.enum(['c', 'f']).optional(),
}

server.tool('old', async () => ({ content: [{ type: 'text', text: 'old' }] }))
server.tool('described', 'With a description', shape, async ({ city, days, unit }) => {
  const sum: number = days + city.length
  return { content: [{ type: 'text', text: `${sum} ${unit ?? 'c'}` }] }
})
// @ts-expect-error days is a number: a package that infers nothing would let this pass
server.tool('wrong', shape, async ({ days }) => ({ content: [{ type: 'text', text: days }] }))

const callback: ToolCallback<typeof shape> = async ({ city }, extra): Promise<CallToolResult> => {
  const { signal, sessionId, authInfo, requestId, _meta } = extra
  const headers: string | string[] | undefined = extra.requestInfo?.headers['x-tenant']
  if (_meta?.progressToken !== undefined) {
    await extra.sendNotification({
      method: 'notifications/progress',
      params: { progressToken: _meta.progressToken, progress: 1, total: 2, message: city },
    })
  }
  const scopes: string[] = authInfo?.scopes ?? []
  return {
    content: [
      { type: 'text', text: `${signal.aborted} ${sessionId} ${requestId} ${headers} ${scopes.join()}` },
      { type: 'resource_link', uri: 'file:///a', name: 'a' },
    ],
    structuredContent: { city },
  }
}
const handle: RegisteredTool = server.registerTool(
  'new',
  {
    title: 'New',
    description: 'A new one',
    inputSchema: shape,
    outputSchema: { city: z.string() },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  callback,
)
handle.disable()
handle.update({ description: 'Changed' })
handle.remove()

server.registerPrompt(
  'review',
  {
    title: 'Review',
    argsSchema: {
      language: completable(z.string(), (value) => ['ts', 'js'].filter((each) => each.startsWith(value))),
    },
  },
  ({ language }): GetPromptResult => ({
    messages: [{ role: 'user', content: { type: 'text', text: language.toUpperCase() } }],
  }),
)
server.prompt('plain', () => ({ messages: [] }))
server.resource('config', 'config://app', async (uri) => ({ contents: [{ uri: uri.href, text: 'x' }] }))
server.registerResource(
  'user',
  new ResourceTemplate('users://{id}', {
    list: async () => ({ resources: [{ uri: 'users://1', name: 'one' }] }),
    complete: { id: () => ['1', '2'] },
  }),
  { title: 'User', mimeType: 'text/plain' },
  async (uri, { id }, extra): Promise<ReadResourceResult> => {
    const only: string = Array.isArray(id) ? (id[0] ?? '') : (id ?? '')
    return { contents: [{ uri: uri.href, text: `${only} ${extra.requestId}` }] }
  },
)

export function helper(extra: RequestHandlerExtra<ServerRequest, ServerNotification>): Promise<void> {
  return extra.sendNotification({
    method: 'notifications/message',
    params: { level: 'info', data: { a: 1 } },
  })
}

class Events implements EventStore {
  readonly #events = new Map<string, { streamId: string; message: JSONRPCMessage }>()
  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = randomUUID()
    this.#events.set(id, { streamId, message })
    return id
  }
  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    for (const [id, { message }] of this.#events) if (id > lastEventId) await send(id, message)
    return this.#events.get(lastEventId)?.streamId ?? ''
  }
}

const transports: Record<string, StreamableHTTPServerTransport> = {}

async function handleMcp(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
  const id = request.headers['mcp-session-id']
  let transport = typeof id === 'string' ? transports[id] : undefined
  if (transport === undefined && isInitializeRequest(body)) {
    const made = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: new Events(),
      enableJsonResponse: false,
      onsessioninitialized: (sessionId) => {
        transports[sessionId] = made
      },
    })
    made.onclose = () => {
      if (made.sessionId) delete transports[made.sessionId]
    }
    transport = made
    await server.connect(made)
  }
  await transport?.handleRequest(request, response, body)
}

createServer((request, response) => void handleMcp(request, response, undefined))
const sse = new SSEServerTransport('/messages', {} as ServerResponse)
const web = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => 'x' })
export const served: Promise<Response> = web.handleRequest(new Request('http://localhost'), {
  parsedBody: {},
})
export const connected: Promise<void>[] = [server.connect(new StdioServerTransport()), server.connect(sse)]
