/**
 * One HTTP request that has passed the checks common to all requests, with what those checks read, and the ways
 * to answer it.
 *
 * Every reply carries the headers that the entrance prescribed (CORS); every refusal is a JSON-RPC error body and
 * is told to one hook.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import type { Accepts } from '../http/media-type.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import { type ReplyOptions, sendEmpty, sendError, sendJson } from './response.ts'

/** What a refusal hook is told. */
export interface Refusal {
  /** HTTP status of the reply. */
  readonly status: number
  /** What the client is told. */
  readonly error: RpcError
  /** The request that is refused. */
  readonly request: IncomingMessage
}

/** The headers that say what a request is about, in this order, and any others. */
export type RoutingHeaders = readonly [
  sessionId: string | undefined,
  protocolVersion: string | undefined,
  lastEventId: string | undefined,
  methodHeader: string | undefined,
  nameHeader: string | undefined,
  ...others: (string | undefined)[],
]

/** What all requests of one handler have in common. */
export interface HttpExchangeHost {
  readonly replyOptions: ReplyOptions
  readonly closingReplyOptions: ReplyOptions
  /** What the bodies of all requests may take together. */
  readonly bodies: ByteBudget
  onRefused(refusal: Refusal, response: ServerResponse): void
}

export class HttpExchange<Principal> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly accepts: Accepts
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  /** What the headers repeat of the body: the method, and the name of what it is about. */
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  /** Who the credentials of the request speak for; set by the entrance once they are verified. */
  principal: Principal | undefined = undefined
  /** A flat list of names and values that every reply carries; set by the entrance once the origin is allowed. */
  ownReplyHeaders: readonly string[] | undefined = undefined
  /** The bytes of the body; undefined before they are read, and where a framework has read them. */
  body: Buffer | undefined = undefined
  readonly #host: HttpExchangeHost
  /** Bytes of the body that were taken from the budget. */
  #charged = 0
  #held = false

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    accepts: Accepts,
    headers: RoutingHeaders,
    host: HttpExchangeHost,
  ) {
    this.request = request
    this.response = response
    this.accepts = accepts
    this.sessionId = headers[0]
    this.protocolVersion = headers[1]
    this.lastEventId = headers[2]
    this.methodHeader = headers[3]
    this.nameHeader = headers[4]
    this.#host = host
  }

  /** @param extra - more headers, as a flat list */
  replyHeaders(extra?: readonly string[]): readonly string[] | undefined {
    if (extra === undefined) return this.ownReplyHeaders
    return this.ownReplyHeaders === undefined ? extra : [...this.ownReplyHeaders, ...extra]
  }

  json(status: number, text: string, extra?: readonly string[]): boolean {
    return sendJson(this.response, status, text, this.replyHeaders(extra), this.#host.replyOptions)
  }

  empty(status: number, extra?: readonly string[]): boolean {
    return sendEmpty(this.response, status, this.replyHeaders(extra), this.#host.replyOptions)
  }

  /**
   * @param id - of the request that is refused, when it could be read
   * @param closeAfter - the body was not read: the connection cannot go on
   */
  refuse(
    status: number,
    id: JsonRpcId | undefined,
    error: RpcError,
    extra?: readonly string[],
    closeAfter = false,
  ): void {
    const { replyOptions, closingReplyOptions } = this.#host
    const options = closeAfter ? closingReplyOptions : replyOptions
    sendError(this.response, status, id, error, this.replyHeaders(extra), options)
    this.#host.onRefused({ status, error, request: this.request }, this.response)
  }

  /**
   * The body counts against the budget until `release`: its bytes, and what is made of them.
   *
   * @param taken - bytes that were taken from the budget already
   * @param more - bytes to take
   * @returns false when there is no room for more; nothing more was taken then
   */
  charge(taken: number, more: number): boolean {
    this.#charged += taken
    if (more > this.#host.bodies.free) return false
    this.#host.bodies.take(more)
    this.#charged += more
    return true
  }

  /** Work on the request goes on after this turn of the event loop. */
  hold(): void {
    this.#held = true
  }

  /** Nothing needs the body any more. */
  release(): void {
    if (this.#charged > 0) this.#host.bodies.give(this.#charged)
    this.#charged = 0
  }

  /** The turn of the request is over. */
  endTurn(): void {
    if (!this.#held) this.release()
  }

  /**
   * For work that goes on when the request is answered.
   *
   * @returns what releases the body in place of {@link release}
   */
  detachBody(): () => void {
    const charged = this.#charged
    this.#charged = 0
    const { bodies } = this.#host
    return () => bodies.give(charged)
  }
}
