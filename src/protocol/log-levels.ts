/** Log severities in order (RFC 5424 names). Spec: 2025-11-25 logging {@link spec.logging}. Data only. */

import type { LogLevel } from './wire-types.ts'

export const LOG_LEVELS: readonly LogLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

/** Position in the order of severity; a message is sent when its rank is at least that of the requested level. */
export const LOG_RANK: ReadonlyMap<string, number> = new Map(LOG_LEVELS.map((level, rank) => [level, rank]))
