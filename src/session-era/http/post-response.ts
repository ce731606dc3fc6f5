/**
 * The reply to one POST with requests: plain JSON as long as nothing has to be said before the answer, an SSE
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
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { encodeError } from '../../jsonrpc/encode.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import type { SessionExchange } from '../exchange.ts'
import type { Revision } from '../revisions.ts'
import type { Session } from '../session.ts'
import type { SessionEraState } from '../state.ts'
import { CallStream, type StreamOwner } from './call-stream.ts'

export class PostResponse implements StreamOwner {
  readonly state: SessionEraState
  readonly http: HttpExchange<Principal>
  readonly session: Session | undefined
  readonly revision: Revision
  readonly peer: Peer
  /** The answers of a batch so far; undefined when the POST was a single message. */
  readonly #batch: string[] | undefined
  readonly #headers: readonly string[] | undefined
  /**
   * The requests that are not answered: one, which is the rule and costs no array, and the others of a batch.
   * Lifecycle of an entry: from `expect` to `answer`.
   */
  #first: SessionExchange | undefined
  #others: Set<SessionExchange> | undefined
  /** The requests of the POST. */
  count = 0
  #stream: CallStream | undefined
  #silence: LateTimer<PostResponse> | undefined
  #held = false
  /** The client left before there was a stream to come back to. */
  #lost = false

  /**
   * @param batch - the answers that a batch has already (to its malformed entries), or undefined
   * @param headers - more headers of the response, as a flat list
   */
  constructor(
    state: SessionEraState,
    http: HttpExchange<Principal>,
    session: Session | undefined,
    revision: Revision,
    peer: Peer,
    batch?: string[],
    headers?: readonly string[],
  ) {
    this.state = state
    this.http = http
    this.session = session
    this.revision = revision
    this.peer = peer
    this.#batch = batch
    this.#headers = headers
  }

  get exchanges(): readonly SessionExchange[] {
    const others = this.#others ?? []
    return this.#first === undefined ? [...others] : [this.#first, ...others]
  }

  get principal(): Principal | undefined {
    return this.http.principal
  }

  get #isDone(): boolean {
    return this.#first === undefined && (this.#others === undefined || this.#others.size === 0)
  }

  /** Announces a request that will be answered. All of them, before the first answer. */
  expect(exchange: SessionExchange): void {
    this.count += 1
    if (this.#first === undefined) {
      this.#first = exchange
      return
    }
    this.#others ??= new Set()
    this.#others.add(exchange)
  }

  /** The requests do not finish at once: from now on the reply takes part in limits, shutdown and expiry. */
  hold(): void {
    if (this.#held) return
    this.#held = true
    this.state.hold(this)
    const { sseAfterMs } = this.state.settings
    if (sseAfterMs > 0 && this.http.accepts.sse)
      this.#silence = new LateTimer<PostResponse>(sseAfterMs, openStream, this)
    // It may be closed already, since a token is verified and a body parsed in the meantime.
    if (this.http.closed) this.#connectionClosed()
    else this.http.onClose(() => this.#connectionClosed())
  }

  /**
   * Sends a message that belongs to the requests.
   *
   * @returns false when it cannot reach the client
   */
  send(json: string): boolean {
    const sent = this.open()?.send(json) === true
    if (!sent) this.state.counters.undeliverable += 1
    return sent
  }

  /** See `CallStream.room`. */
  get room(): Promise<void> | undefined {
    return this.#stream?.room
  }

  /** The stream of this reply, opened when it is not open; undefined when the client can have none. */
  open(): CallStream | undefined {
    if (this.#stream !== undefined || this.#lost || !this.http.accepts.sse) return this.#stream
    if (!this.http.canReply) return undefined
    this.#silence?.stop()
    const stream = new CallStream(this.state, this, this.revision.sendsPrimingEvent, this.session)
    this.#stream = stream
    if (this.session !== undefined) this.state.addStream(this.session, stream)
    stream.attach(this.http, this.http.replyHeaders(this.#headers), [])
    return stream
  }

  /** See `RequestContext.closeStream`. */
  disconnect(retryMs: number | undefined): void {
    const { replay } = this.state.settings
    // Clients of earlier revisions take the end of the connection for the end of the stream.
    if (replay === undefined || this.session === undefined || !this.revision.sendsPrimingEvent) return
    const stream = this.open()
    if (stream?.resumable === true) stream.disconnect(retryMs ?? replay.retryMs)
  }

  /** @param json - the response; undefined when the request was cancelled and gets none */
  answer(exchange: SessionExchange, json: string | undefined): void {
    if (exchange === this.#first) this.#first = undefined
    else this.#others?.delete(exchange)
    this.state.settled(this, exchange)
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

  /**
   * Answers the one request of this reply with an HTTP error.
   *
   * @returns false: the status was sent already, or is that of a whole batch, so that nothing was done
   */
  refuse(exchange: SessionExchange, error: LimitError): boolean {
    const { http } = this
    if (this.#batch !== undefined || this.#stream !== undefined || http.hasReplied) return false
    http.reject(limitRejection(error, exchange.requestId))
    this.answer(exchange, undefined)
    return true
  }

  /** Sends a response that was made without an exchange. */
  sendAnswer(json: string): void {
    this.#finish(json)
  }

  /** Gives all requests up, without an answer. */
  cancel(reason: Error): void {
    for (const exchange of this.exchanges) exchange.cancel(reason)
  }

  /**
   * Gives all requests up and says why: they cannot be answered any more.
   *
   * @param status - HTTP status, when no stream is open
   */
  fail(status: number, error: RpcError): void {
    if (this.#stream === undefined && !this.http.hasReplied) {
      const id = this.#batch === undefined ? this.#first?.requestId : undefined
      this.http.reject(new Rejection(status, error, id))
    } else {
      for (const { requestId } of this.exchanges) this.#stream?.send(encodeError(requestId, error))
    }
    this.cancel(error)
  }

  streamAttached(): void {
    if (this.#held) this.state.reattached(this)
  }

  streamDetached(): void {
    this.#detached()
  }

  #finish(json: string | undefined): void {
    this.#silence?.stop()
    if (this.#held) this.state.release(this)
    const { http } = this
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
    if (this.session !== undefined) this.state.streamFinished(this.session, stream)
  }

  #connectionClosed(): void {
    if (this.#stream !== undefined || this.#isDone) return
    this.#lost = true
    this.#silence?.stop()
    this.#detached()
  }

  /** The work goes on for a while: a lost connection is not a cancellation. */
  #detached(): void {
    if (!this.#isDone) this.state.detached(this)
  }
}

function openStream(reply: PostResponse): void {
  reply.open()
}
