/** What a reader gets of a log: the events after the one that it has, as far as they are there without holes. */

import type { StoredEvents } from './event-log-store.ts'

/** How long a log stays that was begun only to be finished, so that its client finds the end. */
export const FINISHED_MS = 300_000

export interface LoggedEvent {
  readonly sequence: number
  readonly data: string
}

/**
 * @param stored - those that are stored, in order; there may be holes, and some that the reader has
 * @param after - sequence of the last event that the reader has
 * @param last - the last sequence that is stored, or was
 * @param isFinished - nothing follows `last`
 */
export function readEvents(
  meta: string,
  stored: readonly LoggedEvent[],
  after: number,
  last: number,
  isFinished: boolean,
): StoredEvents {
  let from = stored.length
  while (from > 0 && (stored[from - 1] as LoggedEvent).sequence > after) from -= 1
  const first = stored[from]?.sequence
  const gap = first === undefined ? last > after : first > after + 1
  let end = from
  let next = first ?? after + 1
  while (stored[end]?.sequence === next) {
    end += 1
    next += 1
  }
  return { meta, events: stored.slice(from, end), gap, last, finished: isFinished && next > last }
}
