/**
 * Tasks in the memory of this process, bounded by their number (of all, and of each principal), by bytes and by age.
 *
 * Where there is no room, the task that ended first is forgotten first; running ones never are, so that a new task
 * is refused when all of them run.
 *
 * Invariant: a timer runs exactly while there are records that expire, and never keeps the process alive; `#bytes`
 * is the sum of the sizes of all records.
 */

import { McpError } from '../jsonrpc/rpc-error.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from './task-store.ts'

export interface TaskLimits {
  /** Tasks that are remembered, running ones included. */
  readonly max: number
  /** The same for each principal; callers that are not known share `max` alone. */
  readonly maxPerPrincipal: number
  /** Bytes of results, errors and questions. */
  readonly maxBytes: number
}

/** Timers of Node fire at once above this. */
const MAX_DELAY_MS = 2 ** 31 - 1

export class MemoryTaskStore implements TaskStore {
  readonly #limits: TaskLimits
  /** In order of creation. Lifecycle: from `create` to eviction, expiry or `delete`. */
  readonly #records = new Map<string, TaskRecord>()
  /** Ids of tasks that are over, the first to end first. */
  readonly #over = new Set<string>()
  readonly #byOwner = new Map<string, Set<string>>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(limits: TaskLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#records.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws {McpError} ERR_TOO_MANY_TASKS */
  create(record: TaskRecord): void {
    const { taskId, owner } = record
    this.#makeRoom(owner)
    this.#records.set(taskId, record)
    this.#bytes += sizeOf(record)
    if (owner !== null) {
      const mine = this.#byOwner.get(owner)
      if (mine === undefined) this.#byOwner.set(owner, new Set([taskId]))
      else mine.add(taskId)
    }
    this.#schedule()
  }

  read(taskId: string): TaskRecord | undefined {
    const record = this.#records.get(taskId)
    return record === undefined || deadlineOf(record) <= Date.now() ? undefined : record
  }

  /** @throws {McpError} ERR_TASK_TOO_LARGE, the record alone is larger than all records may be */
  update(record: TaskRecord): void {
    const { taskId } = record
    const old = this.#records.get(taskId)
    if (old === undefined) return
    const size = sizeOf(record)
    if (size > this.#limits.maxBytes) {
      const problem = `A task takes ${size} bytes, above the limit of ${this.#limits.maxBytes} for all tasks`
      throw new McpError('ERR_TASK_TOO_LARGE', problem)
    }
    this.#bytes += size - sizeOf(old)
    this.#records.set(taskId, record)
    for (const other of this.#over) {
      if (this.#bytes <= this.#limits.maxBytes) break
      if (other !== taskId) this.delete(other)
    }
    if (isOver(record)) this.#over.add(taskId)
  }

  delete(taskId: string): void {
    const record = this.#records.get(taskId)
    if (record === undefined) return
    this.#records.delete(taskId)
    this.#over.delete(taskId)
    this.#bytes -= sizeOf(record)
    if (record.owner !== null) {
      const mine = this.#byOwner.get(record.owner)
      mine?.delete(taskId)
      if (mine?.size === 0) this.#byOwner.delete(record.owner)
    }
    if (this.#records.size === 0) this.#stop()
  }

  /** Forgets everything. */
  close(): void {
    for (const taskId of [...this.#records.keys()]) this.delete(taskId)
  }

  #makeRoom(owner: string | null): void {
    const { max, maxPerPrincipal } = this.#limits
    const mine = owner === null ? undefined : this.#byOwner.get(owner)
    if (mine !== undefined && mine.size >= maxPerPrincipal) {
      this.#evict(
        [...mine].find((taskId) => this.#over.has(taskId)),
        `${maxPerPrincipal} for each principal`,
      )
    }
    if (this.#records.size >= max) this.#evict(this.#over.values().next().value, String(max))
  }

  #evict(taskId: string | undefined, limit: string): void {
    if (taskId === undefined) {
      throw new McpError('ERR_TOO_MANY_TASKS', `Too many tasks are running (the limit is ${limit})`)
    }
    this.delete(taskId)
  }

  /** Tasks of one handler all live equally long, so the first one created is the first one to go. */
  #schedule(): void {
    const first = this.#records.values().next().value
    if (this.#timer !== undefined || first === undefined || first.ttlMs === null) return
    const delay = Math.min(Math.max(deadlineOf(first) - Date.now(), 1), MAX_DELAY_MS)
    this.#timer = setTimeout(() => this.#sweep(), delay).unref()
  }

  #sweep(): void {
    this.#timer = undefined
    const now = Date.now()
    for (const record of this.#records.values()) {
      if (deadlineOf(record) > now) break
      this.delete(record.taskId)
    }
    this.#schedule()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function sizeOf({ payload = '', statusMessage = '' }: TaskRecord): number {
  return Buffer.byteLength(payload) + Buffer.byteLength(statusMessage)
}
