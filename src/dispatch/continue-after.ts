/**
 * A request that cannot be admitted before a promise has settled, such as an answer of the store. Until then it counts as
 * in flight, and its body is held.
 *
 *    waiting --(the answer)--> goes on
 *           \--(the connection closes)--> given up         nothing of it is counted or kept, though the answer is to come
 */

import type { HttpExchange } from '../http/http-exchange.ts'
import type { InFlightCounter } from './in-flight-counter.ts'
import type { Principal } from './rpc-exchange.ts'

/** Lifecycle: until the answer. */
interface Waiting<T> {
  /** Undefined once the connection is closed: the answer must not keep what it refers to, such as the body. */
  steps:
    | {
        readonly http: HttpExchange<Principal>
        readonly end: () => void
        readonly onClose: () => void
        readonly proceed: (value: T) => void
        readonly refuse: (error: unknown) => void
      }
    | undefined
}

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
  const end = inFlight.beginOne(http.principal?.id)
  const waiting: Waiting<T> = { steps: undefined }
  const onClose = () => {
    waiting.steps = undefined
    end()
    http.releaseBody()
  }
  waiting.steps = { http, end, onClose, proceed, refuse }
  http.onClose(onClose)
  http.holdBody()
  if (http.closed) onClose()
  else settle(begin(), waiting)
}

/** A function of its own: a closure in the one above would keep all of its variables. */
function settle<T>(answer: Promise<T>, waiting: Waiting<T>): void {
  answer.then(
    (value) => goOn(waiting, ({ proceed }) => proceed(value)),
    (error) => goOn(waiting, ({ refuse }) => refuse(error)),
  )
}

function goOn<T>({ steps }: Waiting<T>, step: (steps: NonNullable<Waiting<T>['steps']>) => void): void {
  if (steps === undefined) return
  const { http, end, onClose, refuse } = steps
  http.offClose(onClose)
  end()
  http.continueTurn()
  try {
    if (!http.closed) step(steps)
  } catch (error) {
    refuse(error)
  }
  http.endTurn()
}
