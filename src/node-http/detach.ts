/**
 * Detaching: an open event stream releases its request and response objects, and writes to the socket alone.
 *
 * Most streams are silent most of the time, and half of their memory is what node:http stores for a response in progress.
 * So once the head is sent, the response is finished as far as node:http can tell, and the socket is assigned to a
 * placeholder: one response for all such sockets, which never finishes. Because of it, node:http
 *
 *   - treats the connection as busy, and neither closes it as idle nor sets its keep-alive timer
 *   - makes a request that is pipelined behind the stream wait, as behind any response in progress
 *   - does not write an error page into the stream when the client sends malformed HTTP
 *
 * From then on the writer frames the chunks itself (RFC 9112 section 7.1). At the end the socket is returned to node:http
 * and serves the next request; if bytes were received meanwhile, a pipelined request may wait that node:http would never
 * start, so the connection is closed instead.
 *
 * The response is not detached when other code needs it: when it has other listeners for `finish` or `close`, or its
 * methods are replaced, as compression middleware does. And it must be a response of node:http with a real socket:
 * adapters of other runtimes and test frameworks have none, or an object in its place.
 *
 * Measured: "connections" of bench/, heap per open stream.
 * Not here: what is written (sse-writer.ts); why this works (node-internals.ts).
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { finishNow, isUnobserved, occupy, setKeepAliveTimeout, vacate } from './node-internals.ts'

/**
 * Finishes a response whose head is sent but not its body.
 *
 * @param response - one for which `writesToSocket` is true, with nothing of it buffered for its socket
 * @returns the socket, to which only the caller writes from now on; undefined when the response is needed
 */
export function detach(response: ServerResponse): Socket | undefined {
  const { socket } = response
  if (socket === null || !response.chunkedEncoding || !response.shouldKeepAlive) return undefined
  if (!isUnobserved(response)) return undefined
  const { timeout = 0 } = socket
  socket.cork()
  finishNow(response)
  socket.setTimeout(timeout)
  try {
    occupy(socket)
    socket.uncork()
  } catch {
    // A pipelined request waited, and node:http has assigned the socket to its response: nothing of it may be sent.
    socket.destroy()
  }
  return socket
}

/**
 * Returns the socket of an ended stream to node:http.
 *
 * @param reusable - whether it may serve a next request; otherwise it is closed when everything is written
 */
export function returnSocket(socket: Socket, reusable: boolean): void {
  vacate(socket)
  if (reusable) setKeepAliveTimeout(socket)
  else socket.end()
}
