/** Times to live in Redis: every key has one, so that nothing is stored for ever. */

/** What lives "for ever", in milliseconds: 90 days after it was last written or touched. */
const LONGEST_MS = 90 * 24 * 3600 * 1000

/** @param ttlMs - 0: for ever */
export function timeToLive(ttlMs: number): string {
  return String(ttlMs <= 0 ? LONGEST_MS : Math.min(Math.ceil(ttlMs), LONGEST_MS))
}
