/** One SseWriter on a real connection, for the writer's tests. Not here: assertions. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { SseWriter } from '../../src/node-http/sse-writer.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { within } from '../helpers/within.ts'

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

export interface Connection {
  readonly server: Server
  readonly client: RawSocket
  readonly response: ServerResponse
  readonly writer: SseWriter
  /** Calls of onClose so far. */
  readonly closes: () => number
  /** Resolves with the first call of onClose. */
  readonly closed: Promise<void>
}

export async function listen(t: TestContext): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

export async function request(server: Server, client: RawSocket, bytes = GET): Promise<ServerResponse> {
  const requested = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>
  await client.write(bytes)
  return (await requested)[1]
}

export function attach(response: ServerResponse, maxBufferBytes: number) {
  let closes = 0
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  const onClose = () => {
    closes++
    resolve()
  }
  const writer = new SseWriter(response, { maxBufferBytes, onClose })
  return { writer, closes: () => closes, closed: within(promise, () => 'onClose') }
}

export async function connect(t: TestContext, maxBufferBytes = 1 << 20, bytes = GET): Promise<Connection> {
  const { server, port } = await listen(t)
  const client = await RawSocket.open(port)
  t.after(() => client.destroy())
  const response = await request(server, client, bytes)
  return { server, client, response, ...attach(response, maxBufferBytes) }
}

/** Lets the event loop turn once. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
