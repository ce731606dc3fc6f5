/**
 * Time: the limit of one request, waiting that can be given up, and the delays between tries.
 *
 *    timeoutMs   from the request, and anew from each sign of progress
 *    maxMs       whatever progress there is
 *    paused      while a question of the server is with the application: a person may take an hour
 *
 * Invariant: at most one timer runs for a `Deadline`, none after `stop`.
 */

import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { onAbort } from './on-abort.ts'

const MAX_BACK_OFF_MS = 30_000
/** Whatever delay the server asks for: one that says `retry: 0` and ends each stream at once would be asked without end. */
const MIN_RECONNECT_MS = 100

export class Deadline {
  readonly #timeoutMs: number
  readonly #onTime: (limitMs: number) => void
  /** What is left of `maxMs` at `#since`. */
  #left: number
  #since = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #pauses = 0
  #stopped = false

  /**
   * @param timeoutMs - 0 or `Infinity`: none
   * @param maxMs - 0 or `Infinity`: none
   */
  constructor(timeoutMs: number, maxMs: number, onTime: (limitMs: number) => void) {
    this.#timeoutMs = timeoutMs || Number.POSITIVE_INFINITY
    this.#left = maxMs || Number.POSITIVE_INFINITY
    this.#onTime = onTime
    this.#start()
  }

  /** What is left of `maxMs`. */
  get left(): number {
    return this.#pauses > 0 ? this.#left : this.#left - (Date.now() - this.#since)
  }

  /** There was progress. */
  extend(): void {
    if (this.#pauses > 0 || this.#stopped) return
    this.#hold()
    this.#start()
  }

  pause(): void {
    this.#pauses += 1
    if (this.#pauses === 1 && !this.#stopped) this.#hold()
  }

  resume(): void {
    this.#pauses -= 1
    if (this.#pauses === 0 && !this.#stopped) this.#start()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #hold(): void {
    clearTimeout(this.#timer)
    this.#left -= Date.now() - this.#since
  }

  #start(): void {
    this.#since = Date.now()
    const limit = Math.min(this.#timeoutMs, Math.max(0, this.#left))
    if (limit === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#onTime(limit), Math.min(limit, MAX_TIMER_MS))
  }
}

/** Resolves after a while. @throws the signal's reason, as soon as it aborts */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      release()
      resolve()
    }
    const timer = setTimeout(end, Math.min(ms, MAX_TIMER_MS))
    const release = onAbort(signal, () => {
      clearTimeout(timer)
      reject(signal?.reason)
    })
  })
}

/**
 * The delay before a try, doubled for each failed one, with jitter: clients that lost the same server do not come back
 * at the same moment.
 *
 * @param failures - tries that have failed, 0 before the first
 */
export function backOff(firstMs: number, failures: number): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures, 20), MAX_BACK_OFF_MS)
  return full * (0.5 + Math.random() / 2)
}

/**
 * The delay before a stream that was cut is opened again: the one that the server asks for, but never next to none.
 *
 * @param retryMs - `retry:` of the stream
 * @param failures - tries that have brought nothing new
 */
export function reconnectDelay(retryMs: number | undefined, firstMs: number, failures: number): number {
  if (retryMs === undefined) return backOff(firstMs, failures)
  return Math.max(retryMs, MIN_RECONNECT_MS, failures === 0 ? 0 : backOff(firstMs, failures))
}

/** `Retry-After` in milliseconds (RFC 9110 section 10.2.3): seconds, or a date. */
export function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
