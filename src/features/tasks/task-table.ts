/**
 * The tasks of one handler: calls that continue after their request was answered. No revision's wire form is in here, so
 * that one tool definition, one store and one set of limits serve all of them.
 *
 * The work of a task belongs to the process that began it, its state to the store. A task that runs here is answered for
 * from memory, any other from the store; input responses and cancellations must reach the process that runs the task.
 *
 * Invariant: a task is in `#running` from its creation until its last state is stored.
 * Not here: methods, messages and their form (the eras), who a caller is (`owner`, which the eras say).
 */

import { randomBytes } from 'node:crypto'
import { ownText } from '../../bounds/heap-size.ts'
import { isPromise } from '../../bounds/is-promise.ts'
import { MAX_TIMER_MS } from '../../bounds/max-timer.ts'
import { messageOf } from '../../bounds/quote.ts'
import { unref } from '../../bounds/runtime.ts'
import type { ErrorReporter } from '../../dispatch/error-report.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import { MemoryTaskStore } from '../../store/memory-task-store.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from '../../store/task-store.ts'
import { hasCode } from '../../store/unavailable.ts'
import type { TaskSettings } from './options.ts'
import { RunningTask, type TaskHost } from './running-task.ts'
import { failedBy } from './task-end.ts'
import { TaskSubscribers, type TaskView } from './task-subscribers.ts'

/** 192 bits: an id cannot be guessed, and where callers are not known it is all that a client needs. */
const ID_BYTES = 24

type Found = TaskView | undefined

export class TaskTable implements TaskHost {
  readonly reporter: ErrorReporter
  readonly store: TaskStore
  readonly subscribers = new TaskSubscribers()
  readonly #settings: TaskSettings
  readonly #memory: MemoryTaskStore | undefined
  readonly #running = new Map<
    string,
    { readonly task: RunningTask; readonly timer: NodeJS.Timeout | undefined }
  >()
  /** Not in `#running` yet. */
  #creating = 0
  #closing = false
  #onIdle: (() => void) | undefined

  constructor(reporter: ErrorReporter, settings: TaskSettings) {
    this.reporter = reporter
    this.#settings = settings
    if ('create' in settings.store) this.store = settings.store
    else this.store = this.#memory = new MemoryTaskStore(settings.store)
  }

  /** Tasks whose handler has not come to its end. */
  get size(): number {
    return this.#running.size
  }

  /**
   * Begins a task: from now on `find` finds it.
   *
   * @param owner - whose task it is; null: callers are not known, and whoever has the id may ask for it
   * @param abort - aborts the signal of its handler
   * @param askedMs - the time to live that the client asks for; it gets less where `tasks.ttlMs` is less
   * @param scopes - what the call needed, and so does whoever asks for the task
   * @throws {RpcError} -32000, there are too many
   */
  async create(
    owner: string | null,
    abort: (reason: Error) => void,
    askedMs = Number.POSITIVE_INFINITY,
    scopes?: readonly string[],
  ): Promise<RunningTask> {
    const { pollIntervalMs } = this.#settings
    const ttlMs = this.#grant(askedMs)
    const now = new Date().toISOString()
    const record: TaskRecord = {
      taskId: randomBytes(ID_BYTES).toString('base64url'),
      status: 'working',
      createdAt: now,
      lastUpdatedAt: now,
      ttlMs,
      ...(pollIntervalMs > 0 && { pollIntervalMs }),
      owner: owner === null ? null : ownText(owner),
      ...(scopes !== undefined && { scopes }),
    }
    if (this.#closing) throw new ShutdownError()
    this.#creating += 1
    try {
      await this.store.create(record)
    } catch (error) {
      this.#creating -= 1
      this.#checkIdle()
      if (hasCode(error, 'ERR_TOO_MANY_TASKS')) throw refused(messageOf(error))
      throw error
    }
    this.#creating -= 1
    const task = new RunningTask(this, record, abort)
    const timer = ttlMs === null ? undefined : unref(setTimeout(() => this.#expire(task), ttlMs))
    this.#running.set(record.taskId, { task, timer })
    return task
  }

  /** Deletes a task whose id was given to nobody. */
  async discard(task: RunningTask): Promise<void> {
    this.ended(task)
    await this.#forget(task.record.taskId)
  }

  /** A task that this caller may know of, with its present state. */
  find(taskId: string, owner: string | null): Found | Promise<Found> {
    const mine = (view: Found) =>
      view !== undefined && view.record.owner === owner && deadlineOf(view.record) > Date.now()
        ? view
        : undefined
    const running = this.#running.get(taskId)
    if (running !== undefined) return mine(running.task)
    const stored = this.store.read(taskId)
    return isPromise(stored)
      ? Promise.resolve(stored).then((record) => mine(viewOf(record)))
      : mine(viewOf(stored))
  }

  /**
   * The task itself, where it runs in this process.
   *
   * @returns undefined: it is over
   * @throws {RpcError} -32603, it runs in another process
   */
  runningHere(view: TaskView): RunningTask | undefined {
    if (view instanceof RunningTask) return view
    if (isOver(view.record)) return undefined
    const problem =
      'The task runs in another process: requests for it must be routed there, by their session or Mcp-Name header'
    throw new RpcError(ErrorCode.INTERNAL_ERROR, problem)
  }

  /** Ends a task because its client asks for it; does nothing for one that is over. @throws as `runningHere` */
  async cancel(view: TaskView): Promise<void> {
    const message = 'The client cancelled the task'
    const reason = new McpError('ERR_TASK_CANCELLED', message)
    await this.runningHere(view)?.stop({ status: 'cancelled', statusMessage: message }, reason)
  }

  /** Whether `list` can be called. */
  get canList(): boolean {
    return this.store.list !== undefined
  }

  /** All tasks of an owner, each with its present state, the first one created first. */
  async list(owner: string): Promise<readonly TaskRecord[]> {
    const stored = (await this.store.list?.(owner)) ?? []
    const now = Date.now()
    return stored
      .map((record) => this.#running.get(record.taskId)?.task.record ?? record)
      .filter((record) => record.owner === owner && deadlineOf(record) > now)
  }

  /** Ends and deletes what belongs to an owner that can never ask for it again. */
  async drop(owner: string, reason: McpError): Promise<void> {
    const running = [...this.#running.values()].filter(({ task }) => task.record.owner === owner)
    const end = { status: 'cancelled', statusMessage: reason.message } as const
    await Promise.all(running.map(({ task }) => task.stop(end, reason)))
    const left = this.canList ? await this.list(owner) : running.map(({ task }) => task.record)
    await Promise.all(left.map(({ taskId }) => this.#forget(taskId)))
  }

  changed(task: RunningTask): void {
    this.subscribers.notify(task.taskId, task)
    this.#checkIdle()
  }

  ended(task: RunningTask): void {
    const { taskId } = task.record
    clearTimeout(this.#running.get(taskId)?.timer)
    this.#running.delete(taskId)
    this.#checkIdle()
  }

  /** Refuses new tasks. Resolves when none works: one that waits for its client cannot be answered any more. */
  drain(): Promise<void> {
    this.#closing = true
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#checkIdle()
    })
  }

  /** Ends what is left. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#running.values()].map(({ task }) => this.#stop(task)))
    this.#memory?.close()
  }

  /** @returns null: no limit */
  #grant(askedMs: number): number | null {
    const limitMs = this.#settings.ttlMs === 0 ? Number.POSITIVE_INFINITY : this.#settings.ttlMs
    const ttlMs = Math.min(Math.max(Math.ceil(askedMs), 1), limitMs)
    return ttlMs === Number.POSITIVE_INFINITY ? null : Math.min(ttlMs, MAX_TIMER_MS)
  }

  #stop(task: RunningTask): Promise<void> {
    const { message, code } = new ShutdownError()
    return task.stop(failedBy(message, code), new McpError('ERR_SERVER_CLOSED', message))
  }

  #expire(task: RunningTask): void {
    const message = `The task did not finish within its time to live of ${task.record.ttlMs} ms`
    const stopped = task.stop(failedBy(message), new McpError('ERR_TASK_EXPIRED', message))
    void stopped.then(() => this.#forget(task.record.taskId))
  }

  async #forget(taskId: string): Promise<void> {
    try {
      await this.store.delete(taskId)
    } catch (error) {
      this.reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
    }
  }

  #checkIdle(): void {
    if (this.#onIdle === undefined || this.#creating > 0) return
    for (const { task } of this.#running.values()) if (task.record.status === 'working') return
    this.#onIdle()
  }
}

function viewOf(record: TaskRecord | undefined): Found {
  return record === undefined ? undefined : { record }
}

function refused(problem: string): RpcError {
  return new RpcError(ErrorCode.SERVER_ERROR, problem)
}
