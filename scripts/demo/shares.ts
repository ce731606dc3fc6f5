/**
 * Places that all callers share, and of which one caller gets no more than a part: a client that takes all it can get
 * leaves some for the others.
 */

import type { RequestContext } from '../../src/index.ts'
import { UserError } from './user-error.ts'

export interface SharesOptions {
  /** What takes a place, such as `files are watched`. */
  readonly what: string
  readonly max: number
  readonly maxPerCaller: number
}

/** There is no place now; later there may be one. */
export class BusyError extends UserError {}

export class Shares {
  readonly #options: SharesOptions
  /** Lifecycle: from the first place of a caller to the last. */
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor(options: SharesOptions) {
    this.#options = options
  }

  /** Places that are taken. */
  get size(): number {
    return this.#all
  }

  /**
   * @param caller - see {@link callerOf}
   * @returns gives the place back; more than once does no harm
   * @throws {BusyError} saying whose share is used up
   */
  take(caller: string): () => void {
    const { what, max, maxPerCaller } = this.#options
    const own = this.#taken.get(caller) ?? 0
    if (own >= maxPerCaller) {
      throw new BusyError(
        caller === ANYBODY
          ? `${own} ${what} for clients without a session already, the most for all of these: try again later`
          : `${own} ${what} for you already, the most for one client: end one or wait, then try again`,
      )
    }
    if (this.#all >= max) {
      throw new BusyError(
        `${this.#all} ${what} for all clients together, the most on this server: try again later`,
      )
    }
    this.#taken.set(caller, own + 1)
    this.#all++
    let given = false
    return () => {
      if (given) return
      given = true
      this.#all--
      const left = (this.#taken.get(caller) ?? 0) - 1
      if (left > 0) this.#taken.set(caller, left)
      else this.#taken.delete(caller)
    }
  }
}

/** All requests that neither a principal nor a session tells apart. */
const ANYBODY = 'anybody'

/** Who a request counts for: its principal, else its session; all requests with neither count together. */
export function callerOf({ auth, session }: RequestContext): string {
  if (auth !== undefined) return `principal ${auth.id}`
  return session === undefined ? ANYBODY : `session ${session.id}`
}
