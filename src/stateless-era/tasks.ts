/**
 * The Tasks extension: calls that continue after their request was answered, and the three methods by which clients
 * follow them.
 *
 * The work of a task belongs to the process that began it, its state to the store. `tasks/get` is answered from memory
 * when the task runs here, otherwise from the store; input responses and cancellations must reach the process that runs
 * the task, for which clients send its id as `Mcp-Name`.
 *
 * To everybody but its client a task is one request: middleware runs around all of it, and diagnostics report its end
 * when the task ends.
 *
 * Spec: Tasks extension {@link spec.tasksExtension}.
 * Invariant: a task is in `#running` from its creation until its last state is stored.
 */

import { randomBytes } from 'node:crypto'
import { ownText } from '../bounds/heap-size.ts'
import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { unref } from '../bounds/runtime.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { MethodHandler } from '../dispatch/dispatcher.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { McpServer } from '../features/server.ts'
import { missingTasks } from '../features/tasks.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { MemoryTaskStore } from '../store/memory-task-store.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from '../store/task-store.ts'
import type { TaskSettings } from './options.ts'
import { ShutdownError } from './shutdown-error.ts'
import { RunningTask, type TaskHost } from './task.ts'
import { failedBy } from './task-end.ts'
import { TaskSubscribers, type TaskView } from './task-subscribers.ts'
import { declaresTasks, readTaskId, taskNotFound, taskText } from './task-wire.ts'

/** 192 bits: an id cannot be guessed, and where callers are not known it is all that a client needs. */
const ID_BYTES = 24

type Found = TaskView | undefined

export class Tasks implements TaskHost {
  readonly server: McpServer
  readonly store: TaskStore
  readonly subscribers = new TaskSubscribers()
  /** Added to the methods of the era. */
  readonly methods: readonly (readonly [string, MethodHandler<McpServer>])[]
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

  constructor(server: McpServer, settings: TaskSettings) {
    this.server = server
    this.#settings = settings
    if ('create' in settings.store) this.store = settings.store
    else this.store = this.#memory = new MemoryTaskStore(settings.store)
    this.methods = [
      [Method.tasksGet, this.#get],
      [Method.tasksUpdate, this.#update],
      [Method.tasksCancel, this.#cancel],
    ]
  }

  /** Tasks whose handler has not come to its end. */
  get size(): number {
    return this.#running.size
  }

  /**
   * Begins a task: from now on `find` finds it.
   *
   * @param abort - aborts the signal of its handler
   * @throws {RpcError} -32000, there are too many
   */
  async create(principal: Principal | undefined, abort: (reason: Error) => void): Promise<RunningTask> {
    const { ttlMs, pollIntervalMs } = this.#settings
    const now = new Date().toISOString()
    const record: TaskRecord = {
      taskId: randomBytes(ID_BYTES).toString('base64url'),
      status: 'working',
      createdAt: now,
      lastUpdatedAt: now,
      ttlMs: ttlMs === 0 ? null : ttlMs,
      ...(pollIntervalMs > 0 && { pollIntervalMs }),
      owner: principal === undefined ? null : ownText(principal.id),
    }
    if (this.#closing) throw new ShutdownError()
    this.#creating += 1
    try {
      await this.store.create(record)
    } catch (error) {
      this.#creating -= 1
      this.#checkIdle()
      if (error instanceof McpError && error.code === 'ERR_TOO_MANY_TASKS') throw refused(error.message)
      throw error
    }
    this.#creating -= 1
    const task = new RunningTask(this, record, abort)
    const timer = ttlMs === 0 ? undefined : unref(setTimeout(() => this.#expire(task), ttlMs))
    this.#running.set(record.taskId, { task, timer })
    return task
  }

  /** Deletes a task whose id was given to nobody. */
  async discard(task: RunningTask): Promise<void> {
    this.ended(task)
    await this.#forget(task.record.taskId)
  }

  /** A task that this caller may know of, with its present state. */
  find(taskId: string, principal: Principal | undefined): Found | Promise<Found> {
    const owner = principal?.id ?? null
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

  readonly #get: MethodHandler<McpServer> = (params, ctx, _server, exchange) =>
    this.#with(Method.tasksGet, params, ctx, exchange, ({ record }) => new JsonText(taskText(record)))

  readonly #update: MethodHandler<McpServer> = (params, ctx, _server, exchange) =>
    this.#with(Method.tasksUpdate, params, ctx, exchange, (view) => {
      const responses = params?.['inputResponses']
      if (!isObject(responses)) {
        const problem = 'tasks/update needs "inputResponses", an object of answers by key'
        throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
      }
      this.#runningHere(view)?.inputRequests.respond(responses)
      return {}
    })

  readonly #cancel: MethodHandler<McpServer> = (params, ctx, _server, exchange) =>
    this.#with(Method.tasksCancel, params, ctx, exchange, async (view) => {
      const message = 'The client cancelled the task'
      const reason = new McpError('ERR_TASK_CANCELLED', message)
      await this.#runningHere(view)?.stop({ status: 'cancelled', statusMessage: message }, reason)
      return {}
    })

  #with(
    method: string,
    params: JsonObject | undefined,
    ctx: RequestContext,
    { peer }: RpcExchange,
    answer: (view: TaskView) => unknown,
  ): unknown {
    if (!declaresTasks(peer)) throw missingTasks()
    const taskId = readTaskId(params, method)
    const found = (view: Found) => {
      if (view === undefined) throw taskNotFound(taskId)
      return answer(view)
    }
    const view = this.find(taskId, ctx.auth)
    return isPromise(view) ? view.then(found) : found(view)
  }

  /** undefined: there is nothing left to do for it. */
  #runningHere(view: TaskView): RunningTask | undefined {
    if (view instanceof RunningTask) return view
    if (isOver(view.record)) return undefined
    const problem =
      'The task runs in another process: requests for it must be routed by their Mcp-Name header'
    throw new RpcError(ErrorCode.INTERNAL_ERROR, problem)
  }

  #stop(task: RunningTask): Promise<void> {
    const { message, code } = new ShutdownError()
    return task.stop(failedBy(message, code), new McpError('ERR_SERVER_CLOSED', message))
  }

  #expire(task: RunningTask): void {
    const message = `The task did not finish within its time to live of ${this.#settings.ttlMs} ms`
    const stopped = task.stop(failedBy(message), new McpError('ERR_TASK_EXPIRED', message))
    void stopped.then(() => this.#forget(task.record.taskId))
  }

  async #forget(taskId: string): Promise<void> {
    try {
      await this.store.delete(taskId)
    } catch (error) {
      this.server.reportError(error, { phase: 'transport', method: Method.toolsCall })
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
