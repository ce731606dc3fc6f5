/**
 * From the outcome of a call to the end of its task: a JSON-RPC error is a failure, any result a completion, one with
 * `isError` too.
 *
 * Spec: Tasks extension, "Error Handling" {@link spec.tasksExtension}.
 */

import { concealError, type ErrorReporter } from '../../dispatch/error-report.ts'
import type { Outcome } from '../../dispatch/outcome.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { TaskStatus } from '../../store/task-store.ts'

export interface TaskEnd {
  readonly status: Extract<TaskStatus, 'completed' | 'failed' | 'cancelled'>
  readonly statusMessage?: string | undefined
  readonly payload?: string | undefined
}

export function endOf(outcome: Outcome, reporter: ErrorReporter): TaskEnd {
  try {
    if ('error' in outcome) return failure(outcome.error)
    // What the call would have been answered, had it not become a task.
    const result = { resultType: 'complete', ...(outcome.result as JsonObject | undefined) }
    return { status: 'completed', payload: JSON.stringify(result) }
  } catch (error) {
    return failedBy(concealError(error, { phase: 'output', method: Method.toolsCall }, reporter))
  }
}

/** A failure that no handler has worded. */
export function failedBy(message: string, code: number = ErrorCode.INTERNAL_ERROR): TaskEnd {
  return { status: 'failed', statusMessage: message, payload: JSON.stringify({ code, message }) }
}

function failure({ code, message, data }: RpcError): TaskEnd {
  return { status: 'failed', statusMessage: message, payload: JSON.stringify({ code, message, data }) }
}
