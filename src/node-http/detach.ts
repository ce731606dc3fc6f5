/**
 * Detaching: an open event stream keeps its socket and gives request and response back.
 *
 * Most streams are silent most of their life, and half of what they cost is what node:http keeps for a response in
 * progress. So once the head is sent the response is finished, as far as node:http can tell, and the socket is
 * assigned to a placeholder: one response for all such sockets, that never finishes. It is why node:http
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
 * Not here: what is written (sse-writer.ts); why this works (node-internals.ts).
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { finishNow, isUnobserved, occupy, setKeepAliveTimeout, vacate } from './node-internals.ts'

/**
 * Finishes a response whose head is sent but not its body.
 *
 * @param response - one for which `writesToSocket`, with nothing of it waiting for its socket
 * @returns the socket, which from now on is written to by the caller alone; undefined when the response is needed
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
    // A request waited behind this one, and node:http has begun to answer it: that must not reach the client.
    socket.destroy()
  }
  return socket
}

/**
 * Gives the connection of an ended stream back to node:http.
 *
 * @param reusable - whether a next request may use it; otherwise it is closed when everything is written
 */
export function giveBack(socket: Socket, reusable: boolean): void {
  vacate(socket)
  if (reusable) setKeepAliveTimeout(socket)
  else socket.end()
}
