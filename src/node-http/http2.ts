/**
 * What is different about a request and a response of node:http2: they have the methods of node:http, but one connection
 * carries many of them, so that nothing may be done to its socket.
 *
 *   Host            the pseudo-header `:authority`
 *   Connection      no such header: each stream has an end of its own
 *   body not read   the stream is reset after the reply, and the connection stays
 *   slow reader     its stream is reset; the connection is closed when the replies that wait on it are too many bytes
 *
 * Spec: RFC 9113.
 * Not here: the exchange (http2-exchange.ts), the server (secure-server.ts).
 */

import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { writeHead } from './write-head.ts'

/** Spec: RFC 9113 section 7. Not of node:http2, which would have to be loaded for them. */
const ErrorCode = { NO_ERROR: 0x0, CANCEL: 0x8, ENHANCE_YOUR_CALM: 0xb } as const

interface Http2Response {
  readonly stream: ServerHttp2Stream
}

const AUTHORITY = ':authority'
const COLON = 0x3a

/** Approximate size of a head. */
const HEAD_BYTES = 512
/** A connection has many streams, so that more replies may wait on it than on one of HTTP/1.1. */
const CONNECTION_FACTOR = 16
/** Below this many bytes that wait on a connection no timeout is set. */
const STALL_BYTES = 65_536
/** A reply of which the client reads nothing for this long is given up. */
export const STALLED_MS = 60_000

/** Bytes of the replies that wait on a connection. Lifecycle of what a reply adds: until its stream is closed. */
const waiting = new WeakMap<Http2Session, number>()

/** Whether a response is one of node:http2. */
export function isHttp2(response: ServerResponse): boolean {
  return response.req?.httpVersionMajor === 2 && typeof streamOf(response)?.close === 'function'
}

/** @param response - one of node:http2 */
export function streamOf(response: ServerResponse): ServerHttp2Stream {
  return (response as unknown as Http2Response).stream
}

/**
 * The header lines of a request, as HTTP/1.1 would have them. Where there is a Host line that differs from `:authority`,
 * both are there: such a request is malformed (RFC 9113 section 8.3.1).
 */
export function http2HeaderLines({ rawHeaders }: IncomingMessage): readonly string[] {
  const lines: string[] = []
  let authority: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string]
    if (name === AUTHORITY) authority = value
    else if (name.charCodeAt(0) !== COLON && (name !== 'host' || value !== authority)) lines.push(name, value)
  }
  if (authority !== undefined) lines.push('host', authority)
  return lines
}

/** Ends a response that cannot be ended properly: its client must see that something is missing. */
export function abortHttp2(response: ServerResponse): void {
  streamOf(response).close(ErrorCode.CANCEL)
}

/**
 * Counts a reply among those that wait on its connection.
 *
 * @param bytes - of its body
 * @param maxUnreadBytes - a sixteenth of what earlier replies may be for the connection to be kept
 * @returns false: the connection is closed, or was closed now
 */
export function countReply(response: ServerResponse, bytes: number, maxUnreadBytes: number): boolean {
  const stream = streamOf(response)
  const { session } = stream
  if (session === undefined) return false
  const unread = waiting.get(session) ?? 0
  if (unread > maxUnreadBytes * CONNECTION_FACTOR) {
    session.destroy(undefined, ErrorCode.ENHANCE_YOUR_CALM)
    return false
  }
  const counted = HEAD_BYTES + bytes
  waiting.set(session, unread + counted)
  stream.once('close', () => waiting.set(session, (waiting.get(session) ?? 0) - counted))
  if (unread + counted > STALL_BYTES) stream.setTimeout(STALLED_MS, () => abortHttp2(response))
  return true
}

/**
 * Sends a complete reply.
 *
 * @param headers - flat: name, value, name, value, ...
 * @param maxUnreadBytes - see `countReply`
 * @param closeAfter - the request body was not read, and is not wanted
 * @returns whether the reply was given
 */
export function sendHttp2(
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: string,
  maxUnreadBytes: number,
  closeAfter: boolean,
): boolean {
  const stream = streamOf(response)
  if (stream.destroyed || stream.closed) return false
  if (!countReply(response, Buffer.byteLength(body), maxUnreadBytes)) return false
  try {
    writeHead(response, status, headers)
    response.end(body)
  } catch {
    // Such as a header value with a control character.
    abortHttp2(response)
    return false
  }
  // RFC 9113 section 8.1: a reset without an error after a complete reply asks the client to stop its upload.
  if (closeAfter) stream.close(ErrorCode.NO_ERROR)
  return true
}
