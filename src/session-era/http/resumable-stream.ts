/**
 * A resumable stream: one logical SSE stream of a session, which may outlive several connections. What the two kinds
 * of them have in common: at most one connection, and the way to the next one.
 *
 *                 attach                    finish
 *    detached  <---------->  attached  ---------------->  finished
 *          the connection closes             \--- also from detached
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 * Invariant: at most one connection is attached.
 * Not here: what is sent and what is kept (call-stream.ts, standalone-stream.ts); which request attaches to it (get.ts).
 */

import { randomBytes } from 'node:crypto'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { formatEventId } from '../../sse/event-id.ts'
import type { EventSink } from '../../sse/event-sink.ts'
import { encodeComment, encodePriming, encodeRetry, frameMessage } from '../../sse/frame.ts'
import type { Session } from '../session.ts'
import type { Streams } from './streams.ts'

/**
 * Names are `<end of the session's id><process><number>`: unique in the process, so an id of another session's stream
 * can never name one of this session's, and not those of an earlier process. Some runtimes give no random numbers while a
 * program loads.
 */
let namePrefix: string | undefined
let lastNumber = 0

/** Of the 32 and more characters of a session's id. */
const TAG_LENGTH = 4

const COMMENT = encodeComment()

/** Whether an event id can be of this session, if only of a stream that is not kept any more. */
export function canBeOf(session: Session, eventId: string): boolean {
  return eventId.startsWith(tagOf(session))
}

/** The separator of event ids is no part of a name. */
function tagOf({ id }: Session): string {
  const tag = id.slice(-TAG_LENGTH)
  // Nearly always there is none, and this is done for every event of every listener.
  return tag.includes('_') ? tag.replaceAll('_', '-') : tag
}

/** Notified of the connection of its stream, directly: nothing stands between. */
export interface StreamOwner {
  /** There is a connection where there was none. */
  streamConnected(): void
  /** The connection closed, and no other one has taken its place. */
  streamDisconnected(): void
}

export abstract class ResumableStream {
  /** Undefined where there are no sessions: then nothing is kept, and events have no ids. */
  readonly session: Session | undefined
  finished = false
  protected readonly streams: Streams
  /** The last sequence number that was handed to a connection. */
  protected delivered = 0
  readonly #number: number
  readonly #sendsPrimingEvent: boolean
  /** Released with the last connection of a finished stream: a request and a response hang on it. */
  #owner: StreamOwner | undefined
  #sink: EventSink | undefined = undefined

  constructor(
    streams: Streams,
    owner: StreamOwner | undefined,
    sendsPrimingEvent: boolean,
    session: Session | undefined,
  ) {
    lastNumber += 1
    this.session = session
    this.streams = streams
    this.#owner = owner
    this.#number = lastNumber
    this.#sendsPrimingEvent = sendsPrimingEvent
  }

  /** The last sequence number that was given out. */
  protected abstract get last(): number

  get name(): string {
    namePrefix ??= randomBytes(3).toString('hex')
    const tag = this.session === undefined ? '' : tagOf(this.session)
    return `${tag}${namePrefix}${this.#number.toString(36)}`
  }

  get attached(): boolean {
    return this.#sink !== undefined
  }

  /** Whether a client can have an id of this stream, and so come back for the rest. */
  get resumable(): boolean {
    return this.keeps && (this.#sendsPrimingEvent || this.delivered > 0)
  }

  /** The limit for a slow reader; read by the sink. */
  get maxBufferBytes(): number {
    return this.streams.maxStreamBufferBytes
  }

  /** Whether an event of this number was sent, or is the start of the stream. */
  hasSent(sequence: number): boolean {
    return this.keeps && sequence <= this.last
  }

  /**
   * Opens the stream on a response, after ending the connection that it was on.
   *
   * @param missed - the frames of what the client missed
   */
  attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    const old = this.#sink
    if (old !== undefined) {
      // Released first: its end is not the end of this stream's connection.
      this.#sink = undefined
      this.streams.keepAlive.delete(old)
      old.end()
    }
    const sink = http.eventSink(this)
    this.#sink = sink
    if (old === undefined) this.ownerOf()?.streamConnected()
    // The first byte leaves at once: some proxies and clients wait for it before they report the stream open.
    const first =
      missed.length > 0 ? missed.join('') : this.#sendsPrimingEvent && this.keeps ? this.#priming() : COMMENT
    sink.open(headers, first)
    if (sink.closed) return
    this.delivered = this.last
    if (this.finished) {
      sink.end()
      return
    }
    this.streams.keepAlive.add(sink)
  }

  /** The stream will be silent most of the time: its connection then costs less. */
  detach(): void {
    this.#sink?.detach()
  }

  /** Ends the connection but not the stream. */
  disconnect(retryMs: number | undefined): void {
    if (retryMs === undefined || !this.#sendsPrimingEvent) this.#sink?.end()
    else this.#sink?.end(encodeRetry(retryMs))
  }

  /** Called by the sink when its connection is over, for whatever reason. */
  onClose(): void {
    const sink = this.#sink
    if (sink === undefined || !sink.closed) return
    this.#sink = undefined
    this.streams.keepAlive.delete(sink)
    this.ownerOf()?.streamDisconnected()
    if (this.finished) this.#owner = undefined
  }

  /** A stream that owns itself says so here, and needs no reference to itself. */
  protected ownerOf(): StreamOwner | undefined {
    return this.#owner
  }

  /** See `EventSink.room`. */
  protected get connectionRoom(): Promise<void> | undefined {
    return this.#sink?.room
  }

  /** Whether events have ids and are kept. */
  protected get keeps(): boolean {
    return this.session !== undefined && this.streams.replay !== undefined
  }

  /** @param data - from `encodeData` */
  protected frame(sequence: number, data: string): string {
    return frameMessage(data, this.keeps ? formatEventId(this.name, sequence) : undefined)
  }

  /** @returns false when no connection took it */
  protected write(frame: string): boolean {
    return this.#sink?.write(frame) === true
  }

  /** As `write`, but it does not wait for what else this turn brings. */
  protected writeNow(frame: string): boolean {
    return this.#sink?.writeNow(frame) === true
  }

  /** Ends the stream, and its connection with a last frame when there is one. */
  protected end(frame?: string): boolean {
    this.finished = true
    const sent = this.#sink?.end(frame) === true
    if (this.#sink === undefined) this.#owner = undefined
    return sent
  }

  /** An event with an id and no data: the client can resume before it has seen a message. */
  #priming(): string {
    return encodePriming(formatEventId(this.name, this.last), this.streams.replay?.retryMs)
  }
}
