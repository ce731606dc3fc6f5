/**
 * The standalone stream of a session, as the lifecycle sees it: it carries the messages that belong to no call. A
 * transport implements it. Types only.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import type { SessionRecord } from './session-record.ts'

/** A change of a list or of a resource (change-log.ts), or a message (server-messages.ts). */
export interface StreamEvent {
  /** Sequence number, the same for all sessions. */
  readonly sequence: number
  /** From `encodeData`. */
  readonly data: string
}

export interface StandaloneStream {
  readonly record: SessionRecord
  /** Whether it has a connection. */
  readonly attached: boolean
  /** Whether who opened the connection has these scopes. */
  allows(scopes: readonly string[]): boolean
  /**
   * Sends an event, when it has a connection.
   *
   * @param alone - no other event follows in this turn of the event loop
   * @returns whether it was written to the connection
   */
  notify(event: StreamEvent, alone: boolean): boolean
  /** Sends what the session has not got, when it has a connection. */
  catchUp(): void
  /** Ends the connection but not the stream. */
  disconnect(retryMs: number | undefined): void
  /** Ends the stream. */
  finish(): void
}
