/** The official client of the second generation, `@modelcontextprotocol/client`, as it is without options. */

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type CallResult, type ClientKind, Inbox, type Received, recordResponses } from './real-client.ts'

const NOTIFICATIONS = [
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/elicitation/complete',
] as const

export const clientV2: ClientKind = {
  name: 'SDK v2 client',
  // It reports the code that later revisions have for this.
  resourceNotFoundCode: -32602,
  takesErrorForEnd: true,

  async connect({ url, answers = {}, capabilities = {}, fetch }) {
    const client = new Client({ name: 'interop-v2', version: '1.0.0' }, { capabilities })
    const inbox = new Inbox()
    const responses: (string | number)[] = []
    const errors: Error[] = []
    client.onerror = (error) => errors.push(error)
    for (const [method, answer] of Object.entries(answers)) {
      client.setRequestHandler(method as never, ((request: Received) => answer(request.params)) as never)
    }
    for (const method of NOTIFICATIONS) {
      client.setNotificationHandler(method, ((message: Received) => inbox.put(message)) as never)
    }
    const transport = new StreamableHTTPClientTransport(new URL(url), fetch === undefined ? {} : { fetch })
    await client.connect(transport)
    recordResponses(transport, responses)
    return {
      api: client as never,
      sessionId: transport.sessionId,
      protocolVersion: transport.protocolVersion,
      inbox,
      responses,
      errors,
      // This client collects the pages itself.
      listTools: async () => (await client.listTools()).tools,
      callTool: (name, args = {}, options) => {
        const params = { name, arguments: args as Record<string, unknown> }
        return client.callTool(params, options as never) as Promise<CallResult>
      },
      terminate: () => transport.terminateSession(),
      close: () => client.close(),
    }
  },
}
