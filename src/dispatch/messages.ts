/**
 * Progress and log messages of one call, limited in their rate.
 *
 *                rate exceeded                    the bucket has a token again
 *    progress  ---------------->  the latest waits  ------------------------->  it is sent
 *                                   | replaced by a newer one, dropped at the end of the call
 *    log       ---------------->  omitted and counted; before the next one that is sent, or before the result, a
 *                                 message says how many
 *
 * Nothing else that a handler sends is limited: every request to the client and every result arrives.
 *
 * Spec: 2025-11-25 progress {@link spec.progress} ("implement rate limiting to prevent flooding", and receivers get
 * notifications "at whatever frequency") and logging {@link spec.logging} ("rate limit log messages").
 * Invariant: `#timer` runs exactly while `#latest` waits; nothing is sent after `end`.
 */

import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { unref } from '../bounds/runtime.ts'
import { LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import { isWrong, logData, logProblem, progressProblem } from './notification-check.ts'
import type { RpcExchange } from './rpc-exchange.ts'
import { TokenBucket } from './token-bucket.ts'

/** Sends a log message to the client, if the client wants messages of its severity. */
export type Log = {
  /**
   * @param data - any JSON value; must hold no secrets
   * @param logger - name of the part of the server that logs
   * @returns as `progress` does
   */
  readonly [level in LogLevel]: (data: unknown, logger?: string) => Promise<void>
}

/** Returned for all messages that need no wait. */
const SENT = Promise.resolve()
/** The `logger` of messages of barewire itself. */
const OWN_LOGGER = 'barewire'
/** Reading the clock costs a tenth of a message: this many tokens are taken at a time, or fewer where a burst is small. */
const MAX_TOKENS_AHEAD = 64
const BURST_PARTS = 16

export class Messages {
  readonly #exchange: RpcExchange
  readonly #progressToken: unknown
  readonly #report: (error: unknown) => void
  #log: Log | undefined
  #lastProgress = Number.NEGATIVE_INFINITY
  /** Undefined: no limit. */
  readonly #bucket: TokenBucket | undefined
  /** Tokens that were taken and not used. */
  #ahead = 0
  /** The latest progress, while the rate is exceeded. */
  #latest: JsonObject | undefined
  #timer: NodeJS.Timeout | undefined
  /** Log messages that were omitted, and not reported yet. */
  #omitted = 0
  #isOver = false

  /**
   * @param progressToken - of the request, as the client sent it
   * @param report - called with the error when a message cannot be written as JSON
   */
  constructor(exchange: RpcExchange, progressToken: unknown, report: (error: unknown) => void) {
    const { messageRate } = exchange
    this.#exchange = exchange
    this.#progressToken =
      typeof progressToken === 'string' || Number.isInteger(progressToken) ? progressToken : undefined
    this.#report = report
    this.#bucket = messageRate === undefined ? undefined : new TokenBucket(messageRate)
  }

  readonly progress = (progress: number, total?: number, message?: string): Promise<void> => {
    if (isWrong('progress', progressProblem(progress, total, message), this.#report)) return SENT
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
      this.#sendLatestAfter(waitMs)
    }
    this.#latest = params
    return SENT
  }

  get log(): Log {
    this.#log ??= {
      debug: (data, logger) => this.#sendLog('debug', data, logger),
      info: (data, logger) => this.#sendLog('info', data, logger),
      notice: (data, logger) => this.#sendLog('notice', data, logger),
      warning: (data, logger) => this.#sendLog('warning', data, logger),
      error: (data, logger) => this.#sendLog('error', data, logger),
      critical: (data, logger) => this.#sendLog('critical', data, logger),
      alert: (data, logger) => this.#sendLog('alert', data, logger),
      emergency: (data, logger) => this.#sendLog('emergency', data, logger),
    }
    return this.#log
  }

  /** The call has its outcome, which will be sent next. */
  end(): void {
    this.#sendOmitted()
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#latest = undefined
  }

  /** @internal The bucket may have a token for the progress that waits. */
  sendLatest(): void {
    const waitMs = this.#take(1)
    if (waitMs > 0) {
      this.#sendLatestAfter(waitMs)
      return
    }
    const params = this.#latest as JsonObject
    this.#timer = undefined
    this.#latest = undefined
    this.#send(Notify.progress, params)
  }

  #sendLatestAfter(waitMs: number): void {
    this.#timer = unref(setTimeout(sendLatest, Math.min(waitMs, MAX_TIMER_MS), this))
  }

  #sendLog(level: LogLevel, data: unknown, logger: string | undefined): Promise<void> {
    if (this.#isOver || !this.#isWanted(level)) return SENT
    if (isWrong('log', logProblem(data, logger), this.#report)) return SENT
    // Progress that waits goes first. The message about omitted ones takes a token of its own.
    const { burst = 1 } = this.#bucket?.rate ?? {}
    if (this.#timer !== undefined || this.#take(this.#omitted > 0 ? Math.min(2, burst) : 1) > 0) {
      this.#omitted += 1
      return SENT
    }
    this.#sendOmitted()
    try {
      const params = { level, ...(logger !== undefined && { logger }), data: logData(data) }
      return this.#send(Notify.message, params) ?? SENT
    } catch (error) {
      this.#report(error)
      return SENT
    }
  }

  #isWanted(level: LogLevel): boolean {
    const { logLevel } = this.#exchange
    return logLevel !== undefined && (LOG_RANK.get(level) ?? 0) >= (LOG_RANK.get(logLevel) ?? 0)
  }

  #sendOmitted(): void {
    const count = this.#omitted
    const rate = this.#bucket?.rate
    this.#omitted = 0
    if (count === 0 || rate === undefined || !this.#isWanted('warning')) return
    const limit = `${rate.burst} messages at once and ${rate.perSecond} a second (messageRate)`
    const data = `${count} log messages were omitted: this call sent more than ${limit}`
    this.#send(Notify.message, { level: 'warning', logger: OWN_LOGGER, data })
  }

  /** A message that cannot be written as JSON is reported to the developer, and must not fail the call. */
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
    if (this.#ahead >= count) {
      this.#ahead -= count
      return 0
    }
    const now = performance.now()
    const several = Math.min(MAX_TOKENS_AHEAD, Math.floor(bucket.rate.burst / BURST_PARTS))
    if (several > count && bucket.take(now, several) === 0) {
      this.#ahead += several - count
      return 0
    }
    return bucket.take(now, count)
  }
}

function sendLatest(messages: Messages): void {
  messages.sendLatest()
}
