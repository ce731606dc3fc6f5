/**
 * Transport: how messages travel. The lifecycles (session-connection.ts, stateless-connection.ts) and the router know
 * nothing more of HTTP, lines or events than this.
 *
 *    router  --- request(out) ---->  transport  ------>  server
 *            <-- receive(value) ---             <------
 */

import type { JsonObject } from '../protocol/wire-types.ts'

/** A request on its way out. */
export interface Outgoing {
  readonly id: number
  readonly method: string
  readonly params: JsonObject | undefined
  /** The whole message, as JSON. */
  readonly text: string
  /** Headers of this request alone, where there are headers. */
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** It is a part of beginning a session: when that is gone, no other is begun for it. */
  readonly begins: boolean
  /** Called with the ids of events on its streams. */
  readonly onEventId?: ((id: string) => void) | undefined
  /** Stops its time limits. @returns what starts them again */
  pause(): () => void
}

/** Takes what the server sends. */
export interface Receiver {
  /**
   * @param value - parsed JSON
   * @param bytes - its length as text, about
   * @param from - the request on whose own stream it came; undefined on a shared one
   * @returns whether it was the answer to that request
   * @throws {McpError} it is no message, or one that must not be there
   */
  receive(value: unknown, bytes: number, from: Outgoing | undefined): boolean
  /** No answer can come any more to anything that was sent. */
  failed(error: Error): void
}

export interface Transport {
  /**
   * Sends a request, and hands over what comes for it.
   *
   * @returns when the answer was handed over, or, on a shared channel, when the request was written
   * @throws {McpError} no answer can come any more
   */
  request(out: Outgoing, receiver: Receiver): Promise<void>
  /** Sends a notification or a response. The signal gives it up. */
  send(text: string, signal: AbortSignal): Promise<void>
  /** Whether the server takes the end of the connection of a request for its cancellation. */
  readonly abortCancels: boolean
  /** Ends everything. Does not throw. */
  close(): Promise<void>
}
