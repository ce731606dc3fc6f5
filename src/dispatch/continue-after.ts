/**
 * A request that cannot be admitted before a promise has settled, such as an answer of the store. Until then it counts as
 * in flight, and its body is held.
 */

import type { HttpExchange } from '../http/http-exchange.ts'
import type { InFlightCounter } from './in-flight-counter.ts'
import type { Principal } from './rpc-exchange.ts'

/**
 * Goes on with a request after a promise, unless its connection is closed by then.
 *
 * @param begin - gives the promise; not called where too many requests are in flight
 * @param refuse - gets the limit that is reached, what the promise rejects with, or what `proceed` throws
 */
export function continueAfter<T>(
  begin: () => Promise<T>,
  http: HttpExchange<Principal>,
  inFlight: InFlightCounter,
  proceed: (value: T) => void,
  refuse: (error: unknown) => void,
): void {
  const limit = inFlight.refuse(http.principal?.id, 1)
  if (limit !== undefined) {
    refuse(limit)
    return
  }
  http.holdBody()
  const end = inFlight.beginOne(http.principal?.id)
  const settled = (step: () => void) => {
    end()
    http.continueTurn()
    try {
      if (!http.closed) step()
    } catch (error) {
      refuse(error)
    }
    http.endTurn()
  }
  begin().then(
    (value) => settled(() => proceed(value)),
    (error) => settled(() => refuse(error)),
  )
}
