/**
 * Progress and log messages of a handler: whether the values have the types of the notification's members.
 *
 * Spec: 2025-11-25 progress {@link spec.progress}, logging {@link spec.logging}.
 */

import { messageOf, shown } from '../bounds/quote.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { at, stringProblem, under, wrong } from './shape.ts'

export function progressProblem(progress: unknown, total: unknown, message: unknown): string | undefined {
  return (
    under('.progress', numberProblem(progress)) ??
    (total === undefined ? undefined : under('.total', numberProblem(total))) ??
    (message === undefined ? undefined : under('.message', stringProblem(message)))
  )
}

/** Any other value without JSON form is found when the notification is written. */
export function logProblem(data: unknown, logger: unknown): string | undefined {
  if (typeof data === 'function' || typeof data === 'symbol')
    return under('.data', wrong('a JSON value', data))
  return logger === undefined ? undefined : under('.logger', stringProblem(logger))
}

/**
 * The member `data` is required: what has no JSON form (undefined, or a `toJSON` that gives it) is sent as null.
 *
 * @throws {McpError} ERR_NOT_SERIALISABLE, its `toJSON` throws
 */
export function logData(data: unknown): unknown {
  const { toJSON } = (data ?? {}) as { readonly toJSON?: unknown }
  if (typeof toJSON !== 'function') return data === undefined ? null : data
  try {
    const value: unknown = toJSON.call(data, 'data')
    return value === undefined ? null : value
  } catch (cause) {
    const problem = `The data of a log message cannot be written as JSON: ${messageOf(cause)}`
    throw new McpError('ERR_NOT_SERIALISABLE', problem, { cause })
  }
}

/** @throws {TypeError} not what the field `retry` of an event can hold */
export function checkRetry(retryMs: number | undefined): number | undefined {
  if (retryMs === undefined || (Number.isSafeInteger(retryMs) && retryMs >= 0)) return retryMs
  throw new TypeError(`closeStream: retryMs must be a whole number of milliseconds; got ${shown(retryMs)}`)
}

/** A number that JSON cannot hold is no fault: it is not sent. */
function numberProblem(value: unknown): string | undefined {
  return typeof value === 'number' ? undefined : wrong('a number', value)
}

/** Reports a problem: a wrong message must not fail its call. */
export function isWrong(
  what: string,
  problem: string | undefined,
  report: (error: TypeError) => void,
): boolean {
  if (problem !== undefined) report(new TypeError(`${what}: ${at(problem, 'the argument')}`))
  return problem !== undefined
}
