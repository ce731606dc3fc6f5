/**
 * Any transport that is a pipe of messages (in memory, HTTP+SSE of 2024-11-05, one that a program has written): its
 * messages are served as the lines of standard input and output are.
 *
 *    transport.onmessage --> line --> serveStdio --> line --> transport.send
 *
 * Not here: what the lines are for (serve-stdio.ts).
 */

import { PassThrough, Writable } from 'node:stream'
import type { RequestContext } from '../dispatch/context.ts'
import type { Override } from '../dispatch/dispatcher.ts'
import type { RpcExchange } from '../dispatch/rpc-exchange.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { type StdioOptions, type StdioServing, serveStdio } from '../serve-stdio.ts'
import type { Handshake } from '../session-era/handshake.ts'
import { makeHost } from './http-engine.ts'
import { Call, type OpenedSession, Peer, type ServerPort } from './peer.ts'
import type { Transport } from './shared/transport.ts'
import type { JSONRPCMessage, MessageExtraInfo } from './types.ts'

/** Of messages that wait because their client does not read what it is sent. */
const MAX_WAITING_CHARACTERS = 16 * 1024 * 1024

/** What came with a message. @returns undefined: nothing */
type ExtraOf = (id: string | number) => MessageExtraInfo | undefined

/** Serves one client whose messages are lines. */
export function serveLines(
  transport: Transport,
  server: ServerPort,
  options: StdioOptions,
  extraOf: ExtraOf = () => undefined,
): StdioServing {
  const host = makeHost(server.info)
  const peer = new Peer(server, transport, host)
  const answer = (
    params: JsonObject | undefined,
    ctx: RequestContext,
    _host: unknown,
    exchange: RpcExchange,
  ): unknown => {
    const { requestId: id, method } = ctx
    const { authInfo, requestInfo } = extraOf(id) ?? {}
    const call = new Call(peer, exchange, id, authInfo, requestInfo)
    if (method === Method.discover) return server.discover()
    if (method !== Method.initialize) return server.answer(call, method, params)
    const opened = (exchange as Handshake).run() as unknown as OpenedSession
    peer.session = (exchange as Handshake).session
    server.opened(peer)
    return server.initialize(call, params, opened)
  }
  host.override = (method) => {
    const isOurs = (method !== Method.ping && method !== Method.listen) || server.answers(method)
    return isOurs ? (answer as ReturnType<Override>) : undefined
  }
  host.onClientNotification = (method, params) => server.notified(peer, method, params)
  const serving = serveStdio(host, { exit: false, ...options })
  void serving.closed.then(() => server.closed(peer))
  return serving
}

/** Connects a server to a transport. The server has to start it afterwards. */
export function connectPipe(transport: Transport, server: ServerPort): void {
  const input = new PassThrough()
  const output = new Writable({
    decodeStrings: false,
    write(lines: string, _encoding, done) {
      sendAll(transport, lines, answered).then(() => done(), done)
    },
  })
  /** Lifecycle of an entry: from a request with more than its message, to the start of its handler, or its answer. */
  const extras = new Map<unknown, MessageExtraInfo>()
  const answered = (id: unknown) => extras.delete(id)
  const { onmessage, onclose } = transport
  transport.onmessage = (message: JSONRPCMessage, extra?: MessageExtraInfo) => {
    onmessage?.(message, extra)
    if (input.writableLength > MAX_WAITING_CHARACTERS) {
      transport.onerror?.(new Error('The client does not read what it is sent, and sends more: closing'))
      transport.close().catch((error: Error) => transport.onerror?.(error))
      return
    }
    if (input.writableEnded) return
    if (extra !== undefined && 'id' in message && 'method' in message) extras.set(message.id, extra)
    input.write(`${JSON.stringify(message)}\n`)
  }
  transport.onclose = () => {
    input.end()
    extras.clear()
    onclose?.()
  }
  output.on('error', (error) => transport.onerror?.(error))
  serveLines(transport, server, { input, output, drainMs: 0 }, (id) => {
    const extra = extras.get(id)
    extras.delete(id)
    return extra
  })
}

/** @param answered - called with the id of each response */
async function sendAll(transport: Transport, lines: string, answered: (id: unknown) => void): Promise<void> {
  for (const line of lines.split('\n')) {
    if (line === '') continue
    for (const message of [JSON.parse(line)].flat()) {
      if (!('method' in message)) answered(message.id)
      await transport.send(message)
    }
  }
}
