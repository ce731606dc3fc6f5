/**
 * The tasks of one handler: calls that continue after their request was answered. No revision's wire form is in here, so
 * that one tool definition, one store and one set of limits serve all of them.
 *
 * The work of a task belongs to the process that began it, its state to the store. A task that runs here is answered for
 * from memory, any other from the store. Where processes share a store, input responses and cancellations come from any of
 * them (task-nodes.ts); where they only have the same `tasks.store`, they must reach the process that runs the task.
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
import { fromStore, isUnavailable } from '../../dispatch/store-error.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import { MemoryTaskStore } from '../../store/memory-task-store.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from '../../store/task-store.ts'
import { hasCode } from '../../store/unavailable.ts'
import type { TaskSettings } from './options.ts'
import { type FollowedTask, RemoteTask } from './remote-task.ts'
import { RunningTask, type TaskHost } from './running-task.ts'
import { failedBy } from './task-end.ts'
import { TaskNodes, type TaskNodesHost } from './task-nodes.ts'
import { type TaskSubscriber, TaskSubscribers, type TaskView } from './task-subscribers.ts'

/** 192 bits: an id cannot be guessed, and where callers are not known it is all that a client needs. */
const ID_BYTES = 24

type Found = TaskView | undefined

export class TaskTable implements TaskHost, TaskNodesHost {
  readonly reporter: ErrorReporter
  readonly store: TaskStore
  readonly subscribers = new TaskSubscribers()
  readonly #settings: TaskSettings
  readonly #memory: MemoryTaskStore | undefined
  /** Undefined where nothing is shared with other processes. */
  readonly #nodes: TaskNodes | undefined
  readonly #running = new Map<
    string,
    { readonly task: RunningTask; readonly timer: NodeJS.Timeout | undefined }
  >()
  /** Not in `#running` yet. */
  #creating = 0
  #closing = false
  #isClosed = false
  /** Tasks whose last state was not stored. */
  #lostEnds = 0
  #onIdle: (() => void) | undefined

  /** @param channel - to the other nodes of a store, which has the tasks where `tasks.store` does not */
  constructor(reporter: ErrorReporter, settings: TaskSettings, channel?: NodeChannel) {
    this.reporter = reporter
    this.#settings = settings
    this.#nodes = channel && new TaskNodes(channel, this)
    if ('create' in settings.store) this.store = settings.store
    else if (channel !== undefined) this.store = channel.node.tasks
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
   * @throws {StoreAwayError} 503, the store cannot be reached
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
      ...(this.#nodes !== undefined && { node: this.#nodes.id }),
    }
    if (this.#closing) throw new ShutdownError()
    this.#creating += 1
    try {
      await this.#ask(this.store.create(record))
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

  /**
   * A task that this caller may know of, with its present state.
   *
   * @throws {StoreAwayError} 503, the store cannot be reached
   */
  find(taskId: string, owner: string | null): Found | Promise<Found> {
    const mine = (view: Found) =>
      view !== undefined && view.record.owner === owner && deadlineOf(view.record) > Date.now()
        ? view
        : undefined
    const running = this.running(taskId)
    if (running !== undefined) return mine(running)
    const stored = this.store.read(taskId)
    if (!isPromise(stored)) return mine(viewOf(stored))
    return this.#ask(stored).then((record) => {
      const view = mine(viewOf(record))
      if (view === undefined || this.#nodes === undefined) return view
      const checked = this.#nodes.checked(view.record)
      return isPromise(checked) ? this.#ask(checked).then(viewOf) : view
    })
  }

  running(taskId: string): RunningTask | undefined {
    return this.#running.get(taskId)?.task
  }

  /**
   * A task for those who follow it.
   *
   * @returns undefined: it is over, or its changes are only known from its store
   */
  followed(view: TaskView): FollowedTask | undefined {
    if (view instanceof RunningTask) return view
    const { record } = view
    return isOver(record) || this.#nodes?.isElsewhere(record) !== true
      ? undefined
      : this.#nodes.followed(record)
  }

  /** From now on a subscriber is notified of changes of a task. @param view - see `followed` */
  subscribe(view: TaskView, subscriber: TaskSubscriber): void {
    this.subscribers.add(view.record.taskId, subscriber)
    if (view instanceof RemoteTask) this.#nodes?.follow(view)
  }

  unsubscribe(taskId: string, subscriber: TaskSubscriber): void {
    this.subscribers.remove(taskId, subscriber)
    if (!this.subscribers.has(taskId)) this.#nodes?.unfollow(taskId)
  }

  /**
   * Gives a task the responses to its input requests; does nothing for one that is over.
   *
   * @throws {RpcError} -32603, it runs in another process, which cannot be reached from here
   * @throws {StoreAwayError} 503, the store cannot be reached
   */
  async respond(view: TaskView, responses: JsonObject): Promise<void> {
    if (view instanceof RunningTask) view.inputRequests.respond(responses)
    else if (!isOver(view.record)) {
      const nodes = this.#nodesOf(view)
      // Its node is gone: that is its end.
      if (!(await this.#ask(nodes.respond(view.record, responses))))
        await this.#ask(nodes.checked(view.record))
    }
  }

  /**
   * Ends a task because its client asks for it; does nothing for one that is over.
   *
   * @returns its last state
   * @throws as `respond`
   */
  async cancel(view: TaskView): Promise<TaskRecord> {
    const message = 'The client cancelled the task'
    const end = { status: 'cancelled', statusMessage: message } as const
    if (view instanceof RunningTask) await view.stop(end, new McpError('ERR_TASK_CANCELLED', message))
    else if (!isOver(view.record)) return await this.#ask(this.#nodesOf(view).end(view.record, end))
    return view.record
  }

  /** Whether `list` can be called. */
  get canList(): boolean {
    return this.store.list !== undefined
  }

  /** All tasks of an owner, each with its present state, the first one created first. */
  async list(owner: string): Promise<readonly TaskRecord[]> {
    const stored = (await this.#ask(this.store.list?.(owner))) ?? []
    const now = Date.now()
    const present = stored
      .map((record) => this.running(record.taskId)?.record ?? record)
      .filter((record) => record.owner === owner && deadlineOf(record) > now)
    const nodes = this.#nodes
    return nodes === undefined
      ? present
      : await this.#ask(Promise.all(present.map((record) => nodes.checked(record))))
  }

  /** Ends and deletes what belongs to an owner that can never ask for it again. */
  async drop(owner: string, reason: McpError): Promise<void> {
    const running = [...this.#running.values()].filter(({ task }) => task.record.owner === owner)
    const end = { status: 'cancelled', statusMessage: reason.message } as const
    await Promise.all(running.map(({ task }) => task.stop(end, reason)))
    const left = this.canList ? await this.list(owner) : running.map(({ task }) => task.record)
    await Promise.all(left.map(({ taskId }) => this.#forget(taskId)))
    // The nodes of those that run elsewhere find them deleted.
    for (const record of left) if (!isOver(record)) this.#nodes?.announce(record.taskId)
  }

  changed(task: RunningTask): void {
    this.subscribers.notify(task.taskId, task)
    this.#checkIdle()
  }

  stored({ taskId }: RunningTask): void {
    this.#nodes?.announce(taskId)
  }

  storeBack(error: unknown): Promise<void> | undefined {
    return this.#isClosed || !isUnavailable(error) ? undefined : this.#nodes?.storeBack()
  }

  endLost(): void {
    this.#lostEnds += 1
  }

  ended(task: RunningTask): void {
    const { taskId } = task.record
    clearTimeout(this.#running.get(taskId)?.timer)
    this.#running.delete(taskId)
    this.#checkIdle()
  }

  /**
   * Refuses new tasks. Resolves when none works: one that waits for its client cannot be answered any more, but through
   * another node.
   */
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
    this.#isClosed = true
    this.#nodes?.release()
    await Promise.all([...this.#running.values()].map(({ task }) => this.#stop(task)))
    this.#memory?.close()
    if (this.#lostEnds === 0) return
    const problem = `The end of ${this.#lostEnds} tasks was not stored, since the store cannot be reached`
    this.reporter.reportError(new McpError('ERR_STORE_UNAVAILABLE', problem), { phase: 'transport' })
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
    const isShared = this.#nodes !== undefined
    for (const { task } of this.#running.values()) if (isShared || task.record.status === 'working') return
    this.#onIdle()
  }

  /** @throws {RpcError} -32603, what runs the task cannot be reached from here */
  #nodesOf({ record }: TaskView): TaskNodes {
    if (this.#nodes?.isElsewhere(record) === true) return this.#nodes
    const problem =
      'The task runs in another process: requests for it must be routed there, by their session or Mcp-Name header'
    throw new RpcError(ErrorCode.INTERNAL_ERROR, problem)
  }

  /** @throws {StoreAwayError} 503, the store that processes share cannot be reached */
  async #ask<T>(asked: T | PromiseLike<T>): Promise<T> {
    if (this.#nodes === undefined) return await asked
    return await fromStore(Promise.resolve(asked))
  }
}

function viewOf(record: TaskRecord | undefined): Found {
  return record === undefined ? undefined : { record }
}

function refused(problem: string): RpcError {
  return new RpcError(ErrorCode.SERVER_ERROR, problem)
}
