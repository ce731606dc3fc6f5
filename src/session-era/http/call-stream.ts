/**
 * The stream of a call: the messages that the server sends before the answer, and the answer.
 *
 * Every message gets the next sequence number of its stream, is stored in the ring, and then written to the connection if
 * there is one. So a client that resumes with a Last-Event-ID gets every event after it, in order, or an error that
 * says why it cannot.
 *
 * With several nodes, every event is also appended to a log in the store (shared-streams.ts), so that the client can
 * resume through another node. Then a reader on that node is the connection of the stream.
 *
 * Spec: 2025-11-25 transports, "Sending Messages to the Server" {@link spec.sending} and "Resumability and
 * Redelivery" {@link spec.resumability}.
 * Invariant: nothing is sent after `finish`; at most one of a connection and a reader is there. Events that were in the
 * ring then stay until the stream is evicted.
 */

import { Gate } from '../../bounds/gate.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { encodeData } from '../../sse/frame.ts'
import type { PackedEvents } from '../../sse/packed-events.ts'
import { ReplayRing } from '../../sse/replay-ring.ts'
import type { EventLogWriter } from '../../store/event-log-store.ts'
import type { CoarseClock } from '../clock.ts'
import type { Session } from '../session.ts'
import { encodeMeta } from './log-meta.ts'
import type { RemoteReader } from './remote-reader.ts'
import { nameSuffix, ResumableStream, type StreamOwner } from './resumable-stream.ts'
import type { CallStreams, Streams } from './streams.ts'

/** Characters that wait for the log to be stored; more are sent without. */
const MAX_HELD_LENGTH = 64 * 1024

/** Knows the streams whose logs are being written. */
interface LogOwner {
  ended(stream: CallStream): void
}

export class CallStream extends ResumableStream {
  /** The streams of its session, where there is one. */
  readonly #siblings: CallStreams | undefined
  readonly #clock: CoarseClock
  /** Of its requests. Undefined with one node. */
  readonly #ids: readonly JsonRpcId[] | undefined
  /** Lifecycle: from the first message, until the stream is finished and retained. */
  #ring: ReplayRing | undefined = undefined
  /** Takes the place of the ring. */
  #packed: PackedEvents | undefined = undefined
  #name: string | undefined = undefined
  /** Lifecycle: while handlers wait for the client to reconnect, or to read what it has missed. */
  #reconnection: Gate | undefined = undefined
  /** Undefined with one node. Lifecycle: from `share`, until it may be written no more. */
  #log: EventLogWriter | undefined = undefined
  #shared: LogOwner | undefined = undefined
  /** Frames that wait until the log is stored. Lifecycle: from `share`, for a stream whose name has no request id. */
  #held: string | undefined = undefined
  /** Lifecycle: while the client reads through another node. */
  #reader: RemoteReader | undefined = undefined

  /** @param ids - of its requests, where there are other nodes */
  constructor(
    streams: Streams,
    owner: StreamOwner,
    sendsPrimingEvent: boolean,
    session: Session | undefined,
    siblings: CallStreams | undefined,
    clock: CoarseClock,
    ids?: readonly JsonRpcId[],
  ) {
    super(streams, owner, sendsPrimingEvent, session)
    this.#siblings = siblings
    this.#clock = clock
    this.#ids = ids
    siblings?.byName.set(this.name, this)
  }

  /** Computed once: it is part of every frame. */
  override get name(): string {
    this.#name ??= super.name + nameSuffix(this.#ids)
    return this.#name
  }

  /** Whether what is sent reaches the client now. */
  get connected(): boolean {
    return this.attached || this.#reader !== undefined
  }

  /** Sets the scopes that a client which resumes it must have. */
  need(scopes: readonly string[] | undefined): void {
    this.scopes = scopes
    this.#log?.describe(this.meta)
  }

  /** The description of its log. */
  get meta(): string {
    return encodeMeta({ ids: this.#ids ?? [], scopes: this.scopes })
  }

  /**
   * Its events are written to a log from now on.
   *
   * @param shared - is notified when nothing more is written
   */
  share(log: EventLogWriter, shared: LogOwner): void {
    this.#log = log
    this.#shared = shared
    // Its name does not say whose answer is missing: only the log does, so no client may have an event id before.
    if (nameSuffix(this.#ids) === '') this.#held = ''
  }

  override get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** Sends what was held: any node can resume the stream now. */
  release(): void {
    const held = this.#held
    this.#held = undefined
    if (held === undefined || this.finished) return
    const first = held === '' ? this.primingEvent() : held
    if (this.write(first)) this.delivered = this.lastSequence
  }

  /** Keeps the log alive while the call is silent. */
  touchLog(): void {
    this.#log?.touch()
  }

  deleteLog(): void {
    this.#log?.delete()
    this.#log = undefined
  }

  /**
   * The client reads the stream through another node, from now on.
   *
   * @param after - the last sequence number that it has
   */
  readBy(reader: RemoteReader, after: number): void {
    this.#endReader()
    this.endConnection()
    this.delivered = Math.min(after, this.lastSequence)
    this.#reader = reader
    this.owner?.streamConnected()
    reader.advanced(this.lastSequence)
    // Handlers wait on until it has read what they wait for.
    this.readUpTo(reader, after)
  }

  /** The client has all events up to a sequence number, as the other node says. */
  readUpTo(reader: RemoteReader, position: number): void {
    if (reader !== this.#reader) return
    this.delivered = Math.max(this.delivered, Math.min(position, this.lastSequence))
    if (this.#wouldDropUnsent) reader.askPosition()
    else this.#endWaiting()
  }

  readerLost(reader: RemoteReader): void {
    if (reader !== this.#reader) return
    this.#reader = undefined
    this.owner?.streamDisconnected()
  }

  /** Another node has ended the stream, since it took this one for dead: nothing more is stored. */
  endedElsewhere(reason: Error): void {
    this.#log = undefined
    this.#shared?.ended(this)
    this.owner?.streamEndedElsewhere?.(reason)
  }

  override disconnect(retryMs: number | undefined): void {
    const reader = this.#reader
    if (reader === undefined) {
      super.disconnect(retryMs)
      return
    }
    this.#endReader(retryMs)
    this.owner?.streamDisconnected()
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
    this.#reader?.askPosition()
    this.#reconnection ??= new Gate()
    return this.#reconnection.passed
  }

  override attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    this.#endReader()
    this.#endWaiting()
    super.attach(http, headers, missed)
  }

  /**
   * The frames after a sequence number.
   *
   * @returns `'gap'` when some are not retained any more, or the number is above all that were sent
   */
  missed(after: number): readonly string[] | 'gap' {
    const events = this.#packed ?? this.#ring
    if (events === undefined) return after === 0 ? [] : 'gap'
    const missed = events.after(after)
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
    if (this.#held !== undefined) {
      this.#held += this.frame(sequence, data)
      if (this.#held.length > MAX_HELD_LENGTH) this.release()
      return true
    }
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
    let frames = this.#held ?? ''
    this.#held = undefined
    if (json !== undefined) {
      const data = encodeData(json)
      frames += this.frame(this.#append(data), data)
    }
    const sent = this.end(frames === '' ? undefined : frames)
    if (sent && frames !== '') this.delivered = this.lastSequence
    if (this.#log !== undefined) this.#endLog()
    this.#endWaiting()
    return sent || json === undefined || this.retainsEvents
  }

  /** Releases the events of the ring; the stream cannot be resumed any more. */
  clearEvents(): void {
    this.#ring?.clear()
    this.#packed?.clear()
  }

  /** Retains the finished stream, within limits, for a client that did not receive its end. */
  retainFinished(): void {
    const siblings = this.#siblings
    if (siblings === undefined) return
    if (!this.resumable) this.deleteLog()
    if (this.session?.closed || !this.resumable) siblings.drop(this)
    else {
      this.#packed = this.#ring?.pack()
      if (this.#packed !== undefined) this.#ring = undefined
      this.streams.retain(siblings, this, this.#clock)
    }
  }

  protected override get lastSequence(): number {
    const { next = 1 } = this.#packed ?? this.#ring ?? {}
    return next - 1
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
    const sequence = this.#ring.push(data, this.#clock.now)
    if (this.#log !== undefined) this.#store(sequence, data, this.#ring.oldest)
    return sequence
  }

  /** Appends an event to the log; without its data where the ring did not keep it. */
  #store(sequence: number, data: string, oldest: number): void {
    this.#log?.append(sequence, oldest > sequence ? '' : data, oldest)
    this.#reader?.advanced(sequence)
  }

  #endLog(): void {
    this.#log?.finish()
    this.#shared?.ended(this)
    // There may have been no last event.
    this.#reader?.advanced(this.lastSequence)
  }

  #endReader(retryMs?: number): void {
    this.#reader?.end(retryMs)
    this.#reader = undefined
  }

  /** The client has reconnected, or cannot any more: waiting handlers continue. */
  #endWaiting(): void {
    this.#reconnection?.open()
    this.#reconnection = undefined
  }
}
