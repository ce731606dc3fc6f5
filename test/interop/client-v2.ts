/** The official client of the second generation, `@modelcontextprotocol/client`, in each way to choose an era. */

import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import {
  type CallResult,
  type ClientKind,
  type ConnectOptions,
  Inbox,
  type RealClient,
  type Received,
  recordResponses,
} from './real-client.ts'

const NOTIFICATIONS = [
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/elicitation/complete',
] as const

/** With its own interface, for what only this client has. */
export interface ClientV2 extends RealClient {
  readonly sdk: Client
}

export const REVISION = '2026-07-28'

/** Without options it speaks the session era. */
export const clientV2 = clientOf('SDK v2 client', undefined)
/** Asks the server which era it speaks. */
export const clientV2Auto = clientOf('SDK v2 client, auto', 'auto')
/** Speaks the stateless era or fails. */
export const clientV2Pinned = clientOf(`SDK v2 client, pinned to ${REVISION}`, { pin: REVISION })

function clientOf(name: string, mode: VersionNegotiationMode | undefined): ClientKind<ClientV2> {
  return {
    name,
    // It reports the code that later revisions have for this.
    resourceNotFoundCode: -32602,
    takesErrorForEnd: true,
    connect: (options) => connect(mode, options),
  }
}

async function connect(
  mode: VersionNegotiationMode | undefined,
  { url, answers = {}, capabilities = {}, fetch, onToolsChanged }: ConnectOptions,
): Promise<ClientV2> {
  const client = new Client(
    { name: 'interop-v2', version: '1.0.0' },
    {
      capabilities,
      ...(mode !== undefined && { versionNegotiation: { mode } }),
      ...(onToolsChanged !== undefined && { listChanged: { tools: { onChanged, debounceMs: 0 } } }),
    },
  )
  function onChanged(_error: unknown, tools: readonly { name: string }[] | null): void {
    onToolsChanged?.((tools ?? []).map(({ name: each }) => each))
  }
  const inbox = new Inbox()
  const responses: (string | number)[] = []
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  for (const [method, answer] of Object.entries(answers)) {
    client.setRequestHandler(method as never, ((request: Received) => answer(request.params)) as never)
  }
  for (const method of NOTIFICATIONS) {
    if (method === 'notifications/tools/list_changed' && onToolsChanged !== undefined) continue
    client.setNotificationHandler(method, ((message: Received) => inbox.put(message)) as never)
  }
  // Those that it has no schema of.
  client.fallbackNotificationHandler = async (message) => inbox.put(message as Received)
  const transport = new StreamableHTTPClientTransport(new URL(url), fetch === undefined ? {} : { fetch })
  await client.connect(transport)
  recordResponses(transport, responses)
  return {
    sdk: client,
    api: client as never,
    sessionId: transport.sessionId,
    protocolVersion: client.getNegotiatedProtocolVersion(),
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
}
