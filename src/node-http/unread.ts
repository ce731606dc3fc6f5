/**
 * Replies that are complete and that their client does not read: what waits on a connection is limited in bytes, and a
 * reply of which nothing is read for a minute is given up.
 *
 *    HTTP/1.1    one reply at a time has the socket, whose timeout is set; others wait in turn (pipelining.ts)
 *    HTTP/2      each stream has a timeout of its own, once more than a little waits on the connection (http2.ts)
 *
 * Not here: event streams that are open, whose readers are dropped by their own limits (sse-writer.ts, drain.ts).
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { countReply, isHttp2, STALLED_MS } from './http2.ts'
import { isConnection, serverSettings } from './node-internals.ts'
import { countInTurn } from './pipelining.ts'

/** Below this many buffered bytes no timeout is set. */
const STALL_BYTES = 16_384

/**
 * Closes the connection when its client reads nothing for long of what is buffered. node:http closes a socket that has
 * timed out, and sets another timeout for the next request.
 */
export function limitStall(response: ServerResponse, socket: Socket | null): void {
  if ((socket?.writableLength ?? 0) <= STALL_BYTES || !isConnection(socket)) return
  const { timeout = 0 } = socket
  if (timeout > 0) return
  socket.setTimeout(STALLED_MS)
  const { keepAliveTimeout = 0 } = serverSettings(socket)
  // Without a keep-alive timeout it is not set again, and must be cleared here.
  if (keepAliveTimeout === 0) response.once('finish', () => socket.setTimeout(0))
}

/**
 * The same for a response that was ended, whatever carries it.
 *
 * @param maxUnreadBytes - above it the connection is closed; over HTTP/2 sixteen times as much is
 */
export function limitUnread(response: ServerResponse, maxUnreadBytes: number): void {
  if (isHttp2(response)) {
    countReply(response, response.writableLength, maxUnreadBytes)
  } else if (countInTurn(response, maxUnreadBytes)) {
    // Node passes what was buffered to the socket when it has told of it.
    response.once('socket', (socket: Socket) => process.nextTick(limitStall, response, socket))
  } else {
    limitStall(response, response.socket)
  }
}
