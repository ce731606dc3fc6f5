/**
 * Pipelining: HTTP/1.1 allows a client to send the next request before the answer to the last one (RFC 9112 section
 * 9.3.2), and node:http emits all of them at once. Only the first response has the socket; the others get it one after
 * the other, in the order of their requests.
 *
 *    socket ---- response 1 (in progress)
 *                response 2, 3, ... : `socket` is null until their turn, and up to Node 24 they emit no `close`
 *                                     when the connection closes
 *
 * What Node does not do is done here:
 *
 *   - When the connection closes, a waiting response is marked as destroyed and emits `close`, as the first one does.
 *     So the resources of a request are released in the same way, whether it waits or not.
 *   - A reply that is ready before its turn is stored as text and written when its turn comes. Node would buffer it in the
 *     response, and stop reading from the socket above some kilobytes: then it would not be noticed that it closed.
 *   - Requests that wait, and the bytes of replies that wait, are counted for each connection.
 *
 * A request that does not wait costs one comparison.
 *
 * Invariant: `bytes` is the sum of the sizes in `waiting`.
 */

import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isConnection, isNodeHttp } from './node-internals.ts'

interface Connection {
  readonly socket: Socket
  /**
   * Responses that had to wait, with the bytes of their stored reply.
   * Lifecycle of an entry: from its request to the end of the response or of the connection.
   */
  readonly waiting: Map<ServerResponse, number>
  bytes: number
}

const connections = new WeakMap<Socket, Connection>()
const queued = new WeakMap<ServerResponse, Connection>()

/**
 * Registers a request.
 *
 * @returns the number of requests of its connection that had to wait and are not answered yet, this one included;
 *   0 when it does not wait
 */
export function enqueue(request: IncomingMessage, response: ServerResponse): number {
  if (!isNodeHttp || !isConnection(request.socket)) ignoreErrors(request, response)
  if (response.socket !== null) return 0
  const { socket } = request
  // Not a connection of node:http, such as a request that a test framework injects: it does not wait.
  if (typeof socket?.on !== 'function') return 0
  const connection = connections.get(socket) ?? watch(socket)
  connection.waiting.set(response, 0)
  queued.set(response, connection)
  response.on('close', onResponseClose)
  if (socket.destroyed) markClosed(response)
  return connection.waiting.size
}

/**
 * Without a listener node:http does not emit the error of a lost connection. Other runtimes (Bun) do, which would end the
 * process.
 */
function ignoreErrors(...emitters: readonly EventEmitter[]): void {
  for (const emitter of emitters) emitter.on('error', () => {})
}

/** Whether the response waits for its turn. */
export function isQueued(response: ServerResponse): boolean {
  return response.socket === null && queued.has(response)
}

/** Whether a waiting response has its reply already. */
export function hasReply(response: ServerResponse): boolean {
  return response.socket === null && (queued.get(response)?.waiting.get(response) ?? 0) > 0
}

/**
 * Stores the reply of a waiting response until its turn.
 *
 * @param bytes - size of the reply
 * @param maxBytes - above it the connection is closed: its client sends requests and does not read the answers
 * @param write - called once, when the response has its socket
 * @returns false when the connection was closed
 */
export function replyInTurn(
  response: ServerResponse,
  bytes: number,
  maxBytes: number,
  write: () => void,
): boolean {
  const connection = queued.get(response)
  if (connection === undefined || connection.socket.destroyed) return false
  if (connection.bytes > maxBytes) {
    connection.socket.destroy()
    return false
  }
  connection.bytes += bytes
  connection.waiting.set(response, bytes)
  response.once('socket', write)
  return true
}

/**
 * Counts what an event stream that waits for its turn has buffered, after each of its writes.
 *
 * @param maxBytes - see `replyInTurn`
 * @returns false when it does not wait, or the connection was closed
 */
export function countInTurn(response: ServerResponse, maxBytes: number): boolean {
  if (!isQueued(response)) return false
  const connection = queued.get(response) as Connection
  const counted = connection.waiting.get(response) ?? 0
  if (connection.bytes - counted > maxBytes) {
    connection.socket.destroy()
    return false
  }
  count(connection, response, response.writableLength)
  if (counted === 0) response.once('socket', () => count(connection, response, 0))
  return true
}

function count(connection: Connection, response: ServerResponse, bytes: number): void {
  connection.bytes += bytes - (connection.waiting.get(response) ?? 0)
  connection.waiting.set(response, bytes)
}

function watch(socket: Socket): Connection {
  const connection: Connection = { socket, waiting: new Map(), bytes: 0 }
  connections.set(socket, connection)
  socket.on('close', onSocketClose)
  return connection
}

function onSocketClose(this: Socket): void {
  // The response that has the socket is closed by Node.
  for (const response of connections.get(this)?.waiting.keys() ?? []) {
    if (response.socket === null) markClosed(response)
  }
}

function markClosed(response: ServerResponse): void {
  if (response.destroyed) return
  response.destroyed = true
  response.emit('close')
}

function onResponseClose(this: ServerResponse): void {
  const connection = queued.get(this)
  if (connection === undefined) return
  connection.bytes -= connection.waiting.get(this) ?? 0
  connection.waiting.delete(this)
}
