/**
 * A limit is used up: the request was not served, and may be repeated after a while.
 *
 * 429 is for the caller who used up a share of their own, 503 for a limit of all callers together (RFC 6585 section 4,
 * RFC 9110 section 15.6.4). Both go out with `Retry-After` where the status of the response is still to be chosen; in a
 * batch, or a stream that is open, `data.retryAfterMs` says the same.
 */

import { ErrorCode } from '../protocol/error-codes.ts'
import { StatusError } from './status-error.ts'

export class LimitError extends StatusError {
  readonly status: 429 | 503
  readonly retryAfterMs: number

  /** @param message - which limit, how large it is, and the option that sets it */
  constructor(status: 429 | 503, message: string, retryAfterMs = 1000) {
    super(ErrorCode.SERVER_ERROR, message, { retryAfterMs })
    this.status = status
    this.retryAfterMs = retryAfterMs
  }

  /** As a flat list. Whole seconds, at least one. */
  get headers(): readonly string[] {
    return ['Retry-After', `${Math.max(1, Math.ceil(this.retryAfterMs / 1000))}`]
  }
}
