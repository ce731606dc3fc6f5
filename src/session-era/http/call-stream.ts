/**
 * The stream of a call: the messages that the server sends before the answer, and the answer.
 *
 * Every message gets the next sequence number of its stream, is stored in the ring, and then written to the connection if
 * there is one. So a client that resumes with a Last-Event-ID gets every event after it, in order, or an error that
 * says why it cannot.
 *
 * Spec: 2025-11-25 transports, "Sending Messages to the Server" {@link spec.sending} and "Resumability and
 * Redelivery" {@link spec.resumability}.
 * Invariant: nothing is sent after `finish`. Events that were in the ring then stay until the stream is evicted.
 */

import { Gate } from '../../bounds/gate.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { encodeData } from '../../sse/frame.ts'
import { ReplayRing } from '../../sse/replay-ring.ts'
import type { CoarseClock } from '../clock.ts'
import type { Session } from '../session.ts'
import { ResumableStream, type StreamOwner } from './resumable-stream.ts'
import type { CallStreams, Streams } from './streams.ts'

export class CallStream extends ResumableStream {
  /** The streams of its session, where there is one. */
  readonly #siblings: CallStreams | undefined
  readonly #clock: CoarseClock
  /** Lifecycle: from the first message. */
  #ring: ReplayRing | undefined = undefined
  #name: string | undefined = undefined
  /** Lifecycle: while handlers wait for the client to reconnect. */
  #reconnection: Gate | undefined = undefined

  constructor(
    streams: Streams,
    owner: StreamOwner,
    sendsPrimingEvent: boolean,
    session: Session | undefined,
    siblings: CallStreams | undefined,
    clock: CoarseClock,
  ) {
    super(streams, owner, sendsPrimingEvent, session)
    this.#siblings = siblings
    this.#clock = clock
    siblings?.byName.set(this.name, this)
  }

  /** Computed once: it is part of every frame. */
  override get name(): string {
    this.#name ??= super.name
    return this.#name
  }

  /**
   * Backpressure, for callers that can wait: resolves, and never rejects, when the client has read what is buffered, when
   * it has reconnected, or when the stream is finished.
   *
   * @returns undefined: no need to wait
   */
  get drained(): Promise<void> | undefined {
    if (this.attached) return this.connectionDrained
    if (this.finished || !this.#wouldDropUnsent) return undefined
    this.#reconnection ??= new Gate()
    return this.#reconnection.passed
  }

  override attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    this.#endWaiting()
    super.attach(http, headers, missed)
  }

  /**
   * The frames after a sequence number.
   *
   * @returns `'gap'` when some are not retained any more, or the number is above all that were sent
   */
  missed(after: number): readonly string[] | 'gap' {
    if (this.#ring === undefined) return after === 0 ? [] : 'gap'
    const missed = this.#ring.after(after)
    return missed === 'gap' ? missed : missed.map((data, index) => this.frame(after + 1 + index, data))
  }

  /**
   * Sends a message, or retains it until the client reconnects.
   *
   * @param json - one JSON-RPC message
   * @returns false when it cannot reach the client: there is no connection, and the stream cannot be resumed
   */
  send(json: string): boolean {
    if (this.finished) return false
    const data = encodeData(json)
    const sequence = this.#append(data)
    if (this.write(this.frame(sequence, data))) {
      this.delivered = sequence
      return true
    }
    return this.retainsEvents
  }

  /**
   * Ends the stream, with a last message when there is one.
   *
   * @returns false when the message cannot reach the client
   */
  finish(json?: string): boolean {
    if (this.finished) return false
    let sent = true
    if (json === undefined) {
      this.end()
    } else {
      const data = encodeData(json)
      const sequence = this.#append(data)
      sent = this.end(this.frame(sequence, data))
      if (sent) this.delivered = sequence
    }
    this.#endWaiting()
    return sent || this.retainsEvents
  }

  /** Releases the events of the ring; the stream cannot be resumed any more. */
  clearEvents(): void {
    this.#ring?.clear()
  }

  /** Retains the finished stream, within limits, for a client that did not receive its end. */
  retainFinished(): void {
    const siblings = this.#siblings
    if (siblings === undefined) return
    if (this.session?.closed || !this.resumable) siblings.drop(this)
    else this.streams.retain(siblings, this, this.#clock)
  }

  protected override get lastSequence(): number {
    return this.#ring === undefined ? 0 : this.#ring.next - 1
  }

  /**
   * Whether the ring evicts events already, and half of those in it were not written to a connection; the other half may
   * have been lost with the connection. Where calls continue without their client (`disconnectGraceMs` 0), handlers do
   * not wait.
   */
  get #wouldDropUnsent(): boolean {
    const ring = this.#ring
    if (ring === undefined || !this.resumable || this.streams.disconnectGraceMs === 0) return false
    const unsent = this.lastSequence - this.delivered
    return unsent > 0 && ring.oldest > 1 && unsent * 2 >= ring.size
  }

  /** Stores an event in the ring. @returns its sequence number; 0 where events are not retained */
  #append(data: string): number {
    const { replay } = this.streams
    if (replay === undefined || this.#siblings === undefined) return 0
    this.#ring ??= new ReplayRing(replay, this.#siblings.budget)
    return this.#ring.push(data, this.#clock.now)
  }

  /** The client has reconnected, or cannot any more: waiting handlers continue. */
  #endWaiting(): void {
    this.#reconnection?.open()
    this.#reconnection = undefined
  }
}
