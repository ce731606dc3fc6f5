/**
 * The HTTP port on `Request` and `Response`.
 *
 *    waiting --json, empty, reject, an event stream--> replied
 *         \--the connection closes--> closed                        a response that nobody reads ends the promise
 *
 * Not here: how a body is read (body.ts), event streams (sse-source.ts).
 */

import type { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import { Gate } from '../bounds/gate.ts'
import { BaseExchange } from '../http/base-exchange.ts'
import type { BodyError } from '../http/body-error.ts'
import { withEventStreamHeaders } from '../http/event-stream-head.ts'
import type { HttpExchange, RequestHeaders } from '../http/http-exchange.ts'
import type { Accepts } from '../http/media-type.ts'
import type { Rejection } from '../http/rejection.ts'
import type { RequestHead } from '../http/request-headers.ts'
import { encodeError } from '../jsonrpc/encode.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import { readBody } from './body.ts'
import { httpChannels } from './diagnostics.ts'
import { type SseHost, SseSource } from './sse-source.ts'

/** The argument of the `onRejected` hook. */
export interface FetchRefusal {
  /** HTTP status of the reply. */
  readonly status: number
  /** The JSON-RPC error of the reply. */
  readonly error: RpcError
  /** The refused request. */
  readonly request: Request
  /** Why, where the error says less: which claim of a token failed, what was expected, what came. */
  readonly reason?: string | undefined
}

/** What all requests of one handler have in common. */
export interface WebExchangeHost {
  readonly maxBodyBytes: number
  /** What the bodies of all requests may take together. */
  readonly bodies: ByteBudget
  onRejected(refusal: FetchRefusal): void
}

/** What one request brings beside itself. */
export interface WebCall {
  readonly parsedBody: unknown
  /** Called with work that continues after the response. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
}

/** For a client that has disconnected: RFC 9110 has no status for it, and none would arrive. */
const CLIENT_GONE = 499

export class WebHttpExchange<Principal>
  extends BaseExchange<Principal>
  implements HttpExchange<Principal>, SseHost
{
  readonly #request: Request
  readonly #target: string
  readonly #host: WebExchangeHost
  readonly #call: WebCall
  readonly #resolve: (response: Response) => void
  #replied = false
  #closed = false
  #listeners: Set<() => void> | undefined = undefined
  #headers: RequestHeaders | undefined = undefined
  /** Lifecycle: while work is in progress that `waitUntil` was called with. */
  #work: Gate | undefined = undefined

  /**
   * @param target - path and query of the request
   * @param resolve - takes the response, once
   */
  constructor(
    request: Request,
    target: string,
    accepts: Accepts,
    head: RequestHead,
    host: WebExchangeHost,
    call: WebCall,
    resolve: (response: Response) => void,
  ) {
    super(accepts, head, host.bodies)
    this.#request = request
    this.#target = target
    this.#host = host
    this.#call = call
    this.#resolve = resolve
  }

  get native(): Request {
    return this.#request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#target
  }

  get target(): string {
    return this.#target
  }

  get scheme(): 'http' | 'https' {
    return this.#request.url.startsWith('https:') ? 'https' : 'http'
  }

  get headers(): RequestHeaders {
    this.#headers ??= Object.fromEntries(this.#request.headers)
    return this.#headers
  }

  get headerLines(): readonly string[] {
    return [...this.#request.headers].flat()
  }

  get mayHideHeaders(): boolean {
    return false
  }

  get parsedBody(): unknown {
    return this.#call.parsedBody
  }

  /** The platform holds back what is not read. */
  prefetchBody(): void {}

  readBody(done: (error: BodyError | undefined, body: Buffer) => void): void {
    const { maxBodyBytes, bodies } = this.#host
    readBody(this.#request, maxBodyBytes, bodies, (error, body, charged) => {
      this.charged += charged
      if (error === undefined) this.body = body
      done(error, body)
      if (error?.kind === 'aborted') this.#onAbort()
    })
  }

  cancelBody(): void {}

  override holdBody(): void {
    super.holdBody()
    this.#begin()
    // Its client may be gone already, since a token is verified and a body read in the meantime.
    if (this.closed) this.#onAbort()
  }

  override releaseBody(): void {
    super.releaseBody()
    this.#work?.open()
  }

  override detachBody(): () => void {
    const giveBack = super.detachBody()
    const work = this.#begin()
    this.#work = undefined
    return () => {
      giveBack()
      work?.open()
    }
  }

  get hasReplied(): boolean {
    return this.#replied
  }

  get canReply(): boolean {
    return !this.#replied && !this.closed
  }

  get closed(): boolean {
    return this.#closed || (!this.#replied && this.#request.signal.aborted)
  }

  onClose(listener: () => void): void {
    if (this.#listeners === undefined) {
      this.#listeners = new Set()
      this.#request.signal.addEventListener('abort', this.#onAbort)
    }
    this.#listeners.add(listener)
  }

  offClose(listener: () => void): void {
    this.#listeners?.delete(listener)
    if (this.#listeners?.size === 0) this.#unlisten()
  }

  json(status: number, text: string, extra?: readonly string[]): boolean {
    return this.#reply(status, text, this.#typed('application/json', extra))
  }

  html(text: string, extra?: readonly string[]): boolean {
    return this.#reply(200, text, this.#typed('text/html; charset=utf-8', extra))
  }

  empty(status: number, extra?: readonly string[]): boolean {
    return this.#reply(status, null, this.replyHeaders(extra))
  }

  /** The rest of a body that was not read is left to the platform. */
  reject({ status, error, id, headers, reason }: Rejection): void {
    this.json(status, encodeError(id, error), headers)
    const request = this.#request
    httpChannels.rejected(request, error)
    this.#host.onRejected({ status, error, request, ...(reason !== undefined && { reason }) })
  }

  eventSink(owner: EventSinkOwner): EventSink {
    return new SseSource(this, owner)
  }

  respond(headers: readonly string[] | undefined, body: ReadableStream<Uint8Array>): void {
    const response = new Response(body, { status: 200, headers: recordOf(withEventStreamHeaders(headers)) })
    this.#replied = true
    this.#settle(response)
  }

  #reply(status: number, body: string | null, headers: readonly string[] = []): boolean {
    if (this.closed) this.#onAbort()
    if (!this.canReply) return false
    this.#replied = true
    this.#unlisten()
    this.#settle(new Response(body, { status, headers: recordOf(headers) }))
    return true
  }

  #typed(contentType: string, extra: readonly string[] | undefined): readonly string[] {
    return ['Content-Type', contentType, ...(this.replyHeaders(extra) ?? [])]
  }

  #settle(response: Response): void {
    httpChannels.end(this.#request, response)
    this.#resolve(response)
  }

  /** Work begins that may outlive the response. */
  #begin(): Gate | undefined {
    const { waitUntil } = this.#call
    if (waitUntil !== undefined && this.#work === undefined) {
      this.#work = new Gate()
      waitUntil(this.#work.passed)
    }
    return this.#work
  }

  readonly #onAbort = (): void => {
    if (this.#closed) return
    this.#closed = true
    const listeners = this.#listeners ?? []
    this.#unlisten()
    for (const listener of [...listeners]) listener()
    if (!this.#replied) this.#resolve(new Response(null, { status: CLIENT_GONE }))
  }

  #unlisten(): void {
    if (this.#listeners === undefined) return
    this.#listeners = undefined
    this.#request.signal.removeEventListener('abort', this.#onAbort)
  }
}

/** Of a flat list: names that are repeated have lists as values, which are joined. */
function recordOf(list: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let i = 0; i < list.length; i += 2) {
    const [name, value] = [list[i] as string, list[i + 1] as string]
    record[name] = name in record ? `${record[name]}, ${value}` : value
  }
  return record
}
