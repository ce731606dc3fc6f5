/** What the stateless era can be told: limits with their defaults. */

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
   * Bytes that streams keep of what clients sent; 503 above. Of one principal, or of one stream where callers are not
   * known, a 16th of it; 429 above. @defaultValue 64 MiB
   */
  readonly maxTotalBytes?: number | undefined
  /** Resources that one stream may name. @defaultValue 1000 */
  readonly maxResources?: number | undefined
  /** Milliseconds after which a stream is ended, and its client opens another; 0: never. @defaultValue 0 */
  readonly maxAgeMs?: number | undefined
}

export interface TaskOptions {
  /** Milliseconds from its creation for which a task, and its result, is kept; 0: while there is room. @defaultValue 1 hour */
  readonly ttlMs?: number | undefined
  /** Milliseconds between two questions of a client for the state, as it is told; 0: it is not. @defaultValue 1 s */
  readonly pollIntervalMs?: number | undefined
  /** Tasks in memory, running or over. The one that ended first goes first; -32000 when all run. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal. @defaultValue 100 */
  readonly maxPerPrincipal?: number | undefined
  /** Bytes of all results in memory. @defaultValue 64 MiB */
  readonly maxBytes?: number | undefined
  /** Keeps tasks in the place of memory, with limits of its own. @defaultValue memory */
  readonly store?: TaskStore | undefined
}

export interface TaskSettings {
  readonly ttlMs: number
  readonly pollIntervalMs: number
  /** The caller's own, or the limits of the one in memory. */
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
  /** Every revision that this handler serves in this era; for errors that tell clients. */
  readonly supported: readonly string[]
}
