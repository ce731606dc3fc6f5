/** Options of the stateless era: limits with their defaults. */

import type { Filled } from '../bounds/option-types.ts'
import type { SealOptions } from '../dispatch/client-input/request-state-options.ts'
import type { Rate } from '../dispatch/token-bucket.ts'

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

export interface StatelessEraSettings {
  readonly keepAliveMs: number
  readonly sseAfterMs: number
  readonly maxStreamBufferBytes: number
  /** `undefined`: calls may send any number of progress and log messages. */
  readonly messageRate: Rate | undefined
  readonly subscriptions: Filled<SubscriptionOptions>
  readonly requestState: SealOptions
  /** Whether results say which server made them. */
  readonly serverInfo: boolean
  /** Every revision that this handler serves in this era: errors list them for clients. */
  readonly supported: readonly string[]
}
