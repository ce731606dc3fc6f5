/**
 * The stream of a call on another node, which a client has resumed here: what it missed is replayed from the event log,
 * and what follows is read from there until the end.
 *
 *    read --> write --> wait until the client has read it --+--> the node of the call says that there is more
 *      ^                                                    +--> a second has passed
 *      `----------------------------------------------------'
 *
 *    the log is finished               ends
 *    the log has a gap, or is lost     ends; the client comes back and is refused
 *    a log that was not there is       ends; the client comes back, and its scopes are checked
 *    the node of the call is gone      the log is finished with an error, the only answer that the request will get
 *
 * Invariant: one read at a time. `position` is the last sequence number that was written to the connection, or that the
 * client had; an event is written only after all before it.
 * Not here: the side of the node that runs the call (remote-reader.ts).
 */

import { pause } from '../../bounds/runtime.ts'
import { fromStore } from '../../dispatch/store-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { formatEventId } from '../../sse/event-id.ts'
import type { EventSink, EventSinkOwner } from '../../sse/event-sink.ts'
import { encodeComment, encodePriming, encodeRetry, frameMessage } from '../../sse/frame.ts'
import type { KeepAlive } from '../../sse/keep-alive.ts'
import type { EventLogStore, StoredEvents } from '../../store/event-log-store.ts'
import type { Session } from '../session.ts'
import { callLost, type MissingLog, missingLog, readMeta } from './log-meta.ts'

/** Events that were announced may not be stored yet. */
const REREAD_MS = 50
/** Reads that find no log, after which it is lost: one a second. */
const MAX_MISSES = 3
/** The same where there was none from the start, and its node has not answered: longer than most leases. */
const MAX_FIRST_MISSES = 15

export interface FollowHost {
  readonly events: EventLogStore
  readonly keepAlive: KeepAlive
  readonly maxStreamBufferBytes: number
  /** Registers the reader at the node of the call; tried again later where that fails. */
  attach(stream: FollowedStream): void
  /** The client has read all that is stored. */
  caughtUp(stream: FollowedStream): void
  /** Called once. */
  closed(stream: FollowedStream): void
}

export class FollowedStream implements EventSinkOwner {
  /** Of this connection, unique on this node. */
  readonly key: string
  /** The node that runs the call. */
  readonly node: string
  readonly session: Session
  readonly name: string
  readonly maxBufferBytes: number
  position: number
  /** The node of the call knows of the connection. */
  isAttached = false
  readonly #host: FollowHost
  #sink: EventSink | undefined
  #to = 0
  #asked = false
  #isReading = false
  #readsAgain = false
  #isOrphan = false
  /** There was no log yet, which says who may read it. */
  #isUnchecked = false
  #misses = 0
  readonly #closing = new AbortController()

  constructor(host: FollowHost, key: string, node: string, session: Session, name: string, position: number) {
    this.#host = host
    this.key = key
    this.node = node
    this.session = session
    this.name = name
    this.position = position
    this.maxBufferBytes = host.maxStreamBufferBytes
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /**
   * Opens the connection with what was read so far.
   *
   * @param isAlive - whether the node of the call is
   */
  open(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    stored: StoredEvents | MissingLog,
    isAlive: boolean,
  ): void {
    const sink = http.eventSink(this)
    this.#sink = sink
    this.#isUnchecked = 'isMissing' in stored
    sink.open(headers, this.#framesOf(stored) || this.#positionEvent())
    if (this.isClosed) return
    if (stored.finished && this.position <= stored.last) {
      sink.end()
      return
    }
    this.#host.keepAlive.add(sink)
    sink.detach()
    if (stored.finished) this.poll()
    else if (isAlive) this.#host.attach(this)
    else this.orphaned()
  }

  /** The log has events up to there, or soon will. */
  advanced(to: number, ask: boolean): void {
    this.#to = Math.max(this.#to, to)
    if (ask) this.#asked = true
    this.poll()
  }

  /** Reads what is new in the log. */
  poll(): void {
    if (this.#isReading) this.#readsAgain = true
    else void this.#read()
  }

  /** The node of the call is gone: nothing more comes from it. */
  orphaned(): void {
    this.#isOrphan = true
    this.poll()
  }

  /** Ends the connection, not the stream. */
  end(retryMs?: number): void {
    const sends = retryMs !== undefined && this.session.revision.sendsPrimingEvent
    this.#sink?.end(sends ? encodeRetry(retryMs) : undefined)
  }

  /** Called by the sink. */
  onClose(): void {
    if (this.isClosed) return
    this.#closing.abort()
    if (this.#sink !== undefined) this.#host.keepAlive.delete(this.#sink)
    this.#host.closed(this)
  }

  async #read(): Promise<void> {
    this.#isReading = true
    try {
      do {
        this.#readsAgain = false
        await this.#readOnce()
        if (!this.isClosed && this.position < this.#to) await pause(REREAD_MS, this.#closing.signal)
      } while (!this.isClosed && (this.#readsAgain || this.position < this.#to))
    } catch {
      // The store is away, or the connection closed. The next poll is within a second.
    } finally {
      this.#isReading = false
    }
    if (!this.#asked || this.isClosed) return
    this.#asked = false
    this.#host.caughtUp(this)
  }

  async #readOnce(): Promise<void> {
    const stored = await this.#stored(this.position)
    if (this.isClosed) return
    if (stored === undefined) {
      this.#misses += 1
      // What is not there will not come.
      this.#to = 0
      const missing = this.#isOrphan ? missingLog(this.name) : undefined
      const most = this.#isUnchecked ? MAX_FIRST_MISSES : MAX_MISSES
      if (this.#misses >= most || (this.#isOrphan && missing === undefined)) this.end()
      else if (missing !== undefined) await this.#finish(missing)
      return
    }
    this.#misses = 0
    if (stored.gap || this.#isUnchecked) {
      this.end()
      return
    }
    const frames = this.#framesOf(stored)
    if (stored.finished) {
      if (this.position > stored.last) await this.#repeatLast(stored.last)
      else this.#sink?.end(frames === '' ? undefined : frames)
      return
    }
    if (frames !== '') this.#sink?.write(frames)
    // No more is read from the log than the client reads.
    await this.#sink?.drained
    if (this.#isOrphan && !this.isClosed) await this.#finish(stored)
  }

  /** Ends the stream in the place of the node that is gone. */
  async #finish(stored: StoredEvents | MissingLog): Promise<void> {
    const { events } = this.#host
    const sequence = Math.max(stored.last, this.position) + 1
    const meta = readMeta(stored.meta) ?? { ids: [], scopes: undefined }
    const data = await callLost(meta, () => this.#stored(0))
    const begun = 'isMissing' in stored ? stored.meta : undefined
    const isOwn = await fromStore(events.finish(this.session.id, this.name, sequence, data, begun))
    if (this.isClosed) return
    if (isOwn) {
      this.#sink?.end(this.#frame(sequence, data))
      return
    }
    // Another node was faster, or the one of the call is not gone: what that wrote is read.
    await pause(REREAD_MS, this.#closing.signal)
    this.#readsAgain = true
  }

  /**
   * The client has seen events that were not stored when their node died, and the end was sent on another connection of it
   * already, which may not have arrived.
   */
  async #repeatLast(last: number): Promise<void> {
    const stored = await this.#stored(last - 1)
    const data = stored?.events.at(-1)?.data
    this.#sink?.end(data === undefined ? undefined : this.#frame(this.position + 1, data))
  }

  #stored(after: number): Promise<StoredEvents | undefined> {
    return fromStore(this.#host.events.read(this.session.id, this.name, after))
  }

  /** The frames of events that the client does not have. */
  #framesOf({ events }: StoredEvents): string {
    let frames = ''
    for (const { sequence, data } of events) {
      if (sequence <= this.position) continue
      this.position = sequence
      frames += this.#frame(sequence, data)
    }
    return frames
  }

  /** An event with the position of the client, so that it can resume this connection before it has got an event. */
  #positionEvent(): string {
    if (!this.session.revision.sendsPrimingEvent) return encodeComment()
    return encodePriming(formatEventId(this.name, this.position))
  }

  #frame(sequence: number, data: string): string {
    return frameMessage(data, formatEventId(this.name, sequence))
  }
}
