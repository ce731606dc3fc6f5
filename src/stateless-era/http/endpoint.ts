/**
 * The stateless era's endpoint: what a POST does once the request has passed the common entrance. GET and DELETE
 * have no meaning in this era.
 *
 * Spec: 2026-07-28 Streamable HTTP {@link spec.statelessHttp}.
 * Not here: the order of the checks (admit.ts), streams of news (subscriptions.ts), the form of results (results.ts).
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { RoundTripInput } from '../../dispatch/client-input/round-trip-input.ts'
import { RequestContext } from '../../dispatch/context.ts'
import { dispatch } from '../../dispatch/dispatcher.ts'
import { concealError } from '../../dispatch/error-report.ts'
import type { CallLimits } from '../../dispatch/in-flight-counter.ts'
import { LimitError } from '../../dispatch/limit-error.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { McpServer } from '../../features/server.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import type { DecodedRequest } from '../../jsonrpc/decode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import { StatelessExchange } from '../exchange.ts'
import { TAKES_INPUT } from '../methods.ts'
import type { StatelessEraSettings } from '../options.ts'
import { StatelessEraState } from '../state.ts'
import { Subscriptions } from '../subscriptions.ts'
import { TaskExchange } from '../task-exchange.ts'
import { wantedTasks } from '../task-subscribers.ts'
import { declaresTasks } from '../task-wire.ts'
import { type Admission, admitPost } from './admit.ts'
import { checkParameterHeaders } from './mirrored-headers.ts'

type Call = HttpExchange<Principal>

export interface StatelessEraStats {
  /** Open `subscriptions/listen` streams. */
  readonly subscriptions: number
  /** Tasks whose handler has not come to its end. */
  readonly tasks: number
  /** Open SSE connections. */
  readonly streams: number
  /** Messages that could reach nobody, since the start. */
  readonly undeliverable: number
  /** Bytes of what clients sent and streams of news keep. */
  readonly subscriptionBytes: number
}

export class StatelessEndpoint {
  readonly #state: StatelessEraState
  readonly #subscriptions: Subscriptions
  readonly #unsubscribe: readonly (() => void)[]
  #closing = false

  constructor(server: McpServer, settings: StatelessEraSettings, limits: CallLimits) {
    this.#state = new StatelessEraState(server, settings, limits)
    this.#subscriptions = new Subscriptions(this.#state)
    this.#unsubscribe = [
      server.changes.subscribe((changes) => this.#subscriptions.announce(changes)),
      server.messages.subscribe((message) => this.#subscriptions.send(message)),
    ]
  }

  /** @param value - the body as parsed JSON */
  post(http: Call, value: unknown): void {
    const { settings, methods, server } = this.#state
    const admission = admitPost(value, http, settings.supported, methods, server.extensions.namedBy)
    if (admission.kind === 'refused')
      http.reject(new Rejection(admission.status, admission.error, admission.id))
    else if (this.#closing) this.#refuseClosing(http, admission)
    else if (admission.kind === 'notification') http.empty(202)
    else this.#run(http, admission)
  }

  /** For a handler that serves this era alone. */
  methodNotAllowed(http: Call): void {
    const { method } = http
    const error = new RpcError(ErrorCode.SERVER_ERROR, `${method} is not possible here: use POST`)
    http.reject(new Rejection(405, error, undefined, ['Allow', 'POST']))
  }

  stats(): StatelessEraStats {
    return {
      subscriptions: this.#subscriptions.size,
      tasks: this.#state.tasks.size,
      streams: this.#state.keepAlive.size,
      undeliverable: this.#state.counters.undeliverable,
      subscriptionBytes: this.#subscriptions.bytes,
    }
  }

  /** Refuses what is new, and ends the subscriptions. */
  stopAccepting(): void {
    this.#closing = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#subscriptions.close()
  }

  /** Resolves when no call and no task is in progress. */
  async idle(): Promise<void> {
    await Promise.all([this.#state.idle(), this.#state.tasks.drain()])
  }

  /** Fails what is left. */
  async shutDown(): Promise<void> {
    for (const call of [...this.#state.calls]) call.fail({ error: shuttingDown(), origin: 'protocol' }, 503)
    await this.#state.tasks.close()
    this.#state.keepAlive.close()
  }

  #run(http: Call, { request, envelope, revision }: Extract<Admission, { kind: 'request' }>): void {
    const { server, sealer, limits } = this.#state
    const principalId = http.principal?.id
    try {
      const limit = limits.rateLimit?.take(principalId, undefined) ?? limits.inFlight.refuse(principalId, 1)
      if (limit !== undefined) throw limit
      const clientInput = TAKES_INPUT.has(request.method)
        ? new RoundTripInput(request.method, request.params, http.principal?.id, sealer, http.body)
        : undefined
      const exchange = new StatelessExchange(this.#state, http, request, envelope, revision.name, clientInput)
      if (request.method === Method.listen) {
        this.#listen(exchange, request)
        return
      }
      if (request.method === Method.toolsCall) checkToolHeaders(exchange, request, server)
      const call =
        clientInput !== undefined && mayBecomeTask(exchange, request, server)
          ? new TaskExchange(this.#state.tasks, exchange, clientInput)
          : exchange
      const outcome = dispatch(request, call, this.#state.methods, server)
      if (isPromise(outcome)) {
        exchange.hold()
        outcome.then((settled) => call.complete(settled))
      } else {
        call.complete(outcome)
      }
    } catch (error) {
      this.#refuseRequest(http, request, error)
    }
  }

  /** @throws {RpcError} as `Subscriptions.listen` */
  #listen(exchange: StatelessExchange, request: DecodedRequest): void {
    const { server, settings, tasks, limits } = this.#state
    const { http } = exchange
    const { principal } = http
    const max = settings.subscriptions.maxResources
    const wanted = server.hasTaskTools ? wantedTasks(request.params, exchange, tasks, max) : []
    if (!isPromise(wanted)) {
      this.#subscriptions.listen(exchange, wanted)
      return
    }
    const open = (found: Awaited<typeof wanted>) => {
      if (this.#closing) http.reject(new Rejection(503, shuttingDown(), request.id, ['Retry-After', '1']))
      else if (!http.closed) this.#subscriptions.listen(exchange, found)
    }
    // While the store is asked, the request counts as in flight, or until its client leaves.
    const endOne = limits.inFlight.beginOne(principal?.id)
    const end = () => {
      endOne()
      http.release()
    }
    http.hold()
    http.onClose(end)
    const opened = wanted.then(open).catch((error) => this.#refuseRequest(http, request, error))
    opened.finally(() => {
      http.offClose(end)
      end()
    })
  }

  #refuseRequest(http: Call, { id, method }: DecodedRequest, error: unknown): void {
    if (error instanceof LimitError) {
      http.reject(new Rejection(error.status, error, id, error.headers))
    } else if (!(error instanceof RpcError)) {
      // Such as a function of the definition's owner that decides what is visible.
      const text = concealError(error, { phase: 'handler', method, requestId: id }, this.#state.server)
      http.reject(new Rejection(500, new RpcError(ErrorCode.INTERNAL_ERROR, text), id))
    } else if (error.code === ErrorCode.SERVER_ERROR) {
      http.reject(new Rejection(503, error, id, ['Retry-After', '10']))
    } else {
      http.reject(new Rejection(400, error, id))
    }
  }

  #refuseClosing(http: Call, admission: Exclude<Admission, { kind: 'refused' }>): void {
    const id = admission.kind === 'request' ? admission.request.id : undefined
    http.reject(new Rejection(503, shuttingDown(), id, ['Retry-After', '1']), true)
  }
}

/** Step 8 of admission: the headers that repeat a tool's parameters. A tool that the caller may not see has none. */
function checkToolHeaders(exchange: StatelessExchange, request: DecodedRequest, server: McpServer): void {
  const name = request.params?.['name']
  if (typeof name !== 'string' || !server.hasHeaderParameters) return
  const ctx = new RequestContext(exchange, request, server)
  const tool = server.tools.find(name, ctx)
  if (tool === undefined || tool.headerParameters.length === 0) return
  const args = (request.params as JsonObject)['arguments']
  checkParameterHeaders(tool.headerParameters, args, exchange.http.headerLines)
}

/** The client knows tasks, and the tool can be one. */
function mayBecomeTask(exchange: StatelessExchange, request: DecodedRequest, server: McpServer): boolean {
  const name = request.params?.['name']
  if (request.method !== Method.toolsCall || typeof name !== 'string') return false
  if (!server.hasTaskTools || !declaresTasks(exchange.peer)) return false
  const ctx = new RequestContext(exchange, request, server)
  return server.tools.find(name, ctx)?.config.task !== undefined
}

function shuttingDown(): RpcError {
  return new RpcError(ErrorCode.SERVER_ERROR, 'The server is shutting down')
}
