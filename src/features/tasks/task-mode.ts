/**
 * Tasks, as a feature sees them: which tools may be answered with a task in place of their result.
 *
 * The era decides whether a call can become a task (`ctx.canStartTask`): the client must have declared the extension
 * with the request, or, in 2025-11-25, have asked for a task with it.
 *
 * Spec: Tasks extension, "Capability Negotiation" {@link spec.tasksExtension}; 2025-11-25 tasks, "Tool-Level
 * Negotiation" {@link spec.tasks}.
 */

import { shown } from '../../bounds/quote.ts'
import { MissingCapabilityError } from '../../dispatch/client-input/client-capabilities.ts'
import type { RequestContext } from '../../dispatch/context.ts'
import { TASKS_EXTENSION } from '../../protocol/meta-keys.ts'

/**
 *   true          a task for clients that support tasks; others wait for the result
 *   'required'    the same, and other clients are refused
 *   'on-demand'   a task from the moment at which the handler calls `ctx.startTask()`, if it does; a client of 2025-11-25
 *                 decides itself, with the request
 */
export type TaskMode = true | 'required' | 'on-demand'

/** @throws {TypeError} */
export function checkTaskMode(mode: TaskMode | undefined, use: string): void {
  if (mode === undefined || mode === true || mode === 'required' || mode === 'on-demand') return
  throw new TypeError(`${use} task must be true, 'required' or 'on-demand'; got ${shown(mode)}`)
}

/** @throws {MissingCapabilityError} a tool that works only as a task, and a client that does not support tasks */
export function requireTasks(mode: TaskMode | undefined, ctx: RequestContext): void {
  if (mode === 'required' && !ctx.canStartTask) throw missingTasks()
}

export function missingTasks(): MissingCapabilityError {
  return new MissingCapabilityError(`tasks (${TASKS_EXTENSION})`, { extensions: { [TASKS_EXTENSION]: {} } })
}

/** Whether the call becomes a task before its handler runs. */
export function startsAsTask(mode: TaskMode | undefined, ctx: RequestContext): boolean {
  return ctx.canStartTask && (mode === true || mode === 'required' || ctx.isTaskRequested)
}
