/**
 * The dispatcher: one admitted JSON-RPC request in, one outcome out. It keeps no state and knows no era.
 *
 * A method is looked up in the table that the era gives: what a revision lacks is absent from its table, so
 * there is no list of forbidden methods. Handlers may answer with a value or a promise; a value stays
 * synchronous the whole way, so that a quick call costs no promise and no extra turn of the event loop.
 */

import { randomUUID } from 'node:crypto'
import { isPromise, markHandled } from '../bounds/is-promise.ts'
import { kindOf, quote } from '../bounds/quote.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { MissingCapabilityError, requireDeclared } from './client-input/client-capabilities.ts'
import { fulfilInputRequests, InMemoryInput } from './client-input/in-memory-input.ts'
import { type InputRequest, InputRequired } from './client-input/input-required.ts'
import { UrlElicitationRequiredError } from './client-input/url-elicitation.ts'
import { RequestContext } from './context.ts'
import { rpcChannels } from './diagnostics.ts'
import { concealError, type ErrorInfo, type ErrorReporter, entryName } from './error-report.ts'
import { JsonText } from './json-text.ts'
import type { Failure, Outcome, RpcRequest } from './outcome.ts'
import type { RpcExchange } from './rpc-exchange.ts'
import { checked, ResultError } from './shape.ts'
import { StatusError } from './status-error.ts'

/** `exchange` is for the methods that belong to an era; a feature works with `ctx`. */
export type MethodHandler<Host, E extends RpcExchange = RpcExchange> = (
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: Host,
  exchange: E,
) => unknown

export type MethodTable<Host, E extends RpcExchange = RpcExchange> = ReadonlyMap<
  string,
  MethodHandler<Host, E>
>

/** @returns the result of the request; throws what the request would answer as an error. */
export type Next = () => Promise<unknown>

/**
 * Runs around every request that is dispatched. It may inspect it, wait, throw an `RpcError`, or return another result
 * than that of `next()`.
 *
 * Of `subscriptions/listen`, `next()` gives an empty result as soon as the stream is open. What is thrown before opens
 * no stream, what is thrown after it ends the stream with that error.
 */
export type Middleware = (ctx: RequestContext, next: Next) => unknown

/**
 * Finds the handler of one request by the name of its method, for a server that answers whole methods itself. `exchange`
 * says whose request it is.
 */
export type Override = (
  method: string,
  exchange: RpcExchange,
) => MethodHandler<DispatchHost, never> | undefined

/** What the dispatcher needs of the server that it serves. */
export interface DispatchHost extends ErrorReporter {
  readonly middleware: readonly Middleware[]
  /**
   * Asks whether the caller may do what it asks for, before anything of it is run; undefined: everything may be done.
   *
   * @returns undefined, or a promise of it, when it may; otherwise an answer in the place of the handler's
   * @throws what the request is rejected with
   */
  readonly guard?: ((ctx: RequestContext) => unknown) | undefined
  /** Answers methods in the place of the table of the era; undefined, or what gives undefined: the table answers. */
  readonly override?: Override | undefined
  /** The problem of a result that middleware has passed on or made. */
  readonly resultProblem: (method: string, result: unknown) => string | undefined
}

/** The method exists, but this server has nothing registered that it could serve. */
export class NotOfferedError extends RpcError {
  constructor(message: string) {
    super(ErrorCode.METHOD_NOT_FOUND, message)
  }
}

/**
 * Answers one request.
 *
 * @param methods - the era's table for the negotiated revision
 * @returns the outcome, as a promise only when the handler needed one; never throws or rejects
 */
export function dispatch<Host extends DispatchHost, E extends RpcExchange>(
  request: RpcRequest,
  exchange: E,
  methods: MethodTable<Host, E>,
  host: Host,
): Outcome | Promise<Outcome> {
  const own = host.override?.(request.method, exchange) as MethodHandler<Host, E> | undefined
  const handler = own ?? methods.get(request.method)
  if (handler === undefined) {
    const error = new RpcError(ErrorCode.METHOD_NOT_FOUND, `Method not found: ${quote(request.method)}`)
    return { error, origin: 'protocol' }
  }
  const ctx = new RequestContext(exchange, request, host)
  const channels = rpcChannels.active ? rpcChannels : undefined
  channels?.start(request, exchange)
  let outcome: Outcome | Promise<Outcome>
  try {
    const guarded = host.guard?.(ctx)
    const result =
      guarded === undefined
        ? start(handler, request, exchange, ctx, host)
        : unless(guarded, () => start(handler, request, exchange, ctx, host))
    outcome =
      isPromise(result) || result instanceof InputRequired
        ? finish(result, handler, request, exchange, ctx, host)
        : { result }
  } catch (error) {
    outcome = failed(error, ctx, host)
  }
  if (!isPromise(outcome)) ctx.end()
  if (channels === undefined) return outcome
  if (!isPromise(outcome)) {
    channels.finish(request, exchange, outcome)
    return outcome
  }
  return outcome.then((settled) => {
    channels.finish(request, exchange, settled)
    return settled
  })
}

/** Runs the handler, inside of middleware. */
function start<Host extends DispatchHost, E extends RpcExchange>(
  handler: MethodHandler<Host, E>,
  request: RpcRequest,
  exchange: E,
  ctx: RequestContext,
  host: Host,
): unknown {
  if (host.middleware.length === 0) return handler(request.params, ctx, host, exchange)
  return runMiddleware(host, ctx, () => handler(request.params, ctx, host, exchange))
}

/** Runs a request unless the guard has answered it. */
function unless(answer: unknown, run: () => unknown): unknown {
  return isPromise(answer) ? Promise.resolve(answer).then((settled) => settled ?? run()) : answer
}

/** Waits for a result that is a promise, and serves one that asks the client for input. */
function finish<Host extends DispatchHost, E extends RpcExchange>(
  first: unknown,
  handler: MethodHandler<Host, E>,
  request: RpcRequest,
  exchange: E,
  ctx: RequestContext,
  host: Host,
): Outcome | Promise<Outcome> {
  const allowed = (result: unknown) => {
    if (!(result instanceof InputRequired)) return result
    for (const asked of result.inputRequests.values()) requireDeclared(asked, exchange.peer.capabilities)
    return result
  }
  const check = (result: unknown) =>
    isPromise(result) ? Promise.resolve(result).then(allowed) : allowed(result)
  const run = () => check(start(handler, request, exchange, ctx, host))
  const { input } = ctx
  const result =
    input instanceof InMemoryInput
      ? finishLocally(check(first), exchange, input, run)
      : input.settle(check(first), (reason) => exchange.abort(reason), run)
  if (!isPromise(result)) return { result }
  return Promise.resolve(result).then(
    (value) => {
      ctx.end()
      return { result: value }
    },
    (error) => {
      ctx.end()
      return failed(error, ctx, host)
    },
  )
}

/** Serves a handler's `inputRequired` where the client can be sent requests. */
function finishLocally(
  result: unknown,
  exchange: RpcExchange,
  input: InMemoryInput,
  run: () => unknown,
): unknown {
  const { request } = exchange
  const send =
    request &&
    ((_key: string, { method, params = {} }: InputRequest) =>
      request(method, withElicitationId(params), { waitsForUser: method !== Method.listRoots }))
  const drive = (value: unknown) =>
    value instanceof InputRequired ? fulfilInputRequests(value, send, input, run) : value
  return isPromise(result) ? Promise.resolve(result).then(drive) : drive(result)
}

/**
 * Runs the chain; the innermost call parses a list that is JSON text, so that middleware gets plain values.
 *
 * @throws {ResultError} the chain returned a value that is no result of the method
 */
function runMiddleware(
  { middleware: chain, resultProblem }: DispatchHost,
  ctx: RequestContext,
  innermost: () => unknown,
): Promise<unknown> {
  // No async functions: each would add a promise and turns of the microtask queue to every call.
  const run = (index: number): Promise<unknown> => {
    try {
      const middleware = chain[index]
      // It may await something else first, or answer by itself.
      if (middleware !== undefined) return Promise.resolve(middleware(ctx, () => markHandled(run(index + 1))))
      const result = innermost()
      return isPromise(result) ? Promise.resolve(result).then(plain) : Promise.resolve(plain(result))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return run(0).then((result) => {
    if (result instanceof InputRequired) return result
    const { method } = ctx
    const problem = (value: unknown) => resultProblem(method, value)
    if (problem(result) === undefined) return result
    return checked(result, problem, `middleware, ${method}`, entryName(ctx.params))
  })
}

/** Undefined is how an extension may return an empty result; from middleware it is a result that got lost. */
function plain(result: unknown): unknown {
  if (result === undefined) return {}
  return result instanceof JsonText ? result.parse() : result
}

/** A request in URL mode MUST have an id, by which the client is notified when the user is done. */
function withElicitationId(params: JsonObject): JsonObject {
  if (params['mode'] !== 'url' || params['elicitationId'] !== undefined) return params
  return { ...params, elicitationId: randomUUID() }
}

function failed(error: unknown, ctx: RequestContext, host: DispatchHost): Outcome {
  try {
    return outcomeOf(error, ctx, host)
  } catch (cause) {
    // A Proxy may throw for whatever is asked of it.
    return concealed(cause, { phase: 'handler' }, ctx, host)
  }
}

function outcomeOf(error: unknown, ctx: RequestContext, host: DispatchHost): Outcome {
  if (error instanceof NotOfferedError || error instanceof StatusError) return { error, origin: 'protocol' }
  if (error instanceof RpcError && isComplete(error)) {
    return { error: asSent(error, ctx, host), origin: 'handler' }
  }
  if (error instanceof MissingCapabilityError) {
    const { message, requiredCapabilities } = error
    const data = { requiredCapabilities }
    return { error: new RpcError(ErrorCode.MISSING_CLIENT_CAPABILITY, message, data), origin: 'protocol' }
  }
  // An error after the abort is expected, and not reported.
  if (ctx.aborted) {
    return { error: new RpcError(ErrorCode.INTERNAL_ERROR, 'The call was aborted'), origin: 'handler' }
  }
  const info =
    error instanceof ResultError
      ? { phase: 'output' as const, ...(error.entry !== undefined && { name: error.entry }) }
      : { phase: 'handler' as const }
  return concealed(error, info, ctx, host)
}

function concealed(
  error: unknown,
  info: Pick<ErrorInfo, 'phase' | 'name'>,
  ctx: RequestContext,
  host: DispatchHost,
): Failure {
  const text = concealError(error, { ...ctx.errorInfo(), ...info }, host)
  return { error: new RpcError(ErrorCode.INTERNAL_ERROR, text), origin: 'handler' }
}

/** What an `RpcError` says is meant for the client; a member of the wrong type is replaced, and reported. */
function asSent(error: RpcError, ctx: RequestContext, host: DispatchHost): RpcError {
  const { code, message, data } = error
  const [hasCode, hasText] = [Number.isSafeInteger(code), typeof message === 'string']
  if (hasCode && hasText) return error
  const wrong = hasCode ? `message of an RpcError must be a string` : `code of an RpcError must be an integer`
  const cause = new McpError('ERR_RESULT', `The ${wrong}; got ${kindOf(hasCode ? message : code)}`, {
    cause: error,
  })
  host.reportError(cause, { ...ctx.errorInfo(), phase: 'output' })
  const text = hasText ? message : 'Internal error'
  return new RpcError(hasCode ? code : ErrorCode.INTERNAL_ERROR, text, data)
}

/** -32042 MUST say what the user has to visit, and only the library's own error is certain to. */
function isComplete(error: RpcError): boolean {
  return error.code !== ErrorCode.URL_ELICITATION_REQUIRED || error instanceof UrlElicitationRequiredError
}
