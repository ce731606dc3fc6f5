/**
 * The seam of a call that may become a task: until then it is the call of its HTTP exchange, from then on it has
 * outlived it, and neither the connection nor anything else of the request is held.
 *
 *    the request's own --- start(): answered with a task ---> the task's own
 *      signal aborts when the client goes                       signal aborts by cancellation, age, shutdown
 *      questions end the round                                  questions wait for tasks/update
 *      progress and log messages are sent                       neither is; the status has a message
 *
 * Spec: Tasks extension, "Task Creation" {@link spec.tasksExtension}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import type { AskOptions, ClientInput } from '../dispatch/client-input/client-input.ts'
import { fulfilInputRequests } from '../dispatch/client-input/in-memory-input.ts'
import { type InputRequest, InputRequired } from '../dispatch/client-input/input-required.ts'
import type { RoundTripInput } from '../dispatch/client-input/round-trip-input.ts'
import type { Outcome } from '../dispatch/outcome.ts'
import type { CacheHint, Peer, Principal, RpcExchange, TaskSeam } from '../dispatch/rpc-exchange.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { StatelessExchange } from './exchange.ts'
import type { RunningTask } from './task.ts'
import { endOf } from './task-end.ts'
import { taskHandle } from './task-wire.ts'
import type { Tasks } from './tasks.ts'

export class TaskExchange implements RpcExchange, TaskSeam {
  readonly revision: RevisionName
  readonly peer: Peer
  readonly principal: Principal | undefined
  readonly headers: RequestHeaders
  readonly messageRate: Rate | undefined
  readonly sessionId = undefined
  readonly request = undefined
  readonly clientInput: TaskInput
  cacheHint: CacheHint | undefined = undefined
  readonly #tasks: Tasks
  readonly #roundTrips: RoundTripInput
  readonly #controller = new AbortController()
  #http: StatelessExchange | undefined
  #starting: Promise<void> | undefined
  #running: RunningTask | undefined
  #releaseBody: (() => void) | undefined
  #settled = false

  constructor(tasks: Tasks, http: StatelessExchange, roundTrips: RoundTripInput) {
    this.revision = http.revision
    this.peer = http.peer
    this.principal = http.principal
    this.headers = http.headers
    this.messageRate = http.messageRate
    this.clientInput = new TaskInput(roundTrips, () => this.#running)
    this.#tasks = tasks
    this.#roundTrips = roundTrips
    this.#http = http
    follow(http.signal, this)
  }

  get task(): TaskSeam {
    return this
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted
  }

  get logLevel(): LogLevel | undefined {
    return this.#http?.logLevel
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Progress and log messages MUST NOT be sent for a task. */
  notify(method: string, params: JsonObject): Promise<void> | undefined {
    return this.#http?.notify(method, params)
  }

  closeStream(): void {}

  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  describe(message: string): void {
    this.#running?.describe(message)
  }

  /** The call has come to its end, as a task or not. */
  complete(outcome: Outcome): void {
    this.#settled = true
    if (this.#running !== undefined) {
      this.#releaseBody?.()
      void this.#running.finish(endOf(outcome, this.#tasks.server))
    } else {
      this.#http?.complete(outcome)
    }
  }

  async #start(): Promise<void> {
    const http = this.#http
    this.#roundTrips.assertSettled()
    this.signal.throwIfAborted()
    const running = await this.#tasks.create(this.principal, (reason) => this.abort(reason))
    if (http === undefined || this.#settled || this.aborted) {
      const problem = 'The call was over before it could become a task'
      await this.#tasks.discard(running)
      throw new McpError('ERR_REQUEST_ABORTED', problem, { cause: this.signal.reason })
    }
    // Answered, it aborts no more; what it holds of the request and its connection can go.
    this.#http = undefined
    this.#running = running
    // The handler keeps its arguments for as long as it runs.
    this.#releaseBody = http.http.detachBody()
    http.complete({ result: { resultType: 'task', ...taskHandle(running.record) } })
  }
}

/** A function of its own: a closure in the constructor would keep the request's exchange for as long as the task. */
function follow(signal: AbortSignal, exchange: TaskExchange): void {
  signal.addEventListener('abort', () => exchange.abort(signal.reason))
}

/** Round trips until there is a task; from then on the task itself has input requests. */
class TaskInput implements ClientInput {
  readonly #roundTrips: RoundTripInput
  readonly #running: () => RunningTask | undefined
  /** Of the last `inputRequired` that a task returned. */
  #driven: { inputResponses: JsonObject; requestState: unknown } | undefined

  constructor(roundTrips: RoundTripInput, running: () => RunningTask | undefined) {
    this.#roundTrips = roundTrips
    this.#running = running
  }

  get inputResponses(): JsonObject {
    return (this.#driven ?? this.#roundTrips).inputResponses
  }

  get requestState(): unknown {
    return (this.#driven ?? this.#roundTrips).requestState
  }

  once<T>(key: string, run: () => T | Promise<T>): Promise<T> {
    return this.#roundTrips.once(key, run)
  }

  ask<T>(
    key: string,
    request: InputRequest,
    check: (answer: unknown) => T | Promise<T>,
    options?: AskOptions,
  ): Promise<T> {
    const running = this.#running()
    if (running === undefined) return this.#roundTrips.ask(key, request, check, options)
    return running.questions.ask(key, request, check, options?.timeoutMs)
  }

  settle(result: unknown, abort: (reason: Error) => void, run: () => unknown): unknown {
    if (!isPromise(result)) return this.#roundTrips.settle(result, abort)
    return this.#roundTrips.settle(
      result.then((value) => this.#drive(value, run)),
      abort,
    )
  }

  /** A task serves a handler's `inputRequired` itself: it asks, and runs the handler again. */
  #drive(value: unknown, run: () => unknown): unknown {
    const running = this.#running()
    if (running === undefined || !(value instanceof InputRequired)) return value
    this.#driven = { inputResponses: {}, requestState: undefined }
    const send = (key: string, request: InputRequest) =>
      running.questions.ask(key, request, (answer) => answer)
    return fulfilInputRequests(value, send, this.#driven, run)
  }
}
