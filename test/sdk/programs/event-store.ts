/**
 * A server with an event store of its own, as the SDK's guides write one: sessions with a transport each at /mcp, and at
 * /stateless a server and a transport for each request, as several processes with one store would have it.
 *
 * /go lets handlers go on that wait; /log is what the store was asked for.
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'

interface Event {
  readonly id: string
  readonly stream: string
  readonly message: JSONRPCMessage
}

const log: unknown[] = []

class OwnStore implements EventStore {
  readonly #events: Event[] = []
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve))
    const id = `${this.#name}-${this.#events.length}`
    this.#events.push({ id, stream, message })
    log.push({ stored: id, stream, message })
    return id
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events.find((event) => event.id === id)?.stream
  }

  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    log.push({ replayed: last })
    const at = this.#events.findIndex((event) => event.id === last)
    const stream = this.#events[at]?.stream ?? ''
    for (const event of this.#events.slice(at + 1)) {
      if (event.stream === stream) await send(event.id, event.message)
    }
    return stream
  }
}

let release = () => {}
let released: Promise<void>
const hold = () => {
  released = new Promise((resolve) => {
    release = resolve
  })
}
hold()

function makeServer(): McpServer {
  const server = new McpServer({ name: 'storing', version: '1.0.0' }, { capabilities: { logging: {} } })
  const say = (data: string) =>
    ({ method: 'notifications/message', params: { level: 'info', data } }) as const
  server.registerTool('work', {}, async ({ sendNotification }) => {
    await sendNotification(say('begun'))
    await released
    await sendNotification(say('going on'))
    return { content: [{ type: 'text', text: 'done' }] }
  })
  server.registerTool('poll', {}, async ({ sendNotification, closeSSEStream }) => {
    await sendNotification(say('before'))
    closeSSEStream?.()
    await released
    await sendNotification(say('meanwhile'))
    return { content: [{ type: 'text', text: 'polled' }] }
  })
  server.registerTool('quick', {}, () => ({ content: [{ type: 'text', text: 'quick' }] }))
  server.registerTool('broadcast', {}, async () => {
    for (const data of ['first', 'second']) await server.server.sendLoggingMessage({ level: 'info', data })
    return { content: [] }
  })
  return server
}

const transports = new Map<string, StreamableHTTPServerTransport>()

async function ofSession(request: IncomingMessage): Promise<StreamableHTTPServerTransport | undefined> {
  const id = request.headers['mcp-session-id']
  if (id !== undefined) return transports.get(String(id))
  const name = `s${transports.size}`
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    eventStore: new OwnStore(name),
    retryInterval: 100,
    onsessioninitialized: (session) => void transports.set(session, transport),
  })
  await makeServer().connect(transport as never)
  return transport
}

const common = new OwnStore('common')

async function stateless(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({ eventStore: common })
  await makeServer().connect(transport as never)
  return transport
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (request.url) {
    case '/go':
      release()
      hold()
      response.end()
      return
    case '/log':
      response.end(JSON.stringify(log))
      return
    default: {
      const transport = await (request.url === '/mcp' ? ofSession(request) : stateless())
      if (transport === undefined) response.writeHead(404).end()
      else await transport.handleRequest(request, response)
    }
  }
}

createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
