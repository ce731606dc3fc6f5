/**
 * What a handler says while its call runs: progress and log messages.
 *
 * Spec: 2025-11-25 progress {@link spec.progress} and logging {@link spec.logging}.
 */

import { LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { Exchange } from './exchange.ts'

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
export class Messages {
  readonly #exchange: Exchange
  readonly #progressToken: unknown
  readonly #report: (error: unknown) => void
  #log: Log | undefined
  #lastProgress = Number.NEGATIVE_INFINITY

  /**
   * @param progressToken - of the request, as it came
   * @param report - told of what cannot be written as JSON
   */
  constructor(exchange: Exchange, progressToken: unknown, report: (error: unknown) => void) {
    this.#exchange = exchange
    this.#progressToken =
      typeof progressToken === 'string' || Number.isInteger(progressToken) ? progressToken : undefined
    this.#report = report
  }

  readonly progress = (progress: number, total?: number, message?: string): Promise<void> => {
    if (message !== undefined) this.#exchange.task?.describe(message)
    if (this.#progressToken === undefined) return SENT
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
    return this.#send(Notify.progress, params) ?? SENT
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

  #say(level: LogLevel, data: unknown, logger: string | undefined): Promise<void> {
    if (!this.#isWanted(level)) return SENT
    const params = { level, ...(logger !== undefined && { logger }), data: data === undefined ? null : data }
    return this.#send(Notify.message, params) ?? SENT
  }

  #isWanted(level: LogLevel): boolean {
    const { logLevel } = this.#exchange
    return logLevel !== undefined && (LOG_RANK.get(level) ?? 0) >= (LOG_RANK.get(logLevel) ?? 0)
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
}
