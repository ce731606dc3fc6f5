/**
 * The session era's `RpcExchange`: one request, from its admission to its answer.
 *
 *    running --complete--> answered          nothing is sent for a request after either
 *           \--cancel---> cancelled
 *
 * Spec: 2025-11-25 cancellation {@link spec.cancellation}.
 * Invariant: exactly one of `complete` and `cancel` has an effect, once.
 * Not here: how messages travel; a transport implements `ResponseChannel`.
 */

import { Abortable } from '../dispatch/abortable.ts'
import type { ErrorReporter } from '../dispatch/error-report.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import type { Outcome, RpcRequest } from '../dispatch/outcome.ts'
import type {
  Access,
  CalledTool,
  Peer,
  Principal,
  RpcExchange,
  SendRequest,
  SendRequestOptions,
} from '../dispatch/rpc-exchange.ts'
import { StatusError } from '../dispatch/status-error.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { McpServer } from '../features/server.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { encodeNotification, encodeRequest } from '../jsonrpc/encode.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Notify } from '../protocol/methods.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import { executesAsTask, sendAsTask } from './client-task.ts'
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
  /** Its session ends with the connection: no other node can serve it. */
  readonly bindsSession?: true
  /** Whether messages can be sent before the answer. */
  readonly canStream: boolean
  /** Whether a message reaches the client now, and not only when it reconnects. */
  readonly connected: boolean
  /** Undefined without backpressure; otherwise resolves, and never rejects, when the client has read what is buffered. */
  readonly drained: Promise<void> | undefined
  /**
   * Sends a message that belongs to the requests.
   *
   * @returns false when it cannot reach the client
   */
  send(json: string): boolean
  /** For work that uses the body after the request is answered. @returns what releases it */
  detachBody(): () => void
  /** Ends the connection, not the stream. See `RequestContext.closeStream`. */
  disconnect(retryMs: number | undefined): void
  /** @param json - the response; undefined when the request was cancelled and gets none */
  answer(exchange: SessionCall, json: string | undefined): void
  /**
   * Answers with the HTTP status of a limit, or of scopes that are missing.
   *
   * @returns false: a status cannot be sent any more, and nothing was done
   */
  reject(exchange: SessionCall, error: StatusError): boolean
  /** A client that resumes the stream of the response must have these scopes. */
  need?(scopes: readonly string[] | undefined): void
  /** Aborts all requests of the response, and sends the error. */
  fail(error: RpcError): void
  /** A session was opened: the response carries its id. */
  sessionOpened(session: Session): void
}

export interface ExchangeHost {
  readonly server: McpServer
  /** Undefined with one node. With several, the id of a request to a client names its node. */
  readonly nodes?: { readonly routed: { nextRequestId(): string } } | undefined
  readonly settings: Pick<SessionEraSettings, 'messageRate' | 'requestTimeoutMs' | 'elicitTimeoutMs'>
  readonly limits: Pick<CallLimits, 'access'>
}

export class SessionExchange extends Abortable implements RpcExchange, SessionCall {
  readonly clientInput = undefined
  cacheHint = undefined
  protected readonly channel: ResponseChannel
  readonly #request: RpcRequest
  readonly #host: ExchangeHost
  #settled = false
  #scopes: readonly string[] | undefined = undefined

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

  get access(): Access | undefined {
    return this.#host.limits.access
  }

  get scopes(): readonly string[] | undefined {
    return this.#scopes
  }

  set scopes(scopes: readonly string[] | undefined) {
    this.#scopes = scopes
    this.channel.need?.(scopes)
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

  get reporter(): ErrorReporter {
    return this.#host.server
  }

  /** Whether what is sent before the answer reaches the client now. */
  get canReach(): boolean {
    return !this.#settled && this.channel.connected
  }

  get settled(): boolean {
    return this.#settled
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    if (this.#settled || !this.channel.send(encodeNotification(method, params))) return undefined
    return this.untilDrained(this.channel.drained)
  }

  /** @throws {RpcError} -32601, the tool works only as a task */
  onTool({ worksOnlyAsTask }: CalledTool): void {
    if (!worksOnlyAsTask || !this.channel.revision.hasTasks) return
    const problem = 'This tool works only as a task: call it with "task" in the parameters'
    throw new RpcError(ErrorCode.METHOD_NOT_FOUND, problem)
  }

  /** See `ResponseChannel.detachBody`. */
  detachBody(): () => void {
    return this.channel.detachBody()
  }

  closeStream(retryMs?: number): void {
    if (!this.#settled) this.channel.disconnect(retryMs)
  }

  /** Answers the request. */
  complete(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.release()
    const refusal = 'error' in outcome && outcome.error instanceof StatusError ? outcome.error : undefined
    if (refusal !== undefined && this.channel.reject(this, refusal)) return
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

  /** Sends a request to the client, on the stream of this call: another stream may be that of another user. */
  #send(method: string, params: JsonObject, options?: SendRequestOptions): Promise<unknown> {
    const { requestTimeoutMs, elicitTimeoutMs } = this.#host.settings
    const usualMs = options?.waitsForUser === true ? elicitTimeoutMs : requestTimeoutMs
    const timeoutMs = options?.timeoutMs ?? usualMs
    const send = (name: string, sent: JsonObject, limitMs: number) =>
      this.ask(name, sent, { timeoutMs: limitMs, signal: this.signal })
    const { capabilities } = this.peer
    const isTask = options?.asTask === true && this.channel.revision.hasTasks
    if (!isTask || !executesAsTask(capabilities, method)) return send(method, params, timeoutMs)
    return sendAsTask(send, method, params, timeoutMs, capabilities)
  }

  /**
   * The same, for what may be answered when this call is over.
   *
   * @param waiting - how long to wait for the response
   */
  ask(
    method: string,
    params: JsonObject,
    waiting: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<unknown> {
    const { session } = this.channel
    if (session === undefined || this.#settled) {
      return Promise.reject(new McpError('ERR_REQUEST_ABORTED', `${method} was not sent: the call is over`))
    }
    const { pending } = session
    const id = this.#host.nodes?.routed.nextRequestId() ?? pending.nextId()
    return pending.send(id, {
      method,
      ...waiting,
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
