/**
 * ChangeLog of tasks: who wants to hear of which one. Changes of one turn of the event loop are told together, by the
 * state that they end in.
 *
 * Spec: Tasks extension, "Task Status Notifications" {@link spec.tasksExtension}.
 * Not here: the streams themselves (subscriptions.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import type { Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import { missingTasks } from '../features/tasks.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { FilterMember, Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { encodeMessage } from '../sse/frame.ts'
import type { TaskRecord } from '../store/task-store.ts'
import { declaresTasks, taskText } from './task-wire.ts'

/** A subscription stream. */
export interface StandaloneStream {
  /** JSON text of the subscription's id. */
  readonly idText: string
  readonly writer: { write(frame: string): unknown }
}

/** Something whose record is the present state of a task. */
export interface TaskView {
  readonly record: TaskRecord
}

export class TaskSubscribers {
  /** By task id. Lifecycle: as long as the stream. */
  readonly #listeners = new Map<string, Set<StandaloneStream>>()
  #changed = new Set<TaskView>()
  #scheduled = false

  add(taskId: string, listener: StandaloneStream): void {
    const listeners = this.#listeners.get(taskId)
    if (listeners === undefined) this.#listeners.set(taskId, new Set([listener]))
    else listeners.add(listener)
  }

  remove(taskId: string, listener: StandaloneStream): void {
    const listeners = this.#listeners.get(taskId)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#listeners.delete(taskId)
  }

  /** @param task - is not looked at before the end of the turn */
  announce(taskId: string, task: TaskView): void {
    if (!this.#listeners.has(taskId)) return
    this.#changed.add(task)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      const changed = this.#changed
      this.#scheduled = false
      this.#changed = new Set()
      for (const { record } of changed) {
        for (const listener of [...(this.#listeners.get(record.taskId) ?? [])]) tell(listener, record)
      }
    })
  }
}

/**
 * The tasks that a client asks for on a stream, without those that it may not know of.
 *
 * @throws {RpcError} -32021, the client does not know tasks; -32602, the ids are malformed
 */
export function wantedTasks(
  params: JsonObject | undefined,
  { peer, principal }: RpcExchange,
  tasks: {
    find(
      taskId: string,
      principal: Principal | undefined,
    ): TaskView | undefined | Promise<TaskView | undefined>
  },
  max: number,
): readonly TaskView[] | Promise<readonly TaskView[]> {
  const filter = params?.['notifications']
  const taskIds = isObject(filter) ? filter[FilterMember.taskIds] : undefined
  if (taskIds === undefined) return []
  if (!declaresTasks(peer)) {
    const { message, requiredCapabilities } = missingTasks()
    throw new RpcError(ErrorCode.MISSING_CLIENT_CAPABILITY, message, { requiredCapabilities })
  }
  if (!Array.isArray(taskIds) || !taskIds.every((taskId) => typeof taskId === 'string')) {
    throw invalid('"taskIds" to be an array of strings')
  }
  if (taskIds.length > max) throw invalid(`at most ${max} tasks; got ${taskIds.length}`)
  const found = [...new Set<string>(taskIds)].map((taskId) => tasks.find(taskId, principal))
  const known = (views: readonly (TaskView | undefined)[]) => views.filter((view) => view !== undefined)
  return found.some(isPromise) ? Promise.all(found).then(known) : known(found as (TaskView | undefined)[])
}

function invalid(expected: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `subscriptions/listen needs ${expected}`)
}

/** Sends the state of a task to one listener. */
export function tell({ writer, idText }: StandaloneStream, record: TaskRecord): void {
  const meta = `"_meta":{${JSON.stringify(MetaKey.SUBSCRIPTION_ID)}:${idText}}`
  const params = `{${meta},${taskText(record).slice(1)}`
  writer.write(encodeMessage(`{"jsonrpc":"2.0","method":"${Notify.task}","params":${params}}`))
}
