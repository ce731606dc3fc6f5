/**
 * The session era's side of the seam: one admitted request, from its admission to its answer.
 *
 *    running --complete--> answered          nothing is sent for a request after either
 *           \--cancel---> cancelled
 *
 * Spec: 2025-11-25 cancellation {@link spec.cancellation}.
 * Invariant: exactly one of `complete` and `cancel` has an effect, once.
 * Not here: how messages travel; a transport implements `ResponseChannel`.
 */

import { Abortable } from '../dispatch/abortable.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import type {
  Peer,
  Principal,
  RpcExchange,
  SendRequest,
  SendRequestOptions,
} from '../dispatch/rpc-exchange.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { McpServer } from '../features/server.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { encodeNotification, encodeRequest } from '../jsonrpc/encode.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { SessionEraSettings } from './options.ts'
import { encodeOutcome } from './results.ts'
import type { Revision } from './revisions.ts'
import type { Session, SessionCall } from './session.ts'

/** What a request needs of the transport that brought it: the response that its answer will be in. */
export interface ResponseChannel {
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  readonly principal: Principal | undefined
  readonly headers: RequestHeaders
  /** Whether messages can be sent before the answer. */
  readonly canStream: boolean
  /** Where it is defined, much waits for the client: resolves, and never rejects, when it has taken what does. */
  readonly room: Promise<void> | undefined
  /**
   * Sends a message that belongs to the requests.
   *
   * @returns false when it cannot reach the client
   */
  send(json: string): boolean
  /** Ends the connection, not the response. See `RequestContext.closeStream`. */
  disconnect(retryMs: number | undefined): void
  /** @param json - the response; undefined when the request was cancelled and gets none */
  answer(exchange: SessionCall, json: string | undefined): void
  /**
   * Answers with the status of a limit.
   *
   * @returns false: no status can be sent, and nothing was done
   */
  reject(exchange: SessionCall, error: LimitError): boolean
  /** Aborts all requests of the response, and sends the error. */
  fail(error: RpcError): void
  /** A session was opened for the client, and the response tells it. */
  sessionOpened(session: Session): void
}

export interface ExchangeHost {
  readonly server: McpServer
  readonly settings: Pick<SessionEraSettings, 'messageRate' | 'requestTimeoutMs' | 'elicitTimeoutMs'>
}

export class SessionExchange extends Abortable implements RpcExchange, SessionCall {
  readonly clientInput = undefined
  cacheHint = undefined
  protected readonly channel: ResponseChannel
  readonly #request: RpcRequest
  readonly #host: ExchangeHost
  #settled = false

  constructor(request: RpcRequest, channel: ResponseChannel, host: ExchangeHost) {
    super()
    this.#request = request
    this.#host = host
    this.channel = channel
  }

  get requestId(): string | number {
    return this.#request.id
  }

  get session(): Session | undefined {
    return this.channel.session
  }

  get revision(): RevisionName {
    return this.channel.revision.name
  }

  get peer(): Peer {
    return this.channel.peer
  }

  get principal(): Principal | undefined {
    return this.channel.principal
  }

  get sessionId(): string | undefined {
    return this.channel.session?.id
  }

  get headers(): RequestHeaders {
    return this.channel.headers
  }

  get logLevel(): LogLevel | undefined {
    return this.channel.session?.record.logLevel
  }

  get messageRate(): Rate | undefined {
    return this.#host.settings.messageRate
  }

  get settled(): boolean {
    return this.#settled
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    if (this.#settled || !this.channel.send(encodeNotification(method, params))) return undefined
    return this.untilRoom(this.channel.room)
  }

  closeStream(retryMs?: number): void {
    if (!this.#settled) this.channel.disconnect(retryMs)
  }

  /** Answers the request. */
  complete(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.release()
    const limit = 'error' in outcome && outcome.error instanceof LimitError ? outcome.error : undefined
    if (limit !== undefined && this.channel.reject(this, limit)) return
    const { server } = this.#host
    this.channel.answer(this, encodeOutcome(this.#request, outcome, this.channel.revision, server))
  }

  cancel(reason: Error): void {
    if (this.#settled) return
    this.#settled = true
    this.abort(reason)
    this.channel.answer(this, undefined)
  }

  fail(error: RpcError): void {
    this.channel.fail(error)
  }

  /** Made when it is asked for: most calls ask nothing. */
  get request(): SendRequest | undefined {
    if (this.channel.session === undefined || !this.channel.canStream) return undefined
    return (method, params, options) => this.#send(method, params, options)
  }

  /** A real request to the client, on the stream of this call, so that it never goes to somebody else's. */
  #send(method: string, params: JsonObject, options?: SendRequestOptions): Promise<unknown> {
    const { session } = this.channel
    if (session === undefined || this.#settled) {
      return Promise.reject(new McpError('ERR_REQUEST_ABORTED', `${method} was not sent: the call is over`))
    }
    const { pending } = session
    const id = pending.nextId()
    const { requestTimeoutMs, elicitTimeoutMs } = this.#host.settings
    const usualMs = options?.waitsForUser === true ? elicitTimeoutMs : requestTimeoutMs
    return pending.send(id, {
      method,
      timeoutMs: options?.timeoutMs ?? usualMs,
      signal: this.signal,
      write: () => {
        if (this.channel.send(encodeRequest(id, method, params))) return
        throw new McpError('ERR_REQUEST_ABORTED', `${method} was not sent: the client is gone`)
      },
      onAbandon: (error) => {
        this.channel.send(encodeNotification(Notify.cancelled, { requestId: id, reason: error.message }))
      },
    })
  }
}
