/**
 * The `ctx` argument: what a handler sees of the request it answers.
 *
 * One small object for each request. Everything that costs something is created on first use, so that a handler
 * which does not use `ctx` pays for a few fields. Functions are getters that return a bound closure, so that
 * `const { progress, signal } = ctx` works.
 */

import { markHandled } from '../bounds/is-promise.ts'
import type { Access } from '../http/access.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { SchemaLike } from '../json-schema/adapter/standard-schema.ts'
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
import type { Elicit } from './client-input/elicit.ts'
import { OpenKeys } from './client-input/handler-calls.ts'
import { InMemoryInput } from './client-input/in-memory-input.ts'
import { elicit, listRoots, sample } from './client-input/input-requests.ts'
import { runOnce } from './client-input/once-value.ts'
import { type ErrorInfo, type ErrorReporter, entryNameOf, setEntryName } from './error-report.ts'
import { type Log, Messages } from './messages.ts'
import { checkRetry, isWrong } from './notification-check.ts'
import { metaOf, type RpcRequest } from './outcome.ts'
import type { RateLimit } from './rate-limit.ts'
import type { CacheHint, CalledTool, Principal, RpcExchange } from './rpc-exchange.ts'
import { stringProblem } from './shape.ts'
import { requireScopes } from './status-error.ts'
import { readTrace, type TraceContext } from './trace.ts'

/** Requests for which it was reported that an entry is hidden. */
const reportedHidden = new WeakSet<RpcRequest>()

export interface ClientInfo extends Implementation {
  /** What it declared that it can do. */
  readonly capabilities: ClientCapabilities
}

export class RequestContext {
  readonly #exchange: RpcExchange
  readonly #request: RpcRequest
  readonly #reporter: ErrorReporter
  #inMemory: InMemoryInput | undefined
  #locals: Record<string, unknown> | undefined
  /** Lifecycle: from the first progress or log message. */
  #messages: Messages | undefined
  /** Lifecycle: from the first question. */
  #openKeys: OpenKeys | undefined
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

  /** For middleware to pass values to the handler: an object of this request, empty at first. */
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
    return metaOf(this.#request)
  }

  /** Aborts on cancellation, session end, shutdown, or a connection lost for too long. Pass it on. */
  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  /** Name and version of the client, as it gives them itself, and the capabilities that it declared. */
  get client(): ClientInfo {
    const { info, capabilities } = this.#exchange.peer
    return { ...info, capabilities }
  }

  /** The caller, according to the bearer token; `undefined` where the server requires no token. */
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
   * Sends the client a progress notification. Does nothing when the client gave no progress token, when `progress`
   * does not exceed the last value, and after the result. Where the call has become a task, `message` becomes its
   * status message, token or not. Above `messageRate` only the latest value is sent.
   *
   * Await it where a handler can send more than a slow client reads. The promise resolves when the client has read
   * what was sent before, when its connection is lost, and when the call ends or is aborted. While the client of a
   * resumable stream is disconnected, it waits for the client, so that nothing is lost. Without `await`, the
   * connection of a client that is too slow (`maxStreamBufferBytes`) is closed.
   *
   * Spec: 2025-11-25 progress {@link spec.progress}.
   *
   * @returns a promise that never rejects
   */
  get progress(): (progress: number, total?: number, message?: string) => Promise<void> {
    return this.#sender.progress
  }

  /** `ctx.log.info(data)` and so on for each severity; can be awaited as `progress`. */
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
      this.#ask('elicit', key, () => elicit(this.#exchange, key, params, options)) as Promise<
        ElicitResult<never>
      >
  }

  /**
   * Asks the client's model (sampling).
   *
   * @param key - names the request within this call, unique among those that are made together
   * @throws {MissingCapabilityError} the client did not declare sampling (or `sampling.tools`, when `tools` are
   *   given); nothing was sent
   * @throws {McpError} as `elicit`
   */
  get sample(): (
    key: string,
    params: CreateMessageParams,
    options?: AskOptions,
  ) => Promise<CreateMessageResult> {
    return (key, params, options) =>
      this.#ask('sample', key, () => sample(this.#exchange, key, params, options))
  }

  /**
   * Asks for the folders that the client lets this server work in (roots).
   *
   * @throws {MissingCapabilityError} the client did not declare roots; nothing was sent
   * @throws {McpError} as `elicit`
   */
  get listRoots(): (key?: string, options?: AskOptions) => Promise<readonly Root[]> {
    return (key = 'roots', options) =>
      this.#ask('listRoots', key, () => listRoots(this.#exchange, key, options))
  }

  /**
   * Runs a function once for the whole call. In the stateless era the handler runs again from its start after each
   * response of the client (`elicit`, `sample`, `listRoots`): put in here what must not happen twice. The function itself
   * must not ask the client.
   *
   * This holds within a process, also for a client that repeats a request: it gets the result of the function, or an
   * error (-32602) when the result is not kept any more, and the function is not run again, unless it failed. A client
   * that repeats the first request of a call starts another call. Several processes with one `store` or the same
   * `requestState.keys`, and a process and the one that it replaces, do not know of each other's calls: give the function
   * an idempotency key of your own there.
   *
   * @param key - unique within the handler
   * @returns what the function returned the first time: a JSON value, which is part of the sealed request state, or
   *   undefined
   * @throws {TypeError} the function returned something else, such as a Date or a Map: return `date.toISOString()`, or
   *   `[...map]`. It has run, and does not run again
   */
  get once(): <T>(key: string, run: () => T | Promise<T>) => Promise<T> {
    return (key, run) => markHandled(runOnce(this.input, key, run))
  }

  /**
   * Makes the call a task, for a tool registered with `task: 'on-demand'`: the request is answered with the task's
   * id, and the handler continues for as long as it needs. Ask the client first for input that decides whether there is
   * a task at all. A client that repeats its request gets another task, which shares the results of `once`.
   *
   * A client of 2025-11-25 asks for a task with its call, and then the call is one already.
   *
   * @returns false: the client does not support tasks, or did not ask for one, and waits for the result as usual
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
    return () => markHandled(Promise.resolve(this.#exchange.task?.start()).then(() => this.canStartTask))
  }

  /** Whether this call is a task, or `startTask` can make it one. */
  get canStartTask(): boolean {
    return this.#exchange.task !== undefined
  }

  /** @internal Whether the client asked for a task, so that the call is one before its handler runs. */
  get isTaskRequested(): boolean {
    return this.#exchange.task?.isRequested === true
  }

  /**
   * For handlers that `return inputRequired(...)`: the client's responses to it, by key. Unchecked; in the first run
   * (`requestState` is undefined), responses that the client sent without being asked.
   */
  get inputResponses(): JsonObject {
    return this.input.inputResponses
  }

  /** For handlers that `return inputRequired(...)`: the `state` that they returned with it. */
  get requestState(): unknown {
    return this.input.requestState
  }

  /**
   * Notifies the client that a URL-mode elicitation was completed outside of it (2025-11-25). Does nothing when the
   * client did not declare that mode.
   */
  get elicitationComplete(): (elicitationId: string) => void {
    return (elicitationId) => {
      if (isWrong('elicitationComplete', stringProblem(elicitationId), this.#report)) return
      // Without a session, the revision has no such notification.
      const { sessionId, peer } = this.#exchange
      if (sessionId === undefined || !supportsElicitation(peer.capabilities, 'url')) return
      this.#exchange.notify(Notify.elicitationComplete, { elicitationId })
    }
  }

  /**
   * Ends the connection, not the call: the client reconnects for the rest after `retryMs`. For long calls, which need
   * no open connection meanwhile. Does nothing where streams cannot be resumed.
   */
  get closeStream(): (retryMs?: number) => void {
    return (retryMs) => this.#exchange.closeStream(checkRetry(retryMs))
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

  /** @internal What the caller may do; undefined where callers are not authenticated. */
  get access(): Access | undefined {
    return this.#exchange.access
  }

  /** @internal @throws {ScopeError} the caller lacks some of the scopes that the call needs */
  requireScopes(scopes: readonly string[]): void {
    requireScopes(this.#exchange, scopes)
  }

  /**
   * @internal Says which tool the call is of.
   *
   * @throws {RpcError} the era refuses the call
   */
  onTool(tool: CalledTool, args: unknown): void {
    this.#exchange.onTool?.(tool, args)
  }

  /** @internal A context with the same `locals`, for what goes on after the request. */
  successor(exchange: RpcExchange, request: RpcRequest): RequestContext {
    const ctx = new RequestContext(exchange, request, this.#reporter)
    ctx.#locals = this.#locals
    return ctx
  }

  /** @internal Whether the call was aborted, without creating a signal. */
  get aborted(): boolean {
    return this.#exchange.aborted
  }

  /** @internal The request has its outcome, which will be sent next. */
  end(): void {
    this.#messages?.end()
  }

  /** @internal Names what a function of the application belongs to, for the report of its failure. */
  belongsTo(entry: string): void {
    setEntryName(this.#request, entry)
  }

  /** @internal How long the client may cache the result. */
  hintCache(hint: CacheHint): void {
    this.#exchange.cacheHint = hint
  }

  /** @internal Aborts `signal`: this call has its result already. */
  abort(reason: Error): void {
    this.#exchange.abort(reason)
  }

  /** @internal Reports why an entry is hidden from the caller; once for each request, which may check many entries. */
  reportHidden(error: unknown, name: string): void {
    if (reportedHidden.has(this.#request)) return
    reportedHidden.add(this.#request)
    this.#reporter.reportError(error, { phase: 'hook', ...this.errorInfo(), name })
  }

  #ask<T>(method: string, key: string, ask: () => Promise<T>): Promise<T> {
    this.#openKeys ??= new OpenKeys()
    return markHandled(this.#openKeys.ask(method, key, ask))
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
    const name = entryNameOf(this.#request)
    return {
      method: this.method,
      ...(name !== undefined && { name }),
      requestId: this.requestId,
      ...(sessionId !== undefined && { sessionId }),
    }
  }
}
