/**
 * The response to one POST with requests: plain JSON as long as nothing has to be said before the answer, an SSE
 * stream from then on.
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
 * Not here: what a stream keeps for a client that comes back (call-stream.ts).
 */

import { LateTimer } from '../../bounds/late-timer.ts'
import { type LimitError, limitRejection } from '../../dispatch/limit-error.ts'
import type { Peer, Principal } from '../../dispatch/rpc-exchange.ts'
import type { HttpExchange, RequestHeaders } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { HeldResponse } from '../calls.ts'
import type { SessionEra } from '../era.ts'
import type { ResponseChannel } from '../exchange.ts'
import type { Revision } from '../revisions.ts'
import type { Session, SessionCall } from '../session.ts'
import { CallStream } from './call-stream.ts'
import type { StreamOwner } from './resumable-stream.ts'
import type { Streams } from './streams.ts'

/** What all responses of one endpoint share. */
export interface PostHost {
  readonly era: SessionEra
  readonly streams: Streams
  readonly counters: { undeliverable: number }
}

export class PostResponse implements ResponseChannel, HeldResponse, StreamOwner {
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  readonly #host: PostHost
  readonly #http: HttpExchange<Principal>
  /** The answers of a batch so far; undefined when the POST was a single message. */
  readonly #batch: string[] | undefined
  /**
   * The requests that are not answered: one, which is the rule and costs no array, and the others of a batch.
   * Lifecycle of an entry: from `expect` to `answer`.
   */
  #first: SessionCall | undefined
  #others: Set<SessionCall> | undefined
  /** The requests of the POST. */
  count = 0
  /** More headers of the response, as a flat list. */
  #headers: readonly string[] | undefined
  #stream: CallStream | undefined
  #silence: LateTimer<PostResponse> | undefined
  #held = false
  /** The connection closed before there was a stream to come back to. */
  #lost = false

  /** The head says the id of a session that is being opened: nothing can be sent before the answer. */
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
    return this.#stream === undefined ? !this.#lost : this.#stream.attached
  }

  get #isDone(): boolean {
    return this.#first === undefined && (this.#others === undefined || this.#others.size === 0)
  }

  /** Announces a request that will be answered. All of them, before the first answer. */
  expect(exchange: SessionCall): void {
    this.count += 1
    if (this.#first === undefined) {
      this.#first = exchange
      return
    }
    this.#others ??= new Set()
    this.#others.add(exchange)
  }

  /** The requests do not finish at once: from now on the response takes part in limits, shutdown and expiry. */
  hold(): void {
    if (this.#held) return
    this.#held = true
    const { era } = this.#host
    const http = this.#http
    era.calls.begin(this)
    http.hold()
    const { sseAfterMs } = era.settings
    if (sseAfterMs > 0 && http.accepts.sse && !this.#opensSession)
      this.#silence = new LateTimer<PostResponse>(sseAfterMs, openStream, this)
    // It may be closed already, since a token is verified and a body parsed in the meantime.
    if (http.closed) this.#connectionClosed()
    else http.onClose(() => this.#connectionClosed())
  }

  send(json: string): boolean {
    const sent = !this.#opensSession && this.open()?.send(json) === true
    if (!sent) this.#host.counters.undeliverable += 1
    return sent
  }

  get room(): Promise<void> | undefined {
    return this.#stream?.room
  }

  /** The stream of this response, opened when it is not open; undefined when the client can have none. */
  open(): CallStream | undefined {
    const http = this.#http
    if (this.#stream !== undefined || this.#lost || !http.accepts.sse) return this.#stream
    if (!http.canReply) return undefined
    this.#silence?.stop()
    const { era, streams } = this.#host
    const { session } = this
    const siblings = session === undefined ? undefined : streams.of(session, era.replayBudget)
    const { sendsPrimingEvent } = this.revision
    const stream = new CallStream(streams, this, sendsPrimingEvent, session, siblings, era.clock)
    this.#stream = stream
    stream.attach(http, http.replyHeaders(this.#headers), [])
    return stream
  }

  disconnect(retryMs: number | undefined): void {
    const { replay } = this.#host.streams
    // Clients of earlier revisions take the end of the connection for the end of the stream.
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
      this.#finish(json)
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

  /** The status of a whole batch is not that of one of its requests. */
  reject(exchange: SessionCall, error: LimitError): boolean {
    const http = this.#http
    if (this.#batch !== undefined || this.#stream !== undefined || http.hasReplied) return false
    http.reject(limitRejection(error, exchange.requestId))
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
      this.#http.reject(new Rejection(status, error, id))
    } else {
      for (const { requestId } of this.exchanges) this.#stream?.send(encodeError(requestId, error))
    }
    this.cancel(error)
  }

  streamConnected(): void {
    if (this.#held) this.#host.era.calls.reattached(this)
  }

  /** The work goes on for a while: a lost connection is not a cancellation. */
  streamDisconnected(): void {
    if (!this.#isDone) this.#host.era.calls.detached(this)
  }

  #finish(json: string | undefined): void {
    this.#silence?.stop()
    const http = this.#http
    if (this.#held) {
      this.#host.era.calls.end(this)
      http.release()
    }
    if (this.#stream === undefined && !this.#lost && !http.hasReplied) {
      if (json !== undefined && http.accepts.json) {
        http.json(200, json, this.#headers)
        return
      }
      // Either the client reads only event streams, or there is nothing to say: a stream may end without answer.
      if (json === undefined && !http.accepts.sse) {
        http.empty(202)
        return
      }
      this.open()
    }
    const stream = this.#stream
    if (stream === undefined) return
    stream.finish(json)
    stream.keepFinished()
  }

  #connectionClosed(): void {
    if (this.#stream !== undefined || this.#isDone) return
    this.#lost = true
    this.#silence?.stop()
    this.streamDisconnected()
  }
}

function openStream(response: PostResponse): void {
  response.open()
}
