/** The official client of the first generation, `@modelcontextprotocol/sdk`. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
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
import { type CallResult, type ClientKind, Inbox, type Received, recordResponses } from './real-client.ts'

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

export const clientV1: ClientKind = {
  name: 'SDK v1 client',
  resourceNotFoundCode: -32002,
  takesErrorForEnd: false,

  async connect({ url, answers = {}, capabilities = {}, fetch }) {
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
    const transport = new StreamableHTTPClientTransport(new URL(url), fetch === undefined ? {} : { fetch })
    await client.connect(transport as never)
    recordResponses(transport, responses)
    return {
      api: client,
      sessionId: transport.sessionId,
      protocolVersion: transport.protocolVersion,
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
      terminate: () => transport.terminateSession(),
      close: () => client.close(),
    }
  },
}
