/**
 * A coarse clock for the limits that are counted in seconds: one timer for all of them, and no system call for
 * a request that only wants to say "seen just now".
 *
 * It counts its own ticks, so a clock that is set back or a machine that slept expires nothing early. A limit is
 * noticed one to two ticks after it has passed, never before. It runs
 * only while there is something to watch, and never keeps the process alive.
 */

import { unref } from '../bounds/runtime.ts'

export class CoarseClock {
  /** Milliseconds counted while running. */
  now = 0
  readonly #tickMs: number
  readonly #onTick: () => void
  #timer: NodeJS.Timeout | undefined

  /**
   * @param limitsMs - the limits that are measured with this clock; it ticks eight times within the shortest. 0
   *   is no limit
   * @param onTick - must say `stop` when there is nothing left to watch
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
   * The latest reading of `now` that is surely this long ago: what happened just before a tick was noted with the
   * reading of the tick before.
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
