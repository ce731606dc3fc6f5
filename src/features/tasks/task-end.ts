/**
 * From the outcome of a call to the end of its task: a JSON-RPC error is a failure, any result a completion, one with
 * `isError` too.
 *
 * Spec: Tasks extension, "Error Handling" {@link spec.tasksExtension}.
 */

import { ownText } from '../../bounds/heap-size.ts'
import { isObject } from '../../bounds/is-object.ts'
import { concealError, type ErrorReporter } from '../../dispatch/error-report.ts'
import type { Outcome } from '../../dispatch/outcome.ts'
import { errorJson } from '../../jsonrpc/encode.ts'
import type { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { TaskStatus } from '../../store/task-store.ts'

export interface TaskEnd {
  readonly status: Extract<TaskStatus, 'completed' | 'failed' | 'cancelled'>
  readonly statusMessage?: string | undefined
  readonly payload?: string | undefined
  readonly failure?: string | undefined
}

/** A status message is a line for people, and is stored for every task. */
const MAX_MESSAGE_LENGTH = 1000

/** A text of its own, which retains nothing that it was cut from. */
export function shortText(text: string): string {
  return ownText(text.slice(0, MAX_MESSAGE_LENGTH))
}

/** @param name - of the tool, for reports */
export function endOf(outcome: Outcome, reporter: ErrorReporter, name: string | undefined): TaskEnd {
  const info = { phase: 'output', method: Method.toolsCall, ...(name !== undefined && { name }) } as const
  try {
    if ('error' in outcome) return failure(outcome.error, (cause) => reporter.reportError(cause, info))
    // What the call would have been answered, had it not become a task.
    const { resultType = 'complete', ...members } = (outcome.result ?? {}) as JsonObject
    const result = { resultType, ...members }
    return { status: 'completed', payload: JSON.stringify(result), failure: failureOf(result) }
  } catch (error) {
    return failedBy(concealError(error, info, reporter))
  }
}

/** The first text of a result that says that the tool failed. */
function failureOf(result: JsonObject): string | undefined {
  if (result['isError'] !== true) return undefined
  const { content } = result
  const texts = Array.isArray(content)
    ? content.filter((block) => isObject(block) && block['type'] === 'text')
    : []
  const text: unknown = texts[0]?.['text']
  return typeof text === 'string' && text !== '' ? shortText(text) : 'The tool failed'
}

/** A failure that no handler has worded. */
export function failedBy(message: string, code: number = ErrorCode.INTERNAL_ERROR): TaskEnd {
  return { status: 'failed', statusMessage: message, payload: JSON.stringify({ code, message }) }
}

function failure(error: RpcError, report: (cause: Error) => void): TaskEnd {
  return { status: 'failed', statusMessage: error.message, payload: errorJson(error, report) }
}
