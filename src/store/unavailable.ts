/** The error of what needs a store that cannot be reached. */

import { McpError } from '../jsonrpc/rpc-error.ts'

/** @param problem - what happened, as the end of a sentence */
export function unavailable(problem: string, cause?: unknown): McpError {
  const options = cause === undefined ? undefined : { cause }
  return new McpError('ERR_STORE_UNAVAILABLE', `The store cannot be reached: ${problem}`, options)
}
