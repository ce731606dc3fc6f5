/**
 * The HTTP port: one HTTP request and its response, independent of the platform that provides them.
 *
 *    node-http/                             implements it on node:http
 *    entrance.ts                            reads method, target, headers and body through it
 *    session-era/http, stateless-era/http   answer through it: one reply, or an event stream
 *
 * Every reply carries `ownReplyHeaders` (CORS). Every rejection has a JSON-RPC error as its body, and is reported to the
 * `onRejected` hook.
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

export interface HttpExchange<Principal> {
  /** The platform's own request object, for functions of the application. */
  readonly native: unknown
  readonly method: string | undefined
  /** The request target as it was sent. */
  readonly target: string
  /** The same without the mount point of a framework. */
  readonly url: string | undefined
  /** How the request reached this server: a proxy may have been asked in another way. */
  readonly scheme: 'http' | 'https'
  readonly headers: RequestHeaders
  /** Name, value, name, value, ... as they were sent. */
  readonly headerLines: readonly string[]
  /** Whether the platform may have dropped header lines. */
  readonly mayHideHeaders: boolean
  readonly accepts: Accepts
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  /** Headers that mirror the body: the method, and the name of the tool, prompt or resource. */
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  readonly contentEncoding: string | undefined
  /** Set by the entrance once the credentials are verified. */
  principal: Principal | undefined
  /** Headers of every reply (CORS), as a flat list; set by the entrance once the origin is allowed. */
  ownReplyHeaders: readonly string[] | undefined

  /** The body as a framework has parsed it; undefined when none did (null is valid JSON). */
  readonly parsedBody: unknown
  /** The bytes of the body; undefined until they are read, and where a framework has read them. */
  readonly body: Buffer | undefined
  /** Begins to read the body, up to a small number of bytes, while the credentials are being verified. */
  prefetchBody(): void
  /**
   * Reads the whole body into `body`, up to the limit.
   *
   * @param done - called once; before this method returns when the answer is known at once
   */
  readBody(done: (error: BodyError | undefined, body: Buffer) => void): void
  /** Discards what was read of the body, and stops reading. */
  cancelBody(): void
  /**
   * Charges more bytes to the budget of all bodies (`maxTotalBodyBytes`), for the values parsed from the body.
   *
   * @returns false when they exceed the budget; nothing was charged then
   */
  charge(bytes: number): boolean
  /** The body is needed after this turn of the event loop: it stays charged until `releaseBody`. */
  holdBody(): void
  /** What was waited for is there, and the request goes on: the body is held no longer, unless it is held again. */
  continueTurn(): void
  /** The body is not needed any more: its bytes return to the budget. */
  releaseBody(): void
  /** The request was processed, as far as this turn of the event loop goes: releases the body unless it is held. */
  endTurn(): void
  /**
   * Takes over the charge of the body, for work that continues after the answer. `releaseBody` has no effect then.
   *
   * @returns a function that returns the bytes to the budget
   */
  detachBody(): () => void

  /** The head of a response was sent. */
  readonly hasReplied: boolean
  /** No head was sent yet, and the connection is open. */
  readonly canReply: boolean
  /** The connection of the response is closed. */
  readonly closed: boolean
  onClose(listener: () => void): void
  offClose(listener: () => void): void
  /** `ownReplyHeaders` and more. @param extra - as a flat list */
  replyHeaders(extra?: readonly string[]): readonly string[] | undefined
  /** Replies with a JSON body. @param text - JSON text @returns whether the reply was sent */
  json(status: number, text: string, extra?: readonly string[]): boolean
  /** Replies 200 with a document for people. @param text - HTML @returns whether the reply was sent */
  html(text: string, extra?: readonly string[]): boolean
  /** Replies without a body. @returns whether the reply was sent */
  empty(status: number, extra?: readonly string[]): boolean
  /** Replies with a JSON-RPC error. @param closeAfter - the body was not read, so the connection must be closed */
  reject(rejection: Rejection, closeAfter?: boolean): void
  /** Makes the response an event stream; it begins with `open` of the sink. */
  eventSink(owner: EventSinkOwner): EventSink
}
