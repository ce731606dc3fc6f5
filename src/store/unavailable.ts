/** The error of what needs a store that cannot be reached, and how errors of a store are known. */

import { McpError } from '../jsonrpc/rpc-error.ts'
import type { McpErrorCode } from '../protocol/local-error-codes.ts'

/** @param problem - what happened, as the end of a sentence */
export function unavailable(problem: string, cause?: unknown): McpError {
  const options = cause === undefined ? undefined : { cause }
  return new McpError('ERR_STORE_UNAVAILABLE', `The store cannot be reached: ${problem}`, options)
}

/** Known by its code: a store of another package may have a class `McpError` of its own. */
export function hasCode(error: unknown, code: McpErrorCode): boolean {
  return (error as { readonly code?: unknown } | undefined | null)?.code === code
}
