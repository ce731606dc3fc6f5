/**
 * One task while its handler runs, from its creation to its end.
 *
 *    working <--- asks, is answered ---> input_required
 *         \                              /
 *          `---> completed | failed | cancelled          once, and never changed after
 *
 * Its record is changed here at once and written to the store behind that, one write at a time, with all changes of a
 * turn of the event loop; the last state is written before anybody sees it, since it may turn out not to be writable.
 * The text of open input requests is made when the record is read, not for each request: there may be many.
 *
 * Spec: Tasks extension, "Task Status" {@link spec.tasksExtension}.
 * Invariant: exactly one `finish` or `stop` has an effect; nothing is written after its state.
 */

import { nextTurn } from '../../bounds/runtime.ts'
import { concealError, type ErrorReporter } from '../../dispatch/error-report.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import type { TaskRecord, TaskStore } from '../../store/task-store.ts'
import { failedBy, shortText, type TaskEnd } from './task-end.ts'
import { TaskInputRequests } from './task-input-requests.ts'

export interface TaskHost {
  readonly reporter: ErrorReporter
  readonly store: TaskStore
  changed(task: RunningTask): void
  /** Called after the last `changed`. */
  ended(task: RunningTask): void
}

export class RunningTask {
  readonly inputRequests: TaskInputRequests
  readonly #host: TaskHost
  readonly #abort: (reason: Error) => void
  #record: TaskRecord
  /** Input requests were opened or closed, and the record does not say so yet. */
  #isStale = false
  #written: TaskRecord
  #writing: Promise<void> | undefined
  #end: Promise<void> | undefined

  /**
   * @param record - as it was created in the store
   * @param abort - aborts the signal of the handler
   */
  constructor(host: TaskHost, record: TaskRecord, abort: (reason: Error) => void) {
    this.#host = host
    this.#abort = abort
    this.#record = record
    this.#written = record
    this.inputRequests = new TaskInputRequests(() => this.#refresh())
  }

  get taskId(): string {
    return this.#record.taskId
  }

  get record(): TaskRecord {
    if (this.#isStale) {
      this.#isStale = false
      const payload = this.inputRequests.text
      // The status follows from whether input requests are open.
      const status = payload === undefined ? 'working' : 'input_required'
      this.#record = { ...this.#record, status, payload }
    }
    return this.#record
  }

  /** Nothing changes any more but to its last state, which may still have to be stored. */
  get isEnding(): boolean {
    return this.#end !== undefined
  }

  describe(message: string): void {
    this.#change({ statusMessage: shortText(message) })
  }

  /** Stores the last state. The first one to end a task decides how it ended. */
  finish(end: TaskEnd): Promise<void> {
    this.#end ??= this.#finish(end)
    return this.#end
  }

  /** Ends the task from outside, and aborts its handler. */
  stop(end: TaskEnd, reason: McpError): Promise<void> {
    if (this.#end !== undefined) return this.#end
    const finished = this.finish(end)
    this.inputRequests.close(reason)
    this.#abort(reason)
    return finished
  }

  #refresh(): void {
    if (this.#end === undefined) this.#isStale = true
    this.#change({})
  }

  #change(changes: Partial<TaskRecord>): void {
    if (this.#end !== undefined) return
    this.#record = this.#next(changes)
    this.#writing ??= this.#write()
    this.#host.changed(this)
  }

  #next(changes: Partial<TaskRecord>): TaskRecord {
    return { ...this.#record, ...changes, lastUpdatedAt: new Date().toISOString() }
  }

  async #write(): Promise<void> {
    await new Promise<void>(nextTurn)
    while (this.#written !== this.record) {
      const { record } = this
      try {
        await this.#host.store.update(record)
      } catch (error) {
        this.#host.reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
      }
      this.#written = record
    }
    this.#writing = undefined
  }

  async #finish(end: TaskEnd): Promise<void> {
    const { reporter, store } = this.#host
    await this.#writing
    this.inputRequests.close(new McpError('ERR_TASK_OVER', 'The task is over'))
    let last = this.#next({ statusMessage: undefined, payload: undefined, ...end })
    try {
      await store.update(last)
    } catch (error) {
      last = this.#next(
        failedBy(concealError(error, { phase: 'output', method: Method.toolsCall }, reporter)),
      )
      try {
        await store.update(last)
      } catch (again) {
        reporter.reportError(again, { phase: 'transport', method: Method.toolsCall })
      }
    }
    this.#isStale = false
    this.#record = last
    this.#host.changed(this)
    this.#host.ended(this)
  }
}
