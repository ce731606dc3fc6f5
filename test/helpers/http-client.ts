/**
 * HTTP requests over node:http for tests: nothing is followed, retried, pooled or decoded on the way, and every
 * header line of the answer can be seen. Each call uses a connection of its own.
 *
 * JSON-RPC messages that pass are checked (conversation.ts). `{ check: false }` sends a deliberately bad one; the
 * server's answer is still checked, unless `{ check: 'none' }`.
 *
 * Not here: reading a stream while it is open (sse-stream.ts).
 */

import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { type Check, Conversation, isRequest, type OwnRequest, type WireJson } from './conversation.ts'
import { type SseEvent, SseParser } from './sse-parser.ts'
import { waitLimitMs, within } from './within.ts'

/** `undefined` removes a default header; an array sends one line for each value. */
export type RequestHeaders = { readonly [name: string]: string | readonly string[] | undefined }

export interface SendOptions {
  check?: Check
  /** The revision to check against; default: the version header, or what `initialize` asks for. */
  revision?: string
  /** A conversation that outlives this call. */
  conversation?: Conversation
  /** Longest wait for the whole answer, in milliseconds. */
  limitMs?: number
}

export interface HttpReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[]
  readonly text: string
  /** The body parsed, when it is JSON; otherwise `undefined`. */
  readonly json: WireJson
  /** The SSE items, when the body is an event stream. */
  readonly events: readonly SseEvent[]
  /** The JSON-RPC messages of the body, whichever way they came. */
  readonly messages: readonly WireJson[]
  /** Whether the body ended as its framing says. */
  readonly complete: boolean
}

/**
 * POSTs a message and reads the whole answer.
 *
 * @param message - an object or array is sent as JSON; a string or bytes are sent as they are, unchecked.
 */
export async function post(
  url: string | URL,
  message: unknown,
  headers: RequestHeaders = {},
  options: SendOptions = {},
): Promise<HttpReply> {
  const conversation =
    options.conversation ?? new Conversation(options.revision ?? versionIn(headers), options.check)
  const { body, own } = prepare(message, conversation, options.check)
  const response = await send('POST', url, { ...postHeaders, ...lowerCase(headers) }, body, options.limitMs)
  return await readReply(response, conversation, own, options)
}

/** GETs and reads the whole answer. @throws Error on an event stream, which {@link openSse} reads. */
export async function get(url: string | URL, headers: RequestHeaders = {}, options: SendOptions = {}) {
  return await bodiless('GET', url, headers, options)
}

export async function del(url: string | URL, headers: RequestHeaders = {}, options: SendOptions = {}) {
  return await bodiless('DELETE', url, headers, options)
}

export async function options(
  url: string | URL,
  headers: RequestHeaders = {},
  sendOptions: SendOptions = {},
) {
  return await bodiless('OPTIONS', url, headers, sendOptions)
}

/** Any other method, without a body. */
export async function bodiless(
  method: string,
  url: string | URL,
  headers: RequestHeaders = {},
  options: SendOptions = {},
): Promise<HttpReply> {
  const accept = method === 'GET' ? 'text/event-stream' : '*/*'
  const response = await send(method, url, { accept, ...lowerCase(headers) }, undefined, options.limitMs)
  if (method === 'GET' && isEventStream(response)) {
    response.destroy()
    throw new Error('GET was answered with an event stream; read it with openSse()')
  }
  const conversation =
    options.conversation ?? new Conversation(options.revision ?? versionIn(headers), options.check)
  return await readReply(response, conversation, undefined, options)
}

/** The default headers of a POST, as 2025-11-25 transports wants them from a client. */
export const postHeaders: RequestHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

/** The bytes of a message, checked and remembered, and the request that its answer will belong to. */
export function prepare(
  message: unknown,
  conversation: Conversation,
  check: Check = conversation.check,
): { body: string | Uint8Array; own: OwnRequest | undefined } {
  if (typeof message === 'string' || message instanceof Uint8Array) return { body: message, own: undefined }
  conversation.outgoing(message, check)
  const own = isRequest(message) ? (message as OwnRequest) : undefined
  return { body: JSON.stringify(message), own }
}

/** Sends the request and resolves with the head of the answer. */
export async function send(
  method: string,
  url: string | URL,
  headers: RequestHeaders,
  body: string | Uint8Array | undefined,
  limitMs: number = waitLimitMs,
): Promise<IncomingMessage> {
  const request = httpRequest(url, { method, agent: false })
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) request.setHeader(name, value)
  }
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    // A server may answer early and close: an error after the head of the answer is not the request's failure.
    request.on('error', reject)
  })
  request.end(body)
  try {
    return await within(answered, () => `the head of the answer to ${method} ${url}`, limitMs)
  } catch (error) {
    request.destroy()
    throw error
  }
}

/** Reads the rest of an answer, whether JSON or a finished stream, and checks its messages. */
export async function readReply(
  response: IncomingMessage,
  conversation: Conversation,
  own: OwnRequest | undefined,
  options: SendOptions,
): Promise<HttpReply> {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('error', () => {})
  const closed = new Promise<void>((resolve) => response.on('close', () => resolve()))
  const soFar = () => `the end of the answer; so far ${response.statusCode} ${Buffer.concat(chunks)}`
  try {
    await within(closed, soFar, options.limitMs)
  } finally {
    response.destroy()
  }
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString('utf8')
  const events = isEventStream(response) ? new SseParser().push(bytes) : []
  const json = isEventStream(response) ? undefined : parse(text)
  const found = isEventStream(response) ? events.map((event) => event.json) : [json]
  const messages = found.flat().filter((message) => message?.jsonrpc !== undefined)
  const check = options.check ?? conversation.check
  for (const message of found) {
    const isMessage = Array.isArray(message) || message?.jsonrpc !== undefined
    if (isMessage) conversation.incoming(message, own, check)
  }
  const { headers, rawHeaders, complete, statusCode: status = 0 } = response
  return { status, headers, rawHeaders, text, json, events, messages, complete }
}

/** Whether the media type is `text/event-stream`, parameters aside. */
export function isEventStream(response: IncomingMessage): boolean {
  return /^text\/event-stream *(;|$)/i.test(response.headers['content-type'] ?? '')
}

/** The protocol version in the headers of a request, if there is exactly one. */
export function versionIn(headers: RequestHeaders): string | undefined {
  const value = lowerCase(headers)['mcp-protocol-version']
  return typeof value === 'string' ? value : undefined
}

/** The same headers by lower-case name. */
export function lowerCase(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function parse(text: string): WireJson {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
