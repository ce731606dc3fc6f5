/**
 * A stream: one logical SSE stream of a session, which may outlive several connections.
 *
 *                 attach                    finish
 *    detached  <---------->  attached  ---------------->  finished (still replayed until its time is up)
 *          the connection closes             \--- also from detached: the ring keeps the rest
 *
 * Every message gets the next sequence number of its stream, goes into the ring, and then to the connection if
 * there is one. So a client that comes back with the last id it has seen gets what is missing, in order, or is
 * told that it cannot.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 * Invariant: at most one connection is attached. Nothing is sent after `finish`.
 * Not here: who may attach and how a failure is answered (endpoint.ts).
 */

import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { formatEventId } from '../sse/event-id.ts'
import { encodeComment, encodeMessage, encodePriming, encodeRetry } from '../sse/frame.ts'
import { ReplayRing } from '../sse/replay-ring.ts'
import { SseWriter } from '../sse/writer.ts'
import type { Session } from './session.ts'
import type { StreamHost } from './stream-host.ts'

/** What belongs to a stream and must know when its connection is gone. */
export interface StreamOwner {
  /** There is a connection where there was none. */
  streamAttached(stream: Stream): void
  /** The connection is over, and no other one has taken its place. */
  streamDetached(stream: Stream): void
}

/** Names are unique in the process, so an id of another session's stream can never name one of this session's. */
const NAME_PREFIX = randomBytes(3).toString('hex')
let lastNumber = 0

const COMMENT = encodeComment()

export class Stream {
  /** Undefined where there are no sessions: then nothing is kept, and events have no ids. */
  readonly session: Session | undefined
  readonly #number: number
  readonly #host: StreamHost
  /** Let go of with the last connection of a finished stream: a request and a response hang on it. */
  #owner: StreamOwner | undefined
  readonly #primes: boolean
  /** Lifecycle: from the first message. */
  #ring: ReplayRing | undefined = undefined
  #writer: SseWriter | undefined = undefined
  /** The last sequence that was handed to a connection. */
  #delivered = 0
  finished = false

  constructor(host: StreamHost, owner: StreamOwner, primes: boolean, session: Session | undefined) {
    lastNumber += 1
    this.session = session
    this.#number = lastNumber
    this.#host = host
    this.#owner = owner
    this.#primes = primes
  }

  get name(): string {
    return `${NAME_PREFIX}${this.#number.toString(36)}`
  }

  get attached(): boolean {
    return this.#writer !== undefined
  }

  /** Whether a client can have an id of this stream, and so come back for the rest. */
  get resumable(): boolean {
    return this.#keeps && (this.#primes || this.#delivered > 0)
  }

  /** The limit for a slow reader; read by the writer. */
  get maxBufferBytes(): number {
    return this.#host.maxStreamBufferBytes
  }

  /** Whether an event of this number was sent, or is the start of the stream. */
  hasSent(sequence: number): boolean {
    return this.#keeps && sequence <= this.#last
  }

  /**
   * The events after a sequence number; without one, those that no connection was ever given.
   *
   * @returns `'gap'` when they are not all there any more, or were never sent
   */
  missed(after: number | undefined): readonly string[] | 'gap' {
    if (this.#ring !== undefined) return this.#ring.after(after ?? this.#delivered)
    return after === undefined || after === 0 ? [] : 'gap'
  }

  /**
   * Opens the stream on a response, after ending the connection that it was on.
   *
   * @param frames - what the client missed
   */
  attach(response: ServerResponse, headers: readonly string[] | undefined, frames: readonly string[]): void {
    const old = this.#writer
    if (old !== undefined) {
      // Let go of it first: its end is not the end of this stream's connection.
      this.#writer = undefined
      this.#host.keepAlive.delete(old)
      old.end()
    }
    const writer = new SseWriter(response, this)
    this.#writer = writer
    if (old === undefined) this.#owner?.streamAttached(this)
    // The first byte leaves at once: some proxies and clients wait for it before they report the stream open.
    const first =
      frames.length > 0 ? frames.join('') : this.#primes && this.#keeps ? this.#priming() : COMMENT
    writer.open(headers, first)
    if (writer.closed) return
    this.#delivered = this.#last
    if (this.finished) {
      writer.end()
      return
    }
    this.#host.keepAlive.add(writer)
  }

  /** Says that the stream will be silent most of the time: its connection then costs less. */
  rest(): void {
    this.#writer?.handOver()
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

  /** Ends the stream, with a last message when there is one. What is in the ring stays there. */
  finish(json?: string): boolean {
    if (this.finished) return false
    this.finished = true
    const sent = json === undefined || this.#put(json, true)
    this.#writer?.end()
    if (this.#writer === undefined) this.#owner = undefined
    return sent
  }

  /** Ends the connection but not the stream. */
  disconnect(retryMs: number | undefined): void {
    if (retryMs === undefined || !this.#primes) this.#writer?.end()
    else this.#writer?.end(encodeRetry(retryMs))
  }

  /** Gives back what the ring holds; the stream cannot be resumed any more. */
  forget(): void {
    this.#ring?.clear()
  }

  dropOlderThan(time: number): void {
    this.#ring?.dropOlderThan(time)
  }

  /** Called by the writer when its connection is over, for whatever reason. */
  onClose(): void {
    const writer = this.#writer
    if (writer === undefined || !writer.closed) return
    this.#writer = undefined
    this.#host.keepAlive.delete(writer)
    this.#owner?.streamDetached(this)
    if (this.finished) this.#owner = undefined
  }

  #put(json: string, last: boolean): boolean {
    const { replay, clock } = this.#host
    if (this.session === undefined || replay === undefined) return this.#write(encodeMessage(json), last)
    this.#ring ??= new ReplayRing(replay, this.#host.replayBudget(this.session, replay))
    const ring = this.#ring
    const sequence = ring.next
    const frame = encodeMessage(json, formatEventId(this.name, sequence))
    ring.push(frame, clock.now)
    if (this.#write(frame, last)) this.#delivered = sequence
    return true
  }

  #write(frame: string, last: boolean): boolean {
    const writer = this.#writer
    if (writer === undefined) return false
    return last ? writer.end(frame) : writer.write(frame)
  }

  /** An event with an id and no data: the client can resume before it has seen a message. */
  #priming(): string {
    return encodePriming(formatEventId(this.name, this.#last), this.#host.replay?.retryMs)
  }

  /** Whether events have ids and are kept. */
  get #keeps(): boolean {
    return this.session !== undefined && this.#host.replay !== undefined
  }

  /** The last sequence number that was given out. */
  get #last(): number {
    return this.#ring === undefined ? 0 : this.#ring.next - 1
  }
}
