/**
 * One HTTP request that has passed the checks common to all requests, with what those checks read, and the ways
 * to answer it.
 *
 * Every reply carries the headers that the entrance prescribed (CORS); every refusal is a JSON-RPC error body and
 * is told to one hook.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { Accepts } from './media-type.ts'
import { type ReplyOptions, sendEmpty, sendError, sendJson } from './reply.ts'

/** What a refusal hook is told. */
export interface Refusal {
  /** HTTP status of the reply. */
  readonly status: number
  readonly error: RpcError
  readonly request: IncomingMessage
}

export interface IncomingParts<Principal> {
  readonly accepts: Accepts
  /** Who the credentials of the request speak for. */
  readonly principal: Principal | undefined
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  /** What the headers repeat of the body: the method, and the name of what it is about. */
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  /** A flat list of names and values that every reply carries. */
  readonly replyHeaders: readonly string[] | undefined
  readonly onRefused: (refusal: Refusal, response: ServerResponse) => void
}

export class Incoming<Principal> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly accepts: Accepts
  readonly principal: Principal | undefined
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  readonly #replyHeaders: readonly string[] | undefined
  readonly #onRefused: (refusal: Refusal, response: ServerResponse) => void

  constructor(request: IncomingMessage, response: ServerResponse, parts: IncomingParts<Principal>) {
    this.request = request
    this.response = response
    this.accepts = parts.accepts
    this.principal = parts.principal
    this.sessionId = parts.sessionId
    this.protocolVersion = parts.protocolVersion
    this.lastEventId = parts.lastEventId
    this.methodHeader = parts.methodHeader
    this.nameHeader = parts.nameHeader
    this.#replyHeaders = parts.replyHeaders
    this.#onRefused = parts.onRefused
  }

  /** @param extra - more headers, as a flat list */
  replyHeaders(extra?: readonly string[]): readonly string[] | undefined {
    if (extra === undefined) return this.#replyHeaders
    return this.#replyHeaders === undefined ? extra : [...this.#replyHeaders, ...extra]
  }

  json(status: number, text: string, extra?: readonly string[]): boolean {
    return sendJson(this.response, status, text, this.replyHeaders(extra))
  }

  empty(status: number, extra?: readonly string[]): boolean {
    return sendEmpty(this.response, status, this.replyHeaders(extra))
  }

  /** @param id - of the request that is refused, when it could be read */
  refuse(
    status: number,
    id: JsonRpcId | undefined,
    error: RpcError,
    extra?: readonly string[],
    options?: ReplyOptions,
  ): void {
    sendError(this.response, status, id, error, this.replyHeaders(extra), options)
    this.#onRefused({ status, error, request: this.request }, this.response)
  }
}
