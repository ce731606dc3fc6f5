/**
 * Tasks on the wire: the text of a task's state.
 *
 *    {"taskId":..,"status":..,"createdAt":.., ..   ,"result":  {...}  }
 *     made of the record                            its payload, serialised once when it came to be
 *
 * An error has a code that this era may send, whichever era the call began in.
 *
 * Spec: Tasks extension {@link spec.tasksExtension}.
 */

import { isObject } from '../bounds/is-object.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { TASKS_EXTENSION } from '../protocol/meta-keys.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { TaskRecord } from '../store/task-store.ts'
import { ownCode } from './results.ts'

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

/** A task without what its status adds: the answer to the request that began it. */
export function taskHandle({
  owner: _owner,
  node: _node,
  scopes: _scopes,
  payload: _payload,
  failure: _failure,
  ...task
}: TaskRecord): JsonObject {
  return task
}

/** JSON text of a task, complete: for `tasks/get`, and for notifications. */
export function taskText(record: TaskRecord): string {
  const text = JSON.stringify(taskHandle(record))
  const member = PAYLOAD_MEMBER[record.status]
  if (member === undefined || record.payload === undefined) return text
  const payload = record.status === 'failed' ? ownError(record.payload) : record.payload
  return `${text.slice(0, -1)},"${member}":${payload}}`
}

function ownError(payload: string): string {
  const { code, message, data } = JSON.parse(payload) as { code: number; message: string; data?: unknown }
  const error = ownCode(new RpcError(code, message, data))
  return error.code === code
    ? payload
    : JSON.stringify({ code: error.code, message: error.message, data: error.data })
}
