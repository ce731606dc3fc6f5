/**
 * The standalone stream, as the lifecycle sees it: where a session is notified of what belongs to no call. A transport
 * implements it. Types only.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import type { SessionRecord } from './session-record.ts'

/** A change of a list or of a resource (change-log.ts), or a message (server-messages.ts). */
export interface StreamEvent {
  /** Its number, the same for all sessions. */
  readonly sequence: number
  /** From `encodeData`. */
  readonly data: string
}

export interface StandaloneStream {
  readonly record: SessionRecord
  /** Whether there is a connection. */
  readonly attached: boolean
  /**
   * Sends an event, when there is a connection.
   *
   * @param alone - no other event follows in this turn of the event loop
   * @returns whether the connection took it
   */
  notify(event: StreamEvent, alone: boolean): boolean
  /** Ends the connection but not the stream. */
  disconnect(retryMs: number | undefined): void
  /** Ends the stream. */
  finish(): void
}
