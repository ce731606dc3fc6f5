/**
 * The stream of a call: what the server says before the answer, and the answer.
 *
 * Every message gets the next sequence number of its stream, goes into the ring, and then to the connection if
 * there is one. So a client that comes back with the last id it has seen gets what is missing, in order, or is
 * told that it cannot.
 *
 * Spec: 2025-11-25 transports, "Sending Messages to the Server" {@link spec.sending} and "Resumability and
 * Redelivery" {@link spec.resumability}.
 * Invariant: nothing is sent after `finish`. What is in the ring stays there until its time is up.
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
  /** Those of its session, where there is one. */
  readonly #siblings: CallStreams | undefined
  readonly #clock: CoarseClock
  /** Lifecycle: from the first message. */
  #ring: ReplayRing | undefined = undefined
  #name: string | undefined = undefined
  /** Lifecycle: while handlers wait for the client to come back. */
  #return: Gate | undefined = undefined

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

  /** Made once: it is part of every frame. */
  override get name(): string {
    this.#name ??= super.name
    return this.#name
  }

  /**
   * For callers that can wait instead of sending more: resolves, and never rejects, when the client has taken what
   * waits for it, when it is back, or when the stream is finished.
   *
   * @returns undefined: there is room
   */
  get room(): Promise<void> | undefined {
    if (this.attached) return this.connectionRoom
    if (this.finished || !this.#wouldDropUnsent) return undefined
    this.#return ??= new Gate()
    return this.#return.passed
  }

  override attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    this.#endWait()
    super.attach(http, headers, missed)
  }

  /**
   * The frames after a sequence number.
   *
   * @returns `'gap'` when they are not all there any more, or were never sent
   */
  missed(after: number): readonly string[] | 'gap' {
    if (this.#ring === undefined) return after === 0 ? [] : 'gap'
    const missed = this.#ring.after(after)
    return missed === 'gap' ? missed : missed.map((data, index) => this.frame(after + 1 + index, data))
  }

  /**
   * Sends a message, or keeps it for the client to come back for.
   *
   * @param json - one JSON-RPC message
   * @returns false when it can reach nobody: there is no connection, and none can come
   */
  send(json: string): boolean {
    if (this.finished) return false
    const data = encodeData(json)
    const sequence = this.#keep(data)
    if (this.write(this.frame(sequence, data))) {
      this.delivered = sequence
      return true
    }
    return this.keeps
  }

  /**
   * Ends the stream, with a last message when there is one.
   *
   * @returns false when the message can reach nobody
   */
  finish(json?: string): boolean {
    if (this.finished) return false
    let sent = true
    if (json === undefined) {
      this.end()
    } else {
      const data = encodeData(json)
      const sequence = this.#keep(data)
      sent = this.end(this.frame(sequence, data))
      if (sent) this.delivered = sequence
    }
    this.#endWait()
    return sent || this.keeps
  }

  /** Gives back what the ring holds; the stream cannot be resumed any more. */
  forget(): void {
    this.#ring?.clear()
  }

  /** The stream has finished: it is kept for a client that did not get its end, within the limits. */
  keepFinished(): void {
    const siblings = this.#siblings
    if (siblings === undefined) return
    if (this.session?.closed || !this.resumable) siblings.drop(this)
    else this.streams.keep(siblings, this, this.#clock)
  }

  protected override get last(): number {
    return this.#ring === undefined ? 0 : this.#ring.next - 1
  }

  /**
   * Whether the ring drops events already, and half of those that it holds were written to no connection. The other
   * half may have been lost with the connection. Where calls may go on without their clients, none is waited for.
   */
  get #wouldDropUnsent(): boolean {
    const ring = this.#ring
    if (ring === undefined || !this.resumable || this.streams.disconnectGraceMs === 0) return false
    const unsent = this.last - this.delivered
    return unsent > 0 && ring.oldest > 1 && unsent * 2 >= ring.size
  }

  /** @returns the number of the event; 0 where none is kept */
  #keep(data: string): number {
    const { replay } = this.streams
    if (replay === undefined || this.#siblings === undefined) return 0
    this.#ring ??= new ReplayRing(replay, this.#siblings.budget)
    return this.#ring.push(data, this.#clock.now)
  }

  /** The client is back, or will not come. */
  #endWait(): void {
    this.#return?.open()
    this.#return = undefined
  }
}
