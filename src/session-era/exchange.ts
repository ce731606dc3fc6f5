/**
 * The session era's side of the seam: one admitted request, from its admission to its answer.
 *
 *    running --complete--> answered          nothing is sent for a request after either
 *           \--cancel---> cancelled
 *
 * Spec: 2025-11-25 cancellation {@link spec.cancellation}.
 * Invariant: exactly one of `complete` and `cancel` has an effect, once.
 */

import { Abortable } from '../dispatch/abortable.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import type { Peer, Principal, RpcExchange, SendRequest } from '../dispatch/rpc-exchange.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { encodeNotification, encodeRequest } from '../jsonrpc/encode.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { PostResponse } from './http/post-response.ts'
import { encodeOutcome } from './results.ts'
import type { Session } from './session.ts'

export class SessionExchange extends Abortable implements RpcExchange {
  readonly request: SendRequest | undefined
  readonly clientInput = undefined
  cacheHint = undefined
  readonly #request: RpcRequest
  readonly #reply: PostResponse
  #settled = false

  constructor(request: RpcRequest, reply: PostResponse) {
    super()
    this.#request = request
    this.#reply = reply
    reply.expect(this)
    this.request = reply.session !== undefined && reply.http.accepts.sse ? this.#send : undefined
  }

  get requestId(): string | number {
    return this.#request.id
  }

  get session(): Session | undefined {
    return this.#reply.session
  }

  get reply(): PostResponse {
    return this.#reply
  }

  get revision(): RevisionName {
    return this.#reply.revision.name
  }

  get peer(): Peer {
    return this.#reply.peer
  }

  get principal(): Principal | undefined {
    return this.#reply.http.principal
  }

  get sessionId(): string | undefined {
    return this.#reply.session?.id
  }

  get headers(): RequestHeaders {
    return this.#reply.http.headers
  }

  get logLevel(): LogLevel | undefined {
    return this.#reply.session?.logLevel
  }

  get messageRate(): Rate | undefined {
    return this.#reply.state.settings.messageRate
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    if (this.#settled || !this.#reply.send(encodeNotification(method, params))) return undefined
    return this.untilRoom(this.#reply.room)
  }

  closeStream(retryMs?: number): void {
    if (!this.#settled) this.#reply.disconnect(retryMs)
  }

  /** Answers the request. */
  complete(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.release()
    const limit = 'error' in outcome && outcome.error instanceof LimitError ? outcome.error : undefined
    if (limit !== undefined && this.#reply.refuse(this, limit)) return
    this.#reply.answer(this, encodeOutcome(this.#request, outcome, this.#reply))
  }

  /** Gives the request up: its signal aborts, and no answer to it is sent. */
  cancel(reason: Error): void {
    if (this.#settled) return
    this.#settled = true
    this.abort(reason)
    this.#reply.answer(this, undefined)
  }

  /** A real request to the client, on the stream of this call, so that it never goes to somebody else's. */
  readonly #send: SendRequest = (method, params, options) => {
    const { session, state } = this.#reply
    if (session === undefined || this.#settled) {
      return Promise.reject(new McpError('ERR_REQUEST_ABORTED', `${method} was not sent: the call is over`))
    }
    const { pending } = session
    const id = pending.nextId()
    const { requestTimeoutMs, elicitTimeoutMs } = state.settings
    const usualMs = options?.waitsForUser === true ? elicitTimeoutMs : requestTimeoutMs
    return pending.send(id, {
      method,
      timeoutMs: options?.timeoutMs ?? usualMs,
      signal: this.signal,
      write: () => {
        if (this.#reply.send(encodeRequest(id, method, params))) return
        throw new McpError('ERR_REQUEST_ABORTED', `${method} was not sent: the client is gone`)
      },
      onAbandon: (error) => {
        this.#reply.send(encodeNotification(Notify.cancelled, { requestId: id, reason: error.message }))
      },
    })
  }
}
