/**
 * A request from server to client that the client executes as a task: it answers at once that the task has begun, and is
 * asked for the result later. So a user can take any time, and a lost connection loses no answer.
 *
 *    elicitation/create, task {ttl}  ->  { task: { taskId } }      or the result itself: the client made no task of it
 *    tasks/result, taskId            ->  the result, when it is there
 *    tasks/cancel, taskId                when the request times out
 *
 * Spec: 2025-11-25 tasks, "Client Capabilities" {@link spec.tasks}.
 */

import { isObject } from '../bounds/is-object.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

/** Whether the client executes such requests as tasks. */
export function executesAsTask(capabilities: object, method: string): boolean {
  const requests = member(member(capabilities, 'tasks'), 'requests')
  const [group = '', name = ''] = method.split('/')
  return member(member(requests, group), name) !== undefined
}

/**
 * @param send - sends a request to the client, for at most `timeoutMs`; 0: no limit
 * @returns the result of the request
 */
export async function sendAsTask(
  send: (method: string, params: JsonObject, timeoutMs: number) => Promise<unknown>,
  method: string,
  params: JsonObject,
  timeoutMs: number,
  capabilities: object,
): Promise<unknown> {
  const startedAt = performance.now()
  const task = timeoutMs > 0 ? { ttl: Math.ceil(timeoutMs) } : {}
  const created = await send(method, { ...params, task }, timeoutMs)
  const taskId = member(member(created, 'task'), 'taskId')
  if (typeof taskId !== 'string') return created
  const leftMs = timeoutMs > 0 ? Math.max(timeoutMs - (performance.now() - startedAt), 1) : 0
  try {
    return await send(Method.tasksResult, { taskId }, leftMs)
  } catch (error) {
    const isLate = error instanceof McpError && error.code === 'ERR_REQUEST_TIMEOUT'
    if (isLate && member(member(capabilities, 'tasks'), 'cancel') !== undefined) {
      send(Method.tasksCancel, { taskId }, leftMs).catch(() => {})
    }
    throw error
  }
}

function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
