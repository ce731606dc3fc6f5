/**
 * A coarse clock for timeouts of seconds and more: one timer for all of them, and no system call to note the time of a
 * request.
 *
 * It counts its own ticks, so a system clock that is set back or a machine that was suspended expires nothing early. A
 * timeout is noticed one to two ticks after it has passed, never before. The timer runs only while something can
 * expire, and never keeps the process alive.
 */

import { unref } from '../bounds/runtime.ts'

export class CoarseClock {
  /** Milliseconds counted while running. */
  now = 0
  readonly #tickMs: number
  readonly #onTick: () => void
  #timer: NodeJS.Timeout | undefined

  /**
   * @param limitsMs - the timeouts that are measured with this clock; it ticks eight times within the shortest. 0
   *   is no timeout
   * @param onTick - calls `stop` when nothing is left that can expire
   */
  constructor(limitsMs: readonly number[], onTick: () => void) {
    const shortest = Math.min(...limitsMs.filter((limit) => limit > 0), MAX_TICK_MS * 8)
    this.#tickMs = Math.max(1, Math.ceil(shortest / 8))
    this.#onTick = onTick
  }

  start(): void {
    this.#timer ??= unref(
      setInterval(() => {
        this.now += this.#tickMs
        this.#onTick()
      }, this.#tickMs),
    )
  }

  /**
   * The latest value of `now` that is at least this long ago. One tick more is subtracted: what happened just before a
   * tick was noted with the value of the tick before.
   */
  before(milliseconds: number): number {
    return this.now - this.#tickMs - milliseconds
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

const MAX_TICK_MS = 5000
