/**
 * The methods of the Tasks extension, by which clients follow the calls that continue after their request was answered.
 *
 * To everybody but its client a task is one request: middleware runs around all of it, and diagnostics report its end
 * when the task ends. Clients send the id of the task as `Mcp-Name`, so that their requests can be routed to the process
 * that runs it; where processes share a store, any of them will do.
 *
 * Spec: Tasks extension {@link spec.tasksExtension}.
 * Not here: the tasks themselves (features/tasks/task-table.ts), how a call becomes one (task-exchange.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { MethodHandler } from '../dispatch/dispatcher.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { McpServer } from '../features/server.ts'
import { missingTasks } from '../features/tasks/task-mode.ts'
import { readTaskId, taskNotFound } from '../features/tasks/task-params.ts'
import type { TaskView } from '../features/tasks/task-subscribers.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { declaresTasks, taskText } from './task-wire.ts'

type Methods = readonly (readonly [string, MethodHandler<McpServer>])[]

/** Added to the methods of the era. */
export function taskMethods(tasks: TaskTable): Methods {
  /** Calls `answer` with the task that a request names. */
  const following =
    (
      method: string,
      answer: (view: TaskView, params: JsonObject | undefined) => unknown,
    ): MethodHandler<McpServer> =>
    (params, ctx, _server, exchange) =>
      find(tasks, method, params, ctx, exchange, (view) => answer(view, params))
  return [
    [Method.tasksGet, following(Method.tasksGet, ({ record }) => new JsonText(taskText(record)))],
    [
      Method.tasksUpdate,
      following(Method.tasksUpdate, async (view, params) => {
        const responses = params?.['inputResponses']
        if (!isObject(responses)) {
          const problem = 'tasks/update needs "inputResponses", an object of answers by key'
          throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
        }
        await tasks.respond(view, responses as JsonObject)
        return {}
      }),
    ],
    [
      Method.tasksCancel,
      following(Method.tasksCancel, async (view) => {
        await tasks.cancel(view)
        return {}
      }),
    ],
  ]
}

function find(
  tasks: TaskTable,
  method: string,
  params: JsonObject | undefined,
  ctx: RequestContext,
  { peer }: RpcExchange,
  answer: (view: TaskView) => unknown,
): unknown {
  if (!declaresTasks(peer)) throw missingTasks()
  const taskId = readTaskId(params, method)
  const found = (view: TaskView | undefined) => {
    if (view === undefined) throw taskNotFound(taskId)
    ctx.requireScopes(view.record.scopes ?? [])
    return answer(view)
  }
  const view = tasks.find(taskId, ctx.auth?.id ?? null)
  return isPromise(view) ? view.then(found) : found(view)
}
