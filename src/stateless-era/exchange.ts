/**
 * The stateless era's side of the seam: one admitted request, its response, and nothing that outlives either.
 *
 *    undecided --a message before the answer, or sseAfterMs of silence--> streaming
 *        \                                                                   |
 *         `-- answered: one JSON response                                    `-- answered: final frame, end
 *
 * The client closing the connection is its cancellation: the signal aborts and nothing more is written.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Receiving Messages" and "Cancellation" {@link spec.statelessHttp}.
 * Invariant: at most one of `complete` and the closing of the connection has an effect.
 */

import { LateTimer } from '../bounds/late-timer.ts'
import { Abortable } from '../dispatch/abortable.ts'
import type { RoundTripInput } from '../dispatch/client-input/round-trip-input.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import type { Failure, Outcome } from '../dispatch/outcome.ts'
import type { CacheHint, Peer, Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { HttpExchange, RequestHeaders } from '../http/http-exchange.ts'
import { Rejection } from '../http/rejection.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { EventSink } from '../sse/event-sink.ts'
import { encodeMessage } from '../sse/frame.ts'
import type { Envelope } from './envelope.ts'
import { encodeOutcome, statusOf } from './results.ts'
import type { StatelessEraState } from './state.ts'

export class StatelessExchange extends Abortable implements RpcExchange {
  readonly revision: RevisionName
  readonly sessionId = undefined
  /** Requests of the server's own do not exist in this era. */
  readonly request = undefined
  readonly clientInput: RoundTripInput | undefined
  cacheHint: CacheHint | undefined = undefined
  readonly message: DecodedRequest
  readonly http: HttpExchange<Principal>
  readonly #envelope: Envelope
  readonly #state: StatelessEraState
  #writer: EventSink | undefined
  #silence: LateTimer<StatelessExchange> | undefined
  #settled = false
  #held = false

  constructor(
    state: StatelessEraState,
    http: HttpExchange<Principal>,
    message: DecodedRequest,
    envelope: Envelope,
    revision: RevisionName,
    clientInput: RoundTripInput | undefined,
  ) {
    super()
    this.revision = revision
    this.clientInput = clientInput
    this.message = message
    this.http = http
    this.#envelope = envelope
    this.#state = state
  }

  get peer(): Peer {
    return this.#envelope.peer
  }

  get principal(): Principal | undefined {
    return this.http.principal
  }

  get headers(): RequestHeaders {
    return this.http.headers
  }

  get logLevel(): LogLevel | undefined {
    return this.#state.server.defaultLogLevel === undefined ? undefined : this.#envelope.logLevel
  }

  /** Read by the writer. */
  get maxBufferBytes(): number {
    return this.#state.settings.maxStreamBufferBytes
  }

  get messageRate(): Rate | undefined {
    return this.#state.settings.messageRate
  }

  notify(method: string, params: JsonObject): Promise<void> | undefined {
    if (this.#settled) return undefined
    const writer = this.#open()
    if (writer?.write(encodeMessage(encodeNotification(method, params))) === true) {
      return this.untilRoom(writer.room)
    }
    this.#state.counters.undeliverable += 1
    return undefined
  }

  /** Streams of this era cannot be resumed, so there is nothing to come back to. */
  closeStream(): void {}

  /** The request does not finish at once: from now on it takes part in shutdown, and may end by disconnection. */
  hold(): void {
    this.#held = true
    this.#state.hold(this)
    const { http } = this
    if (http.closed) {
      // Gone while the request was authenticated: its `close` event is over.
      this.#connectionClosed()
      return
    }
    const { sseAfterMs } = this.#state.settings
    if (sseAfterMs > 0 && http.accepts.sse)
      this.#silence = new LateTimer<StatelessExchange>(sseAfterMs, openStream, this)
    http.onClose(() => this.#connectionClosed())
  }

  /** Opens the stream with nothing to say: some clients give up on a connection that stays silent. */
  openStream(): void {
    this.#open()
  }

  complete(outcome: Outcome): void {
    if (this.#settled) return
    this.#settle()
    const { accepts } = this.http
    if (this.#writer !== undefined) {
      this.#writer.end(encodeMessage(encodeOutcome(this, outcome, this.#state)))
      return
    }
    const text = encodeOutcome(this, outcome, this.#state)
    const status = statusOf(outcome)
    if (status !== 200 && 'error' in outcome) {
      const headers = outcome.error instanceof LimitError ? outcome.error.headers : undefined
      this.http.reject(new Rejection(status, outcome.error, this.message.id, headers))
    } else if (accepts.json || status !== 200) {
      this.http.json(status, text)
    } else {
      const frame = encodeMessage(text)
      this.#open()?.end(frame)
    }
  }

  /** Called by the writer: not every adapter emits `close`. */
  onClose(): void {
    this.#connectionClosed()
  }

  /** Gives the request up and says why. */
  fail(outcome: Failure, status: number): void {
    if (this.#settled) return
    this.abort(outcome.error)
    this.#settle()
    const text = encodeOutcome(this, outcome, this.#state)
    if (this.#writer === undefined) this.http.reject(new Rejection(status, outcome.error, this.message.id))
    else this.#writer.end(encodeMessage(text))
  }

  /** The stream; undefined when the client can have none. */
  #open(): EventSink | undefined {
    if (this.#writer !== undefined) return this.#writer
    const { http } = this
    if (!http.accepts.sse || !http.canReply) return undefined
    this.#silence?.stop()
    this.#writer = http.eventSink(this)
    this.#writer.open(http.replyHeaders())
    if (!this.#settled) this.#state.keepAlive.add(this.#writer)
    return this.#writer
  }

  #connectionClosed(): void {
    if (this.#settled) return
    this.#settle()
    this.abort(new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the request'))
  }

  #settle(): void {
    this.#settled = true
    this.#silence?.stop()
    if (this.#writer !== undefined) this.#state.keepAlive.delete(this.#writer)
    if (this.#held) this.#state.release(this)
    this.release()
  }
}

function openStream(exchange: StatelessExchange): void {
  exchange.openStream()
}
