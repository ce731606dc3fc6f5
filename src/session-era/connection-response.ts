/**
 * The response to one message, or to a batch of 2025-03-26, where all messages of a client share one connection: each
 * answer is a message of its own, those of a batch are one together.
 *
 * Not here: which messages are admitted (connection.ts).
 */

import type { Peer, Principal } from '../dispatch/rpc-exchange.ts'
import { ScopeError, type StatusError } from '../dispatch/status-error.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import { encodeError } from '../jsonrpc/encode.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { DeferredResponse } from './calls.ts'
import type { SessionEra } from './era.ts'
import type { ResponseChannel } from './exchange.ts'
import type { Revision } from './revisions.ts'
import type { Session, SessionCall } from './session.ts'
import type { StreamEvent } from './standalone-stream.ts'

/** Where the messages of a connection go. */
export interface ConnectionSink {
  /** True once nothing more can be written. */
  readonly closed: boolean
  /** Resolves, and never rejects, when the client has read what waits for it; undefined where little waits. */
  readonly drained: Promise<void> | undefined
  /**
   * Writes one message, or the answers of a batch.
   *
   * @returns false: it was not taken, since the connection is closed, or was closed now because its client is too slow
   */
  write(json: string): boolean
  /**
   * Writes a message that belongs to no call.
   *
   * @param alone - no other one follows in this turn of the event loop
   */
  notify(event: StreamEvent, alone: boolean): boolean
}

/** What brought a message: an HTTP request, or the connection itself. */
export interface MessageSource {
  readonly principal: Principal | undefined
  readonly headers: RequestHeaders
  /** The bytes of the message are needed after this turn of the event loop: they stay counted until `releaseBody`. */
  holdBody(): void
  releaseBody(): void
  /** See `ResponseChannel.detachBody`. */
  detachBody(): () => void
  /**
   * Refuses the message where it came from.
   *
   * @returns false: there is no answer but messages of the connection
   */
  refuse(error: RpcError, id: JsonRpcId | undefined): boolean
}

export class ConnectionResponse implements ResponseChannel, DeferredResponse {
  readonly bindsSession = true
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  /** Requests, answered ones included. */
  count = 0
  readonly #era: SessionEra
  readonly #sink: ConnectionSink
  readonly #source: MessageSource
  /** The responses of the connection that are in flight. */
  readonly #deferred: Set<ConnectionResponse>
  /** Called with a session that was opened. */
  readonly #onSession: ((session: Session) => void) | undefined
  /** Answers so far; undefined when it is no batch. */
  readonly #batch: string[] | undefined
  readonly #open = new Set<SessionCall>()
  #isDeferred = false

  constructor(
    era: SessionEra,
    sink: ConnectionSink,
    source: MessageSource,
    deferred: Set<ConnectionResponse>,
    session: Session | undefined,
    revision: Revision,
    peer: Peer,
    batch?: string[],
    onSession?: (session: Session) => void,
  ) {
    this.#era = era
    this.#sink = sink
    this.#source = source
    this.#deferred = deferred
    this.session = session
    this.revision = revision
    this.peer = peer
    this.#batch = batch
    this.#onSession = onSession
  }

  get exchanges(): readonly SessionCall[] {
    return [...this.#open]
  }

  get principal(): Principal | undefined {
    return this.#source.principal
  }

  get headers(): RequestHeaders {
    return this.#source.headers
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
    this.#deferred.add(this)
    this.#source.holdBody()
  }

  get connected(): boolean {
    return !this.#sink.closed
  }

  send(json: string): boolean {
    return this.#sink.write(json)
  }

  detachBody(): () => void {
    return this.#source.detachBody()
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
    if (!this.#isDeferred) return
    this.#isDeferred = false
    this.#era.calls.end(this)
    this.#deferred.delete(this)
    this.#source.releaseBody()
  }

  /**
   * Only missing scopes are an HTTP status here, since the client finds in a header which ones to ask for. A limit is an
   * error like any other: some clients give up a connection after the status of an error.
   */
  reject(exchange: SessionCall, error: StatusError): boolean {
    if (!(error instanceof ScopeError) || this.#batch !== undefined) return false
    if (!this.#source.refuse(error, exchange.requestId)) return false
    this.answer(exchange, undefined)
    return true
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
