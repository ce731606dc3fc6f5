/**
 * A client of the stateless era for tests: it remembers nothing but its own options, puts the envelope and the
 * mirrored headers on every request, and repeats a request with answers for as long as the server asks for input.
 * Every message is checked against the schema of 2026-07-28.
 *
 * Not here: the wire (http-client.ts, sse-stream.ts), the session era (test-session.ts).
 */

import type { IncomingHttpHeaders } from 'node:http'
import { type Check, Conversation, isResponse, type WireJson } from './conversation.ts'
import { type HttpReply, lowerCase, post, type RequestHeaders } from './http-client.ts'
import type { SseEvent } from './sse-parser.ts'
import { openSse, type SseStream } from './sse-stream.ts'

export const statelessRevision = '2026-07-28'

const prefix = 'io.modelcontextprotocol/'

export interface StatelessClientOptions {
  capabilities?: object
  /** `null` leaves it out. */
  clientInfo?: object | null
  logLevel?: string
  /** Sent with every request. */
  headers?: RequestHeaders
}

export interface StatelessRequestOptions {
  /** Default: 1 on every request, as real clients do. */
  id?: string | number
  /** Added to the envelope; `undefined` takes a member out. */
  meta?: { readonly [key: string]: unknown }
  /** Added to the mirrored headers; `undefined` takes one out. */
  headers?: RequestHeaders
  check?: Check
}

/** Gives the result for a question of the server; `undefined` leaves it unanswered. */
export type Answers =
  | { readonly [key: string]: unknown }
  | ((key: string, request: { method: string; params?: WireJson }, round: number) => unknown)

export interface CallOptions extends StatelessRequestOptions {
  /** Without them, an `input_required` result is given as it is. */
  answers?: Answers
  /** Input schema of the tool, whose annotations are mirrored into Mcp-Param headers. */
  inputSchema?: object
}

export interface StatelessReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly kind: 'json' | 'sse' | 'other'
  readonly text: string
  readonly messages: readonly WireJson[]
  readonly events: readonly SseEvent[]
  readonly result: WireJson
  readonly error: WireJson
  readonly id: unknown
  readonly complete: boolean
  /** The `input_required` results that came before, in order. */
  readonly rounds: readonly WireJson[]
}

const maxRounds = 20

export class StatelessClient {
  readonly url: string
  readonly #options: StatelessClientOptions

  constructor(url: string | URL, options: StatelessClientOptions = {}) {
    this.url = String(url)
    this.#options = options
  }

  /** Sends a request and reads its answer to the end. Does not throw for an error answer. */
  async request(
    method: string,
    params: object = {},
    options: StatelessRequestOptions = {},
  ): Promise<StatelessReply> {
    const message = this.message(method, params, options)
    const conversation = new Conversation(statelessRevision, options.check)
    return replyTo(await post(this.url, message, this.headers(message, options), { conversation }))
  }

  /** `tools/call`, with the rounds that its answers are for. */
  async call(name: string, args: object = {}, options: CallOptions = {}): Promise<StatelessReply> {
    const { inputSchema, headers, ...rest } = options
    const mirrored = inputSchema === undefined ? {} : parameterHeaders(inputSchema, args)
    return await this.drive(
      'tools/call',
      { name, arguments: args },
      { ...rest, headers: { ...mirrored, ...headers } },
    )
  }

  /** Sends a request, and again with answers while the server asks for input. */
  async drive(method: string, params: object, options: CallOptions = {}): Promise<StatelessReply> {
    const { answers, ...rest } = options
    const rounds: WireJson[] = []
    let sent: object = params
    for (;;) {
      // A retry is a request of its own, under another id.
      const id = rest.id ?? rounds.length + 1
      const reply = await this.request(method, sent, { ...rest, id })
      const { result } = reply
      if (result?.resultType !== 'input_required' || answers === undefined) return { ...reply, rounds }
      rounds.push(result)
      if (rounds.length > maxRounds) throw new Error(`the server asked for input ${maxRounds} times`)
      sent = { ...params, ...retryOf(result, answers, rounds.length) }
    }
  }

  /** Opens a request whose answer is a stream. @throws Error when it is not. */
  async stream(
    method: string,
    params: object = {},
    options: StatelessRequestOptions = {},
  ): Promise<SseStream> {
    const message = this.message(method, params, options)
    const conversation = new Conversation(statelessRevision, options.check)
    return await openSse(this.url, { message, headers: this.headers(message, options), conversation })
  }

  /** Opens a `subscriptions/listen` stream. */
  async listen(notifications: object, options: StatelessRequestOptions = {}): Promise<SseStream> {
    return await this.stream('subscriptions/listen', { notifications }, options)
  }

  /** The message that `request` sends. */
  message(method: string, params: object = {}, { id = 1, meta }: StatelessRequestOptions = {}): WireJson {
    return { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...this.envelope, ...meta } } }
  }

  /** The headers that go with a message. */
  headers(message: WireJson, { headers = {} }: StatelessRequestOptions = {}): RequestHeaders {
    const named = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }
    const { [message.method as keyof typeof named]: member } = named
    const name = member === undefined ? undefined : message.params?.[member]
    return {
      'mcp-protocol-version': statelessRevision,
      'mcp-method': message.method,
      ...(typeof name === 'string' && { 'mcp-name': headerValue(name) }),
      ...lowerCase(this.#options.headers ?? {}),
      ...lowerCase(headers),
    }
  }

  get envelope(): { readonly [key: string]: unknown } {
    const { capabilities = {}, clientInfo = { name: 'barewire-test', version: '1.0.0' } } = this.#options
    const { logLevel } = this.#options
    return {
      [`${prefix}protocolVersion`]: statelessRevision,
      [`${prefix}clientCapabilities`]: capabilities,
      ...(clientInfo !== null && { [`${prefix}clientInfo`]: clientInfo }),
      ...(logLevel !== undefined && { [`${prefix}logLevel`]: logLevel }),
    }
  }
}

/** What a retry adds to the parameters of the request that was answered with a need for input. */
export function retryOf(result: WireJson, answers: Answers, round = 1): object {
  const given: { [key: string]: unknown } = {}
  for (const [key, request] of Object.entries(result.inputRequests ?? {})) {
    const answer =
      typeof answers === 'function' ? answers(key, request as { method: string }, round) : answers[key]
    if (answer !== undefined) given[key] = answer
  }
  return {
    inputResponses: given,
    ...(result.requestState !== undefined && { requestState: result.requestState }),
  }
}

/** A value as a header carries it: plain where that is safe, and otherwise in base64. */
export function headerValue(value: string): string {
  const isPlain =
    /^[\x20-\x7e\t]*$/.test(value) && value.trim() === value && !/^=\?base64\?.*\?=$/.test(value)
  return isPlain ? value : base64Value(value)
}

export function base64Value(value: string | Uint8Array): string {
  return `=?base64?${Buffer.from(value as string).toString('base64')}?=`
}

/** `Mcp-Param-*` for the annotated properties of a schema that have a value. */
export function parameterHeaders(schema: WireJson, args: WireJson): RequestHeaders {
  const found: { [name: string]: string } = {}
  for (const [name, property] of Object.entries<WireJson>(schema.properties ?? {})) {
    const value = args?.[name]
    if (value === undefined || value === null) continue
    const annotation = property['x-mcp-header']
    if (annotation !== undefined) found[`mcp-param-${annotation}`] = headerValue(String(value))
    if (property.properties !== undefined) Object.assign(found, parameterHeaders(property, value))
  }
  return found
}

function replyTo(reply: HttpReply): StatelessReply {
  const { status, headers, events, messages, complete, text } = reply
  const response = messages.findLast(isResponse)
  return {
    status,
    headers,
    events,
    messages,
    complete,
    text,
    kind: events.length > 0 ? 'sse' : reply.json === undefined ? 'other' : 'json',
    result: response?.result,
    error: response?.error,
    id: response?.id,
    rounds: [],
  }
}
