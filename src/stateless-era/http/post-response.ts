/**
 * The response to one POST with a request: JSON as long as no message goes ahead of the answer, an event stream from
 * then on.
 *
 *    undecided --a message before the answer, or sseAfterMs of silence--> streaming
 *        |  \                                                                 |
 *        |   `-- answered: one JSON response                                  `-- answered: final frame, end
 *        `-- subscriptions/listen: a stream that stays open when the request is answered
 *
 * The end of the connection is the end of the request.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Receiving Messages" and "Cancellation" {@link spec.statelessHttp}.
 * Not here: what becomes of a request (exchange.ts), the messages of a subscription (subscriptions.ts).
 */

import { LateTimer } from '../../bounds/late-timer.ts'
import type { Failure, Outcome } from '../../dispatch/outcome.ts'
import type { CalledTool, Principal } from '../../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { StatusError } from '../../dispatch/status-error.ts'
import type { HttpExchange, RequestHeaders } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodeMessage } from '../../sse/frame.ts'
import { ownCode } from '../results.ts'
import type { MessageStream, RequestTransport, ServedExchange, StreamOwner } from '../transport.ts'
import type { EventStreams } from './event-streams.ts'
import { checkParameterHeaders, HeaderMismatchError } from './mirrored-headers.ts'

const RETRY_SOON = ['Retry-After', '1'] as const
const RETRY_LATER = ['Retry-After', '10'] as const

export class PostResponse implements RequestTransport, EventSinkOwner {
  readonly #http: HttpExchange<Principal>
  readonly #streams: EventStreams
  #exchange: ServedExchange | undefined
  #sink: EventSink | undefined
  /** The stream is a subscription's. */
  #staysOpen = false
  #silence: LateTimer<PostResponse> | undefined
  /** The listener of the connection's end, while the answer is deferred. */
  #onClose: (() => void) | undefined
  #isSettled = false

  constructor(http: HttpExchange<Principal>, streams: EventStreams) {
    this.#http = http
    this.#streams = streams
  }

  get principal(): Principal | undefined {
    return this.#http.principal
  }

  get headers(): RequestHeaders {
    return this.#http.headers
  }

  /** Read by the sink. */
  get maxBufferBytes(): number {
    return this.#streams.settings.maxStreamBufferBytes
  }

  get drained(): Promise<void> | undefined {
    return this.#sink?.drained
  }

  serve(exchange: ServedExchange): void {
    this.#exchange = exchange
  }

  /** @throws {HeaderMismatchError} -32020, the `Mcp-Param-*` headers */
  checkTool({ headerParameters }: CalledTool, args: unknown): void {
    checkParameterHeaders(headerParameters, args, this.#http.headerLines)
  }

  send(json: string): boolean {
    return this.#open()?.write(encodeMessage(json)) === true
  }

  defer(mayStream: boolean): void {
    const http = this.#http
    http.holdBody()
    this.#onClose = () => this.onClose()
    if (http.closed) {
      // Closed while the request was authenticated: its `close` event is over.
      this.onClose()
      return
    }
    const { sseAfterMs } = this.#streams.settings
    if (mayStream && sseAfterMs > 0 && http.accepts.sse) {
      this.#silence = new LateTimer<PostResponse>(sseAfterMs, openSilently, this)
    }
    http.onClose(this.#onClose)
  }

  /** Opens the stream without a message: some clients give up on a connection that stays silent. */
  openSilently(): void {
    this.#open()
  }

  openStream(owner: StreamOwner, frames: string): MessageStream {
    const sink = this.#http.eventSink(owner)
    this.#staysOpen = true
    this.#sink = sink
    sink.open(this.#http.replyHeaders(), frames)
    this.#streams.keepAlive.add(sink)
    return sink
  }

  answer(outcome: Outcome, json: string): void {
    const sink = this.#sink
    this.#settle()
    if (sink === undefined) {
      this.#answerUnopened(outcome, json)
    } else if (this.#staysOpen && !('error' in outcome)) {
      // Nothing of the request is retained for as long as the stream is open.
      if (this.#onClose !== undefined) this.#http.offClose(this.#onClose)
      sink.detach()
    } else {
      sink.end(encodeMessage(json))
    }
  }

  fail({ error }: Failure, json: string): void {
    const sink = this.#sink
    this.#settle()
    if (sink !== undefined) sink.end(encodeMessage(json))
    else this.#http.reject(new Rejection(503, error, this.#exchange?.message.id))
  }

  detachBody(): () => void {
    return this.#http.detachBody()
  }

  /** The connection is closed. Called by the sink too: not every adapter emits `close`. */
  onClose(): void {
    if (this.#isSettled) return
    this.#settle()
    this.#exchange?.connectionClosed()
  }

  #answerUnopened(outcome: Outcome, json: string): void {
    const http = this.#http
    const { id, method } = (this.#exchange as ServedExchange).message
    const status = statusOf(outcome, method)
    if (status !== 200 && 'error' in outcome) {
      const { error } = outcome
      const reason = error instanceof StatusError ? error.reason : undefined
      http.reject(new Rejection(status, ownCode(error), id, moreHeaders(error, status), reason))
    } else if (http.accepts.json) {
      http.json(status, json)
    } else {
      this.#open()?.end(encodeMessage(json))
    }
  }

  /** The stream; undefined when the client can have none. */
  #open(): EventSink | undefined {
    if (this.#sink !== undefined) return this.#sink
    const http = this.#http
    if (!http.accepts.sse || !http.canReply) return undefined
    this.#silence?.stop()
    const sink = http.eventSink(this)
    this.#sink = sink
    sink.open(http.replyHeaders())
    if (!this.#isSettled) this.#streams.keepAlive.add(sink)
    return sink
  }

  #settle(): void {
    this.#isSettled = true
    this.#silence?.stop()
    // A subscription's is in the keep-alive until its own end.
    if (this.#sink !== undefined && !this.#staysOpen) this.#streams.keepAlive.delete(this.#sink)
    if (this.#onClose !== undefined) this.#http.releaseBody()
  }
}

function openSilently(response: PostResponse): void {
  response.openSilently()
}

/**
 * Where an error arose decides: what reached no handler, or found its client unfit, is an HTTP error too. So is every
 * error of a subscription that was not opened, whose client waits for a stream.
 */
function statusOf(outcome: Outcome, method: string): number {
  if (!('error' in outcome)) return 200
  const { error, origin } = outcome
  if (error instanceof StatusError) return error.status
  if (error instanceof HeaderMismatchError) return 400
  if (origin === 'protocol') return error.code === ErrorCode.METHOD_NOT_FOUND ? 404 : 400
  if (method !== Method.listen) return 200
  if (error instanceof ShutdownError || error.code === ErrorCode.SERVER_ERROR) return 503
  return error.code === ErrorCode.INTERNAL_ERROR ? 500 : 400
}

function moreHeaders(error: RpcError, status: number): readonly string[] | undefined {
  if (error instanceof StatusError) return error.headers
  if (error instanceof ShutdownError) return RETRY_SOON
  // Such as a watch function of the application that has no more to give.
  return status === 503 ? RETRY_LATER : undefined
}
