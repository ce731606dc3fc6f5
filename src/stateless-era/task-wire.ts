/**
 * Tasks on the wire: how a client names one, and the text of its state.
 *
 *    {"taskId":..,"status":..,"createdAt":.., ..   ,"result":  {...}  }
 *     made of the record                            its payload, serialised once when it came to be
 *
 * Spec: Tasks extension {@link spec.tasksExtension}.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf, quote } from '../bounds/quote.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { TASKS_EXTENSION } from '../protocol/meta-keys.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { TaskRecord } from '../store/task-store.ts'

/** The member of a task that holds the payload of its record. */
const PAYLOAD_MEMBER: { readonly [Status in TaskRecord['status']]: string | undefined } = {
  working: undefined,
  input_required: 'inputRequests',
  completed: 'result',
  failed: 'error',
  cancelled: undefined,
}

/** Whether the client declares the extension, with the request at hand: earlier declarations do not count. */
export function declaresTasks({ capabilities }: Peer): boolean {
  const { extensions } = capabilities
  return isObject(extensions) && isObject(extensions[TASKS_EXTENSION])
}

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

/** A task without what its status adds: the answer to the request that began it. */
export function taskHandle({ owner: _owner, payload: _payload, ...task }: TaskRecord): JsonObject {
  return task
}

/** JSON text of a task, complete: for `tasks/get`, and for notifications. */
export function taskText(record: TaskRecord): string {
  const text = JSON.stringify(taskHandle(record))
  const member = PAYLOAD_MEMBER[record.status]
  if (member === undefined || record.payload === undefined) return text
  return `${text.slice(0, -1)},"${member}":${record.payload}}`
}
