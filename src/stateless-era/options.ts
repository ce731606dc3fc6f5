/** Options of the stateless era: limits with their defaults. */

import type { Filled } from '../bounds/option-types.ts'
import type { SealOptions } from '../dispatch/client-input/request-state-options.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { TaskLimits } from '../store/memory-task-store.ts'
import type { TaskStore } from '../store/task-store.ts'

export interface SubscriptionOptions {
  /** Open `subscriptions/listen` streams at once; 503 above. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal; 429 above. @defaultValue 100 */
  readonly maxPerPrincipal?: number | undefined
  /**
   * Bytes that all streams together may retain of what clients sent; 503 above. For one principal, or one stream of an
   * unknown caller, a 16th of it; 429 above. @defaultValue 64 MiB
   */
  readonly maxTotalBytes?: number | undefined
  /** Resources that one stream may name. @defaultValue 1000 */
  readonly maxResources?: number | undefined
  /** Milliseconds after which the server ends a stream, so that its client opens another; 0: never. @defaultValue 0 */
  readonly maxAgeMs?: number | undefined
}

export interface TaskOptions {
  /** Milliseconds from its creation after which a task and its result are deleted; 0: only when a limit requires it. @defaultValue 1 hour */
  readonly ttlMs?: number | undefined
  /** The polling interval that clients are advised to use, in milliseconds; 0: none is advised. @defaultValue 1 s */
  readonly pollIntervalMs?: number | undefined
  /** Tasks in memory, running or over. Above it the one that ended first is deleted; -32000 when all are running. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal. @defaultValue 100 */
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

export interface StatelessEraSettings {
  readonly keepAliveMs: number
  readonly sseAfterMs: number
  readonly maxStreamBufferBytes: number
  /** `undefined`: calls may send any number of progress and log messages. */
  readonly messageRate: Rate | undefined
  readonly subscriptions: Filled<SubscriptionOptions>
  readonly requestState: SealOptions
  readonly tasks: TaskSettings
  /** Whether results say which server made them. */
  readonly serverInfo: boolean
  /** Every revision that this handler serves in this era: errors list them for clients. */
  readonly supported: readonly string[]
}
