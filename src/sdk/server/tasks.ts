/**
 * Tasks of a Server with a `taskStore`: the answers to `tasks/...`, and what its handlers have of the store.
 *
 *    tools/call with `task`   the handler makes a task (extra.taskStore.createTask), and works on
 *    asked for a task         with a `taskMessageQueue`: held back until the client waits in tasks/result, on whose
 *                             stream it then leaves
 *    tasks/result             waits: woken by what happens here, and by the poll interval, since a store may be shared
 *
 * Invariant: what is held back has a time limit, or is a notification; above MAX_HELD the oldest task loses its own.
 */

import { MAX_TIMER_MS } from '../../bounds/max-timer.ts'
import { notifySession } from '../ask.ts'
import { isTerminal, type TaskStore } from '../experimental/tasks/interfaces.ts'
import type { Extra } from '../extra.ts'
import type { HandlerTable, Message } from '../handler-table.ts'
import type { Peer } from '../peer.ts'
import {
  DEFAULT_REQUEST_TIMEOUT_MSEC,
  type ProtocolOptions,
  type RequestOptions,
  type RequestTaskStore,
} from '../shared/protocol-types.ts'
import {
  CancelTaskRequestSchema,
  CreateTaskResultSchema,
  ErrorCode,
  GetTaskPayloadRequestSchema,
  GetTaskRequestSchema,
  ListTasksRequestSchema,
  McpError,
  type Notification,
  RELATED_TASK_META_KEY,
  type Request,
  type RequestMeta,
  type Result,
  type ServerCapabilities,
} from '../types.ts'
import { type AnySchema, safeParse } from './zod-compat.ts'

const DEFAULT_POLL_MS = 1000
/** Messages of all tasks of a server. */
const MAX_HELD = 10_000

interface Held {
  /** Sends it on the stream of a request. */
  send(on: Pick<Extra, 'sendRequest' | 'sendNotification'>): void
  drop(error: McpError): void
}

interface OfTask {
  readonly params: { readonly taskId: string }
}

export class ServerTasks {
  readonly #store: TaskStore
  readonly #options: ProtocolOptions
  readonly #onError: (error: Error) => void
  /** By task, until its client waits for the result. */
  readonly #held = new Map<string, Held[]>()
  #heldCount = 0
  /** Who waits for a task. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(
    store: TaskStore,
    options: ProtocolOptions,
    handlers: HandlerTable,
    onError: (error: Error) => void,
  ) {
    this.#store = store
    this.#options = options
    this.#onError = onError
    handlers.setRequest(GetTaskRequestSchema, async ({ params }: OfTask, { sessionId }) => {
      const task = await store.getTask(params.taskId, sessionId)
      if (task === null) throw invalid('Failed to retrieve task: Task not found')
      return { ...task }
    })
    handlers.setRequest(GetTaskPayloadRequestSchema, ({ params }: OfTask, extra) =>
      this.#result(params.taskId, extra),
    )
    handlers.setRequest(ListTasksRequestSchema, (request: Request, extra) => this.#list(request, extra))
    handlers.setRequest(CancelTaskRequestSchema, ({ params }: OfTask, extra) =>
      this.#cancel(params.taskId, extra),
    )
  }

  /** Gives a handler its part: the store, and the task that its request is about. */
  extend(extra: Extra, peer: Peer, message: Message): void {
    const { task, _meta: meta } = (message.params ?? {}) as {
      readonly task?: { readonly ttl?: number }
      readonly _meta?: RequestMeta
    }
    const taskId = meta?.[RELATED_TASK_META_KEY]?.taskId
    const store = this.#storeOf(extra, peer, message)
    const { sendRequest, sendNotification } = extra
    extra.taskStore = store
    if (taskId !== undefined) extra.taskId = taskId
    if (task?.ttl !== undefined) extra.taskRequestedTtl = task.ttl
    extra.sendRequest = async (request, schema, options: RequestOptions = {}) => {
      const { relatedTask = taskId === undefined ? undefined : { taskId }, ...others } = options
      if (relatedTask === undefined) return await sendRequest(request, schema, others)
      await store.updateTaskStatus(relatedTask.taskId, 'input_required')
      return (await this.ask(relatedTask.taskId, request, schema, others)) as never
    }
    extra.sendNotification = async (notification) => {
      if (taskId === undefined) await sendNotification(notification)
      else this.notify(taskId, notification)
    }
  }

  /** Holds a request back until the client waits for the result of a task. */
  ask(taskId: string, request: Request, schema: AnySchema, options: RequestOptions): Promise<unknown> {
    const { timeout = DEFAULT_REQUEST_TIMEOUT_MSEC } = options
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#remove(taskId, held)
          reject(new McpError(ErrorCode.RequestTimeout, 'Request timed out', { timeout }))
        },
        Math.min(timeout, MAX_TIMER_MS),
      )
      const held: Held = {
        send: ({ sendRequest }) => {
          clearTimeout(timer)
          sendRequest(ofTask(taskId, request), schema, options).then(resolve, reject)
        },
        drop: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#hold(taskId, held)
    })
  }

  /** Holds a notification back until the client waits for the result of a task. */
  notify(taskId: string, notification: Notification): void {
    this.#hold(taskId, {
      send: ({ sendNotification }) => {
        sendNotification(ofTask(taskId, notification)).catch((error: unknown) =>
          this.#onError(error instanceof Error ? error : new Error(String(error))),
        )
      },
      drop: () => {},
    })
  }

  #hold(taskId: string, held: Held): void {
    const { taskMessageQueue, maxTaskQueueSize = Number.POSITIVE_INFINITY } = this.#options
    const queue = this.#held.get(taskId) ?? []
    if (taskMessageQueue === undefined) {
      held.drop(internal('Cannot enqueue task message: taskStore and taskMessageQueue are not configured'))
    } else if (queue.length >= maxTaskQueueSize) {
      held.drop(
        internal(
          `Task message queue overflow: queue size (${queue.length}) exceeds maximum (${maxTaskQueueSize})`,
        ),
      )
    } else {
      queue.push(held)
      this.#held.set(taskId, queue)
      this.#heldCount += 1
      this.#wake(taskId)
      const [oldest] = this.#held.keys()
      if (this.#heldCount > MAX_HELD && oldest !== undefined) this.#drop(oldest)
    }
  }

  #remove(taskId: string, held: Held): void {
    const queue = this.#held.get(taskId) ?? []
    const at = queue.indexOf(held)
    if (at < 0) return
    queue.splice(at, 1)
    this.#heldCount -= 1
    if (queue.length === 0) this.#held.delete(taskId)
  }

  #take(taskId: string): readonly Held[] {
    const queue = this.#held.get(taskId) ?? []
    this.#held.delete(taskId)
    this.#heldCount -= queue.length
    return queue
  }

  #drop(taskId: string): void {
    for (const held of this.#take(taskId)) held.drop(internal('Task cancelled or completed'))
  }

  async #result(taskId: string, extra: Extra): Promise<object> {
    const { sessionId, signal, sendRequest, sendNotification } = extra
    for (;;) {
      const task = await this.#store.getTask(taskId, sessionId)
      if (task === null) throw invalid(`Task not found: ${taskId}`)
      for (const held of this.#take(taskId)) held.send({ sendRequest, sendNotification })
      if (isTerminal(task.status)) {
        const result = await this.#store.getTaskResult(taskId, sessionId)
        this.#drop(taskId)
        return ofResult(taskId, result)
      }
      const pollMs = task.pollInterval || (this.#options.defaultTaskPollInterval ?? DEFAULT_POLL_MS)
      await this.#change(taskId, pollMs, signal)
    }
  }

  async #list({ params }: Request, { sessionId }: Extra): Promise<object> {
    try {
      const { tasks, nextCursor } = await this.#store.listTasks(
        params?.['cursor'] as string | undefined,
        sessionId,
      )
      return { tasks, ...(nextCursor !== undefined && { nextCursor }), _meta: {} }
    } catch (error) {
      throw invalid(`Failed to list tasks: ${textOf(error)}`)
    }
  }

  async #cancel(taskId: string, { sessionId }: Extra): Promise<object> {
    try {
      const task = await this.#store.getTask(taskId, sessionId)
      if (task === null) throw invalid(`Task not found: ${taskId}`)
      if (isTerminal(task.status)) throw invalid(`Cannot cancel task in terminal status: ${task.status}`)
      const message = 'Client cancelled task execution.'
      await this.#store.updateTaskStatus(taskId, 'cancelled', message, sessionId)
      this.#drop(taskId)
      this.#wake(taskId)
      const cancelled = await this.#store.getTask(taskId, sessionId)
      if (cancelled === null) throw invalid(`Task not found after cancellation: ${taskId}`)
      return { _meta: {}, ...cancelled }
    } catch (error) {
      if (error instanceof McpError) throw error
      throw new McpError(ErrorCode.InvalidRequest, `Failed to cancel task: ${textOf(error)}`)
    }
  }

  #storeOf({ requestId, sessionId }: Extra, peer: Peer, { method, params }: Message): RequestTaskStore {
    const store = this.#store
    const changed = async (taskId: string): Promise<void> => {
      const task = await store.getTask(taskId, sessionId)
      if (task !== null) notifySession(peer, { method: 'notifications/tasks/status', params: task })
      this.#wake(taskId)
    }
    return {
      createTask: (options) =>
        store.createTask(options, requestId, { method, ...(params && { params }) } as Request, sessionId),
      async getTask(taskId) {
        const task = await store.getTask(taskId, sessionId)
        if (task === null) throw invalid('Failed to retrieve task: Task not found')
        return task
      },
      async storeTaskResult(taskId, status, result) {
        await store.storeTaskResult(taskId, status, result, sessionId)
        await changed(taskId)
      },
      getTaskResult: (taskId) => store.getTaskResult(taskId, sessionId),
      async updateTaskStatus(taskId, status, message) {
        const task = await store.getTask(taskId, sessionId)
        if (task === null) throw invalid(`Task "${taskId}" not found - it may have been cleaned up`)
        if (isTerminal(task.status)) {
          throw invalid(
            `Cannot update task "${taskId}" from terminal status "${task.status}" to "${status}". Terminal states (completed, failed, cancelled) cannot transition to other states.`,
          )
        }
        await store.updateTaskStatus(taskId, status, message, sessionId)
        await changed(taskId)
      },
      listTasks: (cursor) => store.listTasks(cursor, sessionId),
    }
  }

  /** Resolves when something happened to a task, or may have. */
  #change(taskId: string, pollMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(taskId) ?? new Set()
      this.#waiting.set(taskId, waiting)
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        waiting.delete(wake)
        if (waiting.size === 0) this.#waiting.delete(taskId)
      }
      const wake = () => {
        end()
        resolve()
      }
      const onAbort = () => {
        end()
        reject(new McpError(ErrorCode.InvalidRequest, 'Request cancelled'))
      }
      const timer = setTimeout(wake, Math.min(pollMs, MAX_TIMER_MS))
      waiting.add(wake)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort)
    })
  }

  #wake(taskId: string): void {
    for (const wake of [...(this.#waiting.get(taskId) ?? [])]) wake()
  }
}

/** @throws {Error} the server has not declared that it makes tasks of these calls */
export function assertMakesTasks({ tasks }: ServerCapabilities, method: string): void {
  const requests = tasks?.requests
  if (!requests) throw new Error(`Server does not support task creation (required for ${method})`)
  if (!requests.tools?.call) {
    throw new Error(`Server does not support task creation for tools/call (required for ${method})`)
  }
}

/** @throws {McpError} -32602, no task was created */
export function taskResult(returned: unknown): object {
  const result = safeParse(CreateTaskResultSchema, returned)
  if (result.success) return result.data
  throw invalid(`Invalid task creation result: ${textOf(result.error)}`)
}

function ofResult(taskId: string, result: Result): object {
  return { ...result, _meta: { ...result._meta, [RELATED_TASK_META_KEY]: { taskId } } }
}

function ofTask<M extends Request | Notification>(taskId: string, message: M): M {
  const { params } = message
  const meta = { ...params?._meta, [RELATED_TASK_META_KEY]: { taskId } }
  return { ...message, params: { ...params, _meta: meta } }
}

function invalid(message: string): McpError {
  return new McpError(ErrorCode.InvalidParams, message)
}

function internal(message: string): McpError {
  return new McpError(ErrorCode.InternalError, message)
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
