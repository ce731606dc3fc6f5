/** `experimental/tasks/stores/in-memory.js`: tasks and messages of one process. */

import { randomBytes } from 'node:crypto'
import { MAX_TIMER_MS } from '../../../../bounds/max-timer.ts'
import type { Request, RequestId, Result, Task } from '../../../types.ts'
import {
  type CreateTaskOptions,
  isTerminal,
  type QueuedMessage,
  type TaskMessageQueue,
  type TaskStore,
} from '../interfaces.ts'

const PAGE_SIZE = 10
const DEFAULT_POLL_MS = 1000
/** Clients may ask for tasks that never expire. */
const MAX_TASKS = 10_000

interface Kept {
  readonly task: Task
  readonly sessionId: string | undefined
  result?: Result
  timer?: NodeJS.Timeout
}

export class InMemoryTaskStore implements TaskStore {
  /** Lifecycle: until their `ttl` has passed. Above MAX_TASKS the oldest that has ended is forgotten before. */
  readonly #tasks = new Map<string, Kept>()

  async createTask(
    { ttl = null, pollInterval = DEFAULT_POLL_MS }: CreateTaskOptions,
    _requestId: RequestId,
    _request: Request,
    sessionId?: string,
  ): Promise<Task> {
    const taskId = randomBytes(16).toString('hex')
    const createdAt = new Date().toISOString()
    const task: Task = {
      taskId,
      status: 'working',
      ttl,
      createdAt,
      lastUpdatedAt: createdAt,
      pollInterval,
    }
    if (this.#tasks.size >= MAX_TASKS) this.#forgetOne()
    const kept = { task, sessionId }
    this.#tasks.set(taskId, kept)
    this.#expireLater(kept)
    return task
  }

  async getTask(taskId: string, sessionId?: string): Promise<Task | null> {
    const kept = this.#find(taskId, sessionId)
    return kept === undefined ? null : { ...kept.task }
  }

  async storeTaskResult(
    taskId: string,
    status: 'completed' | 'failed',
    result: Result,
    sessionId?: string,
  ): Promise<void> {
    const kept = this.#get(taskId, sessionId)
    if (isTerminal(kept.task.status)) {
      throw new Error(
        `Cannot store result for task ${taskId} in terminal status '${kept.task.status}'. Task results can only be stored once.`,
      )
    }
    kept.result = result
    this.#change(kept, status)
  }

  async getTaskResult(taskId: string, sessionId?: string): Promise<Result> {
    const { result } = this.#get(taskId, sessionId)
    if (result === undefined) throw new Error(`Task ${taskId} has no result stored`)
    return result
  }

  async updateTaskStatus(
    taskId: string,
    status: Task['status'],
    statusMessage?: string,
    sessionId?: string,
  ): Promise<void> {
    const kept = this.#get(taskId, sessionId)
    if (isTerminal(kept.task.status)) {
      throw new Error(
        `Cannot update task ${taskId} from terminal status '${kept.task.status}' to '${status}'. Terminal states (completed, failed, cancelled) cannot transition to other states.`,
      )
    }
    if (statusMessage) kept.task.statusMessage = statusMessage
    this.#change(kept, status)
  }

  async listTasks(cursor?: string, sessionId?: string): Promise<{ tasks: Task[]; nextCursor?: string }> {
    const ids = [...this.#tasks.keys()].filter((id) => this.#find(id, sessionId) !== undefined)
    const at = cursor ? ids.indexOf(cursor) : -1
    if (cursor && at < 0) throw new Error(`Invalid cursor: ${cursor}`)
    const page = ids.slice(at + 1, at + 1 + PAGE_SIZE)
    const last = page.at(-1)
    const tasks = page.map((id) => ({ ...this.#get(id, sessionId).task }))
    return at + 1 + PAGE_SIZE < ids.length && last !== undefined ? { tasks, nextCursor: last } : { tasks }
  }

  #forgetOne(): void {
    let [kept] = this.#tasks.values()
    for (const each of this.#tasks.values()) {
      if (!isTerminal(each.task.status)) continue
      kept = each
      break
    }
    if (kept === undefined) return
    clearTimeout(kept.timer)
    this.#tasks.delete(kept.task.taskId)
  }

  /** Forgets all tasks. */
  cleanup(): void {
    for (const { timer } of this.#tasks.values()) clearTimeout(timer)
    this.#tasks.clear()
  }

  getAllTasks(): Task[] {
    return [...this.#tasks.values()].map(({ task }) => ({ ...task }))
  }

  #find(taskId: string, sessionId: string | undefined): Kept | undefined {
    const kept = this.#tasks.get(taskId)
    const isOther = sessionId !== undefined && kept?.sessionId !== undefined && kept.sessionId !== sessionId
    return isOther ? undefined : kept
  }

  #get(taskId: string, sessionId: string | undefined): Kept {
    const kept = this.#find(taskId, sessionId)
    if (kept === undefined) throw new Error(`Task with ID ${taskId} not found`)
    return kept
  }

  #change(kept: Kept, status: Task['status']): void {
    kept.task.status = status
    kept.task.lastUpdatedAt = new Date().toISOString()
    if (isTerminal(status)) this.#expireLater(kept)
  }

  #expireLater(kept: Kept): void {
    const { taskId, ttl } = kept.task
    if (!ttl) return
    clearTimeout(kept.timer)
    kept.timer = setTimeout(() => this.#tasks.delete(taskId), Math.min(ttl, MAX_TIMER_MS))
  }
}

/**
 * A server that is given one holds back what its handlers ask for a task, until the client asks for the result. It keeps
 * these messages itself: they are never in this queue.
 */
export class InMemoryTaskMessageQueue implements TaskMessageQueue {
  readonly #queues = new Map<string, QueuedMessage[]>()

  async enqueue(
    taskId: string,
    message: QueuedMessage,
    _sessionId?: string,
    maxSize?: number,
  ): Promise<void> {
    const queue = this.#queues.get(taskId) ?? []
    if (maxSize !== undefined && queue.length >= maxSize) {
      throw new Error(
        `Task message queue overflow: queue size (${queue.length}) exceeds maximum (${maxSize})`,
      )
    }
    queue.push(message)
    this.#queues.set(taskId, queue)
  }

  async dequeue(taskId: string, _sessionId?: string): Promise<QueuedMessage | undefined> {
    return this.#queues.get(taskId)?.shift()
  }

  async dequeueAll(taskId: string, _sessionId?: string): Promise<QueuedMessage[]> {
    const queue = this.#queues.get(taskId) ?? []
    this.#queues.delete(taskId)
    return queue
  }
}
