/**
 * What a handler says while its call runs: progress and log messages, at most so many of them in a time.
 *
 *                no room                     the bucket has a token again
 *    progress  ----------->  the latest waits  ------------------------->  it is sent
 *                              | a newer one takes its place, the result makes it needless
 *    log       ----------->  left out and counted; the next one that there is room for, or else the end of the call,
 *                            is preceded by a message that says how many
 *
 * So that a client is flooded by neither, and misses no value that counts. Nothing else that a handler sends is limited:
 * every question, and every answer, arrives.
 *
 * Spec: 2025-11-25 progress {@link spec.progress} ("implement rate limiting to prevent flooding", and receivers get
 * notifications "at whatever frequency") and logging {@link spec.logging} ("rate limit log messages").
 * Invariant: `#timer` runs exactly while `#latest` waits; nothing is sent after `end`.
 */

import { LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { Exchange } from './exchange.ts'
import { TokenBucket } from './token-bucket.ts'

/** Sends a log message to the client, at most as chatty as the client wants it. */
export type Log = {
  /**
   * @param data - any JSON value; must hold no secrets
   * @param logger - name of the part of the server that speaks
   * @returns as `progress` does
   */
  readonly [level in LogLevel]: (data: unknown, logger?: string) => Promise<void>
}

/** Shared by all messages that nobody has to wait for. */
const SENT = Promise.resolve()
/** What the server itself says. */
const OWN_LOGGER = 'barewire'
/** To read the clock costs a tenth of a message: that many are paid for at once, or a 16th of a burst. */
const MOST_PAID_AT_ONCE = 64
const BURST_PARTS = 16

export class Messages {
  readonly #exchange: Exchange
  readonly #progressToken: unknown
  readonly #report: (error: unknown) => void
  #log: Log | undefined
  #lastProgress = Number.NEGATIVE_INFINITY
  /** Undefined: no limit. */
  readonly #bucket: TokenBucket | undefined
  /** Messages that may be sent without a look at the bucket. */
  #paid = 0
  /** The latest progress, while there is no room for it. */
  #latest: JsonObject | undefined
  #timer: NodeJS.Timeout | undefined
  /** Log messages that were left out and not told of. */
  #leftOut = 0
  #isOver = false

  /**
   * @param progressToken - of the request, as it came
   * @param report - told of what cannot be written as JSON
   */
  constructor(exchange: Exchange, progressToken: unknown, report: (error: unknown) => void) {
    const { messageRate } = exchange
    this.#exchange = exchange
    this.#progressToken =
      typeof progressToken === 'string' || Number.isInteger(progressToken) ? progressToken : undefined
    this.#report = report
    this.#bucket = messageRate === undefined ? undefined : new TokenBucket(messageRate, performance.now())
  }

  readonly progress = (progress: number, total?: number, message?: string): Promise<void> => {
    if (message !== undefined) this.#exchange.task?.describe(message)
    if (this.#progressToken === undefined || this.#isOver) return SENT
    // The value MUST increase with each notification, even if the total is unknown.
    if (!Number.isFinite(progress) || progress <= this.#lastProgress) return SENT
    this.#lastProgress = progress
    const params = {
      progressToken: this.#progressToken,
      progress,
      // Members that are undefined are not written.
      total: Number.isFinite(total) ? total : undefined,
      message,
    }
    if (this.#timer === undefined) {
      const waitMs = this.#take(1)
      if (waitMs === 0) return this.#send(Notify.progress, params) ?? SENT
      this.#timer = setTimeout(sendLatest, waitMs, this).unref()
    }
    this.#latest = params
    return SENT
  }

  get log(): Log {
    this.#log ??= {
      debug: (data, logger) => this.#say('debug', data, logger),
      info: (data, logger) => this.#say('info', data, logger),
      notice: (data, logger) => this.#say('notice', data, logger),
      warning: (data, logger) => this.#say('warning', data, logger),
      error: (data, logger) => this.#say('error', data, logger),
      critical: (data, logger) => this.#say('critical', data, logger),
      alert: (data, logger) => this.#say('alert', data, logger),
      emergency: (data, logger) => this.#say('emergency', data, logger),
    }
    return this.#log
  }

  /** The call has its outcome, which is sent next. */
  end(): void {
    this.#tellLeftOut()
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#latest = undefined
  }

  /** @internal There may be room for the progress that waits. */
  sendLatest(): void {
    const params = this.#latest as JsonObject
    const waitMs = this.#take(1)
    this.#timer = waitMs === 0 ? undefined : setTimeout(sendLatest, waitMs, this).unref()
    if (waitMs > 0) return
    this.#latest = undefined
    this.#send(Notify.progress, params)
  }

  #say(level: LogLevel, data: unknown, logger: string | undefined): Promise<void> {
    if (this.#isOver || !this.#isWanted(level)) return SENT
    // Progress that waits goes first. What was left out is told of by a message of its own.
    const { burst = 1 } = this.#bucket?.rate ?? {}
    if (this.#timer !== undefined || this.#take(this.#leftOut > 0 ? Math.min(2, burst) : 1) > 0) {
      this.#leftOut += 1
      return SENT
    }
    this.#tellLeftOut()
    const params = { level, ...(logger !== undefined && { logger }), data: data === undefined ? null : data }
    return this.#send(Notify.message, params) ?? SENT
  }

  #isWanted(level: LogLevel): boolean {
    const { logLevel } = this.#exchange
    return logLevel !== undefined && (LOG_RANK.get(level) ?? 0) >= (LOG_RANK.get(logLevel) ?? 0)
  }

  #tellLeftOut(): void {
    const count = this.#leftOut
    const rate = this.#bucket?.rate
    this.#leftOut = 0
    if (count === 0 || rate === undefined || !this.#isWanted('warning')) return
    const limit = `${rate.burst} messages at once and ${rate.perSecond} a second (messageRate)`
    const data = `${count} log messages were left out: this call sent more than ${limit}`
    this.#send(Notify.message, { level: 'warning', logger: OWN_LOGGER, data })
  }

  /** A message that cannot be written as JSON is the developer's to know of; it must not fail the call. */
  #send(method: string, params: JsonObject): Promise<void> | undefined {
    try {
      return this.#exchange.notify(method, params)
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  /** @returns 0: so many messages may be sent; otherwise the milliseconds after which they may */
  #take(count: number): number {
    const bucket = this.#bucket
    if (bucket === undefined) return 0
    if (this.#paid >= count) {
      this.#paid -= count
      return 0
    }
    const now = performance.now()
    const several = Math.min(MOST_PAID_AT_ONCE, Math.floor(bucket.rate.burst / BURST_PARTS))
    if (several > count && bucket.take(now, several) === 0) {
      this.#paid += several - count
      return 0
    }
    return bucket.take(now, count)
  }
}

function sendLatest(messages: Messages): void {
  messages.sendLatest()
}
