/**
 * The streams of one handler: their limits and their keep-alive timer, and the streams of calls that a client can resume:
 * those of calls in flight and the last ones that finished.
 *
 *    per session     by name: all of them
 *    per session     finished:  oldest <-> ... <-> newest     at most 64
 *    of all          finished:  oldest <-> ... <-> newest     at most 16 384; also the order in which they expire
 *
 * Invariant: a finished stream is in both lists, or is not retained at all. Adding and evicting one take constant time.
 * Not here: what a stream does (resumable-stream.ts).
 */

import { ByteBudget } from '../../bounds/byte-budget.ts'
import { type Linked, LinkedList, Place } from '../../bounds/linked-list.ts'
import type { Filled } from '../../bounds/option-types.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { CoarseClock } from '../clock.ts'
import type { FinishedStreams } from '../era.ts'
import type { ReplayOptions, SessionEraSettings } from '../options.ts'
import type { Session, SessionStreams } from '../session.ts'
import type { RemoteReader } from './remote-reader.ts'

/** Finished streams of one session. */
const MAX_FINISHED = 64
/** Finished streams of all sessions: one takes up to 1 KB beside its events, which the byte budget does not count. */
const MAX_FINISHED_IN_TOTAL = 16_384
/** One session may take a 16th of all replay bytes, or `replay.maxBytes` if that is more. */
const SESSION_SHARE = 16

/** The stream of a call that a client can resume (call-stream.ts). */
export interface RetainedStream {
  readonly name: string
  readonly finished: boolean
  /** A client that resumes it must have these. */
  readonly scopes: readonly string[] | undefined
  hasSent(sequence: number): boolean
  missed(after: number): readonly string[] | 'gap'
  attach(http: HttpExchange<unknown>, headers: readonly string[] | undefined, missed: readonly string[]): void
  detach(): void
  finish(): void
  /** Releases its events. */
  clearEvents(): void
  /** Drops what is stored of it for other nodes. */
  deleteLog(): void
  /** Its client reads it through another node. */
  readBy(reader: RemoteReader, after: number): void
  readUpTo(reader: RemoteReader, position: number): void
  readerLost(reader: RemoteReader): void
  /** Another node has ended it. */
  endedElsewhere(reason: Error): void
}

/** A connection to the stream of another node. */
interface Followed {
  end(): void
}

/** A finished stream, in the list of its session. */
class FinishedStream implements Linked<FinishedStream> {
  readonly stream: RetainedStream
  readonly streams: CallStreams
  readonly at: number
  previous: FinishedStream | undefined = undefined
  next: FinishedStream | undefined = undefined
  /** Its entry in the list of all sessions. */
  readonly place: Place<FinishedStream>

  constructor(stream: RetainedStream, streams: CallStreams, at: number) {
    this.stream = stream
    this.streams = streams
    this.at = at
    this.place = new Place(this)
  }
}

/** The streams of the calls of one session. */
export class CallStreams implements SessionStreams {
  readonly byName = new Map<string, RetainedStream>()
  readonly finished = new LinkedList<FinishedStream>()
  /** Streams of other nodes that the client has resumed here. Lifecycle: as long as their connections. */
  readonly followed = new Set<Followed>()
  /** The session's part of the replay budget. */
  readonly budget: ByteBudget
  /** The finished streams of all sessions. */
  readonly #all: LinkedList<Place<FinishedStream>>

  constructor(budget: ByteBudget, all: LinkedList<Place<FinishedStream>>) {
    this.budget = budget
    this.#all = all
  }

  close(): void {
    for (const stream of this.byName.values()) {
      stream.finish()
      stream.clearEvents()
    }
    this.byName.clear()
    for (const stream of [...this.followed]) stream.end()
    for (let each = this.finished.oldest; each !== undefined; each = this.finished.oldest) this.remove(each)
  }

  /** Stops retaining a stream. */
  drop(stream: RetainedStream): void {
    this.byName.delete(stream.name)
    stream.clearEvents()
  }

  remove(finished: FinishedStream): void {
    this.finished.remove(finished)
    this.#all.remove(finished.place)
  }
}

export class Streams implements FinishedStreams {
  readonly maxStreamBufferBytes: number
  /** How long a call continues after its connection closed; 0: to its end. */
  readonly disconnectGraceMs: number
  readonly replay: Filled<ReplayOptions> | undefined
  readonly keepAlive: KeepAlive
  /** The id of this node; undefined: it is the only one. */
  readonly node: string | undefined
  readonly #finished = new LinkedList<Place<FinishedStream>>()

  constructor(
    { maxStreamBufferBytes, disconnectGraceMs, replay, keepAliveMs }: SessionEraSettings,
    node?: string,
  ) {
    this.node = node
    this.maxStreamBufferBytes = maxStreamBufferBytes
    this.disconnectGraceMs = disconnectGraceMs
    this.replay = replay
    this.keepAlive = new KeepAlive(keepAliveMs)
  }

  /** Number of finished streams that are retained. */
  get size(): number {
    return this.#finished.size
  }

  /**
   * The streams of a session.
   *
   * @param budget - of the streams of all sessions together
   */
  of(session: Session, budget: ByteBudget): CallStreams {
    const { maxBytes = 0, maxTotalBytes = 0 } = this.replay ?? {}
    session.streams ??= new CallStreams(
      new ByteBudget(Math.max(maxBytes, maxTotalBytes / SESSION_SHARE), budget),
      this.#finished,
    )
    return session.streams as CallStreams
  }

  /**
   * Retains a finished stream, and evicts the one that finished first where a limit is reached: most clients reconnect
   * soon or not at all.
   *
   * @param streams - of its session
   */
  retain(streams: CallStreams, stream: RetainedStream, clock: CoarseClock): void {
    const oldest = this.#finished.size < MAX_FINISHED_IN_TOTAL ? undefined : this.#finished.oldest
    if (oldest !== undefined) evict(oldest.value)
    const finished = new FinishedStream(stream, streams, clock.now)
    streams.finished.append(finished)
    this.#finished.append(finished.place)
    if (streams.finished.size > MAX_FINISHED) evict(streams.finished.oldest as FinishedStream)
    clock.start()
  }

  dropOlderThan(time: number): void {
    for (let place = this.#finished.oldest; place !== undefined; place = this.#finished.oldest) {
      if (place.value.at > time) return
      evict(place.value)
    }
  }
}

function evict(finished: FinishedStream): void {
  const { streams, stream } = finished
  streams.remove(finished)
  streams.drop(stream)
  stream.deleteLog()
}
