/**
 * A call that its client asked to have as a task. Until there is a task it is a part of the exchange of its request; from
 * then on it lives without that exchange, and retains neither the connection nor anything else of the request.
 *
 *    the request's own --- start(): answered with a task ---> the task's own
 *      aborts by cancellation, a lost connection                aborts by tasks/cancel, age, session end, shutdown
 *      asks and reports on the stream of the call               asks and reports on the stream of tasks/result
 *
 * Any answer without an error is the result of a task: where the call has not become one by then, it is started late.
 *
 * Spec: 2025-11-25 tasks, "Creating Tasks" {@link spec.tasks}.
 */

import type { InputRequest } from '../dispatch/client-input/input-required.ts'
import { DetachableExchange } from '../dispatch/detachable-exchange.ts'
import { concealError } from '../dispatch/error-report.ts'
import type { Outcome } from '../dispatch/outcome.ts'
import type { CalledTool, RpcExchange, SendRequest, TaskSeam } from '../dispatch/rpc-exchange.ts'
import type { RunningTask } from '../features/tasks/running-task.ts'
import { endOf } from '../features/tasks/task-end.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { SessionExchange } from './exchange.ts'
import { asTaskOutcome } from './results.ts'
import type { Session } from './session.ts'
import type { SessionTask } from './session-task.ts'
import { createResult, readTtl } from './task-wire.ts'

/** A task that runs here. */
type OwnTask = SessionTask<RunningTask>

/** What a call needs to become a task. */
export interface TaskHost {
  create(call: TaskCall, askedMs: number | undefined): Promise<OwnTask>
  discard(task: OwnTask): Promise<void>
}

export class TaskCall extends DetachableExchange<SessionExchange> implements RpcExchange, TaskSeam {
  readonly session: Session | undefined
  readonly headers: RequestHeaders
  readonly request: SendRequest | undefined
  readonly clientInput = undefined
  readonly isRequested = true
  cacheHint = undefined
  readonly #host: TaskHost
  readonly #asked: JsonObject
  #starting: Promise<OwnTask> | undefined
  #task: OwnTask | undefined
  #questions = 0
  #tool: string | undefined
  #scopes: readonly string[] | undefined
  #releaseBody: (() => void) | undefined

  /** @param asked - `params.task` */
  constructor(host: TaskHost, exchange: SessionExchange, asked: JsonObject) {
    super(exchange)
    this.session = exchange.session
    this.headers = exchange.headers
    // Without a session nobody could send the answer.
    this.request = this.session === undefined ? undefined : this.#send
    this.#host = host
    this.#asked = asked
  }

  get task(): TaskSeam {
    return this
  }

  get scopes(): readonly string[] | undefined {
    return this.#scopes
  }

  set scopes(scopes: readonly string[] | undefined) {
    this.#scopes = scopes
    if (this.exchange !== undefined) this.exchange.scopes = scopes
  }

  get sessionId(): string | undefined {
    return this.session?.id
  }

  get logLevel(): LogLevel | undefined {
    return this.session?.record.logLevel
  }

  /** @throws {RpcError} -32601, the tool cannot be a task */
  onTool({ key, mayBecomeTask }: CalledTool): void {
    this.#tool = key
    if (mayBecomeTask) return
    const problem = 'This tool cannot be called as a task: call it without "task" in the parameters'
    throw new RpcError(ErrorCode.METHOD_NOT_FOUND, problem)
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    if (this.exchange !== undefined) return this.exchange.notify(method, params)
    return this.untilDrained(this.#task?.send(method, params))
  }

  describe(message: string): void {
    this.#task?.running.describe(message)
  }

  async start(): Promise<void> {
    await this.#start()
  }

  /** The call has come to its end. */
  complete(outcome: Outcome): void {
    if (this.#task !== undefined) this.#finish(this.#task, outcome)
    else if ('error' in outcome) this.exchange?.complete(outcome)
    else this.#startLate(outcome)
  }

  /** The call is over without an error, and has not become a task: its arguments were wrong, or middleware answered. */
  #startLate(outcome: Outcome): void {
    this.#start().then(
      (task) => this.#finish(task, outcome),
      (error) => {
        const { reporter } = this.exchange ?? {}
        if (reporter === undefined) return
        const info = { phase: 'transport', method: Method.toolsCall } as const
        const own =
          error instanceof RpcError
            ? error
            : new RpcError(ErrorCode.INTERNAL_ERROR, concealError(error, info, reporter))
        this.exchange?.complete({ error: own, origin: 'handler' })
      },
    )
  }

  #finish({ running, reporter }: OwnTask, outcome: Outcome): void {
    this.#releaseBody?.()
    this.release()
    void running.finish(endOf(asTaskOutcome(outcome), reporter, this.#tool))
  }

  #start(): Promise<OwnTask> {
    this.#starting ??= this.#create()
    return this.#starting
  }

  async #create(): Promise<OwnTask> {
    const exchange = this.exchange
    const askedMs = readTtl(this.#asked)
    this.signal.throwIfAborted()
    const task = await this.#host.create(this, askedMs)
    if (exchange === undefined || exchange.settled) {
      await this.#host.discard(task)
      const problem = 'The call was over before it could become a task'
      throw new McpError('ERR_REQUEST_ABORTED', problem, { cause: this.signal.reason })
    }
    // What the exchange retains of the request and its connection is released.
    this.exchange = undefined
    this.#task = task
    // The handler keeps its arguments for as long as it runs.
    this.#releaseBody = exchange.detachBody()
    exchange.complete({ result: createResult(task.running.record) })
    return task
  }

  /** Before there is a task, a request on the stream of the call. */
  readonly #send: SendRequest = (method, params, options) => {
    if (this.#task === undefined) {
      if (this.exchange?.request !== undefined) return this.exchange.request(method, params, options)
      const problem =
        'The client cannot be asked before there is a task: its Accept header excludes text/event-stream'
      return Promise.reject(new McpError('ERR_NO_CLIENT_CHANNEL', problem))
    }
    this.#questions += 1
    const request = { method, params } as InputRequest
    const { inputRequests } = this.#task.running
    return inputRequests.ask(String(this.#questions), request, (response) => response, options?.timeoutMs, 1)
  }
}
