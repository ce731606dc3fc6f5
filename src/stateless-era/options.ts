/** What the stateless era can be told: limits with their defaults. */

import type { SealOptions } from '../dispatch/sealed-state.ts'

export interface SubscriptionOptions {
  /** Open `subscriptions/listen` streams at once; 503 above. @defaultValue 10 000 */
  readonly max?: number
  /** The same for one principal. @defaultValue 100 */
  readonly maxPerPrincipal?: number
  /** Resources that one stream may name. @defaultValue 1000 */
  readonly maxResources?: number
  /** A stream is ended after this time, and its client opens another; 0: never. @defaultValue 0 */
  readonly maxAgeMs?: number
}

export interface StatelessEraSettings {
  readonly keepAliveMs: number
  readonly sseAfterMs: number
  readonly maxStreamBufferBytes: number
  readonly subscriptions: Required<SubscriptionOptions>
  readonly requestState: SealOptions
  /** Whether results say which server made them. */
  readonly serverInfo: boolean
  /** Every revision that this handler serves in this era; for errors that tell clients. */
  readonly supported: readonly string[]
}
