/**
 * The seam of a call that may become a task. Until then it is a part of the exchange of its request; from then on it
 * lives without that exchange, and retains neither the connection nor anything else of the request.
 *
 *    the request's own --- start(): answered with a task ---> the task's own
 *      aborts when the connection closes                        aborts by cancellation, age, shutdown
 *      input requests end the round trip                        input requests wait for tasks/update
 *      progress and log messages are sent                       neither is; the status has a message
 *
 * Spec: Tasks extension, "Task Creation" {@link spec.tasksExtension}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import type { AskOptions, ClientInput } from '../dispatch/client-input/client-input.ts'
import { fulfilInputRequests } from '../dispatch/client-input/in-memory-input.ts'
import { type InputRequest, InputRequired } from '../dispatch/client-input/input-required.ts'
import type { RoundTripInput } from '../dispatch/client-input/round-trip-input.ts'
import { DetachableExchange } from '../dispatch/detachable-exchange.ts'
import type { Outcome } from '../dispatch/outcome.ts'
import type { CacheHint, CalledTool, RpcExchange, TaskSeam } from '../dispatch/rpc-exchange.ts'
import type { RunningTask } from '../features/tasks/running-task.ts'
import { endOf } from '../features/tasks/task-end.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { StatelessExchange } from './exchange.ts'
import { taskHandle } from './task-wire.ts'

export class TaskExchange extends DetachableExchange<StatelessExchange> implements RpcExchange, TaskSeam {
  readonly sessionId = undefined
  readonly isRequested = false
  readonly request = undefined
  readonly clientInput: TaskInput
  cacheHint: CacheHint | undefined = undefined
  scopes: readonly string[] | undefined = undefined
  readonly #tasks: TaskTable
  readonly #roundTrips: RoundTripInput
  /** What the request's headers were, once there is a task. */
  #headers: RequestHeaders | undefined
  #isAllowed = false
  #tool: string | undefined
  #starting: Promise<void> | undefined
  #running: RunningTask | undefined
  #releaseBody: (() => void) | undefined
  #isSettled = false

  constructor(tasks: TaskTable, exchange: StatelessExchange, roundTrips: RoundTripInput) {
    super(exchange)
    this.clientInput = new TaskInput(roundTrips, this)
    this.#tasks = tasks
    this.#roundTrips = roundTrips
  }

  get headers(): RequestHeaders {
    return this.exchange?.headers ?? (this.#headers as RequestHeaders)
  }

  /** Present once the call is known to be of a tool that may be a task. */
  get task(): TaskSeam | undefined {
    return this.#isAllowed ? this : undefined
  }

  get running(): RunningTask | undefined {
    return this.#running
  }

  get logLevel(): LogLevel | undefined {
    return this.exchange?.logLevel
  }

  /** Progress and log messages MUST NOT be sent for a task. */
  notify(method: string, params: JsonObject): Promise<void> | undefined {
    return this.exchange?.notify(method, params)
  }

  onTool(tool: CalledTool, args: unknown): void {
    this.exchange?.onTool(tool, args)
    this.#isAllowed = tool.mayBecomeTask
    this.#tool = tool.key
  }

  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  describe(message: string): void {
    this.#running?.describe(message)
  }

  /** The call has come to its end, as a task or not. */
  complete(outcome: Outcome): void {
    this.#isSettled = true
    if (this.#running !== undefined) {
      this.#releaseBody?.()
      void this.#running.finish(endOf(outcome, this.#tasks.reporter, this.#tool))
    } else {
      this.exchange?.complete(outcome)
    }
  }

  async #start(): Promise<void> {
    const exchange = this.exchange
    this.#roundTrips.assertSettled()
    this.signal.throwIfAborted()
    const owner = this.principal?.id ?? null
    const running = await this.#tasks.create(owner, (reason) => this.abort(reason), undefined, this.scopes)
    if (exchange === undefined || this.#isSettled || this.aborted) {
      const problem = 'The call was over before it could become a task'
      await this.#tasks.discard(running)
      throw new McpError('ERR_REQUEST_ABORTED', problem, { cause: this.signal.reason })
    }
    this.#headers = exchange.headers
    // An exchange that is answered aborts no more; what it retains of the request and its connection is released.
    this.exchange = undefined
    this.#running = running
    // The handler keeps its arguments for as long as it runs.
    this.#releaseBody = exchange.detachBody()
    exchange.complete({ result: { resultType: 'task', ...taskHandle(running.record) } })
  }
}

/** Round trips until there is a task; from then on the task itself has input requests. */
class TaskInput implements ClientInput {
  readonly #roundTrips: RoundTripInput
  readonly #call: { readonly running: RunningTask | undefined }
  /** Of the last `inputRequired` that a task returned. */
  #driven: { inputResponses: JsonObject; requestState: unknown } | undefined

  constructor(roundTrips: RoundTripInput, call: { readonly running: RunningTask | undefined }) {
    this.#roundTrips = roundTrips
    this.#call = call
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
    check: (response: unknown) => T | Promise<T>,
    options?: AskOptions,
  ): Promise<T> {
    const { running } = this.#call
    if (running === undefined) return this.#roundTrips.ask(key, request, check, options)
    return running.inputRequests.ask(key, request, check, options?.timeoutMs)
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
    const { running } = this.#call
    if (running === undefined || !(value instanceof InputRequired)) return value
    this.#driven = { inputResponses: {}, requestState: undefined }
    const send = (key: string, request: InputRequest) =>
      running.inputRequests.ask(key, request, (response) => response)
    return fulfilInputRequests(value, send, this.#driven, run)
  }
}
