/**
 * Tasks in the memory of this process, bounded by their number (of all, and of each principal), by bytes and by age.
 *
 * Where there is no room, the task that ended first is forgotten first; running ones never are, so that a new task
 * is refused when all of them run. A principal that has more than its part of the bytes makes room with its own tasks.
 *
 * Invariant: a timer runs exactly while there are records that expire, and never keeps the process alive; `#bytes`
 * is the sum of the sizes of all records. No step looks at more tasks than it forgets.
 */

import { textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList, Place } from '../bounds/linked-list.ts'
import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { unref } from '../bounds/runtime.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { deadlineOf, isOver, type TaskRecord, type TaskStore } from './task-store.ts'

export interface TaskLimits {
  /** Tasks that are remembered, running ones included. */
  readonly max: number
  /** The same for each principal; callers that are not known share `max` alone. */
  readonly maxPerPrincipal: number
  /** Bytes of the heap that the records of all tasks take. */
  readonly maxBytes: number
}

/** Of a record, its times and its places in lists and maps, beside its other texts. Measured: 690. */
const RECORD_BYTES = 704
/** The part of all bytes from which on a principal makes room with its own tasks. */
const BYTES_SHARE = 16

/** A principal that has tasks. */
interface Owner {
  readonly id: string
  tasks: number
  bytes: number
  /** Those that are over, the first to end first. */
  readonly over: LinkedList<Place<Entry>>
}

/** A task, in the list of those that are over if it is. */
class Entry implements Linked<Entry> {
  readonly owner: Owner | undefined
  record: TaskRecord
  bytes: number
  isOver = false
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  /** In its owner's list. */
  readonly place = new Place<Entry>(this)

  constructor(record: TaskRecord, owner: Owner | undefined) {
    this.record = record
    this.owner = owner
    this.bytes = sizeOf(record)
  }
}

export class MemoryTaskStore implements TaskStore {
  readonly #limits: TaskLimits
  /** In order of creation. Lifecycle: from `create` to eviction, expiry or `delete`. */
  readonly #entries = new Map<string, Entry>()
  /** Tasks that are over, the first to end first. */
  readonly #over = new LinkedList<Entry>()
  /** By id. Lifecycle: as long as it has a task. */
  readonly #owners = new Map<string, Owner>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

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
    this.#makeRoom(owner, entry.bytes)
    this.#entries.set(taskId, entry)
    this.#bytes += entry.bytes
    if (owner !== undefined) {
      this.#owners.set(owner.id, owner)
      owner.tasks += 1
      owner.bytes += entry.bytes
    }
    if (record.ttlMs !== null) this.#schedule()
  }

  read(taskId: string): TaskRecord | undefined {
    const record = this.#entries.get(taskId)?.record
    return record === undefined || deadlineOf(record) <= Date.now() ? undefined : record
  }

  /** @throws {McpError} ERR_TASK_TOO_LARGE, the record alone is larger than all records may be */
  update(record: TaskRecord): void {
    const entry = this.#entries.get(record.taskId)
    if (entry === undefined) return
    const bytes = sizeOf(record)
    if (bytes > this.#limits.maxBytes) {
      const problem = `A task takes ${bytes} bytes, above tasks.maxBytes, the limit of ${this.#limits.maxBytes} for all tasks`
      throw new McpError('ERR_TASK_TOO_LARGE', problem)
    }
    // Not among those that can go while there is made room for it.
    this.#unlist(entry)
    this.#bytes += bytes - entry.bytes
    if (entry.owner !== undefined) entry.owner.bytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.record = record
    this.#makeBytes(entry.owner, 0)
    if (!isOver(record)) return
    entry.isOver = true
    this.#over.append(entry)
    entry.owner?.over.append(entry.place)
  }

  delete(taskId: string): void {
    const entry = this.#entries.get(taskId)
    if (entry === undefined) return
    this.#entries.delete(taskId)
    this.#unlist(entry)
    this.#bytes -= entry.bytes
    const { owner } = entry
    if (owner !== undefined) {
      owner.tasks -= 1
      owner.bytes -= entry.bytes
      if (owner.tasks === 0) this.#owners.delete(owner.id)
    }
    if (this.#entries.size === 0) this.#stop()
  }

  /** Forgets everything. */
  close(): void {
    for (const taskId of [...this.#entries.keys()]) this.delete(taskId)
  }

  #ownerOf({ owner: id }: TaskRecord): Owner | undefined {
    if (id === null) return undefined
    return this.#owners.get(id) ?? { id, tasks: 0, bytes: 0, over: new LinkedList() }
  }

  #unlist(entry: Entry): void {
    if (!entry.isOver) return
    entry.isOver = false
    this.#over.remove(entry)
    entry.owner?.over.remove(entry.place)
  }

  #makeRoom(owner: Owner | undefined, bytes: number): void {
    const { max, maxPerPrincipal, maxBytes } = this.#limits
    if (owner !== undefined && owner.tasks >= maxPerPrincipal) {
      this.#evict(owner.over.oldest?.value, `${maxPerPrincipal} for each principal`)
    }
    if (this.#entries.size >= max) this.#evict(this.#over.oldest, String(max))
    this.#makeBytes(owner, bytes)
    if (this.#bytes + bytes > maxBytes) this.#evict(undefined, `${maxBytes} bytes`)
  }

  #evict(entry: Entry | undefined, limit: string): void {
    if (entry === undefined) {
      throw new McpError('ERR_TOO_MANY_TASKS', `Too many tasks are running (the limit is ${limit})`)
    }
    this.delete(entry.record.taskId)
  }

  /** Forgets tasks that are over until so many bytes more fit, or none is left. */
  #makeBytes(owner: Owner | undefined, bytes: number): void {
    const { maxBytes } = this.#limits
    while (this.#bytes + bytes > maxBytes) {
      const own =
        owner !== undefined && owner.bytes > maxBytes / BYTES_SHARE ? owner.over.oldest?.value : undefined
      const first = own ?? this.#over.oldest
      if (first === undefined) return
      this.delete(first.record.taskId)
    }
  }

  /** Tasks of one handler all live equally long, so the first one created is the first one to go. */
  #schedule(): void {
    if (this.#timer !== undefined) return
    const first = this.#entries.values().next().value?.record
    if (first === undefined || first.ttlMs === null) return
    const delay = Math.min(Math.max(deadlineOf(first) - Date.now(), 1), MAX_TIMER_MS)
    this.#timer = unref(setTimeout(() => this.#sweep(), delay))
  }

  #sweep(): void {
    this.#timer = undefined
    const now = Date.now()
    for (const { record } of this.#entries.values()) {
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

function sizeOf({ taskId, owner, payload = '', statusMessage = '' }: TaskRecord): number {
  const texts = textBytes(taskId) + textBytes(payload) + textBytes(statusMessage)
  return RECORD_BYTES + texts + (owner === null ? 0 : textBytes(owner))
}
