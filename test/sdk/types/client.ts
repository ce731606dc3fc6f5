/** What clients and low-level servers write, with the schema objects of types.js. Compiled only (scripts/lib/sdk-programs.ts). */

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { applyMiddlewares, withLogging } from '@modelcontextprotocol/sdk/client/middleware.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { OAuthClientMetadata, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { Protocol } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ErrorCode,
  ListResourcesResultSchema,
  ListToolsRequestSchema,
  LoggingMessageNotificationSchema,
  McpError,
  type Request as McpRequest,
  type Notification,
  type Result,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js'

export async function use(): Promise<string[]> {
  const client = new Client(
    { name: 'typed', version: '1.0.0' },
    { capabilities: { sampling: {}, elicitation: {} } },
  )
  client.onerror = (error) => console.error(error.message)
  client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: `${params.maxTokens + 1} ${params.messages.length}` },
  }))
  client.setRequestHandler(ElicitRequestSchema, (request, extra) => {
    const { message } = request.params
    return extra.signal.aborted ? { action: 'cancel' } : { action: 'accept', content: { name: message } }
  })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params: { level, data, logger } }) => {
    console.log(level === 'error', data, logger?.length)
  })
  const transport = new StreamableHTTPClientTransport(new URL('http://localhost'), {
    requestInit: { headers: { Authorization: 'Bearer x' } },
    sessionId: 'a',
    fetch: applyMiddlewares(withLogging({ statusLevel: 400 }))(fetch),
    reconnectionOptions: {
      maxReconnectionDelay: 1000,
      initialReconnectionDelay: 100,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 2,
    },
  })
  try {
    await client.connect(transport)
  } catch (error) {
    if (error instanceof UnauthorizedError) throw error
    await client.connect(new SSEClientTransport(new URL('http://localhost/sse')))
  }
  const { tools, nextCursor } = await client.listTools({ cursor: '' })
  const names: string[] = tools.map((tool: Tool) => tool.title ?? tool.name)
  const { content } = (await client.callTool({ name: 'a', arguments: { b: 1 } }, undefined, {
    timeout: 1000,
    resetTimeoutOnProgress: true,
    onprogress: ({ progress, total }) => console.log(progress + (total ?? 0)),
  })) as CallToolResult
  for (const part of content) {
    if (part.type === 'text') names.push(part.text)
    else if (part.type === 'image') names.push(part.mimeType)
    else if (part.type === 'resource' && 'text' in part.resource) names.push(part.resource.text)
  }
  const called = await client.request({ method: 'tools/call', params: { name: 'a' } }, CallToolResultSchema, {
    onresumptiontoken: (token: string) => names.push(token),
  })
  const listed = await client.request({ method: 'resources/list' }, ListResourcesResultSchema)
  const uris: string[] = listed.resources.map(({ uri }) => uri)
  // @ts-expect-error isError is no text: a package that infers nothing would let this pass
  const wrong: string = called.isError
  const child = new StdioClientTransport({ command: 'node', args: ['a.js'], env: { A: 'b' }, stderr: 'pipe' })
  await client.close()
  return [...names, ...uris, wrong, nextCursor ?? '', String(child.pid)]
}

export function lowLevel(): Server {
  const server = new Server({ name: 'low', version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [{ name: 'a', inputSchema: { type: 'object', properties: { b: { type: 'string' } } } }],
  }))
  server.setRequestHandler(CallToolRequestSchema, async (request) => {
    const { name, arguments: args } = request.params
    const given: unknown = args?.['b']
    if (name !== 'a') throw new McpError(ErrorCode.InvalidParams, `No tool ${name}`)
    return { content: [{ type: 'text', text: String(given) }] }
  })
  server.oninitialized = () => {
    const version: string | undefined = server.getClientVersion()?.version
    void server.sendLoggingMessage({ level: 'info', data: version })
  }
  return server
}

class Side extends Protocol<McpRequest, Notification, Result> {
  protected assertCapabilityForMethod(_method: string): void {}
  protected assertNotificationCapability(_method: string): void {}
  protected assertRequestHandlerCapability(_method: string): void {}
  protected assertTaskCapability(_method: string): void {}
  protected assertTaskHandlerCapability(_method: string): void {}
}

class OwnTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: Transport['onmessage']
  async start(): Promise<void> {}
  async send(message: Parameters<Transport['send']>[0]): Promise<void> {
    this.onmessage?.(message)
  }
  async close(): Promise<void> {
    this.onclose?.()
  }
}

const [near] = InMemoryTransport.createLinkedPair()
export const sides: Promise<void>[] = [new Side().connect(near), new Side().connect(new OwnTransport())]

export const auth = requireBearerAuth({
  verifier: {
    async verifyAccessToken(token): Promise<AuthInfo> {
      return { token, clientId: 'a', scopes: ['read'], expiresAt: 1, extra: { tenant: 'b' } }
    },
  },
  requiredScopes: ['read'],
})
export const metadata: OAuthClientMetadata = {
  redirect_uris: ['http://localhost/back'],
  client_name: 'typed',
}
export const tokens: OAuthTokens = { access_token: 'a', token_type: 'Bearer', expires_in: 60 }
