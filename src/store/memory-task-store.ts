/**
 * Tasks in the memory of this process, bounded by their number (of all, and of each principal), by bytes and by age.
 *
 * When a limit is reached, the task that ended first is evicted first. Running tasks are never evicted: a new task is
 * refused when all of them run. For a principal above its share of the bytes its own tasks are evicted.
 *
 * Invariant: a timer runs exactly while there are records that expire, and never keeps the process alive; `#bytes`
 * is the sum of the sizes of all records. No step visits more tasks than it evicts.
 */

import { DeadlineHeap, type Expiring } from '../bounds/deadline-heap.ts'
import { textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList, Place } from '../bounds/linked-list.ts'
import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { unref } from '../bounds/runtime.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from './task-store.ts'

export interface TaskLimits {
  /** Tasks that are stored, running ones included. */
  readonly max: number
  /** The same for each principal; does not apply without authentication. */
  readonly maxPerPrincipal: number
  /** Bytes of the heap that the records of all tasks take. */
  readonly maxBytes: number
}

/** Of the only record of an owner, its times and its places in lists and maps, beside its other texts. Measured: 1010. */
const RECORD_BYTES = 1024
/** Above a 16th of all bytes, a principal's own tasks are evicted for its new ones. */
const BYTES_SHARE = 16

/** A principal that has tasks. */
interface Owner {
  readonly id: string
  /** In order of creation. */
  readonly tasks: Set<Entry>
  bytes: number
  /** Its tasks that have ended, the first to end first. */
  readonly over: LinkedList<Place<Entry>>
}

/** A task; in the list `#over` if it has ended. */
class Entry implements Linked<Entry>, Expiring {
  readonly owner: Owner | undefined
  readonly deadline: number
  heapIndex = -1
  record: TaskRecord
  bytes: number
  isOver = false
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  /** Its entry in its owner's list. */
  readonly place = new Place<Entry>(this)

  constructor(record: TaskRecord, owner: Owner | undefined) {
    this.record = record
    this.owner = owner
    this.deadline = deadlineOf(record)
    this.bytes = sizeOf(record)
  }
}

export class MemoryTaskStore implements TaskStore {
  readonly #limits: TaskLimits
  /** In order of creation. Lifecycle: from `create` to eviction, expiry or `delete`. */
  readonly #entries = new Map<string, Entry>()
  /** Those that expire. */
  readonly #expiring = new DeadlineHeap<Entry>()
  /** Tasks that have ended, the first to end first. */
  readonly #over = new LinkedList<Entry>()
  /** By principal id. Lifecycle of an entry: as long as the principal has a task. */
  readonly #owners = new Map<string, Owner>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  /** The time that `#timer` waits for. */
  #sweepAt = 0

  constructor(limits: TaskLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws {McpError} ERR_TOO_MANY_TASKS */
  create(record: TaskRecord): void {
    const { taskId } = record
    const owner = this.#ownerOf(record)
    const entry = new Entry(record, owner)
    this.#evictFor(owner, entry.bytes)
    this.#entries.set(taskId, entry)
    this.#bytes += entry.bytes
    if (owner !== undefined) {
      this.#owners.set(owner.id, owner)
      owner.tasks.add(entry)
      owner.bytes += entry.bytes
    }
    if (record.ttlMs === null) return
    this.#expiring.add(entry)
    this.#schedule()
  }

  /** The tasks of one owner, the first one created first. */
  list(owner: string): readonly TaskRecord[] {
    const now = Date.now()
    const found: TaskRecord[] = []
    for (const { deadline, record } of this.#owners.get(owner)?.tasks ?? []) {
      if (deadline > now) found.push(record)
    }
    return found
  }

  read(taskId: string): TaskRecord | undefined {
    const record = this.#entries.get(taskId)?.record
    return record === undefined || deadlineOf(record) <= Date.now() ? undefined : record
  }

  /** @throws {McpError} ERR_TASK_TOO_LARGE, the record alone is larger than all records may be */
  update(record: TaskRecord): boolean {
    const entry = this.#entries.get(record.taskId)
    if (entry === undefined) return true
    if (entry.isOver) return false
    const bytes = sizeOf(record)
    if (bytes > this.#limits.maxBytes) {
      const problem = `A task takes ${bytes} bytes, above tasks.maxBytes, the limit of ${this.#limits.maxBytes} for all tasks`
      throw new McpError('ERR_TASK_TOO_LARGE', problem)
    }
    this.#bytes += bytes - entry.bytes
    if (entry.owner !== undefined) entry.owner.bytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.record = record
    this.#evictForBytes(entry.owner, 0)
    if (!isOver(record)) return true
    entry.isOver = true
    this.#over.append(entry)
    entry.owner?.over.append(entry.place)
    return true
  }

  delete(taskId: string): void {
    const entry = this.#entries.get(taskId)
    if (entry === undefined) return
    this.#entries.delete(taskId)
    this.#unlist(entry)
    this.#expiring.delete(entry)
    this.#bytes -= entry.bytes
    const { owner } = entry
    if (owner !== undefined) {
      owner.tasks.delete(entry)
      owner.bytes -= entry.bytes
      if (owner.tasks.size === 0) this.#owners.delete(owner.id)
    }
    if (this.#expiring.first === undefined) this.#stop()
  }

  /** Deletes all tasks. */
  close(): void {
    for (const taskId of [...this.#entries.keys()]) this.delete(taskId)
  }

  #ownerOf({ owner: id }: TaskRecord): Owner | undefined {
    if (id === null) return undefined
    return this.#owners.get(id) ?? { id, tasks: new Set(), bytes: 0, over: new LinkedList() }
  }

  #unlist(entry: Entry): void {
    if (!entry.isOver) return
    entry.isOver = false
    this.#over.remove(entry)
    entry.owner?.over.remove(entry.place)
  }

  #evictFor(owner: Owner | undefined, bytes: number): void {
    const { max, maxPerPrincipal, maxBytes } = this.#limits
    if (owner !== undefined && owner.tasks.size >= maxPerPrincipal) {
      this.#evict(owner.over.oldest?.value, `${maxPerPrincipal} for each principal`)
    }
    if (this.#entries.size >= max) this.#evict(this.#over.oldest, String(max))
    this.#evictForBytes(owner, bytes)
    if (this.#bytes + bytes > maxBytes) this.#evict(undefined, `${maxBytes} bytes`)
  }

  #evict(entry: Entry | undefined, limit: string): void {
    if (entry === undefined) {
      throw new McpError('ERR_TOO_MANY_TASKS', `Too many tasks are running (the limit is ${limit})`)
    }
    this.delete(entry.record.taskId)
  }

  /** Evicts ended tasks until `bytes` more fit, or none is left. */
  #evictForBytes(owner: Owner | undefined, bytes: number): void {
    const { maxBytes } = this.#limits
    while (this.#bytes + bytes > maxBytes) {
      const own =
        owner !== undefined && owner.bytes > maxBytes / BYTES_SHARE ? owner.over.oldest?.value : undefined
      const first = own ?? this.#over.oldest
      if (first === undefined) return
      this.delete(first.record.taskId)
    }
  }

  /** Makes the timer one for the task that expires first. */
  #schedule(): void {
    const { first } = this.#expiring
    if (first === undefined || (this.#timer !== undefined && this.#sweepAt <= first.deadline)) return
    clearTimeout(this.#timer)
    this.#sweepAt = first.deadline
    const delay = Math.min(Math.max(first.deadline - Date.now(), 1), MAX_TIMER_MS)
    this.#timer = unref(setTimeout(() => this.#sweep(), delay))
  }

  #sweep(): void {
    this.#timer = undefined
    const now = Date.now()
    for (let { first } = this.#expiring; first !== undefined; { first } = this.#expiring) {
      if (first.deadline > now) break
      this.delete(first.record.taskId)
    }
    this.#schedule()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function sizeOf(record: TaskRecord): number {
  const { taskId, owner, payload = '', statusMessage = '', failure = '', node = '', scopes = [] } = record
  const texts = [taskId, payload, statusMessage, failure, node, ...scopes]
  const bytes = texts.reduce((sum, text) => sum + textBytes(text), 0)
  return RECORD_BYTES + bytes + (owner === null ? 0 : textBytes(owner))
}
