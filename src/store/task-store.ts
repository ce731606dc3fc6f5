/**
 * Where tasks are kept, so that their state can be asked for after the request that began them is over.
 *
 * A record is plain data; a store behind several processes keeps it as JSON. The process that runs a task writes it,
 * one write at a time, and reads its own tasks from memory; the store answers for what has ended, and for tasks of
 * other processes.
 *
 * Not here: the work itself, which lives and ends with its process, and who may see a task (the era asks).
 */

export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'

export interface TaskRecord {
  /** Random: whoever has it can ask for the task, where there is no `auth`. */
  readonly taskId: string
  /** The first two go on; the others are the end. */
  readonly status: TaskStatus
  /** For people. */
  readonly statusMessage?: string | undefined
  /** ISO 8601. */
  readonly createdAt: string
  /** ISO 8601. */
  readonly lastUpdatedAt: string
  /** Milliseconds from creation; null: kept for as long as there is room. */
  readonly ttlMs: number | null
  /** Milliseconds between two questions of a client. */
  readonly pollIntervalMs?: number | undefined
  /**
   * Whose task it is: the id of the principal that began it, or, where callers are not known, a mark of the session; null
   * where there is neither.
   */
  readonly owner: string | null
  /** JSON text of what belongs to the status: the result, the error, or the open questions. */
  readonly payload?: string | undefined
  /** Of a completed task whose result has `isError`: its text, at most 1000 characters. Sessions are told that it failed. */
  readonly failure?: string | undefined
}

/** Every method may answer later. What one throws is reported, and fails the call or the task. */
export interface TaskStore {
  /** Keeps a new record. @throws {McpError} `ERR_TOO_MANY_TASKS`: there is no room, which the client is told */
  create(record: TaskRecord): void | PromiseLike<void>
  /** Finds a record. @returns undefined: unknown, expired or deleted */
  read(taskId: string): TaskRecord | undefined | PromiseLike<TaskRecord | undefined>
  /** Replaces the record with the same `taskId`; one that was deleted stays deleted. */
  update(record: TaskRecord): void | PromiseLike<void>
  /** Forgets a record, if there is one. */
  delete(taskId: string): void | PromiseLike<void>
  /**
   * All records of an owner, the first one created first. Where it is missing, `tasks/list` of 2025-11-25 is not offered.
   */
  list?(owner: string): readonly TaskRecord[] | PromiseLike<readonly TaskRecord[]>
}

/** Whether nothing will change any more. */
export function isOver({ status }: TaskRecord): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** The time at which a task may be forgotten, in milliseconds since the epoch. */
export function deadlineOf({ createdAt, ttlMs }: TaskRecord): number {
  return ttlMs === null ? Number.POSITIVE_INFINITY : Date.parse(createdAt) + ttlMs
}
