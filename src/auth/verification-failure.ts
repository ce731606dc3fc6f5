/** How a verification that failed is answered, and the time limit of one. */

import { LateTimer } from '../bounds/late-timer.ts'
import { isTokenError } from '../http/authenticate.ts'
import { Rejection } from '../http/rejection.ts'
import type { Challenges, Rejected, Scheme } from './challenges.ts'
import { TokenError, UnavailableError } from './token-error.ts'

/**
 * 401 for an invalid token; 503 where it is not known whether it is valid, since the client can do nothing about that.
 *
 * @throws a mistake in the program, which is 500
 */
export function rejectionOf(
  error: unknown,
  challenges: Pick<Challenges, 'invalid'>,
  scheme: Scheme,
): Rejected & { readonly cause?: unknown } {
  if (error instanceof TokenError) return challenges.invalid(error, scheme)
  if (error instanceof AnswerError) throw error
  if (isTokenError(error)) {
    const { message = '' } = error as { readonly message?: string }
    const reason = `verify failed: ${String(message).slice(0, 200)}`
    return challenges.invalid(new TokenError('The token is not valid', reason), scheme)
  }
  return unavailable(error)
}

/** It is not known whether the credentials are valid. */
export function unavailable(cause: unknown): Rejected & { readonly cause: unknown } {
  const message = 'The credentials cannot be verified now: try again later'
  const reason = cause instanceof UnavailableError ? cause.message : 'the verifier failed'
  return { rejection: new Rejection(503, message, undefined, ['Retry-After', '5'], reason), cause }
}

/** A function of the application returned something else than it must. */
export class AnswerError extends TypeError {}

/**
 * @param what - begins the message of the error
 * @throws {UnavailableError} it took too long
 */
export function inTime<T>(answer: PromiseLike<T>, timeoutMs: number, what: string): Promise<T> {
  if (timeoutMs === 0) return Promise.resolve(answer)
  return new Promise((resolve, reject) => {
    const onTime = () => reject(new UnavailableError(`${what} took more than ${timeoutMs} ms`))
    const timer = new LateTimer(timeoutMs, onTime, undefined)
    // What a foreign `then` returns is not known to be a promise.
    Promise.resolve(answer)
      .finally(() => timer.stop())
      .then(resolve, reject)
  })
}
