/**
 * The event log store: the events of resumable streams of calls, so that a client can resume its stream on any node, and
 * after the node that ran the call is gone. The node that runs the call appends; any node reads.
 *
 *    create --> append, append, ... --> finish          by the node of the call
 *                        \------------> finish          by another node, when that one is gone: nothing can follow
 *
 * Appending does not wait: events of one turn of the event loop are written together, in order, behind the call. While
 * the store cannot be reached they wait, within a number of bytes; above it the oldest are given up, and a reader
 * finds an explicit gap. An event is never stored twice.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 */

/** The log of one stream, for the node that runs the call. No method throws. */
export interface EventLogWriter {
  /**
   * Adds an event.
   *
   * @param sequence - one more than that of the event before; the first is 1
   * @param data - encoded data of the event
   * @param oldest - sequence of the oldest event that is still needed: older ones are dropped. `sequence + 1`: the event
   *   itself is too large to be kept, `data` is empty and is not stored; readers find a gap before what follows
   */
  append(sequence: number, data: string, oldest: number): void
  /** Replaces the meta of the log: whoever finds an event that is appended later finds the new one. */
  describe(meta: string): void
  /** Begins the time to live anew, while the call runs and sends nothing. */
  touch(): void
  /** Nothing follows. Readers get the rest, and then the end. */
  finish(): void
  /** Drops the log. */
  delete(): void
}

export interface StoredEvents {
  /** As given to `create`, or later to `describe`. */
  readonly meta: string
  /** The events after the sequence that was asked for, in order and without holes. */
  readonly events: readonly { readonly sequence: number; readonly data: string }[]
  /** Events after the sequence that was asked for existed, and are not stored any more. */
  readonly gap: boolean
  /** The last sequence that is stored, or was; 0: none. */
  readonly last: number
  /** `events` ends with the last event that there will be. */
  readonly finished: boolean
}

export interface EventLogStore {
  /**
   * Begins the log of a stream.
   *
   * @param stream - its name, unique in the session for ever: up to 128 characters of A-Z, a-z, 0-9, `_` and `-`
   * @param meta - text for those who read it: its node, its requests
   * @param ttlMs - how long it is stored after the last event; 0: for ever
   */
  create(sessionId: string, stream: string, meta: string, ttlMs: number): EventLogWriter
  /**
   * Reads the events after one, as far as they are there without holes, or a part of them.
   *
   * @param after - sequence of the last event that the reader has
   * @returns undefined: there is no such log
   * @throws {McpError} `ERR_STORE_UNAVAILABLE`
   */
  read(sessionId: string, stream: string, after: number): Promise<StoredEvents | undefined>
  /**
   * Finishes the stream of a node that is gone, with a last event. Atomic: of several nodes that try, one succeeds.
   *
   * @param sequence - above `last`, and above what the client has
   * @param meta - begins a log that is not there: its node may have died before it was stored. Undefined: only one that is
   *   there is finished
   * @returns false: it was finished already, has a later event, or is not there
   * @throws {McpError} `ERR_STORE_UNAVAILABLE`
   */
  finish(sessionId: string, stream: string, sequence: number, data: string, meta?: string): Promise<boolean>
}
