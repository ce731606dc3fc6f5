/**
 * Hand-over: an open event stream keeps its socket and gives request and response back.
 *
 * Most streams are silent most of their life, and half of what they cost is what node:http keeps for a response in
 * progress. So once the head is sent the response is finished, as far as node:http can tell, and the socket is
 * assigned to a stand-in: one response for all such sockets, that never finishes. It is why node:http
 *
 *   - takes the connection for busy, and neither closes it as idle nor sets its keep-alive timer
 *   - lets a request that is pipelined behind the stream wait, as behind any response in progress
 *   - does not write an error page into the stream when the client sends something malformed
 *
 * The writer frames the chunks itself from then on (RFC 9112 section 7.1). At the end the connection is given back
 * and serves the next request; when bytes have arrived meanwhile, a request may wait behind the stream that nobody
 * would begin, so the connection is closed instead.
 *
 * Nobody else may need the response: it stays where it is when somebody listens to its `finish` or `close`, or has
 * replaced its methods, as compressing middleware does. And it must be one of node:http on a connection: adapters of
 * other runtimes and test frameworks have responses without a socket, or with an object in its place.
 *
 * Measured: "connections" of bench/, heap per open stream.
 * Not here: what is written (sse-writer.ts).
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'

const { write, end } = ServerResponse.prototype

/** What node:http adds to the time that it tells clients, so that they are the first to give up. */
const KEEP_ALIVE_BUFFER_MS = 1000

let placeholder: ServerResponse | undefined

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

/** Whether frames may go past the response to its socket: its methods are node's own, and it is its turn. */
export function writesToSocket(response: ServerResponse): boolean {
  return isNodeHttp && isConnection(response.socket) && isNative(response)
}

/** Whether a socket is one, and not what an adapter or a test framework has put in its place. */
export function isConnection(socket: unknown): socket is Socket {
  return socket instanceof Socket
}

/**
 * Finishes a response whose head is sent but not its body.
 *
 * @param response - one for which {@link writesToSocket}, with nothing of it waiting for its socket
 * @returns the socket, which from now on is written to by the caller alone; undefined when the response is needed
 */
export function detach(response: ServerResponse): Socket | undefined {
  const { socket } = response
  if (socket === null || !response.chunkedEncoding || !response.shouldKeepAlive) return undefined
  // The one listener of `finish` is node:http's own, which does the work here.
  if (response.listenerCount('finish') !== 1 || response.listenerCount('close') !== 0) return undefined
  const { timeout = 0 } = socket
  placeholder ??= makePlaceholder()
  socket.cork()
  response.finished = true
  response.emit('finish')
  socket.setTimeout(timeout)
  try {
    placeholder.assignSocket(socket)
    socket.uncork()
  } catch {
    // A request waited behind this one, and node:http has begun to answer it: that must not reach the client.
    socket.destroy()
  }
  return socket
}

/**
 * Ends a response whose last bytes the caller writes to the socket itself.
 *
 * @returns what to call when they are written
 */
export function markFinished(response: ServerResponse): (error?: Error | null) => void {
  response.finished = true
  return (error) => {
    // node:http's own listener lets go of the request and begins the next one.
    if (!error) response.emit('finish')
  }
}

/**
 * Gives the connection of an ended stream back to node:http.
 *
 * @param reusable - whether a next request may use it; otherwise it is closed when everything is written
 */
export function giveBack(socket: Socket, reusable: boolean): void {
  placeholder?.detachSocket(socket)
  const { keepAliveTimeout = 0 } = (socket as { server?: { keepAliveTimeout?: number } }).server ?? {}
  if (!reusable) socket.end()
  else if (keepAliveTimeout > 0) socket.setTimeout(keepAliveTimeout + KEEP_ALIVE_BUFFER_MS)
}

/** A response whose head is sent and whose body never ends. */
function makePlaceholder(): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() }) as Socket
  response.assignSocket(nowhere)
  response.flushHeaders()
  response.detachSocket(nowhere)
  return response
}
