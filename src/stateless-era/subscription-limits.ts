/**
 * Limits of subscription streams: how many may be open, and how much they may retain of what clients sent, for each
 * principal and in total. Streams of unknown callers have the total as their limit, and each of them the same share of
 * the bytes as a principal.
 *
 * Invariant: `size` and `budget.used` are the sums over all open streams; an account exists while it has a stream.
 * Not here: how many bytes a stream retains (subscription-bytes.ts).
 */

import { ByteBudget } from '../bounds/byte-budget.ts'
import { ownText } from '../bounds/heap-size.ts'
import type { Filled } from '../bounds/option-types.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import type { SubscriptionOptions } from './options.ts'

/** One principal, or one stream where callers are not known, may take a 16th of the total. */
const BYTES_SHARE = 16
/** When to try again: other streams must end first. */
const RETRY_MS = 10_000

/** The streams of one principal. */
export interface Account {
  readonly principalId: string
  streams: number
  bytes: number
}

type Limits = Filled<Pick<SubscriptionOptions, 'max' | 'maxPerPrincipal' | 'maxTotalBytes'>>

export class SubscriptionLimits {
  readonly budget: ByteBudget
  readonly #limits: Limits
  readonly #accounts = new Map<string, Account>()
  #size = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.budget = new ByteBudget(limits.maxTotalBytes)
  }

  /** Streams. */
  get size(): number {
    return this.#size
  }

  /**
   * Whether one more stream is within the limits.
   *
   * @param bytes - of the caller's share
   * @param added - of the total, where the text that several streams retain is there once
   * @throws {LimitError} 429, the caller's share is used up; 503, the total is
   */
  check(principalId: string | undefined, bytes: number, added: number): void {
    const { max, maxPerPrincipal, maxTotalBytes } = this.#limits
    const account = principalId === undefined ? undefined : this.#accounts.get(principalId)
    if ((account?.streams ?? 0) >= maxPerPrincipal) {
      throw tooMany(429, `${maxPerPrincipal} for each principal`, 'maxPerPrincipal')
    }
    if (this.#size >= max) throw tooMany(503, `${max}`, 'max')
    const share = Math.floor(maxTotalBytes / BYTES_SHARE)
    const charged = (account?.bytes ?? 0) + bytes
    if (charged > share) {
      const whose = principalId === undefined ? 'This stream' : 'The streams of this principal'
      const limit = `${share}: a ${BYTES_SHARE}th of subscriptions.maxTotalBytes, ${maxTotalBytes}`
      throw new LimitError(429, `${whose} would keep ${charged} bytes, of ${limit}`, RETRY_MS)
    }
    if (added <= this.budget.free) return
    const problem = `All streams keep ${this.budget.used} bytes; ${added} more are above subscriptions.maxTotalBytes, ${maxTotalBytes}`
    throw new LimitError(503, problem, RETRY_MS)
  }

  /** Counts a stream that `check` has let pass. */
  reserve(principalId: string | undefined, bytes: number, added: number): Account | undefined {
    this.#size += 1
    this.budget.take(added)
    if (principalId === undefined) return undefined
    const known = this.#accounts.get(principalId)
    const account = known ?? { principalId: ownText(principalId), streams: 0, bytes: 0 }
    if (known === undefined) this.#accounts.set(account.principalId, account)
    account.streams += 1
    account.bytes += bytes
    return account
  }

  /** Ends what `reserve` began. */
  release(account: Account | undefined, bytes: number, removed: number): void {
    this.#size -= 1
    this.budget.give(removed)
    if (account === undefined) return
    account.streams -= 1
    account.bytes -= bytes
    if (account.streams === 0) this.#accounts.delete(account.principalId)
  }
}

function tooMany(status: 429 | 503, limit: string, option: string): LimitError {
  const problem = `Too many subscription streams are open (the limit is ${limit}: subscriptions.${option})`
  return new LimitError(status, problem, RETRY_MS)
}
