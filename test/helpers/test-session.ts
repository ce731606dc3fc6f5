/**
 * One session-era client for tests: the handshake, the session and version headers, requests with their streams,
 * and answers to what the server asks. Every message is checked against the negotiated revision.
 *
 * A POST stream is read until the server ends it; while it is read, requests of the server are handed to
 * `onRequest` and answered by POST, as a real client does.
 *
 * Lifecycle: `open` to `close`, which destroys the streams that are still open; `delete` ends the session too.
 */

import type { IncomingHttpHeaders } from 'node:http'
import { type Check, Conversation, isRequest, isResponse, type WireJson } from './conversation.ts'
import {
  del,
  type HttpReply,
  isEventStream,
  lowerCase,
  post,
  postHeaders,
  prepare,
  type RequestHeaders,
  readReply,
  send,
} from './http-client.ts'
import type { SseEvent } from './sse-parser.ts'
import { type OpenSseOptions, openSse, SseStream } from './sse-stream.ts'

/** Gives the result for a request of the server; `undefined` leaves it unanswered. */
export type OnRequest = (method: string, params: WireJson, id: WireJson) => unknown

/** Thrown by an {@link OnRequest} to answer with a JSON-RPC error. */
export class ErrorAnswer extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface TestSessionOptions {
  protocolVersion?: string
  capabilities?: object
  clientInfo?: object
  /** Sent with every request of the session. */
  headers?: RequestHeaders
  onRequest?: OnRequest
  check?: Check
  /** `false` leaves out `notifications/initialized`. */
  initialized?: boolean
  /** Longest wait for anything, in milliseconds. */
  limitMs?: number
}

export interface RequestOptions {
  /** Default: 1, 2, 3, ... */
  id?: string | number
  headers?: RequestHeaders
  /** Becomes `params._meta`. */
  meta?: object
  check?: Check
  /** Called with each message of the answer as it comes. */
  onMessage?: (message: WireJson) => void
}

export interface RequestReply {
  readonly id: string | number
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly kind: 'json' | 'sse' | 'other'
  /** Every message of the answer in order, the response included. */
  readonly messages: readonly WireJson[]
  readonly events: readonly SseEvent[]
  /** Of the response to this request; `undefined` when it did not come or was the other one. */
  readonly result: WireJson
  readonly error: WireJson
  /** Whether the HTTP response ended as its framing says. */
  readonly complete: boolean
}

export class TestSession {
  readonly url: string
  readonly initialize: HttpReply
  readonly conversation: Conversation
  readonly sessionId: string | undefined
  /** Requests of the server received so far, on any stream. */
  readonly serverRequests: WireJson[] = []
  /** Replaceable while the session is open. */
  onRequest: OnRequest | undefined
  readonly #options: TestSessionOptions
  readonly #streams = new Set<SseStream>()
  readonly #answers: Promise<void>[] = []
  readonly #failures: unknown[] = []
  #lastId = 0

  private constructor(
    url: string,
    options: TestSessionOptions,
    initialize: HttpReply,
    conversation: Conversation,
  ) {
    const id = initialize.headers['mcp-session-id']
    this.url = url
    this.initialize = initialize
    this.conversation = conversation
    this.sessionId = typeof id === 'string' ? id : undefined
    this.onRequest = options.onRequest
    this.#options = options
  }

  /** Initializes a session. @throws Error when the server refuses. */
  static async open(url: string | URL, options: TestSessionOptions = {}): Promise<TestSession> {
    const { protocolVersion = '2025-11-25', capabilities = {}, check } = options
    const clientInfo = options.clientInfo ?? { name: 'barewire-test', version: '1.0.0' }
    const conversation = new Conversation(protocolVersion, check)
    const params = { protocolVersion, capabilities, clientInfo }
    const message = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
    const reply = await post(url, message, options.headers, { conversation, ...limitOf(options) })
    if (reply.messages[0]?.result === undefined) {
      throw new Error(`initialize was refused: ${reply.status} ${reply.text}`)
    }
    const session = new TestSession(String(url), options, reply, conversation)
    if (options.initialized !== false) await session.notify('notifications/initialized')
    return session
  }

  /** The result of `initialize`. */
  get initializeResult(): WireJson {
    return this.initialize.messages[0].result
  }

  /** The negotiated revision. */
  get revision(): string {
    return this.initializeResult.protocolVersion
  }

  /** The headers of the session, for use with `post`, `get` or a raw socket. */
  get headers(): RequestHeaders {
    return {
      'mcp-session-id': this.sessionId,
      // The header came with 2025-06-18; a client of 2025-03-26 does not send it.
      'mcp-protocol-version': this.revision >= '2025-06-18' ? this.revision : undefined,
      ...lowerCase(this.#options.headers ?? {}),
    }
  }

  /** Sends a request and reads its answer to the end. Does not throw for an error answer. */
  async request(method: string, params?: object, options: RequestOptions = {}): Promise<RequestReply> {
    const message = this.#message(method, params, options)
    const { body, own } = prepare(message, this.conversation, options.check)
    const headers = { ...postHeaders, ...this.headers, ...lowerCase(options.headers ?? {}) }
    const response = await send('POST', this.url, headers, body, this.#options.limitMs)
    if (!isEventStream(response)) {
      const reply = await readReply(response, this.conversation, own, {
        ...options,
        ...limitOf(this.#options),
      })
      for (const part of reply.messages) options.onMessage?.(part)
      return { ...answerIn(reply.messages, message.id), ...pick(reply), kind: kindOf(reply), id: message.id }
    }
    const stream = this.#track(new SseStream(response, this.conversation, own, this.#wiring(options)))
    const { complete } = await stream.end()
    await this.settled()
    const { messages, events, status } = stream
    const outcome = answerIn(messages, message.id)
    return {
      ...outcome,
      messages,
      events,
      status,
      headers: stream.headers,
      complete,
      kind: 'sse',
      id: message.id,
    }
  }

  /** `tools/call`. */
  async call(name: string, args: object = {}, options: RequestOptions = {}): Promise<RequestReply> {
    return await this.request('tools/call', { name, arguments: args }, options)
  }

  /** Sends a request and gives its open stream. @throws Error when the answer is not a stream. */
  async stream(method: string, params?: object, options: RequestOptions = {}): Promise<SseStream> {
    const message = this.#message(method, params, options)
    const headers = { ...this.headers, ...lowerCase(options.headers ?? {}) }
    return this.#track(await openSse(this.url, { ...this.#wiring(options), headers, message }))
  }

  async notify(method: string, params?: object, options: RequestOptions = {}): Promise<HttpReply> {
    return await this.send({ jsonrpc: '2.0', method, ...(params && { params }) }, options)
  }

  /** Answers a request of the server. */
  async respond(id: WireJson, result: unknown, options: RequestOptions = {}): Promise<HttpReply> {
    return await this.send({ jsonrpc: '2.0', id, result }, options)
  }

  async respondError(
    id: WireJson,
    error: { code: number; message: string; data?: unknown },
  ): Promise<HttpReply> {
    return await this.send({ jsonrpc: '2.0', id, error })
  }

  /** POSTs any message, string or bytes with the headers of the session, and reads the whole answer. */
  async send(message: unknown, options: RequestOptions = {}): Promise<HttpReply> {
    const headers = { ...this.headers, ...lowerCase(options.headers ?? {}) }
    const { check = this.conversation.check } = options
    return await post(this.url, message, headers, {
      conversation: this.conversation,
      check,
      ...limitOf(this.#options),
    })
  }

  /** Opens the GET stream. */
  async listen(options: Pick<RequestOptions, 'headers' | 'onMessage'> = {}): Promise<SseStream> {
    const headers = { ...this.headers, ...lowerCase(options.headers ?? {}) }
    return this.#track(await openSse(this.url, { ...this.#wiring(options), headers }))
  }

  /** Re-attaches to the stream that the event id names. */
  async resume(
    lastEventId: string,
    options: Pick<RequestOptions, 'headers' | 'onMessage'> = {},
  ): Promise<SseStream> {
    return await this.listen({ ...options, headers: { ...options.headers, 'last-event-id': lastEventId } })
  }

  /** Ends the session at the server. @throws the first failure that happened while answering the server. */
  async delete(headers: RequestHeaders = {}): Promise<HttpReply> {
    await this.settled()
    const all = { ...this.headers, ...lowerCase(headers) }
    return await del(this.url, all, { conversation: this.conversation, ...limitOf(this.#options) })
  }

  /** Waits until the answers to the server's requests were sent. @throws the first failure among them. */
  async settled(): Promise<void> {
    await Promise.all(this.#answers.splice(0))
    if (this.#failures.length > 0) throw this.#failures.shift()
  }

  /** Closes the streams that are still open; the session lives on at the server. */
  async close(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.close()))
  }

  #message(method: string, params: object | undefined, options: RequestOptions) {
    if (options.id === undefined) this.#lastId += 1
    const id = options.id ?? this.#lastId
    const meta = options.meta === undefined ? undefined : { ...params, _meta: options.meta }
    const sent = meta ?? params
    return { jsonrpc: '2.0', id, method, ...(sent && { params: sent }) }
  }

  #wiring(options: Pick<RequestOptions, 'check' | 'onMessage'>): OpenSseOptions {
    return {
      conversation: this.conversation,
      ...limitOf(this.#options),
      check: options.check ?? this.conversation.check,
      onMessage: (message) => {
        options.onMessage?.(message)
        if (!isRequest(message)) return
        this.serverRequests.push(message)
        this.#answers.push(this.#answer(message).catch((error: unknown) => void this.#failures.push(error)))
      },
    }
  }

  async #answer(message: WireJson): Promise<void> {
    const reply = await this.#reactTo(message)
    if (reply === undefined || reply.status === 202) return
    throw new Error(`the answer to ${message.method} got ${reply.status} ${reply.text}, expected 202`)
  }

  async #reactTo({ id, method, params }: WireJson): Promise<HttpReply | undefined> {
    if (this.onRequest === undefined) return method === 'ping' ? await this.respond(id, {}) : undefined
    try {
      const result = await this.onRequest(method, params, id)
      return result === undefined ? undefined : await this.respond(id, result)
    } catch (error) {
      if (!(error instanceof ErrorAnswer)) throw error
      return await this.respondError(id, { code: error.code, message: error.message })
    }
  }

  #track(stream: SseStream): SseStream {
    this.#streams.add(stream)
    void stream.ended.then(() => this.#streams.delete(stream))
    return stream
  }
}

function answerIn(messages: readonly WireJson[], id: unknown): { result: WireJson; error: WireJson } {
  // An error to a message whose id could not be read has none, and is the answer to what was sent.
  const response = messages.findLast(
    (message) => isResponse(message) && (message.id === id || message.id == null),
  )
  return { result: response?.result, error: response?.error }
}

function pick({ status, headers, messages, events, complete }: HttpReply) {
  return { status, headers, messages, events, complete }
}

function kindOf(reply: HttpReply): 'json' | 'other' {
  return reply.json === undefined ? 'other' : 'json'
}

function limitOf(options: { limitMs?: number }): { limitMs?: number } {
  return options.limitMs === undefined ? {} : { limitMs: options.limitMs }
}
