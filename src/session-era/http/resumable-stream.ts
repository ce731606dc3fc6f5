/**
 * A resumable stream: one logical SSE stream of a session, which may outlive several connections. The base class of the
 * two kinds: it has at most one connection, and moves to the next one.
 *
 *                 attach                    finish
 *    detached  <---------->  attached  ---------------->  finished
 *          the connection closes             \--- also from detached
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 * Invariant: at most one connection is attached.
 * Not here: what is sent and retained (call-stream.ts, standalone-stream.ts); which request may attach (get.ts).
 */

import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { HttpExchange } from '../../http/http-exchange.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { formatEventId } from '../../sse/event-id.ts'
import type { EventSink } from '../../sse/event-sink.ts'
import { encodeComment, encodePriming, encodeRetry, frameMessage } from '../../sse/frame.ts'
import type { Session } from '../session.ts'
import type { Streams } from './streams.ts'

/**
 * Names are `<end of the session id><random, per process><number>`: unique in the process, so an event id never names a
 * stream of another session or of an earlier process. Some runtimes give no random numbers while a program loads.
 */
let namePrefix: string | undefined
let lastNumber = 0

/**
 * With several nodes the name of a call's stream is `<end of the session id><node>-<number>[-<request id>]`: the node is
 * random, and any other node reads in the name which one runs the call, and whose answer is missing when that is gone.
 */
const NAME_WITH_NODE = /^.{4}([0-9a-z]+)-[0-9a-z]+(?:-((?:[0-9a-f]{2}){1,40}))?$/
/** See `EventLogStore.create`. */
const MAX_NAME_LENGTH = 128

/** Of a request id as JSON, in the name of its stream: a UUID has 38. */
const MAX_ID_BYTES = 40

/** Characters of the session id, which has 32 or more. */
const TAG_LENGTH = 4

const COMMENT = encodeComment()

/** Whether an event id was given out by this session, also for a stream that is not retained any more. */
export function isEventIdOf(session: Session, eventId: string): boolean {
  return eventId.startsWith(sessionTag(session))
}

/** The node that runs the call of a stream; undefined: it is no stream of a call, or of no node. */
export function nodeOfStream(name: string): string | undefined {
  return name.length > MAX_NAME_LENGTH ? undefined : NAME_WITH_NODE.exec(name)?.[1]
}

/** What the name of a stream ends with; empty for ids that are too long, and for several requests. */
export function nameSuffix(ids: readonly JsonRpcId[] | undefined): string {
  const id = ids?.length === 1 ? ids[0] : undefined
  if (id === undefined) return ''
  const json = Buffer.from(JSON.stringify(id))
  return json.length > MAX_ID_BYTES ? '' : `-${json.toString('hex')}`
}

/** The id of the request whose answer ends a stream; undefined: its name does not have it. */
export function requestOfStream(name: string): JsonRpcId | undefined {
  const hex = NAME_WITH_NODE.exec(name)?.[2]
  if (hex === undefined) return undefined
  try {
    const id = JSON.parse(Buffer.from(hex, 'hex').toString())
    // One id has one spelling.
    return (typeof id === 'string' || typeof id === 'number') && nameSuffix([id]) === `-${hex}`
      ? id
      : undefined
  } catch {
    return undefined
  }
}

/** The separator of event ids is no part of a name. */
export function sessionTag({ id }: Session): string {
  const tag = id.slice(-TAG_LENGTH)
  // Fast path without a replacement: this runs for every event of every standalone stream.
  return tag.includes('_') ? tag.replaceAll('_', '-') : tag
}

/** Is notified when its stream gets or loses its connection. */
export interface StreamOwner {
  /** The stream has a connection, and had none before. */
  streamConnected(): void
  /** The connection closed, and was not replaced by another one. */
  streamDisconnected(): void
  /** Another node has ended the stream: its calls are of no more use. */
  streamEndedElsewhere?(reason: Error): void
}

export abstract class ResumableStream {
  /** Undefined without a session: then events have no ids and are not retained. */
  readonly session: Session | undefined
  finished = false
  /** A client that resumes the stream must have these. */
  scopes: readonly string[] | undefined = undefined
  protected readonly streams: Streams
  /** The last sequence number that was written to a connection. */
  protected delivered = 0
  readonly #number: number
  readonly #sendsPrimingEvent: boolean
  /** Undefined once the stream is finished and has no connection: it refers to a request and its response. */
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

  /** The last sequence number of the stream. */
  protected abstract get lastSequence(): number

  get name(): string {
    const tag = this.session === undefined ? '' : sessionTag(this.session)
    const number = this.#number.toString(36)
    const { node } = this.streams
    if (node !== undefined) return `${tag}${node}-${number}`
    namePrefix ??= randomBytes(3).toString('hex')
    return `${tag}${namePrefix}${number}`
  }

  get attached(): boolean {
    return this.#sink !== undefined
  }

  /** Whether the client can have an event id of this stream, and so resume it. */
  get resumable(): boolean {
    return this.retainsEvents && !this.isHeld && (this.#sendsPrimingEvent || this.delivered > 0)
  }

  /** Whether what is sent waits, and with it the first event id. */
  protected get isHeld(): boolean {
    return false
  }

  /** See `EventSinkOwner.maxBufferBytes`. */
  get maxBufferBytes(): number {
    return this.streams.maxStreamBufferBytes
  }

  /** Whether a sequence number is one of this stream; 0 is its start. */
  hasSent(sequence: number): boolean {
    return this.retainsEvents && sequence <= this.lastSequence
  }

  /**
   * Opens the stream on the response of a request, and ends its earlier connection.
   *
   * @param missed - the frames that the client has missed
   */
  attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    const isReplaced = this.endConnection()
    const sink = http.eventSink(this)
    this.#sink = sink
    if (!isReplaced) this.owner?.streamConnected()
    // The first bytes are sent at once: some proxies and clients report the stream as open only then.
    const first = missed.length > 0 ? missed.join('') : this.isHeld ? COMMENT : this.primingEvent()
    sink.open(headers, first)
    if (sink.closed) return
    this.delivered = this.lastSequence
    if (this.finished) {
      sink.end()
      return
    }
    this.streams.keepAlive.add(sink)
  }

  /** Releases the request and response of the connection, for a stream that is silent most of the time. */
  detach(): void {
    this.#sink?.detach()
  }

  /** Ends the connection but not the stream. */
  disconnect(retryMs: number | undefined): void {
    if (retryMs === undefined || !this.#sendsPrimingEvent) this.#sink?.end()
    else this.#sink?.end(encodeRetry(retryMs))
  }

  /** Called by the sink when its connection has ended, for whatever reason. */
  onClose(): void {
    const sink = this.#sink
    if (sink === undefined || !sink.closed) return
    this.#sink = undefined
    this.streams.keepAlive.delete(sink)
    this.owner?.streamDisconnected()
    if (this.finished) this.#owner = undefined
  }

  /** Ends the connection because another one takes its place. @returns whether there was one */
  protected endConnection(): boolean {
    const sink = this.#sink
    if (sink === undefined) return false
    // Cleared first, so that `onClose` does not count it as a disconnect.
    this.#sink = undefined
    this.streams.keepAlive.delete(sink)
    sink.end()
    return true
  }

  /** Overridden by a stream that is its own owner. */
  protected get owner(): StreamOwner | undefined {
    return this.#owner
  }

  /** See `EventSink.drained`. */
  protected get connectionDrained(): Promise<void> | undefined {
    return this.#sink?.drained
  }

  /** Whether events have ids and are retained. */
  protected get retainsEvents(): boolean {
    return this.session !== undefined && this.streams.replay !== undefined
  }

  /** @param data - from `encodeData` */
  protected frame(sequence: number, data: string): string {
    return frameMessage(data, this.retainsEvents ? formatEventId(this.name, sequence) : undefined)
  }

  /** @returns false when there is no connection, or it did not take the frame */
  protected write(frame: string): boolean {
    return this.#sink?.write(frame) === true
  }

  /** As `write`, but sends at once instead of at the end of the turn of the event loop. */
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

  /** An event with an id and no data: the client can resume before it has seen a message. Else a comment. */
  protected primingEvent(): string {
    if (!this.#sendsPrimingEvent || !this.retainsEvents) return COMMENT
    return encodePriming(formatEventId(this.name, this.lastSequence), this.streams.replay?.retryMs)
  }
}
