/**
 * The streams of one handler: their limits and timers, and those of calls that a client can come back to, which are
 * the calls in flight and the last ones that ended.
 *
 *    of a session    by name: all of them
 *    of a session    finished:  oldest <-> ... <-> newest     at most 64
 *    of all          finished:  oldest <-> ... <-> newest     at most 16 384; also the order in which their time is up
 *
 * Invariant: a stream that has finished is in both lists, or is not kept at all. Whatever their number, one more costs
 * the same.
 * Not here: what a stream does (resumable-stream.ts).
 */

import { ByteBudget } from '../../bounds/byte-budget.ts'
import { type Linked, LinkedList, Place } from '../../bounds/linked-list.ts'
import type { Filled } from '../../bounds/option-types.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { CoarseClock } from '../clock.ts'
import type { Expiring } from '../era.ts'
import type { ReplayOptions, SessionEraSettings } from '../options.ts'
import type { Session, SessionStreams } from '../session.ts'

/** Of one session. */
const MAX_FINISHED = 64
/** Of all sessions: a stream takes up to 1 KB beside its events, which is not in the byte budget. */
const MAX_FINISHED_IN_TOTAL = 16_384
/** A session that floods its streams takes this part of what is kept for all, and leaves the rest to others. */
const SESSION_SHARE = 16

/** The stream of a call, as a client comes back to it (call-stream.ts). */
export interface KeptStream {
  readonly name: string
  readonly finished: boolean
  hasSent(sequence: number): boolean
  missed(after: number): readonly string[] | 'gap'
  attach(http: HttpExchange<unknown>, headers: readonly string[] | undefined, missed: readonly string[]): void
  detach(): void
  finish(): void
  /** Gives back what it keeps. */
  forget(): void
}

/** A stream that has ended, in the list of its session. */
class Finished implements Linked<Finished> {
  readonly stream: KeptStream
  readonly streams: CallStreams
  readonly at: number
  previous: Finished | undefined = undefined
  next: Finished | undefined = undefined
  /** In the list of all. */
  readonly place: Place<Finished>

  constructor(stream: KeptStream, streams: CallStreams, at: number) {
    this.stream = stream
    this.streams = streams
    this.at = at
    this.place = new Place(this)
  }
}

/** The streams of calls of one session. */
export class CallStreams implements SessionStreams {
  readonly byName = new Map<string, KeptStream>()
  readonly finished = new LinkedList<Finished>()
  /** Its part of the replay budget. */
  readonly budget: ByteBudget
  /** Those of all sessions. */
  readonly #all: LinkedList<Place<Finished>>

  constructor(budget: ByteBudget, all: LinkedList<Place<Finished>>) {
    this.budget = budget
    this.#all = all
  }

  close(): void {
    for (const stream of this.byName.values()) {
      stream.finish()
      stream.forget()
    }
    this.byName.clear()
    for (let each = this.finished.oldest; each !== undefined; each = this.finished.oldest) this.remove(each)
  }

  /** For a stream that is not kept any more. */
  drop(stream: KeptStream): void {
    this.byName.delete(stream.name)
    stream.forget()
  }

  remove(finished: Finished): void {
    this.finished.remove(finished)
    this.#all.remove(finished.place)
  }
}

export class Streams implements Expiring {
  readonly maxStreamBufferBytes: number
  /** How long a call goes on without its client; 0: to its end. */
  readonly disconnectGraceMs: number
  readonly replay: Filled<ReplayOptions> | undefined
  readonly keepAlive: KeepAlive
  readonly #finished = new LinkedList<Place<Finished>>()

  constructor({ maxStreamBufferBytes, disconnectGraceMs, replay, keepAliveMs }: SessionEraSettings) {
    this.maxStreamBufferBytes = maxStreamBufferBytes
    this.disconnectGraceMs = disconnectGraceMs
    this.replay = replay
    this.keepAlive = new KeepAlive(keepAliveMs)
  }

  /** How many have finished. */
  get size(): number {
    return this.#finished.size
  }

  /**
   * The streams of a session.
   *
   * @param budget - what the streams of all sessions may keep together
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
   * Keeps a stream that has ended, at the cost of the one that ended first: its client comes back soon or not at all.
   *
   * @param streams - of its session
   */
  keep(streams: CallStreams, stream: KeptStream, clock: CoarseClock): void {
    const oldest = this.#finished.size < MAX_FINISHED_IN_TOTAL ? undefined : this.#finished.oldest
    if (oldest !== undefined) forget(oldest.value)
    const finished = new Finished(stream, streams, clock.now)
    streams.finished.append(finished)
    this.#finished.append(finished.place)
    if (streams.finished.size > MAX_FINISHED) forget(streams.finished.oldest as Finished)
    clock.start()
  }

  dropOlderThan(time: number): void {
    for (let place = this.#finished.oldest; place !== undefined; place = this.#finished.oldest) {
      if (place.value.at > time) return
      forget(place.value)
    }
  }
}

function forget(finished: Finished): void {
  const { streams, stream } = finished
  streams.remove(finished)
  streams.drop(stream)
}
