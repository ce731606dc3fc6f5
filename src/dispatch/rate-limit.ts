/**
 * Rate limit: how often one caller may do something, such as send a request or call a tool.
 *
 * A caller is a principal; where there is none, a session; and where there is neither, all such callers together, since
 * nothing tells them apart: the connection of a proxy carries many clients. Each of the three has buckets of its own,
 * so that a principal with the name of a session shares nothing with it.
 *
 * Spec: 2025-11-25 tools, "Security Considerations" {@link spec.tools}; completion {@link spec.completion}: servers
 * MUST limit the rate of both.
 */

import { checkNames } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'
import { LimitError } from './limit-error.ts'
import { type Rate, TokenBucket, TokenBuckets } from './token-bucket.ts'

export class RateLimit {
  readonly rate: Rate
  readonly #what: string
  readonly #option: string
  readonly #principals: TokenBuckets
  readonly #sessions: TokenBuckets
  readonly #others: TokenBucket

  /**
   * @param what - such as `requests`, for the message of a refusal
   * @param option - the option that sets it, for the same message
   */
  constructor(rate: Rate, what: string, option: string) {
    this.rate = rate
    this.#what = what
    this.#option = option
    this.#principals = new TokenBuckets(rate)
    this.#sessions = new TokenBuckets(rate)
    this.#others = new TokenBucket(rate)
  }

  /**
   * Counts what a caller does.
   *
   * @param count - all of it is allowed, or nothing
   * @returns the refusal, 429
   */
  take(principalId: string | undefined, sessionId: string | undefined, count = 1): LimitError | undefined {
    const now = performance.now()
    const waitMs =
      principalId !== undefined
        ? this.#principals.take(principalId, count, now)
        : sessionId !== undefined
          ? this.#sessions.take(sessionId, count, now)
          : this.#others.take(now, count)
    return waitMs > 0 ? this.#refusal(principalId, sessionId, count, waitMs) : undefined
  }

  #refusal(
    principalId: string | undefined,
    sessionId: string | undefined,
    count: number,
    waitMs: number,
  ): LimitError {
    const { perSecond, burst } = this.rate
    const from =
      principalId !== undefined
        ? 'this caller'
        : sessionId !== undefined
          ? 'this session'
          : 'callers without token and session, together'
    const came = count === 1 ? `Too many ${this.#what}` : `${count} ${this.#what} at once are too many`
    const limit = `${perSecond} a second, and ${burst} after a pause (${this.#option})`
    return new LimitError(429, `${came} from ${from}: the limit is ${limit}`, waitMs)
  }
}

/**
 * The limit that an option sets, or none.
 *
 * @param previous - returned where the rate is the same, so that its counts are kept
 * @throws {TypeError} naming the option
 */
export function rateLimitOf(
  value: unknown,
  what: string,
  option: string,
  previous?: RateLimit,
): RateLimit | undefined {
  if (value === undefined) return undefined
  const rate = checkRate(value, option)
  const isSame = previous?.rate.perSecond === rate.perSecond && previous.rate.burst === rate.burst
  return isSame ? previous : new RateLimit(rate, what, option)
}

/**
 * Checks an option.
 *
 * @param option - its name
 * @throws {TypeError} naming it
 */
export function checkRate(value: unknown, option: string): Rate {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${option} must be { perSecond, burst }; got ${shown(value)}`)
  }
  checkNames(value, ['perSecond', 'burst'], `${option}.`)
  const { perSecond, burst } = value as { readonly [name: string]: unknown }
  if (!isFinitePositive(perSecond)) {
    throw new TypeError(`${option}.perSecond must be a number above 0; got ${shown(perSecond)}`)
  }
  if (!isFinitePositive(burst) || !Number.isInteger(burst)) {
    throw new TypeError(`${option}.burst must be a positive integer; got ${shown(burst)}`)
  }
  return { perSecond, burst }
}

function isFinitePositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY
}
