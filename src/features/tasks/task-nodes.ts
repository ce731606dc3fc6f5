/**
 * Tasks of several nodes: who follows a task on another node is notified of its changes, and answers its questions.
 *
 *    node of the task --- "changed": its id, to all nodes ---> nodes that follow it read its record from the store
 *                     <-- responses, to this node alone -----
 *
 * A task of another node is ended in the store, where the first end counts, and the change is announced: the node of the
 * task reads it and aborts the work. So a task whose node is gone is ended by the first node that is asked for it.
 *
 * Invariant: a task is in `#followed` exactly while it has subscribers here and runs elsewhere.
 */

import { isObject } from '../../bounds/is-object.ts'
import type { ErrorReporter } from '../../dispatch/error-report.ts'
import { isUnavailable } from '../../dispatch/store-error.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { McpErrorCode } from '../../protocol/local-error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { isOver, type TaskRecord, type TaskStore } from '../../store/task-store.ts'
import { RemoteTask } from './remote-task.ts'
import type { RunningTask } from './running-task.ts'
import { failedBy } from './task-end.ts'
import type { TaskSubscribers } from './task-subscribers.ts'

export interface TaskNodesHost {
  readonly reporter: ErrorReporter
  readonly store: TaskStore
  readonly subscribers: TaskSubscribers
  /** The task itself, if it runs here. */
  running(taskId: string): RunningTask | undefined
}

const TASK = 'task'
const GONE = 'The process that ran the task is gone: how far it came is not known'

export class TaskNodes {
  readonly #channel: NodeChannel
  readonly #host: TaskNodesHost
  /** By id. */
  readonly #followed = new Map<string, RemoteTask>()
  /** Resolve when the store can be reached again. Lifecycle: one outage. */
  #waiting: (() => void)[] = []

  constructor(channel: NodeChannel, host: TaskNodesHost) {
    this.#channel = channel
    this.#host = host
    channel.listen(TASK, {
      onBroadcast: (content, _sequence, from) => this.#onChanged(content, from),
      onMessage: (content) => this.#onAnswer(content),
    })
    channel.observe({
      onMissed: () => this.#refreshAll(),
      onAvailable: () => {
        this.release()
        this.#refreshAll()
      },
      onNodeGone: (node) => this.#refreshAll(node),
    })
  }

  /** Of this node. */
  get id(): string {
    return this.#channel.node.id
  }

  /** Resolves when the store can be reached again. */
  storeBack(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Nobody waits for the store any more. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** The record of a task has changed in the store. */
  announce(taskId: string): void {
    // Where it cannot be published, those who follow the task read it when the store is back.
    this.#channel.publish(TASK, taskId).catch(() => {})
  }

  /** Whether a task runs on another node of these. */
  isElsewhere({ node }: TaskRecord): boolean {
    return node !== undefined && node !== this.id
  }

  /** A task of another node, for those who follow it. */
  followed(record: TaskRecord): RemoteTask {
    const { taskId } = record
    const known = this.#followed.get(taskId)
    if (known !== undefined) return known
    const task: RemoteTask = new RemoteTask(record, {
      respond: (responses) => void this.#answer(task, ['respond', taskId, responses], Object.keys(responses)),
      refuse: (key, error) => void this.#answer(task, ['refuse', taskId, key, plainError(error)], [key]),
    })
    return task
  }

  /** What changed after its record was read is found by reading it again. */
  follow(task: RemoteTask): void {
    this.#followed.set(task.taskId, task)
    void this.#refresh(task)
  }

  /** Nobody here follows the task any more. */
  unfollow(taskId: string): void {
    this.#followed.delete(taskId)
  }

  /**
   * Gives responses to the node of a task.
   *
   * @returns false: that node is gone
   */
  respond(record: TaskRecord, responses: JsonObject): Promise<boolean> {
    return this.#send(record, ['respond', record.taskId, responses])
  }

  /** The record of a task, which has failed where its node is gone. */
  checked(record: TaskRecord): TaskRecord | Promise<TaskRecord> {
    const { node } = this.#channel
    const isGone =
      this.isElsewhere(record) &&
      !isOver(record) &&
      node.available &&
      !node.leases.isAlive(record.node as string)
    return isGone ? this.end(record, failedBy(GONE, ErrorCode.SERVER_ERROR)) : record
  }

  /** Ends a task of another node. @returns its last state: another one, where it was over before */
  async end(record: TaskRecord, end: Partial<TaskRecord>): Promise<TaskRecord> {
    const { store } = this.#host
    const last = {
      ...record,
      statusMessage: undefined,
      payload: undefined,
      ...end,
      lastUpdatedAt: new Date().toISOString(),
    }
    const isFirst = (await store.update(last)) !== false
    const stored = isFirst ? last : ((await store.read(record.taskId)) ?? last)
    if (isFirst) this.announce(record.taskId)
    return stored
  }

  #send({ node }: TaskRecord, content: readonly unknown[]): Promise<boolean> {
    return this.#channel.send(node as string, TASK, content)
  }

  async #answer(task: RemoteTask, content: readonly unknown[], keys: readonly string[]): Promise<void> {
    try {
      if (await this.#send(task.record, content)) return
    } catch {
      // Not known whether it came there: asked again, the client answers again, and the first answer counts.
      for (const key of keys) task.inputRequests.forget(key)
      this.#host.subscribers.notify(task.taskId, task)
      return
    }
    await this.#refresh(task)
  }

  #onChanged(taskId: unknown, from: string): void {
    if (typeof taskId !== 'string' || from === this.id) return
    const task = this.#followed.get(taskId)
    if (task !== undefined) void this.#refresh(task)
    else void this.#host.running(taskId)?.check()
  }

  #onAnswer(content: unknown): void {
    const [kind, taskId, value, error] = Array.isArray(content) ? content : []
    const inputRequests = typeof taskId === 'string' ? this.#host.running(taskId)?.inputRequests : undefined
    if (kind === 'respond' && isObject(value)) inputRequests?.respond(value as JsonObject)
    else if (kind === 'refuse' && typeof value === 'string') inputRequests?.refuse(value, errorOf(error))
  }

  /** @param node - undefined: of all nodes */
  #refreshAll(node?: string): void {
    for (const task of this.#followed.values()) {
      if (node === undefined || task.record.node === node) void this.#refresh(task)
    }
  }

  /** Reads the record; changes that come meanwhile are read after that. */
  async #refresh(task: RemoteTask): Promise<void> {
    task.isStale = true
    if (task.isReading || task.isEnding) return
    task.isReading = true
    try {
      while (task.isStale && !task.isEnding) {
        task.isStale = false
        await this.#read(task)
      }
    } catch (error) {
      // It is read again when the store can be reached again.
      if (!isUnavailable(error)) {
        this.#host.reporter.reportError(error, { phase: 'transport', method: Method.toolsCall })
      }
    } finally {
      task.isReading = false
    }
  }

  async #read(task: RemoteTask): Promise<void> {
    const { store, subscribers } = this.#host
    const stored = await store.read(task.taskId)
    const record = stored === undefined ? expired(task.record) : await this.checked(stored)
    if (isSame(record, task.record)) return
    task.record = record
    subscribers.notify(task.taskId, task)
  }
}

/** The last state of a task that the store no longer has. */
function expired(record: TaskRecord): TaskRecord {
  return { ...record, ...failedBy('The task is not stored any more: it has expired, or was deleted') }
}

function isSame(a: TaskRecord, b: TaskRecord): boolean {
  return (
    a.status === b.status &&
    a.lastUpdatedAt === b.lastUpdatedAt &&
    a.statusMessage === b.statusMessage &&
    a.payload === b.payload
  )
}

/** An error of a client has a number as its code, one of this library a text. */
function plainError(error: Error): JsonObject {
  const { message } = error
  if (error instanceof RpcError) return { message, code: error.code, data: error.data }
  return { message, code: error instanceof McpError ? error.code : 'ERR_REQUEST_ABORTED' }
}

function errorOf(plain: unknown): Error {
  const { message, code, data } = isObject(plain) ? plain : {}
  const problem = typeof message === 'string' ? message : 'The client could not be asked'
  if (typeof code === 'number') return new RpcError(code, problem, data)
  return new McpError(code as McpErrorCode, problem)
}
