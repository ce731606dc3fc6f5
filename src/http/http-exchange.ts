/**
 * The HTTP port: one HTTP request and its response, as everything sees it that is not the carrier itself.
 *
 *    node-http/, web-http/  implement it
 *    entrance.ts            reads method, target, headers and body through it
 *    session-era/http, stateless-era/http   answer through it: one reply, or an event stream
 *
 * Every reply carries the headers that the entrance prescribed (CORS); every rejection is a JSON-RPC error body and
 * is reported to one hook.
 *
 * Types only.
 */

import type { Buffer } from 'node:buffer'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import type { BodyError } from './body-error.ts'
import type { Accepts } from './media-type.ts'
import type { Rejection } from './rejection.ts'

/**
 * Header fields of a request, by name in lower case. Of most names, several lines are joined with a comma; of a few
 * only the first line counts, as `node:http` has it.
 */
export interface RequestHeaders {
  readonly [name: string]: string | string[] | undefined
  readonly accept?: string | undefined
  readonly 'accept-language'?: string | undefined
  readonly authorization?: string | undefined
  readonly 'content-encoding'?: string | undefined
  readonly 'content-length'?: string | undefined
  readonly 'content-type'?: string | undefined
  readonly cookie?: string | undefined
  readonly forwarded?: string | undefined
  readonly host?: string | undefined
  readonly origin?: string | undefined
  readonly referer?: string | undefined
  readonly 'user-agent'?: string | undefined
}

/** The headers that say what a request is about, in this order, and any others. */
export type RoutingHeaders = readonly [
  sessionId: string | undefined,
  protocolVersion: string | undefined,
  lastEventId: string | undefined,
  methodHeader: string | undefined,
  nameHeader: string | undefined,
  ...others: (string | undefined)[],
]

export interface HttpExchange<Principal> {
  /** The request as the carrier has it, for functions of the application. */
  readonly native: unknown
  readonly method: string | undefined
  /** The request target as it was sent, and what is left of it below a mount point. */
  readonly target: string
  readonly url: string | undefined
  readonly headers: RequestHeaders
  /** Name, value, name, value, ... as they were sent. */
  readonly headerLines: readonly string[]
  /** Whether there may be header lines that the carrier does not show. */
  readonly mayHideHeaders: boolean
  readonly accepts: Accepts
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  /** What the headers repeat of the body: the method, and the name of what it is about. */
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  /** Who the credentials of the request speak for; set by the entrance once they are verified. */
  principal: Principal | undefined
  /** A flat list of names and values that every reply carries; set by the entrance once the origin is allowed. */
  ownReplyHeaders: readonly string[] | undefined

  /** The body as a framework has parsed it; undefined when none did: null is JSON too. */
  readonly parsedBody: unknown
  /** The bytes of the body; undefined before they are read, and where a framework has read them. */
  readonly body: Buffer | undefined
  /** Takes the first bytes of the body, while it is still to be seen whether it will be read. */
  prefetchBody(): void
  /**
   * Reads the whole body into `body`, up to the limit.
   *
   * @param done - called once; before this method returns when the answer is known at once
   */
  readBody(done: (error: BodyError | undefined, body: Buffer) => void): void
  /** The body is not wanted. */
  cancelBody(): void
  /**
   * Takes more for the body from the budget of all bodies: for what is made of it.
   *
   * @returns false when there is no room, and then nothing was taken
   */
  charge(bytes: number): boolean
  /** Work on the request goes on after this turn of the event loop: the body counts until `release`. */
  hold(): void
  /** Nothing needs the body any more. */
  release(): void
  /** The turn of the request is over. */
  endTurn(): void
  /**
   * For work that goes on when the request is answered.
   *
   * @returns what releases the body in place of `release`
   */
  detachBody(): () => void

  /** The head of a response was sent. */
  readonly hasReplied: boolean
  /** Nothing was sent, and somebody can receive it. */
  readonly canReply: boolean
  /** The connection of the response is closed. */
  readonly closed: boolean
  onClose(listener: () => void): void
  offClose(listener: () => void): void
  /** @param extra - more headers, as a flat list */
  replyHeaders(extra?: readonly string[]): readonly string[] | undefined
  /** @returns whether the reply was given */
  json(status: number, text: string, extra?: readonly string[]): boolean
  /** @returns whether the reply was given */
  empty(status: number, extra?: readonly string[]): boolean
  /** @param closeAfter - the body was not read: the connection cannot be used again */
  reject(rejection: Rejection, closeAfter?: boolean): void
  /** The response as an event stream, not open yet. */
  eventSink(owner: EventSinkOwner): EventSink
}
