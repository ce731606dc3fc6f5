/** Options of tasks, which are the same for all revisions that have them: how long they live, and where they are stored. */

import { checkAll, checkCount, checkTime, requireType } from '../../bounds/check-options.ts'
import { checkNames } from '../../bounds/option-names.ts'
import type { TaskLimits } from '../../store/memory-task-store.ts'
import type { TaskStore } from '../../store/task-store.ts'

export interface TaskOptions {
  /**
   * Milliseconds from its creation after which a task and its result are deleted; 0: only when a limit requires it.
   * Clients of 2025-11-25 may ask for less. @defaultValue 1 hour
   */
  readonly ttlMs?: number | undefined
  /** The polling interval that clients are advised to use, in milliseconds; 0: none is advised. @defaultValue 1 s */
  readonly pollIntervalMs?: number | undefined
  /** Tasks in memory, running or over. Above it the one that ended first is deleted; -32000 when all are running. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal; for one session where callers are not known. @defaultValue 100 */
  readonly maxPerPrincipal?: number | undefined
  /** Bytes of all results in memory; above it, those of the tasks that ended first are deleted. @defaultValue 64 MiB */
  readonly maxBytes?: number | undefined
  /** Stores tasks, with limits of its own. @defaultValue the `store` that processes share; without one, memory */
  readonly store?: TaskStore | undefined
}

export interface TaskSettings {
  readonly ttlMs: number
  readonly pollIntervalMs: number
  /** The application's own, or the limits of the one in memory. */
  readonly store: TaskStore | TaskLimits
}

const HOUR_MS = 3_600_000
const LIMITS = { max: 10_000, maxPerPrincipal: 100, maxBytes: 64 * 1024 * 1024 }
const TIMES = { ttlMs: HOUR_MS, pollIntervalMs: 1000 }

/**
 * @param isShared - processes share a store, which has tasks too
 * @throws {TypeError} naming what is wrong
 */
export function checkTasks(tasks: TaskOptions, isShared: boolean): TaskSettings {
  checkNames(tasks, [...Object.keys(LIMITS), ...Object.keys(TIMES), 'store'], 'tasks.')
  const times = checkAll(tasks, TIMES, 'tasks.', checkTime)
  const limits = checkAll(tasks, LIMITS, 'tasks.', checkCount)
  for (const [name, value] of Object.entries(times)) {
    if (!Number.isInteger(value))
      throw new TypeError(`tasks.${name} must be whole milliseconds; got ${value}`)
  }
  const { store } = tasks
  if (store !== undefined) {
    requireType('tasks.store', store, ['object'])
    for (const method of ['create', 'read', 'update', 'delete'] as const) {
      requireType(`tasks.store.${method}`, store?.[method], ['function'])
    }
  }
  const conflict = Object.keys(LIMITS).find((name) => tasks[name as keyof typeof LIMITS] !== undefined)
  const other = store !== undefined ? 'tasks.store' : isShared ? 'store' : undefined
  if (conflict === undefined || other === undefined) return { ...times, store: store ?? limits }
  throw new TypeError(`tasks.${conflict} is a limit of the store in memory, and ${other} replaces it`)
}
