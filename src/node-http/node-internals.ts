/**
 * All assumptions about the internals of Node, in one place. Node documents none of them;
 * test/node-http/node-internals.test.ts fails where one does not hold. Verified on Node 20, 22, 24 and 26.
 *
 *   1. A response whose `finished` is set and which emits `finish` has ended for node:http: its own listener releases the
 *      connection and starts the next request, whether or not the body was written through the response.
 *   2. That listener is the only one for `finish`, and there is none for `close`, unless other code has added one.
 *   3. `assignSocket` makes the connection busy with a response, and `detachSocket` undoes it. While it is busy node:http
 *      neither closes it as idle nor starts a pipelined request, and writes no error page into it.
 *   4. A response that waits for its turn has `socket === null`, and emits `socket` when it has it; when the
 *      connection closes before, it emits no `close` up to Node 24, and from 26 on does, with `destroyed` set.
 *   5. `socket.server` is the http.Server, with its settings.
 *   6. What is written in one turn is corked on the socket, from Node 26 on the response, and can be uncorked early.
 *   7. A head ends with Date, Connection and Keep-Alive, as `defaultHeaderLines` writes them.
 *   8. The Keep-Alive header has `keepAliveTimeout`, and the connection is closed a second later.
 *   9. `headersSent` says whether the response has `_header`, the text of its head.
 *  10. The methods of a response have the source text that node:http gives them, unless something else has replaced them.
 *
 * Not here: what uses them (detach.ts, direct-reply.ts, pipelining.ts, sse-writer.ts).
 */

import { IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'

const { writeHead, write, end } = ServerResponse.prototype

/** What node:http adds to the timeout of the Keep-Alive header, so that the client closes first. */
const KEEP_ALIVE_BUFFER_MS = 1000

/** The settings of an http.Server that are read here. */
export interface ServerSettings {
  readonly keepAliveTimeout?: number | undefined
  readonly maxRequestsPerSocket?: number | undefined
  readonly maxHeadersCount?: number | null | undefined
}

/**
 * Bun has an HTTP server of its own behind the classes of node:http: bytes written directly to the socket are not framed
 * as the head says. Deno uses Node's implementation.
 */
export const isNodeHttp: boolean = process.versions['bun'] === undefined

/** @throws {Error} the runtime is not supported */
export function checkRuntime(bun = process.versions['bun']): void {
  const [major = 0, minor = 0] = (bun ?? '9').split('.').map(Number)
  if (major > 1 || (major === 1 && minor >= 4)) return
  throw new Error(
    `Bun ${bun} does not tell a server of node:http that a client has left, so that streams would never end: use Bun 1.4 or later`,
  )
}

/** (10) False where instrumentation that was loaded earlier wants to be called. */
const isOriginal =
  isTextOf(writeHead, 'function writeHead(statusCode, reason, obj)') &&
  isTextOf(write, 'function write(chunk, encoding, callback)') &&
  isTextOf(end, 'function end(chunk, encoding, callback)')

function isTextOf(method: unknown, head: string): boolean {
  return Function.prototype.toString.call(method).startsWith(head)
}

/** Whether the methods of a response are those of node:http, replaced neither by middleware nor by instrumentation. */
export function isNative(response: ServerResponse | undefined): boolean {
  return isOriginal && response?.write === write && response.end === end
}

/** Whether a head is written by node:http, and not by a method of an adapter or of middleware. */
export function hasNodeWriteHead(response: ServerResponse): boolean {
  return response.writeHead === writeHead
}

/** Whether nothing has a part in the head of a response: it has no headers yet, and `writeHead` is node:http's own. */
export function hasOwnHead(response: ServerResponse): boolean {
  return (
    hasNodeWriteHead(response) &&
    response.getHeaderNames().length === 0 &&
    (response.statusMessage as string | undefined) === undefined
  )
}

/** Whether a socket is a real one, and not an object of an adapter or a test framework. */
export function isConnection(socket: unknown): socket is Socket {
  return socket instanceof Socket
}

/** Whether frames may be written to the socket directly: the methods are node:http's own, and it is its turn. */
export function writesToSocket(response: ServerResponse): boolean {
  return isNodeHttp && isConnection(response.socket) && isNative(response)
}

/** (5) Empty where the connection is not one of an http.Server. */
export function serverSettings(socket: unknown): ServerSettings {
  return (socket as { readonly server?: ServerSettings } | null | undefined)?.server ?? {}
}

/** (2) Whether only node:http listens for the end of the response. */
export function isUnobserved(response: ServerResponse): boolean {
  return response.listenerCount('finish') === 1 && response.listenerCount('close') === 0
}

/** (9) For a response whose head the caller writes to the socket itself. */
export function markSent(response: ServerResponse, status: number, head: string): void {
  response.statusCode = status
  response.statusMessage = STATUS_CODES[status] as string
  const own = response as unknown as { _header: string }
  own._header = head
}

/** (1) Ends the response for node:http, which releases its connection. */
export function finishNow(response: ServerResponse): void {
  response.finished = true
  response.emit('finish')
}

/**
 * (1) For a response whose last bytes the caller writes to the socket itself.
 *
 * @returns the callback of that write
 */
export function markFinished(response: ServerResponse): (error?: Error | null) => void {
  response.finished = true
  return (error) => {
    if (!error) response.emit('finish')
  }
}

/** (3) One response for all detached connections: its head is sent and its body never ends. */
let placeholder: ServerResponse | undefined

/** @throws {Error} the connection is busy with another response */
export function occupy(socket: Socket): void {
  placeholder ??= makePlaceholder()
  placeholder.assignSocket(socket)
}

/** Undoes {@link occupy}. */
export function vacate(socket: Socket): void {
  placeholder?.detachSocket(socket)
}

/** (8) Closes the connection when no request arrives in time, as node:http does after a response. */
export function setKeepAliveTimeout(socket: Socket): void {
  const { keepAliveTimeout = 0 } = serverSettings(socket)
  if (keepAliveTimeout > 0) socket.setTimeout(keepAliveTimeout + KEEP_ALIVE_BUFFER_MS)
}

/** (6) Passes what was written in this turn to the operating system. */
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
