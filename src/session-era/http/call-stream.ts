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
import { encodeData } from '../../sse/frame.ts'
import { ReplayRing } from '../../sse/replay-ring.ts'
import type { Session } from '../session.ts'
import { Stream } from './resumable-stream.ts'
import type { StreamHost } from './stream-host.ts'

/** The call that a stream belongs to, which must know whether its client is there. */
export interface StreamOwner {
  streamAttached(): void
  streamDetached(): void
}

export class CallStream extends Stream {
  /** Let go of with the last connection of a finished stream: a request and a response hang on it. */
  #owner: StreamOwner | undefined
  /** Lifecycle: from the first message. */
  #ring: ReplayRing | undefined = undefined
  #name: string | undefined = undefined
  /** Lifecycle: while handlers wait for the client to come back. */
  #return: Gate | undefined = undefined

  constructor(
    host: StreamHost,
    owner: StreamOwner,
    sendsPrimingEvent: boolean,
    session: Session | undefined,
  ) {
    super(host, sendsPrimingEvent, session)
    this.#owner = owner
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
    return this.#put(json, false)
  }

  /** Ends the stream, with a last message when there is one. */
  finish(json?: string): boolean {
    if (this.finished) return false
    this.finished = true
    const sent = json === undefined || this.#put(json, true)
    this.end()
    this.#endWait()
    if (!this.attached) this.#owner = undefined
    return sent
  }

  /** Gives back what the ring holds; the stream cannot be resumed any more. */
  forget(): void {
    this.#ring?.clear()
  }

  protected override get last(): number {
    return this.#ring === undefined ? 0 : this.#ring.next - 1
  }

  protected override onAttached(): void {
    this.#endWait()
    this.#owner?.streamAttached()
  }

  protected override onDetached(): void {
    this.#owner?.streamDetached()
    if (this.finished) this.#owner = undefined
  }

  /**
   * Whether the ring drops events already, and half of those that it holds were written to no connection. The other
   * half may have been lost with the connection. Where calls may go on without their clients, none is waited for.
   */
  get #wouldDropUnsent(): boolean {
    const ring = this.#ring
    if (ring === undefined || !this.resumable || this.host.disconnectGraceMs === 0) return false
    const unsent = this.last - this.delivered
    return unsent > 0 && ring.oldest > 1 && unsent * 2 >= ring.size
  }

  /** The client is back, or will not come. */
  #endWait(): void {
    this.#return?.open()
    this.#return = undefined
  }

  #put(json: string, last: boolean): boolean {
    const { replay, clock } = this.host
    const data = encodeData(json)
    let sequence = 0
    if (this.session !== undefined && replay !== undefined) {
      this.#ring ??= new ReplayRing(replay, this.host.replayBudget(this.session, replay))
      sequence = this.#ring.push(data, clock.now)
    }
    const frame = this.frame(sequence, data)
    const sent = last ? this.end(frame) : this.write(frame)
    if (sent) this.delivered = sequence
    return sent || this.keeps
  }
}
