/**
 * The answer when the store that processes share cannot be reached: 503, with Retry-After. Never that something does not
 * exist, which only the store could say.
 *
 * Nothing waits for a store without a limit, whatever store it is.
 */

import { unref } from '../bounds/runtime.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { StatusError } from './status-error.ts'

/** The longest wait of a request for the store. The stores of barewire answer, or give up, earlier. */
const MAX_WAIT_MS = 5000

export class StoreAwayError extends StatusError {
  readonly status = 503
  readonly headers: readonly string[] = ['Retry-After', '1']
  override readonly reason: string | undefined

  constructor(cause?: unknown) {
    const problem = 'The store that the processes of this server share cannot be reached now: try again'
    super(ErrorCode.SERVER_ERROR, problem, { retryAfterMs: 1000 }, { cause })
    this.reason = cause instanceof Error ? cause.message : undefined
  }
}

/**
 * Waits for an answer of the store, for a limited time.
 *
 * @throws {StoreAwayError} it cannot be reached, or is late
 */
export function fromStore<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new StoreAwayError(new Error(`no answer within ${MAX_WAIT_MS} ms`)))
    const timer = unref(setTimeout(late, MAX_WAIT_MS))
    answer.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(isUnavailable(error) ? new StoreAwayError(error) : error)
      },
    )
  })
}

/** Whether an error says that the store cannot be reached. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof McpError && error.code === 'ERR_STORE_UNAVAILABLE'
}
