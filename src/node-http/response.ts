/**
 * Complete responses: one `writeHead` and one `end`, so that head and body are sent in one write.
 *
 * Nothing here throws. A reply that cannot be sent any more (the head was sent, the connection closed) is dropped, and the
 * function returns false.
 *
 * `closeAfter` is for a refusal that is sent before the body was read. If the server closed the socket at once, the
 * kernel would answer the rest of the upload with a reset, which can overtake the reply. So the reply is sent, the
 * server's half of the connection is closed, and what the client still sends is read and discarded for a limited time
 * and number of bytes (RFC 9112 9.6, "lingering close"):
 *
 *    reply + FIN -->  client reads it, stops sending, closes      the usual end
 *                     upload ends / LINGER_MS / LINGER_BYTES      the server closes
 *
 * Not here: event streams (sse-writer.ts), the status of a refusal.
 */

import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import { JSON_TYPE } from '../http/media-type.ts'
import { encodeError } from '../jsonrpc/encode.ts'
import type { JsonRpcErrorObject, JsonRpcId } from '../jsonrpc/message.ts'
import { sendWhole } from './direct-reply.ts'
import { isHttp2, sendHttp2 } from './http2.ts'
import { isConnection, isNodeHttp } from './node-internals.ts'
import { hasReply, isQueued, replyInTurn } from './pipelining.ts'
import { limitStall } from './unread.ts'
import { writeHead } from './write-head.ts'

/** What happens to the connection after the reply. */
export interface ReplyOptions {
  /** The request body was not read: the connection is closed, in a way that lets the client read the reply. */
  readonly closeAfter?: boolean | undefined
  /**
   * Bytes of earlier replies that may be buffered for the connection; above it the connection is closed: its client
   * sends requests and does not read the answers. @defaultValue no limit
   */
  readonly maxUnreadBytes?: number | undefined
}

/** Approximate size of a head. */
const HEAD_BYTES = 512

/** How long a refused upload is still read. */
const LINGER_MS = 2000

/** How many bytes of a refused upload are still read. */
const LINGER_BYTES = 16 * 1024 * 1024

/**
 * Sends JSON.
 *
 * @param text - JSON text
 * @param headers - further headers, flat: name, value, name, value, ...
 * @returns whether the reply was given
 */
export function sendJson(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: readonly string[],
  options?: ReplyOptions,
): boolean {
  const head = ['Content-Type', JSON_TYPE, 'Content-Length', `${Buffer.byteLength(text)}`]
  return send(response, status, head, text, headers, options)
}

/**
 * Sends an HTML document.
 *
 * @param headers - further headers, flat
 * @returns whether the reply was given
 */
export function sendHtml(
  response: ServerResponse,
  text: string,
  headers?: readonly string[],
  options?: ReplyOptions,
): boolean {
  const head = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', `${Buffer.byteLength(text)}`]
  return send(response, 200, head, text, headers, options)
}

/**
 * Sends a status without a body and without Content-Type.
 *
 * @param headers - further headers, flat
 * @returns whether the reply was given
 */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers?: readonly string[],
  options?: ReplyOptions,
): boolean {
  // RFC 9110 8.6: Content-Length MUST NOT be sent in a 204.
  const head = status === 204 ? [] : ['Content-Length', '0']
  return send(response, status, head, '', headers, options)
}

/**
 * Sends a JSON-RPC error response.
 *
 * @param id - of the request, when it could be read
 * @param error - an `RpcError`, or the bare object
 * @param headers - further headers, flat
 * @returns whether the reply was given
 */
export function sendError(
  response: ServerResponse,
  status: number,
  id: JsonRpcId | undefined,
  error: JsonRpcErrorObject,
  headers?: readonly string[],
  options?: ReplyOptions,
): boolean {
  return sendJson(response, status, encodeError(id, error), headers, options)
}

function send(
  response: ServerResponse,
  status: number,
  head: string[],
  body: string,
  headers: readonly string[] | undefined,
  options: ReplyOptions | undefined,
): boolean {
  if (response.headersSent || response.writableEnded || response.destroyed || hasReply(response)) return false
  const { maxUnreadBytes = Number.POSITIVE_INFINITY } = options ?? {}
  if (isHttp2(response)) {
    const all = headers === undefined ? head : [...head, ...headers]
    return sendHttp2(response, status, all, body, maxUnreadBytes, options?.closeAfter === true)
  }
  if (isQueued(response)) {
    const bytes = HEAD_BYTES + Buffer.byteLength(body)
    return replyInTurn(response, bytes, maxUnreadBytes, () => {
      write(response, status, head, body, headers, options)
      limitStall(response, response.socket)
    })
  }
  const { socket } = response
  // Adapters have no socket, or an object in its place.
  if ((socket?.writableLength ?? 0) > maxUnreadBytes) {
    response.destroy()
    return false
  }
  const sent = write(response, status, head, body, headers, options)
  limitStall(response, socket)
  return sent
}

function write(
  response: ServerResponse,
  status: number,
  head: string[],
  body: string,
  headers: readonly string[] | undefined,
  options: ReplyOptions | undefined,
): boolean {
  const closeAfter = options?.closeAfter === true
  if (headers !== undefined) for (const item of headers) head.push(item)
  if (!closeAfter && sendWhole(response, status, head, body)) return true
  if (closeAfter) head.push('Connection', 'close')
  try {
    writeHead(response, status, head)
    if (closeAfter) linger(response, body)
    else response.end(body)
    return true
  } catch {
    // Such as a header value with a control character: a partial reply must not leave the client waiting.
    response.destroy()
    return false
  }
}

/**
 * Sends the body and closes the connection when the upload has ended.
 *
 * `end` is called last because it makes Node destroy the socket. The client knows the end of the reply from
 * Content-Length, or from the FIN.
 */
function linger(response: ServerResponse, body: string): void {
  const request = response.req
  // Without a real connection, or when the upload has ended, there is nothing to read.
  if (!isConnection(request?.socket) || request.readableEnded || request.destroyed) {
    response.end(body)
    return
  }
  // Where there is no body to write, for HEAD too, `write` would leave the head unsent.
  if (body === '' || request.method === 'HEAD') response.flushHeaders()
  else response.write(body)
  // Null while an earlier response on the same connection is not finished: then the FIN must wait for it. Bun before
  // 1.4.5 would destroy the connection.
  if (isNodeHttp) response.socket?.end()

  let received = 0
  const finish = (): void => {
    clearTimeout(timer)
    request.off('data', onData)
    request.off('end', finish)
    request.off('error', finish)
    response.off('close', finish)
    if (!response.destroyed && !response.writableEnded) response.end()
  }
  const onData = (chunk: Buffer): void => {
    received += chunk.length
    if (received > LINGER_BYTES) finish()
  }
  const timer = setTimeout(finish, LINGER_MS)
  timer.unref()
  request.on('data', onData)
  request.on('end', finish)
  request.on('error', finish)
  response.on('close', finish)
  request.resume()
}
