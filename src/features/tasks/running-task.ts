/**
 * One task while its handler runs, from its creation to its end.
 *
 *    working <--- asks, is answered ---> input_required
 *         \                              /
 *          `---> completed | failed | cancelled          once, and never changed after
 *
 * Its record is changed here at once and written to the store behind that, one write at a time, with all changes of a
 * turn of the event loop; the last state is written before anybody sees it, since it may turn out not to be writable, and
 * since another node may have ended the task first: what the store has counts then.
 * The text of open input requests is made when the record is read, not for each request: there may be many.
 *
 * Spec: Tasks extension, "Task Status" {@link spec.tasksExtension}.
 * Invariant: exactly one `finish`, `stop` or end by another node has an effect; nothing is written after its state.
 */

import { nextTurn } from '../../bounds/runtime.ts'
import { concealError, type ErrorReporter } from '../../dispatch/error-report.ts'
import { isUnavailable } from '../../dispatch/store-error.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import { isOver, type TaskRecord, type TaskStore } from '../../store/task-store.ts'
import { failedBy, shortText, type TaskEnd } from './task-end.ts'
import { TaskInputRequests } from './task-input-requests.ts'

export interface TaskHost {
  readonly reporter: ErrorReporter
  readonly store: TaskStore
  changed(task: RunningTask): void
  /** Its state is in the store. */
  stored(task: RunningTask): void
  /** Called after the last `changed`. */
  ended(task: RunningTask): void
  /** Resolves when a store that could not be reached can be reached again; undefined: nothing waits for that. */
  storeBack(error: unknown): Promise<void> | undefined
  /** The last state of a task was not stored, since the store cannot be reached. */
  endLost(): void
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

  /** Another node may have ended it. */
  async check(): Promise<void> {
    try {
      const stored = await this.#host.store.read(this.taskId)
      if (stored === undefined || isOver(stored)) this.#overrule()
    } catch {
      // Then the next write finds out.
    }
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
        if (await this.#store(record)) this.#host.stored(this)
        else this.#overrule()
      } catch (error) {
        this.#host.reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
      }
      this.#written = record
    }
    this.#writing = undefined
  }

  async #finish(end: TaskEnd): Promise<void> {
    await this.#writing
    this.inputRequests.close(new McpError('ERR_TASK_OVER', 'The task is over'))
    let last = this.#next({ statusMessage: undefined, payload: undefined, ...end })
    try {
      if (!(await this.#store(last))) last = await this.#readEnd()
      this.#host.stored(this)
    } catch (error) {
      if (isUnavailable(error)) this.#host.endLost()
      else last = await this.#failAs(error)
    }
    this.#settle(last)
    this.#host.ended(this)
  }

  /** The last state cannot be stored. @returns another one, which says so */
  async #failAs(problem: unknown): Promise<TaskRecord> {
    const { reporter, store } = this.#host
    const text = concealError(problem, { phase: 'output', method: Method.toolsCall }, reporter)
    const last = this.#next(failedBy(text))
    try {
      await store.update(last)
      this.#host.stored(this)
    } catch (error) {
      reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
    }
    return last
  }

  /** @returns false: another node has ended the task */
  async #store(record: TaskRecord): Promise<boolean> {
    for (;;) {
      try {
        return (await this.#host.store.update(record)) !== false
      } catch (error) {
        const back = this.#host.storeBack(error)
        if (back === undefined) throw error
        await back
      }
    }
  }

  /** Takes over how another node has ended the task, and aborts the handler. */
  #overrule(): void {
    this.#end ??= this.#endAsStored()
  }

  async #endAsStored(): Promise<void> {
    const last = await this.#readEnd()
    const isCancelled = last.status === 'cancelled'
    const problem = last.statusMessage ?? 'Another process ended the task'
    const reason = new McpError(isCancelled ? 'ERR_TASK_CANCELLED' : 'ERR_TASK_OVER', problem)
    this.inputRequests.close(reason)
    this.#settle(last)
    this.#host.ended(this)
    this.#abort(reason)
  }

  /** The last state, as another node has stored it. */
  async #readEnd(): Promise<TaskRecord> {
    const { reporter, store } = this.#host
    try {
      const stored = await store.read(this.taskId)
      if (stored !== undefined && isOver(stored)) return stored
    } catch (error) {
      reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
    }
    return this.#next(failedBy('The task was deleted while it ran'))
  }

  #settle(last: TaskRecord): void {
    this.#isStale = false
    this.#record = last
    this.#host.changed(this)
  }
}
