/**
 * What the HTTP exchanges of all platforms have in common: the headers that say what it is about, who is calling, and
 * what its body takes of the budget of all bodies.
 *
 * Invariant: what was taken from the budget is given back once, by `releaseBody` or by what `detachBody` returned.
 */

import type { Buffer } from 'node:buffer'
import type { ByteBudget } from '../bounds/byte-budget.ts'
import type { Accepts } from './media-type.ts'
import { HeaderIndex, type RequestHead } from './request-headers.ts'

export abstract class BaseExchange<Principal> {
  readonly accepts: Accepts
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly lastEventId: string | undefined
  readonly methodHeader: string | undefined
  readonly nameHeader: string | undefined
  readonly contentEncoding: string | undefined
  principal: Principal | undefined = undefined
  ownReplyHeaders: readonly string[] | undefined = undefined
  body: Buffer | undefined = undefined
  /** Bytes of the body that were taken from the budget. */
  protected charged = 0
  readonly #bodies: ByteBudget
  #held = false

  /** @param bodies - what the bodies of all requests may take together */
  constructor(accepts: Accepts, { values }: RequestHead, bodies: ByteBudget) {
    this.accepts = accepts
    this.sessionId = values[HeaderIndex.SESSION_ID]
    this.protocolVersion = values[HeaderIndex.PROTOCOL_VERSION]
    this.lastEventId = values[HeaderIndex.LAST_EVENT_ID]
    this.methodHeader = values[HeaderIndex.METHOD]
    this.nameHeader = values[HeaderIndex.NAME]
    this.contentEncoding = values[HeaderIndex.CONTENT_ENCODING]
    this.#bodies = bodies
  }

  charge(bytes: number): boolean {
    if (bytes > this.#bodies.free) return false
    this.#bodies.take(bytes)
    this.charged += bytes
    return true
  }

  holdBody(): void {
    this.#held = true
  }

  continueTurn(): void {
    this.#held = false
  }

  releaseBody(): void {
    if (this.charged > 0) this.#bodies.give(this.charged)
    this.charged = 0
  }

  endTurn(): void {
    if (!this.#held) this.releaseBody()
  }

  detachBody(): () => void {
    const charged = this.charged
    this.charged = 0
    const bodies = this.#bodies
    return () => bodies.give(charged)
  }

  replyHeaders(extra?: readonly string[]): readonly string[] | undefined {
    if (extra === undefined) return this.ownReplyHeaders
    return this.ownReplyHeaders === undefined ? extra : [...this.ownReplyHeaders, ...extra]
  }
}
