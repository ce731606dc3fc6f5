/** Options of tasks, which are the same for all revisions that have them: how long they live, and where they are stored. */

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
  /** Stores tasks instead of memory, with limits of its own. @defaultValue memory */
  readonly store?: TaskStore | undefined
}

export interface TaskSettings {
  readonly ttlMs: number
  readonly pollIntervalMs: number
  /** The application's own, or the limits of the one in memory. */
  readonly store: TaskStore | TaskLimits
}
