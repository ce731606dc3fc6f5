/**
 * The task store: the state of tasks, which clients poll after the request that created them is answered.
 *
 * A record is plain data; a store that several processes share stores it as JSON. The process that runs a task writes it,
 * one write at a time, and reads its own running tasks from memory; the store is read for tasks that have ended, and for
 * tasks of other processes. Another process writes it only to end it: when its client cancels it, or its process is gone.
 *
 * Not here: the work itself, which ends with its process, and who may see a task (the era checks that).
 */

export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'

export interface TaskRecord {
  /** Random. A secret: without `auth`, anyone who has it can read the task. */
  readonly taskId: string
  /** `working` and `input_required` may change; the others are final. */
  readonly status: TaskStatus
  /** A text for humans. */
  readonly statusMessage?: string | undefined
  /** ISO 8601. */
  readonly createdAt: string
  /** ISO 8601. */
  readonly lastUpdatedAt: string
  /** Milliseconds from creation after which it expires; null: it does not. */
  readonly ttlMs: number | null
  /** Milliseconds that a client should wait between two polls. */
  readonly pollIntervalMs?: number | undefined
  /**
   * Id of the principal that created the task, or, where callers are not known, a mark of the session; null where there
   * is neither.
   */
  readonly owner: string | null
  /** Id of the node that runs the task; undefined: processes share no store. */
  readonly node?: string | undefined
  /** What the principal must have to ask for the task; undefined: nothing. */
  readonly scopes?: readonly string[] | undefined
  /** JSON text that belongs to the status: the result, the error, or the open input requests. */
  readonly payload?: string | undefined
  /** Of a completed task whose result has `isError`: its text, at most 1000 characters. For sessions it counts as failed. */
  readonly failure?: string | undefined
}

/** Every method may return a promise. An error is reported to `onError`, and fails the call or the task. */
export interface TaskStore {
  /** Stores a new record. @throws {McpError} `ERR_TOO_MANY_TASKS`: a limit is reached; the client gets the message */
  create(record: TaskRecord): void | PromiseLike<void>
  /** Finds a record. @returns undefined: unknown, expired or deleted */
  read(taskId: string): TaskRecord | undefined | PromiseLike<TaskRecord | undefined>
  /**
   * Replaces the record with the same `taskId`; one that was deleted stays deleted, and one that is over stays as it is,
   * atomically: of several processes that end a task, the first one decides how.
   *
   * @returns false: it was over already
   */
  update(record: TaskRecord): void | boolean | PromiseLike<void> | PromiseLike<boolean>
  /** Deletes a record, if there is one. */
  delete(taskId: string): void | PromiseLike<void>
  /**
   * All records of an owner, the first one created first. Where it is missing, `tasks/list` of 2025-11-25 is not offered.
   */
  list?(owner: string): readonly TaskRecord[] | PromiseLike<readonly TaskRecord[]>
}

/** Whether the status is final. */
export function isOver({ status }: TaskRecord): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** The time at which a task expires, in milliseconds since the epoch. */
export function deadlineOf({ createdAt, ttlMs }: TaskRecord): number {
  return ttlMs === null ? Number.POSITIVE_INFINITY : Date.parse(createdAt) + ttlMs
}
