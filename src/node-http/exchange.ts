/**
 * The HTTP port on node:http: a request and its response.
 *
 * Not here: how a reply is written (response.ts), how a body is read (body.ts), event streams (sse-writer.ts).
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { BaseExchange } from '../http/base-exchange.ts'
import type { BodyError } from '../http/body-error.ts'
import type { HttpExchange, RequestHeaders } from '../http/http-exchange.ts'
import type { Accepts } from '../http/media-type.ts'
import type { Rejection } from '../http/rejection.ts'
import type { RequestHead } from '../http/request-headers.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import { BodyReader } from './body.ts'
import { serverSettings } from './node-internals.ts'
import { parsedBodyOf } from './parsed-body.ts'
import { hasReply } from './pipelining.ts'
import { type ReplyOptions, sendEmpty, sendError, sendHtml, sendJson } from './response.ts'
import { SseWriter } from './sse-writer.ts'

export type NodeRequest = IncomingMessage
export type NodeResponse = ServerResponse

/** The argument of the `onRejected` hook. */
export interface Refusal {
  /** HTTP status of the reply. */
  readonly status: number
  /** The JSON-RPC error of the reply. */
  readonly error: RpcError
  /** The refused request; over HTTP/2 an `Http2ServerRequest`, which has the same properties. */
  readonly request: IncomingMessage
  /** Why, where the error says less: which claim of a token failed, what was expected, what came. */
  readonly reason?: string | undefined
}

/** What all requests of one handler have in common. */
export interface HttpExchangeHost {
  readonly replyOptions: ReplyOptions
  readonly closingReplyOptions: ReplyOptions
  readonly maxBodyBytes: number
  /** Budget of the bodies of all requests. */
  readonly bodies: ByteBudget
  onRejected(refusal: Refusal, response: ServerResponse): void
}

/**
 * Node 20 silently drops header lines after this number, unless the server has another limit. Later versions refuse such
 * a request themselves.
 */
const NODE_MAX_HEADERS = 1000

export class NodeHttpExchange<Principal> extends BaseExchange<Principal> implements HttpExchange<Principal> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly #host: HttpExchangeHost
  /** The `parsedBody` argument of the handler. */
  readonly #parsedBody: unknown
  /** The client waits for `100 Continue` before it sends the body. */
  readonly #awaitsContinue: boolean
  /** Lifecycle: from `prefetchBody` or `readBody` until the body is read. */
  #reader: BodyReader | undefined = undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    accepts: Accepts,
    head: RequestHead,
    host: HttpExchangeHost,
    parsedBody: unknown,
    awaitsContinue: boolean,
  ) {
    super(accepts, head, host.bodies)
    this.request = request
    this.response = response
    this.#host = host
    this.#parsedBody = parsedBody
    this.#awaitsContinue = awaitsContinue
  }

  get native(): IncomingMessage {
    return this.request
  }

  get method(): string | undefined {
    return this.request.method
  }

  get url(): string | undefined {
    return this.request.url
  }

  /** Express sets `originalUrl` where it removes a mount point from `url`. */
  get target(): string {
    return (this.request as { originalUrl?: string }).originalUrl ?? this.request.url ?? ''
  }

  get scheme(): 'http' | 'https' {
    // Adapters may have no socket.
    const { socket } = this.request as { readonly socket?: { readonly encrypted?: unknown } }
    return socket?.encrypted === true ? 'https' : 'http'
  }

  get headers(): RequestHeaders {
    return this.request.headers as RequestHeaders
  }

  get headerLines(): readonly string[] {
    return headerLines(this.request)
  }

  get mayHideHeaders(): boolean {
    const { rawHeaders, socket } = this.request
    const count = (rawHeaders?.length ?? 0) / 2
    const { maxHeadersCount } = serverSettings(socket)
    if (maxHeadersCount === 0) return false
    return count >= (maxHeadersCount ?? NODE_MAX_HEADERS)
  }

  get parsedBody(): unknown {
    return parsedBodyOf(this.request, this.#parsedBody)
  }

  prefetchBody(): void {
    this.#bodyReader.prefetch()
  }

  readBody(done: (error: BodyError | undefined, body: Buffer) => void): void {
    this.#bodyReader.read((error, body, charged) => {
      this.#reader = undefined
      this.charged += charged
      if (error === undefined) this.body = body
      done(error, body)
    })
    // Only now: a body whose Content-Length is too large has been refused already, and is never sent.
    const { response } = this
    if (this.#awaitsContinue && !response.headersSent && !hasReply(response)) response.writeContinue()
  }

  cancelBody(): void {
    this.#reader?.cancel()
  }

  get hasReplied(): boolean {
    return this.response.headersSent
  }

  get canReply(): boolean {
    return !this.response.headersSent && !this.response.destroyed
  }

  get closed(): boolean {
    return this.response.destroyed
  }

  onClose(listener: () => void): void {
    this.response.on('close', listener)
  }

  offClose(listener: () => void): void {
    this.response.off('close', listener)
  }

  json(status: number, text: string, extra?: readonly string[]): boolean {
    return sendJson(this.response, status, text, this.replyHeaders(extra), this.#host.replyOptions)
  }

  html(text: string, extra?: readonly string[]): boolean {
    return sendHtml(this.response, text, this.replyHeaders(extra), this.#host.replyOptions)
  }

  empty(status: number, extra?: readonly string[]): boolean {
    return sendEmpty(this.response, status, this.replyHeaders(extra), this.#host.replyOptions)
  }

  reject({ status, error, id, headers, reason }: Rejection, closeAfter = false): void {
    const { replyOptions, closingReplyOptions } = this.#host
    const options = closeAfter ? closingReplyOptions : replyOptions
    sendError(this.response, status, id, error, this.replyHeaders(headers), options)
    const { request } = this
    this.#host.onRejected({ status, error, request, ...(reason !== undefined && { reason }) }, this.response)
  }

  eventSink(owner: EventSinkOwner): EventSink {
    return new SseWriter(this.response, owner)
  }

  get #bodyReader(): BodyReader {
    this.#reader ??= new BodyReader(this.request, this.#host.maxBodyBytes, this.#host)
    return this.#reader
  }
}

/** The header lines of a request, made from `headers` where an adapter provides no `rawHeaders`. */
export function headerLines({ rawHeaders, headers }: IncomingMessage): readonly string[] {
  if (rawHeaders?.length > 0) return rawHeaders
  return Object.entries(headers).flatMap(([name, values = []]) =>
    [values].flat().flatMap((value) => [name, value]),
  )
}
