/** Results of `tools/call`, checked before they are sent: a client rejects the whole result for one wrong member. */

import { asJson } from '../dispatch/shape.ts'
import { toolResultProblem } from '../features/result-check.ts'
import { ErrorCode, McpError } from './types/errors.ts'

/**
 * @returns the result, with `content` where it has none
 * @throws {McpError} -32602, it is none
 */
export function toolResult(returned: unknown): object {
  const isBare = typeof returned === 'object' && returned !== null && !('content' in returned)
  const result = isBare ? { ...returned, content: [] } : returned
  if (toolResultProblem(result) === undefined) return result as object
  const sent = asJson(result, 'the result of the tool')
  const problem = toolResultProblem(sent)
  if (problem === undefined) return sent as object
  throw new McpError(ErrorCode.InvalidParams, `Invalid tools/call result: result${problem}`)
}
