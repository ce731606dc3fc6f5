/**
 * Tasks: calls that the server goes on working on after it has answered. A task is asked about until it is over; what it
 * asks is answered once.
 *
 *    tools/call --> a task --> tasks/get, every pollIntervalMs --> completed --> result
 *                                  | input_required              --> failed, cancelled --> rejects
 *                                  +--> the application answers --> tasks/update
 *
 * In 2025-11-25 the client says which call is to be a task, questions are requests of the server, which come while
 * `tasks/result` waits, and the result comes from `tasks/result` (session-task.ts).
 *
 * Spec: the Tasks extension {@link spec.tasksExtension}; 2025-11-25 tasks {@link spec.tasks}.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import { decodeMessage } from '../jsonrpc/decode.ts'
import { Method } from '../protocol/methods.ts'
import type { CallToolResult, JsonObject } from '../protocol/wire-types.ts'
import { abortError, invalidResponse, mcpError, rpcError } from './errors.ts'
import { askAll } from './input-rounds.ts'
import { onAbort } from './on-abort.ts'
import type { RequestOptions } from './options.ts'
import type { Questions } from './questions.ts'
import { SessionTaskResult, taskOfSession } from './session-task.ts'
import { sleep } from './timing.ts'

const DEFAULT_POLL_MS = 1000
const MIN_POLL_MS = 10
/** A hint of the server must not make the client wait for good. */
const MAX_POLL_MS = 60_000
/** Questions of one task that are remembered as answered: how many, with keys of how many characters together. */
const MAX_ANSWERED = 10_000
const MAX_ANSWERED_LENGTH = 1_000_000
const STATUSES: readonly unknown[] = ['working', 'input_required', 'completed', 'failed', 'cancelled']

export type ClientTaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'

/** The state of a task, as the server said it. */
export interface TaskState {
  /** What the server calls it. */
  readonly taskId: string
  /** `working` and `input_required` may change; the others are final. */
  readonly status: ClientTaskStatus
  /** For people. */
  readonly statusMessage?: string | undefined
  /** An ISO 8601 time. */
  readonly createdAt?: string | undefined
  /** An ISO 8601 time. */
  readonly lastUpdatedAt?: string | undefined
  /** How long after its creation the server keeps the task; null: without end. */
  readonly ttlMs?: number | null | undefined
  /** How often the server wants to be asked, in milliseconds. */
  readonly pollIntervalMs?: number | undefined
  /** Questions that wait for an answer, by their keys (2026-07-28). */
  readonly inputRequests?: JsonObject | undefined
  /** Of a task that is completed (2026-07-28); `result()` gives it in both. */
  readonly result?: JsonObject | undefined
  /** Of a task that failed (2026-07-28). */
  readonly error?: unknown
}

/** What a task needs of its client. */
export interface TaskHost {
  readonly era: 'session' | 'stateless'
  readonly questions: Questions
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal
  request(method: string, params: JsonObject, options: RequestOptions): Promise<JsonObject>
  /** Calls back when the server says that the state is another. @returns removes the callback */
  onStatus(taskId: string, wake: () => void): () => void
  /** Checks the result of the call that became the task. */
  check(result: JsonObject): CallToolResult | Promise<CallToolResult>
}

/** A call that goes on at the server. Iterate it for its states, or wait for `result`. */
export class ClientTask implements AsyncIterable<TaskState> {
  /** With this a client that was restarted takes the task up again; undefined when the call was over at once. */
  readonly taskId: string | undefined
  readonly #host: TaskHost
  readonly #options: RequestOptions
  #state: TaskState | undefined
  #result: Promise<CallToolResult> | undefined
  /** Keys of questions that were answered: each is asked once, however often the server repeats it. */
  readonly #answered = new Set<string>()
  #answeredLength = 0
  /** Undefined in the revision without sessions, whose states hold questions and result. */
  readonly #sessionResult: SessionTaskResult | undefined

  /** @internal */
  constructor(
    host: TaskHost,
    taskId: string | undefined,
    state: TaskState | undefined,
    options: RequestOptions,
    result?: CallToolResult,
  ) {
    this.#host = host
    this.taskId = taskId
    this.#state = state
    this.#options = options
    if (result !== undefined) this.#result = Promise.resolve(result)
    if (taskId !== undefined && host.era === 'session') {
      this.#sessionResult = new SessionTaskResult(taskId, host, forPolls(options))
    }
  }

  /** As it was last seen; `working` before anything was. */
  get status(): ClientTaskStatus {
    if (this.taskId === undefined) return 'completed'
    return this.#state?.status ?? 'working'
  }

  /** Asks for the state. */
  async get(options: RequestOptions = this.#options): Promise<TaskState> {
    const taskId = this.#requireTask()
    const result = await this.#host.request(Method.tasksGet, { taskId }, forPolls(options))
    const state = taskState(
      this.#sessionResult === undefined ? result : taskOfSession(result),
      Method.tasksGet,
    )
    this.#state = state
    return state
  }

  /**
   * Answers questions of the task. The handlers of the client do it by themselves, in `result` and while iterated.
   *
   * @throws {McpError} ERR_NOT_SUPPORTED: in 2025-11-25 only the handlers can answer
   */
  async update(inputResponses: JsonObject): Promise<void> {
    const taskId = this.#requireTask()
    if (this.#sessionResult !== undefined) {
      const problem =
        'Tasks of 2025-11-25 cannot be updated: their questions go to the handlers of the client, while result() waits'
      throw mcpError('ERR_NOT_SUPPORTED', problem)
    }
    await this.#host.request(Method.tasksUpdate, { taskId, inputResponses }, forPolls(this.#options))
    for (const key of Object.keys(inputResponses)) this.#answered.add(key)
  }

  /**
   * Asks the server to stop. It may have finished before, and need not obey.
   *
   * @throws {McpError} ERR_TASK_OVER: the call was over at once
   */
  async cancel(): Promise<void> {
    const taskId = this.#requireTask()
    await this.#host.request(Method.tasksCancel, { taskId }, {})
  }

  /**
   * Waits for the end.
   *
   * @throws {RpcError} the task failed
   * @throws {McpError} ERR_TASK_CANCELLED
   */
  result(): Promise<CallToolResult> {
    this.#result ??= this.#wait()
    return this.#result
  }

  /** The state now, and after each change, up to the last one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TaskState, void, undefined> {
    const { taskId } = this
    if (taskId === undefined) return
    let last = ''
    // A state that was seen before says when to ask again, and may hold questions.
    for (let state = this.#state ?? (await this.get()); ; state = await this.get()) {
      const { status, statusMessage, lastUpdatedAt } = state
      const now = JSON.stringify([status, statusMessage, status === 'working' ? undefined : lastUpdatedAt])
      if (now !== last) yield state
      last = now
      if (isOver(state)) return
      await this.#answer(state)
      await this.#pause(state)
    }
  }

  /** @throws {McpError} ERR_TASK_OVER */
  #requireTask(): string {
    if (this.taskId !== undefined) return this.taskId
    throw mcpError('ERR_TASK_OVER', 'The call was over at once: there is no task')
  }

  async #wait(): Promise<CallToolResult> {
    let state = this.#state ?? (await this.get())
    // The answer that made the task has no result, even where it says that it is over.
    if (isOver(state)) state = await this.get()
    while (!isOver(state)) {
      await this.#answer(state)
      await this.#pause(state)
      state = await this.get()
    }
    return await this.#outcome(state)
  }

  /** @throws {McpError} ERR_REQUEST_ABORTED */
  async #pause(state: TaskState): Promise<void> {
    const { signal } = this.#options
    const woken = new AbortController()
    const wake = () => woken.abort()
    const forget = [
      this.#sessionResult?.onArrived(wake),
      this.#host.onStatus(state.taskId, wake),
      onAbort(signal, wake),
      // The next request says so.
      onAbort(this.#host.closed, wake),
    ]
    try {
      // However often the server says that something is new.
      await sleep(MIN_POLL_MS, signal)
      await sleep(pollMs(state) - MIN_POLL_MS, woken.signal)
    } catch {
      if (signal?.aborted) throw abortError(Method.tasksGet, signal)
    } finally {
      for (const each of forget) each?.()
    }
  }

  async #outcome({ status, result, error, statusMessage }: TaskState): Promise<CallToolResult> {
    if (status === 'cancelled')
      throw mcpError('ERR_TASK_CANCELLED', `The task was cancelled${said(statusMessage)}`)
    if (this.#sessionResult !== undefined) return await this.#host.check(await this.#sessionResult.get())
    if (status === 'failed') {
      const message = decodeMessage({ jsonrpc: '2.0', id: 0, error })
      if (message.kind === 'response' && message.error !== undefined) throw rpcError(message.error)
      throw invalidResponse(
        `The task failed${said(statusMessage)}, and the server does not say with which error`,
      )
    }
    if (typeof result !== 'object' || result === null) {
      throw invalidResponse(`A completed task needs "result", an object; got ${kindOf(result)}`)
    }
    return await this.#host.check(result)
  }

  async #answer({ taskId, status, inputRequests = {} }: TaskState): Promise<void> {
    if (status !== 'input_required') return
    if (this.#sessionResult !== undefined) return this.#sessionResult.open()
    if (!isObject(inputRequests)) {
      throw invalidResponse(`A task of ${Method.tasksGet} has inputRequests that are no object`)
    }
    const open = Object.entries(inputRequests).filter(([key]) => !this.#answered.has(key))
    if (open.length === 0) return
    this.#answeredLength += open.reduce((sum, [key]) => sum + key.length, 0)
    if (this.#answered.size + open.length > MAX_ANSWERED || this.#answeredLength > MAX_ANSWERED_LENGTH) {
      throw invalidResponse(`A task asked more than ${MAX_ANSWERED} questions`)
    }
    const { signal } = this.#options
    // Before the answer: `result` and an iteration may both see the question.
    for (const [key] of open) this.#answered.add(key)
    try {
      const inputResponses = await askAll(this.#host.questions, Object.fromEntries(open), Method.tasksGet, [
        signal,
        this.#host.closed,
      ])
      await this.#host.request(Method.tasksUpdate, { taskId, inputResponses }, forPolls(this.#options))
    } catch (error) {
      for (const [key] of open) this.#answered.delete(key)
      throw error
    }
  }
}

/**
 * The task that a call became.
 *
 * @param wasAsked - the client has made it one, as in 2025-11-25; a server may still answer with the result
 * @returns undefined: it was over at once
 * @throws {McpError} it is no task
 */
export function createdTask(result: JsonObject, wasAsked: boolean): TaskState | undefined {
  if (result['resultType'] === 'task') return taskState(result, Method.toolsCall)
  const { task } = result
  if (!wasAsked || !isObject(task)) return undefined
  return taskState(taskOfSession(task), Method.toolsCall)
}

/** @throws {McpError} it is no task */
export function taskState(result: JsonObject, method: string): TaskState {
  const { taskId, status } = result
  if (typeof taskId !== 'string')
    throw invalidResponse(`A task of ${method} needs "taskId", a string; got ${kindOf(taskId)}`)
  if (!STATUSES.includes(status)) throw invalidResponse(`A task of ${method} has the status ${shown(status)}`)
  return result as unknown as TaskState
}

/** The progress and the metadata of a call are its own. */
function forPolls({ signal, timeoutMs, maxTimeoutMs }: RequestOptions): RequestOptions {
  return { signal, timeoutMs, maxTimeoutMs }
}

function isOver({ status }: TaskState): boolean {
  return status !== 'working' && status !== 'input_required'
}

function pollMs({ pollIntervalMs }: TaskState): number {
  const asked = (typeof pollIntervalMs === 'number' && pollIntervalMs) || DEFAULT_POLL_MS
  return Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, asked))
}

function said(message: unknown): string {
  return typeof message === 'string' ? `: ${message}` : ''
}
