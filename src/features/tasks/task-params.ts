/** The parameter by which requests name a task, and the answer for one that is not there: the same in all revisions. */

import { kindOf, quote } from '../../bounds/quote.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'

/** @throws {RpcError} -32602 */
export function readTaskId(params: JsonObject | undefined, method: string): string {
  const taskId = params?.['taskId']
  if (typeof taskId === 'string') return taskId
  throw new RpcError(ErrorCode.INVALID_PARAMS, `${method} needs "taskId", a string; got ${kindOf(taskId)}`)
}

/** The same error for a task that never existed, has expired, or is another principal's. */
export function taskNotFound(taskId: string): RpcError {
  const problem = `Task not found: ${quote(taskId)} (it may have expired)`
  return new RpcError(ErrorCode.INVALID_PARAMS, problem)
}
