/**
 * Tasks on the wire of 2025-11-25: their state, and the result of the call that one is.
 *
 *    record                                     state                    tasks/result
 *    completed                                  completed                the result
 *    completed, and the result has `isError`    failed, with its text    the result
 *    failed                                     failed                   the error
 *    cancelled                                  cancelled                an error that says so
 *
 * Spec: 2025-11-25 tasks {@link spec.tasks}.
 */

import { kindOf } from '../bounds/quote.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import type { CallToolResult, JsonObject } from '../protocol/wire-types.ts'
import type { TaskRecord } from '../store/task-store.ts'
import { forSessions } from './results.ts'

/** The state of a task, as `tasks/get` gives it. */
export function taskState(record: TaskRecord): JsonObject {
  const { taskId, failure, createdAt, lastUpdatedAt } = record
  const statusMessage = failure ?? record.statusMessage
  return {
    taskId,
    status: failure === undefined ? record.status : 'failed',
    ...(statusMessage !== undefined && { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttl: record.ttlMs,
    ...(record.pollIntervalMs !== undefined && { pollInterval: record.pollIntervalMs }),
  }
}

/** The answer to the request that began a task. */
export function createResult(record: TaskRecord): JsonObject {
  return { task: taskState(record), _meta: relatedTask(record.taskId) }
}

/** `_meta` of what belongs to a task and does not name it elsewhere. */
function relatedTask(taskId: string): JsonObject {
  return { [MetaKey.RELATED_TASK]: { taskId } }
}

/** The parameters of a message, with its task. */
export function withTask(params: JsonObject, taskId: string): JsonObject {
  return { ...params, _meta: { ...(params['_meta'] as JsonObject | undefined), ...relatedTask(taskId) } }
}

/**
 * What the call would have been answered.
 *
 * @param record - of a task that is over
 * @throws {RpcError} the error that it ended with
 */
export function taskResult({ taskId, status, statusMessage, payload }: TaskRecord): JsonObject {
  if (payload === undefined || status === 'cancelled') {
    throw new RpcError(ErrorCode.SERVER_ERROR, statusMessage ?? 'The task was cancelled')
  }
  if (status === 'completed') {
    const { resultType: _ofAnotherEra, ...result } = JSON.parse(payload) as JsonObject
    return withTask(forSessions(result as unknown as CallToolResult) as unknown as JsonObject, taskId)
  }
  const { code, message, data } = JSON.parse(payload) as { code: number; message: string; data?: unknown }
  throw new RpcError(code, message, data)
}

/**
 * The time to live that a client asks for, in milliseconds.
 *
 * @param task - `params.task` of the request
 * @returns undefined: as long as the server allows
 * @throws {RpcError} -32602
 */
export function readTtl(task: JsonObject): number | undefined {
  const { ttl } = task
  // An unlimited one, in the schema of the state.
  if (ttl === undefined || ttl === null) return undefined
  if (typeof ttl === 'number' && ttl >= 0) return ttl
  const got = typeof ttl === 'number' ? ttl : kindOf(ttl)
  throw new RpcError(ErrorCode.INVALID_PARAMS, `task.ttl must be a number of milliseconds; got ${got}`)
}
