/** The official client of the first generation, `@modelcontextprotocol/sdk`, on both of its transports over HTTP. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import {
  type CallResult,
  type ClientKind,
  type ConnectOptions,
  Inbox,
  type RealClient,
  type Received,
  recordResponses,
} from './real-client.ts'

const REQUESTS = {
  'sampling/createMessage': CreateMessageRequestSchema,
  'elicitation/create': ElicitRequestSchema,
  'roots/list': ListRootsRequestSchema,
}

const NOTIFICATIONS = [
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ToolListChangedNotificationSchema,
  PromptListChangedNotificationSchema,
  ElicitationCompleteNotificationSchema,
]

type V1Transport = SSEClientTransport | StreamableHTTPClientTransport

export const clientV1: ClientKind = {
  name: 'SDK v1 client',
  resourceNotFoundCode: -32002,
  takesErrorForEnd: false,
  connect: (options) =>
    connect(options, new StreamableHTTPClientTransport(new URL(options.url), fetchOf(options))),
}

/** Connects to `/sse` beside the URL. */
export const clientV1Sse: ClientKind = {
  name: 'SDK v1 client on HTTP+SSE',
  resourceNotFoundCode: -32002,
  takesErrorForEnd: true,
  connect: (options) =>
    connect(options, new SSEClientTransport(new URL('/sse', options.url), fetchOf(options))),
}

function fetchOf({ fetch }: ConnectOptions): { fetch?: typeof globalThis.fetch } {
  return fetch === undefined ? {} : { fetch }
}

async function connect(
  { answers = {}, capabilities = {} }: ConnectOptions,
  transport: V1Transport,
): Promise<RealClient> {
  const client = new Client({ name: 'interop-v1', version: '1.0.0' }, { capabilities })
  const inbox = new Inbox()
  const responses: (string | number)[] = []
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  for (const [method, answer] of Object.entries(answers)) {
    const schema = REQUESTS[method as keyof typeof REQUESTS]
    client.setRequestHandler(schema as never, ((request: Received) => answer(request.params)) as never)
  }
  for (const schema of NOTIFICATIONS) {
    client.setNotificationHandler(schema as never, ((message: Received) => inbox.put(message)) as never)
  }
  // Those that it has no schema of.
  client.fallbackNotificationHandler = async (message) => inbox.put(message as Received)
  await client.connect(transport as never)
  const streamable = transport instanceof StreamableHTTPClientTransport ? transport : undefined
  recordResponses(transport, responses)
  return {
    api: client,
    sessionId: streamable?.sessionId,
    protocolVersion: streamable?.protocolVersion,
    inbox,
    responses,
    errors,
    async listTools() {
      const tools = []
      let cursor: string | undefined
      do {
        const page = await client.listTools(cursor === undefined ? {} : { cursor })
        tools.push(...page.tools)
        cursor = page.nextCursor
      } while (cursor !== undefined)
      return tools
    },
    callTool: (name, args = {}, options) => {
      const params = { name, arguments: args as Record<string, unknown> }
      return client.callTool(params, undefined, options as never) as Promise<CallResult>
    },
    terminate: () => streamable?.terminateSession() ?? transport.close(),
    close: () => client.close(),
  }
}
