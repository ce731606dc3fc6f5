/**
 * A complete reply in one write: head and body as one string, directly to the socket.
 *
 * `writeHead` and `end` of node:http are general: each header field is processed alone, and an empty last write has the
 * callback for the end. For a small reply that is a tenth of the CPU time of the whole call ("latency", bench/), and a
 * reply that is complete from the start does not need it. In any other case `sendWhole` returns false, and the caller
 * uses `writeHead` and `end`.
 *
 * Invariant: what a client receives is what node:http would have sent, header by header; and events and properties of the
 * response are those of one that was sent by its own methods.
 */

import { type ServerResponse, STATUS_CODES } from 'node:http'
import { JSON_TYPE } from '../http/media-type.ts'
import { hasOwnHead, markFinished, markSent, serverSettings, writesToSocket } from './node-internals.ts'

/** A field value of RFC 9110 section 5.5, ASCII only. */
const PLAIN = /^[\t\x20-\x7e]*$/

/**
 * Sends a complete reply, if that can be done in one write.
 *
 * @param headers - flat: name, value, name, value, ...; Content-Length included
 * @returns false: nothing was done, and the caller must use `writeHead` and `end`
 */
export function sendWhole(
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: string,
): boolean {
  const { socket } = response
  if (socket === null || !writesToSocket(response) || !socket.writable || !isPlain(response)) return false
  const { keepAliveTimeout, maxRequestsPerSocket = 0 } = serverSettings(socket)
  if (keepAliveTimeout === undefined || maxRequestsPerSocket > 0) return false
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string
    // The usual value is compared, which costs less than the test.
    if (value !== JSON_TYPE && !PLAIN.test(value)) return false
    head += `${headers[i]}: ${value}\r\n`
  }
  head += tail(keepAliveTimeout)
  markSent(response, status, head)
  socket.write(head + body, 'utf8', markFinished(response))
  return true
}

/** No other code has set a header or replaced a method, and the connection stays open. */
function isPlain(response: ServerResponse): boolean {
  const { req } = response
  return (
    response.shouldKeepAlive &&
    response.sendDate &&
    !response.finished &&
    !response.headersSent &&
    req.method !== 'HEAD' &&
    req.httpVersion === '1.1' &&
    // Without 100 Continue the client may or may not send its body: node:http closes the connection then.
    req.headers.expect === undefined &&
    hasOwnHead(response)
  )
}

let lastTail = ''
let lastSecond = 0
let lastTimeout = -1

/** The header fields that node:http adds; the text is reused for all replies of the same second. */
function tail(keepAliveTimeout: number): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== lastSecond || keepAliveTimeout !== lastTimeout) {
    lastSecond = second
    lastTimeout = keepAliveTimeout
    const timeout =
      keepAliveTimeout > 0 ? `Keep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n` : ''
    lastTail = `Date: ${new Date(second * 1000).toUTCString()}\r\nConnection: keep-alive\r\n${timeout}\r\n`
  }
  return lastTail
}
