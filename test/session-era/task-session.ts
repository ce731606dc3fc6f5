/** What tests of tasks in the session era have in common. */

import assert from 'node:assert/strict'
import type { TestSession, WireJson } from '../helpers/wire.ts'

/** The capability, as a server with sessions declares it. */
export const TASKS = { list: {}, cancel: {}, requests: { tools: { call: {} } } }

/** `_meta` of what belongs to a task. */
export function related(taskId: string): object {
  return { 'io.modelcontextprotocol/related-task': { taskId } }
}

/** Calls a tool as a task, and gives the task's state. */
export async function begin(
  session: TestSession,
  name: string,
  args: object = {},
  meta?: object,
): Promise<WireJson> {
  const params = { name, arguments: args, task: {} }
  const { result, error } = await session.request('tools/call', params, meta && { meta })
  assert.ok(result?.task !== undefined, `no task: ${JSON.stringify(error ?? result)}`)
  return result.task
}

/** `tasks/get` */
export async function taskOf(session: TestSession, taskId: string): Promise<WireJson> {
  const { result, error } = await session.request('tasks/get', { taskId })
  assert.ok(result !== undefined, error?.message)
  return result
}

/** Asks for the state, turn by turn, until it is this one. */
export async function until(session: TestSession, taskId: string, status: string): Promise<WireJson> {
  for (let turn = 0; turn < 1000; turn++) {
    const task = await taskOf(session, taskId)
    if (task.status === status) return task
  }
  assert.fail(`the task did not become ${status}`)
}
