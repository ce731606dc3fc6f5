/**
 * The response to one POST with requests: JSON as long as no message is sent before the answer, an SSE stream from then
 * on.
 *
 *                      a message before the answer, or sseAfterMs of silence
 *    undecided  ----------------------------------------------------------->  streaming
 *        | all answered                                                           | all answered
 *        v                                                                        v
 *    one JSON response                                             final frame, end of the stream
 *
 * A POST carries one request, except for the batches of 2025-03-26, whose answers go out together.
 *
 * Spec: 2025-11-25 transports, "Sending Messages to the Server" {@link spec.sending}.
 * Not here: what a stream retains for a client that reconnects (call-stream.ts).
 */

import { LateTimer } from '../../bounds/late-timer.ts'
import type { Peer, Principal } from '../../dispatch/rpc-exchange.ts'
import { StatusError, statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange, RequestHeaders } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { DeferredResponse } from '../calls.ts'
import type { SessionEra } from '../era.ts'
import type { ResponseChannel } from '../exchange.ts'
import type { Revision } from '../revisions.ts'
import type { Session, SessionCall } from '../session.ts'
import { CallStream } from './call-stream.ts'
import type { StreamOwner } from './resumable-stream.ts'
import type { SharedStreams } from './shared-streams.ts'
import type { Streams } from './streams.ts'

/** What all responses of one endpoint share. */
export interface PostHost {
  readonly era: SessionEra
  readonly streams: Streams
  /** Undefined with one node. */
  readonly shared: SharedStreams | undefined
  readonly counters: { undeliverable: number }
}

export class PostResponse implements ResponseChannel, DeferredResponse, StreamOwner {
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  readonly #host: PostHost
  readonly #http: HttpExchange<Principal>
  /** The answers of a batch so far; undefined when the POST was a single message. */
  readonly #batch: string[] | undefined
  /**
   * The requests that are not answered yet: the only one in most cases, which needs no array, and the others of a batch.
   * Lifecycle of an entry: from `add` to `answer`.
   */
  #first: SessionCall | undefined
  #others: Set<SessionCall> | undefined
  /** Number of requests of the POST, answered ones included. */
  count = 0
  /** All that its requests need, once they are known. */
  #scopes: readonly string[] | undefined
  /** More headers of the response, as a flat list. */
  #headers: readonly string[] | undefined
  #stream: CallStream | undefined
  #silenceTimer: LateTimer<PostResponse> | undefined
  #isDeferred = false
  /** The connection closed before there was a stream that could be resumed. */
  #isDisconnected = false

  /** `initialize`: the head carries the id of the new session, so nothing can be sent before the answer. */
  readonly #opensSession: boolean

  /** @param batch - the answers that a batch has already (to its malformed entries), or undefined */
  constructor(
    host: PostHost,
    http: HttpExchange<Principal>,
    session: Session | undefined,
    revision: Revision,
    peer: Peer,
    batch?: string[],
    opensSession = false,
  ) {
    this.#host = host
    this.#http = http
    this.session = session
    this.revision = revision
    this.peer = peer
    this.#batch = batch
    this.#opensSession = opensSession
  }

  get exchanges(): readonly SessionCall[] {
    const others = this.#others ?? []
    return this.#first === undefined ? [...others] : [this.#first, ...others]
  }

  get principal(): Principal | undefined {
    return this.#http.principal
  }

  get headers(): RequestHeaders {
    return this.#http.headers
  }

  get canStream(): boolean {
    return this.#http.accepts.sse && !this.#opensSession
  }

  get connected(): boolean {
    return this.#stream === undefined ? !this.#isDisconnected : this.#stream.connected
  }

  get #isDone(): boolean {
    return this.#first === undefined && (this.#others === undefined || this.#others.size === 0)
  }

  /** Adds a request that will be answered. All of them are added before the first answer. */
  add(exchange: SessionCall): void {
    this.count += 1
    if (this.#first === undefined) {
      this.#first = exchange
      return
    }
    this.#others ??= new Set()
    this.#others.add(exchange)
  }

  need(scopes: readonly string[] | undefined): void {
    const known = this.#scopes
    this.#scopes = known === undefined ? scopes : [...new Set([...known, ...(scopes ?? [])])]
    if (this.#scopes?.length !== known?.length) this.#stream?.need(this.#scopes)
  }

  /** The answer comes in a later turn of the event loop: from now on the response counts as in flight (calls.ts). */
  defer(): void {
    if (this.#isDeferred) return
    this.#isDeferred = true
    const { era } = this.#host
    const http = this.#http
    era.calls.begin(this)
    http.holdBody()
    const { sseAfterMs } = era.settings
    if (sseAfterMs > 0 && http.accepts.sse && !this.#opensSession)
      this.#silenceTimer = new LateTimer<PostResponse>(sseAfterMs, openStream, this)
    // It may be closed already: it was not observed while the body was parsed and the handler began.
    if (http.closed) this.#connectionClosed()
    else http.onClose(() => this.#connectionClosed())
  }

  send(json: string): boolean {
    const sent = !this.#opensSession && this.open()?.send(json) === true
    if (!sent) this.#host.counters.undeliverable += 1
    return sent
  }

  get drained(): Promise<void> | undefined {
    return this.#stream?.drained
  }

  /**
   * The stream of this response, opened when needed; undefined when the client cannot receive one.
   *
   * @param answered - the only request, where its answer is all that will be on the stream
   */
  open(answered?: SessionCall): CallStream | undefined {
    const http = this.#http
    if (this.#stream !== undefined || this.#isDisconnected || !http.accepts.sse) return this.#stream
    if (!http.canReply) return undefined
    this.#silenceTimer?.stop()
    const { era, streams } = this.#host
    const { session } = this
    const siblings = session === undefined ? undefined : streams.of(session, era.replayBudget)
    const { sendsPrimingEvent } = this.revision
    const { shared } = this.#host
    const ids = shared === undefined || session === undefined ? undefined : this.#requestIds(answered)
    const stream = new CallStream(streams, this, sendsPrimingEvent, session, siblings, era.clock, ids)
    stream.scopes = this.#scopes
    this.#stream = stream
    if (session !== undefined) shared?.begin(stream, session)
    stream.attach(http, http.replyHeaders(this.#headers), [])
    return stream
  }

  disconnect(retryMs: number | undefined): void {
    const { replay } = this.#host.streams
    // For clients of earlier revisions the end of the connection is the end of the stream.
    if (replay === undefined || this.session === undefined || !this.revision.sendsPrimingEvent) return
    const stream = this.open()
    if (stream?.resumable === true) stream.disconnect(retryMs ?? replay.retryMs)
  }

  detachBody(): () => void {
    return this.#http.detachBody()
  }

  answer(exchange: SessionCall, json: string | undefined): void {
    if (exchange === this.#first) this.#first = undefined
    else this.#others?.delete(exchange)
    this.session?.inFlight?.delete(exchange)
    if (this.#batch === undefined) {
      this.#finish(json, exchange)
      return
    }
    if (this.#stream === undefined) {
      if (json !== undefined) this.#batch.push(json)
    } else {
      // Those that were answered before the stream opened go first.
      for (const earlier of this.#batch.splice(0)) this.#stream.send(earlier)
      if (json !== undefined) this.#stream.send(json)
    }
    if (!this.#isDone) return
    const rest =
      this.#stream === undefined && this.#batch.length > 0 ? `[${this.#batch.join(',')}]` : undefined
    this.#finish(rest)
  }

  /** The status of a batch, or of a response that was begun, cannot be that of one request. */
  reject(exchange: SessionCall, error: StatusError): boolean {
    const http = this.#http
    if (this.#batch !== undefined || this.#stream !== undefined || http.hasReplied) return false
    http.reject(statusRejection(error, exchange.requestId))
    this.answer(exchange, undefined)
    return true
  }

  sessionOpened({ id }: Session): void {
    this.#headers = ['Mcp-Session-Id', id]
  }

  cancel(reason: Error): void {
    for (const exchange of this.exchanges) exchange.cancel(reason)
  }

  fail(error: RpcError): void {
    if (this.#stream === undefined && !this.#http.hasReplied) {
      const id = this.#batch === undefined ? this.#first?.requestId : undefined
      const status = error.code === ErrorCode.SESSION_NOT_FOUND ? 404 : 503
      const isStatus = error instanceof StatusError
      this.#http.reject(isStatus ? statusRejection(error, id) : new Rejection(status, error, id))
    } else {
      for (const { requestId } of this.exchanges) this.#stream?.send(encodeError(requestId, error))
    }
    this.cancel(error)
  }

  streamConnected(): void {
    if (this.#isDeferred) this.#host.era.calls.reattached(this)
  }

  /** A lost connection is no cancellation: the calls continue for `disconnectGraceMs`. */
  streamDisconnected(): void {
    if (!this.#isDone) this.#host.era.calls.detached(this)
  }

  streamEndedElsewhere(reason: Error): void {
    this.cancel(reason)
  }

  /** Of all requests whose answers will be on the stream. */
  #requestIds(answered: SessionCall | undefined): JsonRpcId[] {
    const before = this.#batch?.map((json) => JSON.parse(json).id) ?? []
    const exchanges = answered === undefined ? this.exchanges : [answered]
    return [...before, ...exchanges.map(({ requestId }) => requestId)]
  }

  /** @param answered - the only request */
  #finish(json: string | undefined, answered?: SessionCall): void {
    this.#silenceTimer?.stop()
    const http = this.#http
    if (this.#isDeferred) {
      this.#host.era.calls.end(this)
      http.releaseBody()
    }
    if (this.#stream === undefined && !this.#isDisconnected && !http.hasReplied) {
      if (json !== undefined && http.accepts.json) {
        http.json(200, json, this.#headers)
        return
      }
      // Either the client accepts only event streams, or there is no answer: a stream may end without one.
      if (json === undefined && !http.accepts.sse) {
        http.empty(202)
        return
      }
      this.open(answered)
    }
    const stream = this.#stream
    if (stream === undefined) return
    stream.finish(json)
    stream.retainFinished()
  }

  #connectionClosed(): void {
    if (this.#stream !== undefined || this.#isDone) return
    this.#isDisconnected = true
    this.#silenceTimer?.stop()
    this.streamDisconnected()
  }
}

function openStream(response: PostResponse): void {
  response.open()
}
