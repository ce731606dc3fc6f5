/**
 * Requests in flight: how many are in progress at once, of all callers together and of each principal.
 *
 * A request that is answered in the same turn of the event loop is not counted. Another one is counted from its first
 * `await` until its answer is sent or of no more use: a call whose handler runs, and a token that is being verified.
 *
 * Invariant: `size` is the sum of all that has begun and not ended; a principal is in the map at least while something
 * of theirs is.
 */

import type { Access } from '../http/access.ts'
import { LimitError } from './limit-error.ts'
import type { RateLimit } from './rate-limit.ts'

export interface InFlightLimits {
  /** Of all callers together. */
  readonly maxInFlight: number
  /** Of each principal. */
  readonly maxInFlightPerPrincipal: number
}

/** The limits that are checked before a request is run, the same for both eras. */
export interface CallLimits {
  readonly inFlight: InFlightCounter
  /** Of requests; undefined: no limit. */
  readonly rateLimit: RateLimit | undefined
  /** What callers may do; undefined where they are not authenticated. */
  readonly access?: Access | undefined
}

/**
 * Principals that may stay in the map with nothing in progress: one that calls again and again would otherwise add and
 * delete an entry each time, which costs more than all else here.
 */
const MAX_IDLE = 1024

export class InFlightCounter {
  readonly #limits: InFlightLimits
  readonly #byPrincipal = new Map<string, { count: number }>()
  #size = 0

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /**
   * Whether more may begin.
   *
   * @param principalId - undefined where the caller is not known
   * @returns the refusal: 429 for a principal that has too many in progress, 503 when all together have
   */
  refuse(principalId: string | undefined, count: number): LimitError | undefined {
    const { maxInFlight, maxInFlightPerPrincipal } = this.#limits
    // One call of a principal that has none in progress is always within.
    if (principalId !== undefined && (count > 1 || this.#byPrincipal.size > 0)) {
      const mine = this.#byPrincipal.get(principalId)?.count ?? 0
      if (mine + count > maxInFlightPerPrincipal) {
        const problem = `Too many calls at once: this caller has ${mine} in progress (maxInFlightPerPrincipal is ${maxInFlightPerPrincipal})`
        return new LimitError(429, problem)
      }
    }
    if (this.#size + count <= maxInFlight) return undefined
    const problem = `Too many calls at once: ${this.#size} are in progress (maxInFlight is ${maxInFlight})`
    return new LimitError(503, problem)
  }

  /** @returns ends it; only the first call has an effect */
  beginOne(principalId: string | undefined): () => void {
    this.begin(principalId, 1)
    let isOver = false
    return () => {
      if (!isOver) this.end(principalId, 1)
      isOver = true
    }
  }

  begin(principalId: string | undefined, count: number): void {
    this.#size += count
    if (principalId === undefined) return
    const mine = this.#byPrincipal.get(principalId)
    if (mine === undefined) this.#byPrincipal.set(principalId, { count })
    else mine.count += count
  }

  /** Takes the arguments that `begin` was given. */
  end(principalId: string | undefined, count: number): void {
    this.#size -= count
    const mine = principalId === undefined ? undefined : this.#byPrincipal.get(principalId)
    if (mine === undefined) return
    mine.count -= count
    if (mine.count === 0 && this.#byPrincipal.size > MAX_IDLE) this.#byPrincipal.delete(principalId as string)
  }
}
