/**
 * One request of the stateless era where all messages share one channel, and the subscription that it may open.
 *
 *    answered at once
 *    deferred --(the answer, or cancelled)--> over
 *    a subscription --(its last message, or cancelled)--> over
 *
 * Spec: 2026-07-28 stdio {@link spec.stdio}: nothing more is sent for a request that was cancelled.
 */

import type { InFlight } from '../../dispatch/in-flight.ts'
import type { Failure, Outcome } from '../../dispatch/outcome.ts'
import type { RequestHeaders } from '../../http/http-exchange.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import type { LineSink } from '../../stdio/line-sink.ts'
import type { MessageStream, RequestTransport, ServedExchange, StreamOwner } from '../transport.ts'

const NO_HEADERS: RequestHeaders = {}

export class LineRequest implements RequestTransport, MessageStream {
  readonly principal = undefined
  readonly headers = NO_HEADERS
  readonly #sink: LineSink
  readonly #open: InFlight<LineRequest>
  #exchange: ServedExchange | undefined
  /** Of the subscription. */
  #owner: StreamOwner | undefined
  #isOpen = false
  #streamClosed = false

  /** @param open - the requests that can be cancelled, to which it adds itself */
  constructor(sink: LineSink, open: InFlight<LineRequest>) {
    this.#sink = sink
    this.#open = open
  }

  get requestId(): JsonRpcId {
    return (this.#exchange as ServedExchange).message.id
  }

  get drained(): Promise<void> | undefined {
    return this.#sink.drained
  }

  get closed(): boolean {
    return this.#streamClosed || this.#sink.closed
  }

  serve(exchange: ServedExchange): void {
    this.#exchange = exchange
  }

  send(json: string): boolean {
    return this.#sink.write(json)
  }

  defer(): void {
    this.#begin()
  }

  answer(outcome: Outcome, json: string): void {
    if (this.#owner !== undefined && !('error' in outcome)) return
    this.#end()
    this.#sink.write(json)
  }

  fail(_: Failure, json: string): void {
    this.#end()
    this.#sink.write(json)
  }

  /** Nothing is counted for a line once it is parsed. */
  detachBody(): () => void {
    return () => {}
  }

  openStream(owner: StreamOwner, frames: string): MessageStream {
    this.#owner = owner
    this.#begin()
    this.#sink.writeLines(frames)
    return this
  }

  write(frame: string): boolean {
    return !this.closed && this.#sink.writeLines(frame)
  }

  writeNow(frame: string): boolean {
    return this.write(frame)
  }

  end(frame: string): boolean {
    const isTaken = this.write(frame)
    this.#closeStream()
    return isTaken
  }

  /** The client wants nothing more of it. */
  cancel(): void {
    this.#end()
    if (this.#owner === undefined) this.#exchange?.connectionClosed()
    else this.#closeStream()
  }

  #closeStream(): void {
    if (this.#streamClosed) return
    this.#streamClosed = true
    this.#end()
    this.#owner?.onClose()
  }

  #begin(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#open.add(this)
  }

  #end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#open.delete(this)
  }
}
