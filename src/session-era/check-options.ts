/** The options of the session era, checked. */

import { checkAll, checkCount, checkTime, oneOf } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import type { Filled } from '../bounds/option-types.ts'
import { type ReplayOptions, SESSION_WORDS, type SessionOptions, type SessionSettings } from './options.ts'
import { readSessionKeys } from './sealed-ids.ts'

const MINUTE = 60_000
const MiB = 1024 * 1024

/** @param isShared - other processes have the same sessions */
export function checkSessions(
  sessions: false | SessionOptions,
  isShared: boolean,
): SessionSettings | undefined {
  if (sessions === false) return undefined
  const counts = { max: 10_000, maxPerPrincipal: 1000, maxTotalBytes: 64 * MiB }
  const times = { idleTimeoutMs: 30 * MINUTE, lifetimeMs: 7 * 24 * 60 * MINUTE }
  checkNames(
    sessions,
    [...Object.keys(counts), ...Object.keys(times), 'missingId', 'keys'],
    'sessions.',
    SESSION_WORDS,
  )
  const { missingId = 'reject' } = sessions
  oneOf('sessions.missingId', missingId, ['reject', 'serve'])
  return {
    missingId,
    ...checkAll(sessions, counts, 'sessions.', checkCount),
    ...checkAll(sessions, times, 'sessions.', checkTime),
    keys: readSessionKeys(sessions.keys, isShared),
  }
}

export function checkReplay(replay: false | ReplayOptions): Filled<ReplayOptions> | undefined {
  if (replay === false) return undefined
  const counts = { maxEvents: 256, maxBytes: 1 * MiB, maxTotalBytes: 64 * MiB }
  const times = { ttlMs: 5 * MINUTE, retryMs: 1000 }
  checkNames(replay, [...Object.keys(counts), ...Object.keys(times)], 'replay.')
  return {
    ...checkAll(replay, counts, 'replay.', checkCount),
    ...checkAll(replay, times, 'replay.', checkTime),
  }
}
