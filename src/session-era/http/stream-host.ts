/** What all streams of one handler share: limits and timers. Types only. */

import type { ByteBudget } from '../../bounds/byte-budget.ts'
import type { Filled } from '../../bounds/option-types.ts'
import type { KeepAlive } from '../../sse/keep-alive.ts'
import type { CoarseClock } from '../clock.ts'
import type { ReplayOptions } from '../options.ts'
import type { Session } from '../session.ts'

export interface StreamHost {
  readonly maxStreamBufferBytes: number
  /** How long a call goes on without its client; 0: to its end. */
  readonly disconnectGraceMs: number
  readonly replay: Filled<ReplayOptions> | undefined
  readonly keepAlive: KeepAlive
  readonly clock: CoarseClock
  /** What the streams of one session may keep together. */
  replayBudget(session: Session, replay: Filled<ReplayOptions>): ByteBudget
}
