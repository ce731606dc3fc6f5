/**
 * The response to one message, or to a batch of 2025-03-26, where all messages share one channel: each answer is a line of
 * its own, those of a batch are one line together.
 *
 * Not here: which messages are taken (endpoint.ts).
 */

import type { Peer } from '../../dispatch/rpc-exchange.ts'
import type { RequestHeaders } from '../../http/http-exchange.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import type { LineSink } from '../../stdio/line-sink.ts'
import type { DeferredResponse } from '../calls.ts'
import type { SessionEra } from '../era.ts'
import type { ResponseChannel } from '../exchange.ts'
import type { Revision } from '../revisions.ts'
import type { Session, SessionCall } from '../session.ts'

const NO_HEADERS: RequestHeaders = {}

export class LineResponse implements ResponseChannel, DeferredResponse {
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  readonly principal = undefined
  readonly headers = NO_HEADERS
  /** Requests, answered ones included. */
  count = 0
  readonly #era: SessionEra
  readonly #sink: LineSink
  /** Called with a session that was opened. */
  readonly #onSession: ((session: Session) => void) | undefined
  /** Answers so far; undefined when it is no batch. */
  readonly #batch: string[] | undefined
  readonly #open = new Set<SessionCall>()
  #isDeferred = false

  constructor(
    era: SessionEra,
    sink: LineSink,
    session: Session | undefined,
    revision: Revision,
    peer: Peer,
    batch?: string[],
    onSession?: (session: Session) => void,
  ) {
    this.#era = era
    this.#sink = sink
    this.session = session
    this.revision = revision
    this.peer = peer
    this.#batch = batch
    this.#onSession = onSession
  }

  get exchanges(): readonly SessionCall[] {
    return [...this.#open]
  }

  /** A session that is being opened cannot be asked anything. */
  get canStream(): boolean {
    return this.#onSession === undefined
  }

  get drained(): Promise<void> | undefined {
    return this.#sink.drained
  }

  /** Adds a request that will be answered. All of them are added before the first answer. */
  add(exchange: SessionCall): void {
    this.count += 1
    this.#open.add(exchange)
  }

  /** The answer comes in a later turn of the event loop: from now on the response counts as in flight (calls.ts). */
  defer(): void {
    if (this.#isDeferred) return
    this.#isDeferred = true
    this.#era.calls.begin(this)
  }

  get connected(): boolean {
    return !this.#sink.closed
  }

  send(json: string): boolean {
    return this.#sink.write(json)
  }

  /** Nothing is counted for a line once it is parsed. */
  detachBody(): () => void {
    return () => {}
  }

  /** There is one connection, and nothing to come back to. */
  disconnect(): void {}

  answer(exchange: SessionCall, json: string | undefined): void {
    this.#open.delete(exchange)
    this.session?.inFlight?.delete(exchange)
    if (this.#batch === undefined) {
      if (json !== undefined) this.#sink.write(json)
    } else if (json !== undefined) {
      this.#batch.push(json)
    }
    if (this.#open.size > 0) return
    if (this.#batch !== undefined && this.#batch.length > 0) this.#sink.write(`[${this.#batch.join(',')}]`)
    if (this.#isDeferred) this.#era.calls.end(this)
    this.#isDeferred = false
  }

  /** There is no status: a limit is an error like any other. */
  reject(): boolean {
    return false
  }

  sessionOpened(session: Session): void {
    this.#onSession?.(session)
  }

  cancel(reason: Error): void {
    for (const exchange of this.exchanges) exchange.cancel(reason)
  }

  fail(error: RpcError): void {
    for (const { requestId } of this.exchanges) {
      const json = encodeError(requestId, error)
      if (this.#batch === undefined) this.#sink.write(json)
      else this.#batch.push(json)
    }
    this.cancel(error)
  }
}
