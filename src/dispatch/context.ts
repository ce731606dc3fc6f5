/**
 * What a handler sees of the request it answers: the `ctx` argument.
 *
 * One small object a request. Everything that costs something is made when it is first asked for, so that a
 * handler which never looks at `ctx` pays for two fields. Functions are getters that give a bound closure, so
 * that `const { progress, signal } = ctx` works.
 */

import type { RequestHeaders } from '../http/http-exchange.ts'
import type { InferInput, SchemaLike } from '../json-schema/adapter/standard-schema.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Notify } from '../protocol/methods.ts'
import type {
  ClientCapabilities,
  CreateMessageParams,
  CreateMessageResult,
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  Implementation,
  JsonObject,
  Root,
} from '../protocol/wire-types.ts'
import { supportsElicitation } from './client-input/client-capabilities.ts'
import type { AskOptions, ClientInput } from './client-input/client-input.ts'
import { InMemoryInput } from './client-input/in-memory-input.ts'
import { elicit, listRoots, sample } from './client-input/input-requests.ts'
import type { ErrorInfo, ErrorReporter } from './error-report.ts'
import { type Log, Messages } from './messages.ts'
import { isWrong } from './notice-check.ts'
import type { RpcRequest } from './outcome.ts'
import type { RateLimit } from './rate-limit.ts'
import type { CacheHint, Principal, RpcExchange } from './rpc-exchange.ts'
import { stringProblem } from './shape.ts'
import { readTrace, type TraceContext } from './trace.ts'

/** Requests for which it was reported that an entry is hidden. */
const reportedHidden = new WeakSet<RpcRequest>()

export interface ClientInfo extends Implementation {
  /** What it declared that it can do. */
  readonly capabilities: ClientCapabilities
}

/** What a form gives for its schema; a schema of unknown type still describes an object. */
export type FormContent<Schema> = unknown extends InferInput<Schema> ? JsonObject : InferInput<Schema>

/** See {@link RequestContext.elicit}. */
export interface Elicit {
  /**
   * @param key - names the question within this call, unique among those asked together
   * @param params - `requestedSchema` is a JSON Schema literal or a Standard Schema
   * @returns the user's action, and for an accepted form its content: checked (`format` too), with defaults
   *   filled in, after the transforms of a Standard Schema
   */
  <const Schema extends SchemaLike>(
    key: string,
    params: ElicitFormParams<Schema>,
    options?: AskOptions,
  ): Promise<ElicitResult<FormContent<Schema>>>
  (key: string, params: ElicitUrlParams, options?: AskOptions): Promise<ElicitResult<undefined>>
}

export class RequestContext {
  readonly #exchange: RpcExchange
  readonly #request: RpcRequest
  readonly #reporter: ErrorReporter
  #inMemory: InMemoryInput | undefined
  #locals: Record<string, unknown> | undefined
  /** Lifecycle: from the first progress or log message. */
  #messages: Messages | undefined
  #isCounted = false

  /** @internal */
  constructor(exchange: RpcExchange, request: RpcRequest, reporter: ErrorReporter) {
    this.#exchange = exchange
    this.#request = request
    this.#reporter = reporter
  }

  /** The JSON-RPC method, for middleware. */
  get method(): string {
    return this.#request.method
  }

  /** The raw parameters, for middleware. */
  get params(): JsonObject | undefined {
    return this.#request.params
  }

  /** For middleware to hand values to the handler: an object of this request, empty at first. */
  get locals(): Record<string, unknown> {
    this.#locals ??= Object.create(null) as Record<string, unknown>
    return this.#locals
  }

  /** The id that the client gave the request. Not unique: real clients reuse ids. */
  get requestId(): string | number {
    return this.#request.id
  }

  /** `_meta` of the request. */
  get meta(): JsonObject {
    const meta = this.#request.params?.['_meta']
    return typeof meta === 'object' && meta !== null ? (meta as JsonObject) : {}
  }

  /** Aborts on cancellation, session end, shutdown, or a connection lost for too long. Pass it on. */
  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  /** Who the client says it is, and what it declared that it can do. */
  get client(): ClientInfo {
    const { info, capabilities } = this.#exchange.peer
    return { ...info, capabilities }
  }

  /** Who the bearer token says is calling; `undefined` where the server asks for no token. */
  get auth(): Principal | undefined {
    return this.#exchange.principal
  }

  /** The session of the call; `undefined` where there is none. */
  get session(): { readonly id: string } | undefined {
    const id = this.#exchange.sessionId
    return id === undefined ? undefined : { id }
  }

  /** W3C trace context, from `_meta` or from the HTTP headers; `undefined` where there is none. */
  get trace(): TraceContext | undefined {
    return readTrace(this.meta, this.#exchange.headers)
  }

  /** The revision that the call speaks, such as `2025-11-25`. */
  get protocolVersion(): string {
    return this.#exchange.revision
  }

  /** Headers of the HTTP request that carries the call, names in lower case. */
  get headers(): RequestHeaders {
    return this.#exchange.headers
  }

  /**
   * Tells the client how far the work is. Does nothing when the client gave no progress token, when `progress`
   * does not exceed the last value, and after the result. Where the call has become a task, `message` is what its
   * status says, token or not. Above `messageRate` only the latest value is sent.
   *
   * Await it where a handler can send more than a slow client reads. The promise resolves when the client has taken
   * what was sent before, when its connection is lost, and when the call ends or is aborted. While the client of a
   * resumable stream is away, it waits for the client rather than lose what was not sent yet. Without `await`, a
   * client that is too slow (`maxStreamBufferBytes`) loses its connection.
   *
   * Spec: 2025-11-25 progress {@link spec.progress}.
   *
   * @returns a promise that never rejects
   */
  get progress(): (progress: number, total?: number, message?: string) => Promise<void> {
    return this.#sender.progress
  }

  /** `ctx.log.info(data)` and so on for each severity; to be awaited as `progress`. */
  get log(): Log {
    return this.#sender.log
  }

  /**
   * Asks the user, through the client: a form (`requestedSchema`), or a page to visit (`url`).
   *
   * @throws {MissingCapabilityError} the client did not declare elicitation in this mode; nothing was sent
   * @throws {TypeError} a `requestedSchema` that is no flat object of primitives, or a `url` that is none
   * @throws {McpError} `ERR_REQUEST_TIMEOUT`, `ERR_REQUEST_ABORTED`, `ERR_INVALID_ANSWER`, `ERR_CLIENT_ANSWER`
   *
   * @example
   * ```ts
   * const { action, content } = await ctx.elicit('confirm', {
   *   message: 'Deploy?',
   *   requestedSchema: { type: 'object', properties: { sure: { type: 'boolean' } }, required: ['sure'] },
   * })
   * if (action === 'accept' && content.sure) deploy()
   * ```
   */
  get elicit(): Elicit {
    return (key: string, params: ElicitFormParams<SchemaLike> | ElicitUrlParams, options?: AskOptions) =>
      // The overloads say what the schema makes of the content; the check of the answer keeps that promise.
      markHandled(elicit(this.#exchange, key, params, options)) as Promise<ElicitResult<never>>
  }

  /**
   * Asks the client's model.
   *
   * @param key - names the question within this call
   * @throws {MissingCapabilityError} the client did not declare sampling (or `sampling.tools`, when `tools` are
   *   given); nothing was sent
   * @throws {McpError} as `elicit`
   */
  get sample(): (
    key: string,
    params: CreateMessageParams,
    options?: AskOptions,
  ) => Promise<CreateMessageResult> {
    return (key, params, options) => markHandled(sample(this.#exchange, key, params, options))
  }

  /**
   * Asks for the folders that the client lets this server work in.
   *
   * @throws {MissingCapabilityError} the client did not declare roots; nothing was sent
   * @throws {McpError} as `elicit`
   */
  get listRoots(): (key?: string, options?: AskOptions) => Promise<readonly Root[]> {
    return (key = 'roots', options) => markHandled(listRoots(this.#exchange, key, options))
  }

  /**
   * Runs a function once for the whole call. Where a question to the client ends the round, the handler runs again
   * from its top when the answer is there; what must not happen twice goes in here.
   *
   * It holds within a process, also for a client that repeats a round: it gets what the function gave, or an error
   * (-32602) when that is not kept any more, and the function is not run again. A function that failed is. A client that
   * repeats the whole call from its first round makes another call. Several processes with the same `requestState.keys`,
   * and a process and the one that it replaces, know nothing of each other's rounds: give the function an idempotency
   * key of your own there.
   *
   * @param key - unique within the handler
   * @returns what the function returned the first time: a JSON value, which travels with the call, sealed
   */
  get once(): <T>(key: string, run: () => T | Promise<T>) => Promise<T> {
    return (key, run) => markHandled(this.input.once(key, run))
  }

  /**
   * Makes the call a task, for a tool registered with `task: 'on-demand'`: the request is answered with the task's
   * id, and the handler goes on for as long as it needs. What must be asked before there is a task is asked before. A
   * client that repeats its request gets another task, which shares what `once` has done.
   *
   * @returns false: the client does not know tasks, and waits for the result as ever
   * @throws {RpcError} -32000, there are too many tasks
   *
   * @example
   * ```ts
   * const { action } = await ctx.elicit('confirm', { message: 'Rebuild all?', requestedSchema: { type: 'object', properties: {} } })
   * if (action !== 'accept') return 'Nothing was done'
   * await ctx.startTask()
   * return await rebuild(ctx.signal)
   * ```
   */
  get startTask(): () => Promise<boolean> {
    return async () => {
      await this.#exchange.task?.start()
      return this.canStartTask
    }
  }

  /** Whether this call is a task, or `startTask` can make it one. */
  get canStartTask(): boolean {
    return this.#exchange.task !== undefined
  }

  /**
   * For handlers that `return inputRequired(...)`: the answers to it, by key, as the client gave them. Unchecked, and
   * in the first round (`requestState` is undefined) what a client answers ahead, to questions that were not put yet.
   */
  get inputResponses(): JsonObject {
    return this.input.inputResponses
  }

  /** For handlers that `return inputRequired(...)`: the `state` that they gave. */
  get requestState(): unknown {
    return this.input.requestState
  }

  /**
   * Tells the client that a URL-mode elicitation was completed outside of it (2025-11-25). Does nothing when the
   * client did not declare that mode.
   */
  get elicitationComplete(): (elicitationId: string) => void {
    return (elicitationId) => {
      if (isWrong('elicitationComplete', stringProblem(elicitationId), this.#report)) return
      if (!supportsElicitation(this.#exchange.peer.capabilities, 'url')) return
      this.#exchange.notify(Notify.elicitationComplete, { elicitationId })
    }
  }

  /**
   * Ends the connection, not the call: the client reconnects for the rest after `retryMs`. For long work, where
   * an open connection is a burden. Does nothing where streams cannot be resumed.
   */
  get closeStream(): (retryMs?: number) => void {
    return (retryMs) => this.#exchange.closeStream(retryMs)
  }

  /** @internal What earlier round trips of the call have brought. */
  get input(): ClientInput | InMemoryInput {
    const { clientInput } = this.#exchange
    if (clientInput !== undefined) return clientInput
    this.#inMemory ??= new InMemoryInput()
    return this.#inMemory
  }

  /**
   * @internal Counts the call, once however often its handler runs.
   *
   * @throws {LimitError} 429
   */
  count(limit: RateLimit): void {
    if (this.#isCounted) return
    this.#isCounted = true
    const refusal = limit.take(this.#exchange.principal?.id, this.#exchange.sessionId)
    if (refusal !== undefined) throw refusal
  }

  /** @internal Whether the call was aborted, without making a signal for the question. */
  get aborted(): boolean {
    return this.#exchange.aborted
  }

  /** @internal The outcome of the request is there, and sent next. */
  end(): void {
    this.#messages?.end()
  }

  /** @internal Says how long the client may keep the answer. */
  hintCache(hint: CacheHint): void {
    this.#exchange.cacheHint = hint
  }

  /** @internal Aborts `signal`: the answer of this call is settled already. */
  abort(reason: Error): void {
    this.#exchange.abort(reason)
  }

  /** @internal Reports why an entry is hidden from the caller; once a request, which may look at many entries. */
  reportHidden(error: unknown, name: string): void {
    if (reportedHidden.has(this.#request)) return
    reportedHidden.add(this.#request)
    this.#reporter.reportError(error, { phase: 'hook', ...this.errorInfo(), name })
  }

  get #report(): (error: unknown) => void {
    return (error) => this.#reporter.reportError(error, { phase: 'output', ...this.errorInfo() })
  }

  get #sender(): Messages {
    this.#messages ??= new Messages(this.#exchange, this.meta[MetaKey.PROGRESS_TOKEN], this.#report)
    return this.#messages
  }

  /** @internal What an error report says about this request. */
  errorInfo(): Omit<ErrorInfo, 'phase'> {
    const sessionId = this.#exchange.sessionId
    return {
      method: this.method,
      requestId: this.requestId,
      ...(sessionId !== undefined && { sessionId }),
    }
  }
}

/** What a handler has begun and does not wait for must not, when it fails, end the process. */
function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
