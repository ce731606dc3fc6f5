/**
 * Keep-alive: a comment on every stream that has been idle for a while, so that proxies do not close it and a lost
 * connection is detected. One timer for all streams of a server.
 *
 * Time is counted in ticks of a 32nd of the interval. A write sets its writer's count back to 0, a tick adds 1
 * to each; no clock is read and nothing is sorted, so a busy stream pays one assignment for each frame. The
 * comments are spread: each writer's threshold is a tick further than its neighbour's, within the window below,
 * so streams whose last write was at the same time (a broadcast, a mass reconnect) are not all written to in one turn
 * of the event loop.
 *
 *    count    0 ........ 32 | 33 34 35 36 37 38 39 40
 *    idle for               | interval ... 1.25 x interval       each writer has its own tick in this window
 *
 * Invariant: a timer runs exactly while the set is not empty, unless the interval is 0; it never keeps the process alive.
 * Not here: what the comment looks like and when it is skipped (sse-writer.ts).
 */

import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { unref } from '../bounds/runtime.ts'

const TICKS_PER_INTERVAL = 32
/** A client that takes nothing of what waits for it for so long is dropped. */
export const STALLED_TICKS = 8 * TICKS_PER_INTERVAL
/** The latest comment, in intervals. */
const WINDOW_END = 1.25

/** The part of a stream that keep-alive uses. */
export interface IdleStream {
  /** Ticks since the last write. Set to 0 by the stream, counted up here. */
  idleTicks: number
  readonly closed: boolean
  /**
   * Sends a comment and sets `idleTicks` to 0, or does neither while the client is not reading. Called at every tick
   * from the one on at which a comment is due.
   */
  comment(): void
}

/** The keep-alive of all open streams of one server. */
export class KeepAlive {
  readonly #tickMs: number
  readonly #threshold: number
  readonly #spread: number
  /** Lifecycle: from `add` to `delete`, or to the first tick that finds the stream closed. */
  readonly #streams = new Set<IdleStream>()
  readonly #onTick: () => void
  #timer: NodeJS.Timeout | undefined

  /**
   * @param intervalMs - idle time after which a stream gets a comment; it comes no later than 1.25 times
   * that. 0 disables keep-alive. More than 2^31-1 counts as 2^31-1.
   * @throws {TypeError} when it is negative or not a number.
   */
  constructor(intervalMs: number) {
    if (!(intervalMs >= 0)) throw new TypeError(`intervalMs: received ${intervalMs}, expected 0 or more`)
    const interval = Math.min(intervalMs, MAX_TIMER_MS)
    this.#tickMs = Math.ceil(interval / TICKS_PER_INTERVAL)
    // A write falls between two ticks, so n ticks later only n - 1 whole ticks have surely passed.
    this.#threshold = Math.ceil(interval / this.#tickMs) + 1
    this.#spread = Math.max(1, Math.floor((interval * WINDOW_END) / this.#tickMs) - this.#threshold + 1)
    this.#onTick = () => this.#tick()
  }

  /** Streams that get keep-alive comments. */
  get size(): number {
    return this.#streams.size
  }

  /** Adds a stream, whose idle time begins now. */
  add(stream: IdleStream): void {
    if (stream.closed) return
    stream.idleTicks = 0
    this.#streams.add(stream)
    if (this.#tickMs > 0) this.#timer ??= unref(setInterval(this.#onTick, this.#tickMs))
  }

  /** Removes a stream. */
  delete(stream: IdleStream): void {
    if (this.#streams.delete(stream) && this.#streams.size === 0) this.#stop()
  }

  /** Removes all streams. They are not ended. */
  close(): void {
    this.#streams.clear()
    this.#stop()
  }

  #tick(): void {
    let position = 0
    for (const stream of this.#streams) {
      if (stream.closed) this.delete(stream)
      else if (++stream.idleTicks >= this.#threshold + (position++ % this.#spread)) stream.comment()
    }
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
