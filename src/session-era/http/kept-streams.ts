/**
 * The streams of calls that a client can come back to: those of calls in progress, and the last ones that ended.
 *
 *    of a session    by name: all of them
 *    of a session    finished:  oldest <-> ... <-> newest     at most 64
 *    of all          finished:  oldest <-> ... <-> newest     at most 16 384; also the order in which their time is up
 *
 * Invariant: a stream that has finished is in both lists, or is not kept at all. Whatever their number, one more costs
 * the same.
 */

import { type Linked, LinkedList, Place } from '../../bounds/linked-list.ts'
import type { Session } from '../session.ts'
import type { CallStream } from './call-stream.ts'

/** Of one session. */
const MAX_FINISHED = 64
/** Of all sessions: a stream takes up to 1 KB beside its events, which is not in the byte budget. */
const MAX_FINISHED_IN_TOTAL = 16_384

/** A stream that has ended, in the list of its session. */
class Finished implements Linked<Finished> {
  readonly stream: CallStream
  readonly session: Session
  readonly at: number
  previous: Finished | undefined = undefined
  next: Finished | undefined = undefined
  /** In the list of all. */
  readonly place: Place<Finished>

  constructor(stream: CallStream, session: Session, at: number) {
    this.stream = stream
    this.session = session
    this.at = at
    this.place = new Place(this)
  }
}

/** Of one session. */
export class SessionStreams {
  readonly byName = new Map<string, CallStream>()
  readonly finished = new LinkedList<Finished>()
}

export class KeptStreams {
  readonly #finished = new LinkedList<Place<Finished>>()

  /** How many have finished. */
  get size(): number {
    return this.#finished.size
  }

  add(session: Session, stream: CallStream): void {
    session.streams ??= new SessionStreams()
    session.streams.byName.set(stream.name, stream)
  }

  /** Keeps a stream that has ended, at the cost of the one that ended first: its client comes back soon or not at all. */
  keep(session: Session, stream: CallStream, now: number): void {
    const { streams } = session
    if (streams === undefined) return
    const oldest = this.#finished.size < MAX_FINISHED_IN_TOTAL ? undefined : this.#finished.oldest
    if (oldest !== undefined) this.#forget(oldest.value)
    const finished = new Finished(stream, session, now)
    streams.finished.append(finished)
    this.#finished.append(finished.place)
    if (streams.finished.size > MAX_FINISHED) this.#forget(streams.finished.oldest as Finished)
  }

  /** For a stream that has ended and was not kept. */
  drop(session: Session, stream: CallStream): void {
    session.streams?.byName.delete(stream.name)
    stream.forget()
  }

  dropOlderThan(time: number): void {
    for (let place = this.#finished.oldest; place !== undefined; place = this.#finished.oldest) {
      if (place.value.at > time) return
      this.#forget(place.value)
    }
  }

  /** Ends all streams of a session. */
  close({ streams }: Session): void {
    if (streams === undefined) return
    for (const stream of streams.byName.values()) {
      stream.finish()
      stream.forget()
    }
    streams.byName.clear()
    for (let each = streams.finished.oldest; each !== undefined; each = streams.finished.oldest) {
      this.#remove(each, streams)
    }
  }

  #forget(finished: Finished): void {
    const { session, stream } = finished
    if (session.streams !== undefined) this.#remove(finished, session.streams)
    this.drop(session, stream)
  }

  #remove(finished: Finished, streams: SessionStreams): void {
    streams.finished.remove(finished)
    this.#finished.remove(finished.place)
  }
}
