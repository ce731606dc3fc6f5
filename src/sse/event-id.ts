/**
 * Event ids: `<stream>_<sequence>`, so that a `Last-Event-ID` header alone identifies the stream of the session and
 * the last event that the reader received.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}: ids are unique in the
 * session and "encode sufficient information to identify the originating stream".
 *
 * Invariant: one id has one spelling. `parseEventId(formatEventId(s, n))` returns `s` and `n`, and no other text is
 * read as the same position.
 * Not here: whether the stream exists or still holds that position (replay-ring.ts and the stream's owner).
 */

export interface EventPosition {
  readonly stream: string
  /** Sequence number of the last frame received; 0 when only the priming event was. */
  readonly sequence: number
}

/** Longest id that is read, in characters. The header comes from the client. */
const MAX_EVENT_ID_LENGTH = 256
/** The stream is visible ASCII, as header values are; the last underscore is the separator. */
const EVENT_ID = /^([\x21-\x7e]+)_(0|[1-9][0-9]{0,15})$/

/**
 * Writes an event id.
 *
 * @param stream - stream name, visible ASCII. Not checked: this runs for every event.
 * @param sequence - position in the stream, from 0 to 2^53-1.
 * @returns the id.
 */
export function formatEventId(stream: string, sequence: number): string {
  return `${stream}_${sequence}`
}

/**
 * Reads an event id that a client sent.
 *
 * @param id - the id as received.
 * @returns its parts, or `undefined` when `formatEventId` cannot have written it.
 */
export function parseEventId(id: string): EventPosition | undefined {
  if (id.length > MAX_EVENT_ID_LENGTH) return undefined
  const match = EVENT_ID.exec(id)
  const stream = match?.[1]
  const sequence = Number(match?.[2])
  if (stream === undefined || !Number.isSafeInteger(sequence)) return undefined
  return { stream, sequence }
}
