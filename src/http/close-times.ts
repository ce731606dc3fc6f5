/** How long a shutdown may take: the options of `close`, checked. */

import { checkTime } from '../bounds/check-options.ts'

export interface CloseTimes {
  /** For calls in flight to finish. */
  readonly drainMs: number
  /** Before that, while requests are served as usual. */
  readonly drainDelayMs: number
}

const DRAIN_MS = 10_000

/** @throws {TypeError} a wrong time, named */
export function checkClose(options: {
  readonly drainMs?: number | undefined
  readonly drainDelayMs?: number | undefined
}): CloseTimes {
  const { drainMs = DRAIN_MS, drainDelayMs = 0 } = options
  return {
    drainMs: checkTime('drainMs', drainMs),
    drainDelayMs: checkTime('drainDelayMs', drainDelayMs),
  }
}
