/**
 * Client input: what a handler asks of the client in the middle of a call, and what the client has responded.
 *
 * The words are those of the specification: *input requests* go to the client, *input responses* come back, and the
 * *request state* is what the server has the client carry from one round trip to the next.
 *
 *    session era     an input request is a request of its own, and the handler waits     (in-memory-input.ts)
 *    stateless era   it ends the round trip, and the handler runs again with the response (round-trip-input.ts)
 *
 * Spec: 2026-07-28 multi round-trip requests {@link spec.mrtr}. Types only.
 */

import type { JsonObject } from '../../protocol/wire-types.ts'
import type { InputRequest } from './input-required.ts'

/** How a client is asked for input. */
export interface AskOptions {
  /**
   * Milliseconds to wait for this one response; 0: no limit. Without effect where the request ends the round trip
   * (2026-07-28), since nothing waits then.
   * @defaultValue `elicitTimeoutMs` of the handler, for roots `requestTimeoutMs`
   */
  readonly timeoutMs?: number | undefined
  /**
   * For a confirmation: a response counts only after the client was asked. A client of 2026-07-28 may otherwise send a
   * response in advance, with the request that makes the server ask.
   * @defaultValue false
   */
  readonly mustAsk?: boolean | undefined
  /**
   * Sends the request as one that the client executes as a task of its own, where it declares that it does (2025-11-25):
   * it says at once that it has begun, and is asked for the result. Without effect in other revisions, and where the
   * call is a task itself.
   * @defaultValue false
   */
  readonly asTask?: boolean | undefined
}

/** What the earlier round trips of a call have brought. */
export interface ReceivedInput {
  /** By key, as the client sent them: unchecked. */
  readonly inputResponses: JsonObject
  /** What the handler gave as the state of its `inputRequired`. */
  readonly requestState: unknown
  /**
   * Runs a function the first time that the call comes to it; later runs of the handler get its result. What is known of
   * a call that is repeated is of this process, with a store too: see once-memory.ts.
   */
  once<T>(key: string, run: () => T | Promise<T>): Promise<T>
}

/** Client input without a request of its own for each: the client is given the input requests, and responds later. */
export interface ClientInput extends ReceivedInput {
  /**
   * @param check - gives the response in the form that the handler gets; throws when it is not usable, which counts as
   *   no response
   * @param options - `timeoutMs`: how long to wait, where the handler waits; 0 or undefined: no limit
   */
  ask<T>(
    key: string,
    request: InputRequest,
    check: (response: unknown) => T | Promise<T>,
    options?: AskOptions,
  ): Promise<T>
  /**
   * Waits for a run of the handler: for its result, or for the input requests without which it cannot continue.
   *
   * @param abort - aborts the signal of a run that is abandoned
   * @param run - runs the handler again
   */
  settle(result: unknown, abort: (reason: Error) => void, run: () => unknown): unknown
}
