/**
 * All that is assumed of Node's inside, in one place. Node documents none of it; test/node-http/node-internals.test.ts
 * fails where a version of Node does not keep one. Verified on Node 20, 22, 24 and 26.
 *
 *   1. A response whose `finished` is set and which emits `finish` is over for node:http: its own listener releases the
 *      connection and begins the next request, whether or not the body was written through the response.
 *   2. That listener is the only one of `finish`, and there is none of `close`, where nobody else has added one.
 *   3. `assignSocket` makes the connection busy with a response, and `detachSocket` undoes it. While it is busy node:http
 *      neither closes it as idle nor begins a pipelined request, and writes no error page into it.
 *   4. A response that waits for its turn has `socket === null`, and emits `socket` when it has it; when the
 *      connection closes before, it emits no `close` up to Node 24, and from 26 on does, with `destroyed` set.
 *   5. `socket.server` is the http.Server, with its settings.
 *   6. What is written in one turn is corked on the socket, from Node 26 on the response, and can be uncorked early.
 *   7. A head ends with Date, Connection and Keep-Alive, as `defaultHeaderLines` writes them.
 *   8. Keep-Alive is told as `keepAliveTimeout`, and a second more is granted.
 *
 * Not here: what is done with it (detach.ts, direct-response.ts, pipelining.ts, sse-writer.ts).
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'

const { write, end } = ServerResponse.prototype

/** What node:http adds to the time that it tells clients, so that they are the first to give up. */
const KEEP_ALIVE_BUFFER_MS = 1000

/** The settings of an http.Server that are read here. */
export interface ServerSettings {
  readonly keepAliveTimeout?: number | undefined
  readonly maxRequestsPerSocket?: number | undefined
  readonly maxHeadersCount?: number | null | undefined
}

/**
 * Bun has an HTTP server of its own behind the classes of node:http: what is written past a response goes out without
 * the framing that its head announces. Deno's is node's.
 */
export const isNodeHttp: boolean = process.versions['bun'] === undefined

/** @throws {Error} the runtime cannot serve */
export function checkRuntime(bun = process.versions['bun']): void {
  const [major = 0, minor = 0] = (bun ?? '9').split('.').map(Number)
  if (major > 1 || (major === 1 && minor >= 4)) return
  throw new Error(
    `Bun ${bun} does not tell a server of node:http that a client has left, so that streams would never end: use Bun 1.4 or later`,
  )
}

/** Whether the methods of a response are node's own, and not middleware's. */
export function isNative(response: ServerResponse | undefined): boolean {
  return response?.write === write && response.end === end
}

/** Whether a socket is one, and not what an adapter or a test framework has put in its place. */
export function isConnection(socket: unknown): socket is Socket {
  return socket instanceof Socket
}

/** Whether frames may go past the response to its socket: its methods are node's own, and it is its turn. */
export function writesToSocket(response: ServerResponse): boolean {
  return isNodeHttp && isConnection(response.socket) && isNative(response)
}

/** (5) Nothing of it where the connection is not one of an http.Server. */
export function serverSettings(socket: unknown): ServerSettings {
  return (socket as { readonly server?: ServerSettings } | null | undefined)?.server ?? {}
}

/** (2) Nobody but node:http waits for the end of the response. */
export function isUnobserved(response: ServerResponse): boolean {
  return response.listenerCount('finish') === 1 && response.listenerCount('close') === 0
}

/** (1) The response is over, and its connection free. */
export function finishNow(response: ServerResponse): void {
  response.finished = true
  response.emit('finish')
}

/**
 * (1) For a response whose last bytes the caller writes to the socket itself.
 *
 * @returns what to call when they are written
 */
export function markFinished(response: ServerResponse): (error?: Error | null) => void {
  response.finished = true
  return (error) => {
    if (!error) response.emit('finish')
  }
}

/** (3) One response for all connections whose own response was released: its head is sent and its body never ends. */
let placeholder: ServerResponse | undefined

/** @throws {Error} the connection is busy with another response */
export function occupy(socket: Socket): void {
  placeholder ??= makePlaceholder()
  placeholder.assignSocket(socket)
}

/** Undoes {@link occupy}. The connection is closed by node:http when no request comes in time (8). */
export function vacate(socket: Socket): void {
  placeholder?.detachSocket(socket)
}

export function setKeepAliveTimeout(socket: Socket): void {
  const { keepAliveTimeout = 0 } = serverSettings(socket)
  if (keepAliveTimeout > 0) socket.setTimeout(keepAliveTimeout + KEEP_ALIVE_BUFFER_MS)
}

/** (6) Offers what was written in this turn to the operating system. */
export function uncork(response: ServerResponse): void {
  if (response.writableCorked > 0) response.uncork()
  else response.socket?.uncork?.()
}

function makePlaceholder(): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() }) as Socket
  response.assignSocket(nowhere)
  response.flushHeaders()
  response.detachSocket(nowhere)
  return response
}
