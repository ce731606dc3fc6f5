/**
 * Subscribers of tasks: which streams are to be notified of which task. Changes of one turn of the event loop are one
 * notification, of the state that they end in.
 *
 * Spec: Tasks extension, "Task Status Notifications" {@link spec.tasksExtension}.
 * Not here: the streams themselves (subscriptions.ts).
 */

import { nextTurn } from '../../bounds/runtime.ts'
import type { TaskRecord } from '../../store/task-store.ts'

/** A subscription stream. */
export interface TaskSubscriber {
  notifyTask(record: TaskRecord): void
}

/** Something whose record is the present state of a task. */
export interface TaskView {
  readonly record: TaskRecord
}

export class TaskSubscribers {
  /** By task id. Lifecycle: as long as the stream. */
  readonly #subscribers = new Map<string, Set<TaskSubscriber>>()
  #changed = new Set<TaskView>()
  #scheduled = false

  add(taskId: string, subscriber: TaskSubscriber): void {
    const subscribers = this.#subscribers.get(taskId)
    if (subscribers === undefined) this.#subscribers.set(taskId, new Set([subscriber]))
    else subscribers.add(subscriber)
  }

  remove(taskId: string, subscriber: TaskSubscriber): void {
    const subscribers = this.#subscribers.get(taskId)
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.#subscribers.delete(taskId)
  }

  has(taskId: string): boolean {
    return this.#subscribers.has(taskId)
  }

  /** @param task - its record is read at the end of the turn */
  notify(taskId: string, task: TaskView): void {
    if (!this.#subscribers.has(taskId)) return
    this.#changed.add(task)
    if (this.#scheduled) return
    this.#scheduled = true
    nextTurn(() => {
      const changed = this.#changed
      this.#scheduled = false
      this.#changed = new Set()
      for (const { record } of changed) {
        for (const subscriber of [...(this.#subscribers.get(record.taskId) ?? [])]) {
          subscriber.notifyTask(record)
        }
      }
    })
  }
}
