/** What runs in the place of the handler of a tool whose calls are tasks. */

import { isTerminal, type ToolTaskHandler } from '../experimental/tasks/interfaces.ts'
import type { Extra } from '../extra.ts'
import type { RequestTaskStore } from '../shared/protocol-types.ts'
import { ErrorCode, McpError, type Task } from '../types.ts'
import type { AnyFunction } from './entry-schemas.ts'
import type { RegisteredTool } from './registered.ts'

const DEFAULT_POLL_MS = 5000

/**
 * @param asTask - the client asks for a task
 * @throws {McpError} -32601, the client has to; -32603, the tool was not registered as one with tasks
 */
export function taskHandler(
  name: string,
  { handler, execution }: RegisteredTool,
  asTask: boolean,
): AnyFunction {
  const taskSupport = execution?.taskSupport
  if (!('createTask' in handler)) {
    throw new McpError(
      ErrorCode.InternalError,
      `Tool ${name} has taskSupport '${taskSupport}' but was not registered with registerToolTask`,
    )
  }
  if (taskSupport === 'required' && !asTask) {
    throw new McpError(
      ErrorCode.MethodNotFound,
      `Tool ${name} requires task augmentation (taskSupport: 'required')`,
    )
  }
  const create = (handler as unknown as ToolTaskHandler).createTask as AnyFunction
  return async (...given: unknown[]) => {
    const { taskStore, signal } = given.at(-1) as Extra
    if (taskStore === undefined) {
      throw new Error(asTask ? 'No task store provided.' : 'No task store provided for task-capable tool.')
    }
    const created = (await create.apply(handler, given)) as { readonly task: Task }
    return asTask ? created : await resultOf(created.task, taskStore, signal)
  }
}

/** For clients that know no tasks: waits for the end of one. */
async function resultOf(task: Task, store: RequestTaskStore, signal: AbortSignal): Promise<unknown> {
  const { taskId, pollInterval = DEFAULT_POLL_MS } = task
  let { status } = task
  while (!isTerminal(status)) {
    await new Promise((resolve) => setTimeout(resolve, pollInterval))
    signal.throwIfAborted()
    status = (await store.getTask(taskId)).status
  }
  return await store.getTaskResult(taskId)
}
