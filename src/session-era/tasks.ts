/**
 * Tasks in the session era: the methods of 2025-11-25 by which clients follow them, and whose they are.
 *
 *    caller                     its tasks are those of
 *    a principal                the principal, in all its sessions, and in the stateless era
 *    a session without one      the session, and end with it
 *    neither                    whoever has the id; there is no list
 *
 * A task may run on another node: its state and its result come from the store, and its questions are asked here of those
 * who wait for its result. Its messages come from its node, which is notified that its session waits here.
 *
 * Who asks for a task needs the scopes of its call as well; a list leaves out those for which they are missing.
 *
 * Spec: 2025-11-25 tasks {@link spec.tasks}.
 * Not here: the tasks themselves (features/tasks/task-table.ts), how a call becomes one (task-call.ts), what is sent to
 * those who wait (session-task.ts).
 */

import { createHash } from 'node:crypto'
import { isObject } from '../bounds/is-object.ts'
import { quote } from '../bounds/quote.ts'
import { pause } from '../bounds/runtime.ts'
import type { MethodHandler } from '../dispatch/dispatcher.ts'
import type { ErrorReporter } from '../dispatch/error-report.ts'
import type { Principal } from '../dispatch/rpc-exchange.ts'
import { paginate } from '../features/cursor.ts'
import type { McpServer } from '../features/server.ts'
import type { FollowedTask } from '../features/tasks/remote-task.ts'
import { RunningTask } from '../features/tasks/running-task.ts'
import { readTaskId, taskNotFound } from '../features/tasks/task-params.ts'
import type { TaskView } from '../features/tasks/task-subscribers.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { NodeChannel } from '../store/node-channel.ts'
import { isOver, type TaskRecord } from '../store/task-store.ts'
import type { SessionExchange } from './exchange.ts'
import type { Session } from './session.ts'
import { SessionTask, type SessionTaskHost } from './session-task.ts'
import type { TaskCall, TaskHost } from './task-call.ts'
import { taskResult, taskState } from './task-wire.ts'

type Handler = MethodHandler<McpServer, SessionExchange>

/** How often the store is asked for a task that runs in another process, at most. */
const MIN_POLL_MS = 1000
/** Between nodes: who waits for a task, and what is sent to them. */
const WAITERS = 'taskWaiters'

export class SessionTasks implements TaskHost, SessionTaskHost {
  /** Added to the methods of the era. */
  readonly methods: readonly (readonly [string, Handler])[]
  readonly notifySession: SessionTaskHost['notifySession']
  readonly #table: TaskTable
  readonly #channel: NodeChannel | undefined
  /** By id. Lifecycle: see SessionTask. */
  readonly #known = new Map<string, SessionTask<FollowedTask>>()
  /** Owners of tasks that no principal owns. Lifecycle: from the first task to the end of the session. */
  readonly #bySession = new Map<Session, string>()

  constructor(table: TaskTable, notifySession: SessionTaskHost['notifySession'], channel?: NodeChannel) {
    this.#table = table
    this.notifySession = notifySession
    this.#channel = channel
    channel?.listen(WAITERS, { onMessage: (content, from) => this.#onWaiter(content, from) })
    channel?.observe({ onNodeGone: (node) => this.#onNodeGone(node) })
    this.methods = [
      [Method.tasksGet, this.#following(Method.tasksGet, ({ record }) => taskState(record))],
      [
        Method.tasksResult,
        this.#following(Method.tasksResult, (view, exchange) => this.#result(view, exchange)),
      ],
      [Method.tasksCancel, this.#following(Method.tasksCancel, (view) => this.#cancel(view))],
      ...(table.canList ? [[Method.tasksList, this.#list] as const] : []),
    ]
  }

  get reporter(): ErrorReporter {
    return this.#table.reporter
  }

  /** Whether such a caller can list its tasks. */
  canList(principal: Principal | undefined, hasSessions: boolean): boolean {
    return this.#table.canList && (principal !== undefined || hasSessions)
  }

  async create(call: TaskCall, askedMs: number | undefined): Promise<SessionTask<RunningTask>> {
    const { principal, session } = call
    const owner = ownerOf(principal, session)
    this.#remember(principal, session, owner)
    const running = await this.#table.create(owner, (reason) => call.abort(reason), askedMs, call.scopes)
    const task = this.#know(running, session)
    if (session?.closed === true && principal === undefined) await this.#drop(session, sessionEnded())
    return task
  }

  async discard(task: SessionTask<RunningTask>): Promise<void> {
    this.forget(task)
    await this.#table.discard(task.running)
  }

  forget(task: SessionTask<FollowedTask>): void {
    const { taskId } = task.running
    if (this.#known.get(taskId) !== task) return
    this.#known.delete(taskId)
    task.session?.streamScopes?.delete(taskId)
    this.#table.unsubscribe(taskId, task)
  }

  waiterChanged(task: SessionTask<FollowedTask>, session: Session | undefined, isWaiting: boolean): void {
    const { running } = task
    if (running instanceof RunningTask) return
    if (session !== undefined && (isWaiting || task.reach(session.id) === undefined)) {
      const content = [isWaiting ? 'waits' : 'left', running.taskId, session.id]
      // Without it, the session gets no progress here.
      this.#channel?.send(running.record.node as string, WAITERS, content).catch(() => {})
    }
    if (!task.isAwaited) this.forget(task)
  }

  forward(task: SessionTask<FollowedTask>, method: string, params: JsonObject): Promise<void> | undefined {
    const { waitsAt, session, running } = task
    if (waitsAt === undefined || session === undefined) return undefined
    const content = ['message', running.taskId, session.id, method, params]
    const sent = (isAlive: boolean) => {
      if (!isAlive && task.waitsAt === waitsAt) task.waitsAt = undefined
    }
    return this.#channel?.send(waitsAt, WAITERS, content).then(sent, () => sent(false))
  }

  /**
   * @param forGood - the session cannot be taken up again
   * @param hasTasks - it may have tasks that began on other nodes
   */
  sessionClosed(session: Session, forGood: boolean, hasTasks: boolean): void {
    if (!hasTasks && !this.#bySession.has(session)) return
    if (forGood) void this.#drop(session, sessionEnded())
    else this.#bySession.delete(session)
  }

  /** A session that has tasks of its own: they end with it. */
  #remember(principal: Principal | undefined, session: Session | undefined, owner: string | null): void {
    if (principal !== undefined || session === undefined || owner === null || session.closed) return
    this.#bySession.set(session, owner)
  }

  async #drop(session: Session, reason: McpError): Promise<void> {
    const owner = this.#bySession.get(session) ?? ownerOf(undefined, session)
    this.#bySession.delete(session)
    try {
      if (owner !== null) await this.#table.drop(owner, reason)
    } catch (error) {
      this.reporter.reportError(error, { phase: 'transport', sessionId: session.id })
    }
  }

  #know<Task extends FollowedTask>(running: Task, session: Session | undefined): SessionTask<Task> {
    const known = this.#known.get(running.taskId)
    if (known !== undefined) return known as SessionTask<Task>
    const task = new SessionTask(this, running, session)
    this.#known.set(running.taskId, task)
    this.#table.subscribe(running, task)
    return task
  }

  #onWaiter(content: unknown, from: string): void {
    const [kind, taskId, sessionId, method, params] = Array.isArray(content) ? content : []
    const task = this.#known.get(taskId)
    if (task === undefined) return
    if (kind === 'message') {
      if (isObject(params)) void task.reach(sessionId)?.notify(method, params as JsonObject)
    } else if (task.session?.id === sessionId) {
      if (kind === 'waits') task.waitsAt = from
      else if (task.waitsAt === from) task.waitsAt = undefined
    }
  }

  #onNodeGone(node: string): void {
    for (const task of this.#known.values()) if (task.waitsAt === node) task.waitsAt = undefined
  }

  /** A method that is about one task: `taskId` alone says which, whatever `_meta` says. */
  #following(method: string, answer: (view: TaskView, exchange: SessionExchange) => unknown): Handler {
    return async (params, ctx, _server, exchange) => {
      const view = await this.#find(method, params, exchange)
      ctx.requireScopes(view.record.scopes ?? [])
      return answer(view, exchange)
    }
  }

  async #find(method: string, params: JsonObject | undefined, exchange: SessionExchange): Promise<TaskView> {
    const { principal, session } = exchange
    const taskId = readTaskId(params, method)
    const owner = ownerOf(principal, session)
    const view = await this.#table.find(taskId, owner)
    if (view === undefined) throw taskNotFound(taskId)
    // The session may have been taken up again, and its task have begun before.
    this.#remember(principal, session, owner)
    return view
  }

  async #result(view: TaskView, exchange: SessionExchange): Promise<JsonObject> {
    if (isOver(view.record)) return taskResult(view.record)
    const followed = this.#table.followed(view)
    if (followed !== undefined) {
      const task = this.#know(followed, undefined)
      await task.wait(exchange)
      return exchange.aborted ? {} : taskResult(task.running.record)
    }
    // It runs in another process; its changes are known from the store alone.
    const params = { taskId: view.record.taskId }
    while (!isOver(view.record)) {
      const waitMs = Math.max(view.record.pollIntervalMs ?? 0, MIN_POLL_MS)
      await pause(waitMs, exchange.signal)
      view = await this.#find(Method.tasksResult, params, exchange)
    }
    return taskResult(view.record)
  }

  async #cancel(view: TaskView): Promise<JsonObject> {
    if (isOver(view.record)) throw cannotCancel(view.record)
    const last = await this.#table.cancel(view)
    // Its handler may have come to an end first.
    if (last.status !== 'cancelled') throw cannotCancel(last)
    return taskState(last)
  }

  readonly #list: Handler = async (params, _ctx, server, exchange) => {
    const owner = ownerOf(exchange.principal, exchange.session)
    if (owner === null) {
      const problem = 'tasks/list needs a session, or a token that says who is calling'
      throw new RpcError(ErrorCode.METHOD_NOT_FOUND, problem)
    }
    const records = (await this.#table.list(owner)).filter(({ scopes = [] }) => mayKnow(exchange, scopes))
    const items = records
      .map((record) => ({ key: record.taskId, order: Date.parse(record.createdAt), record }))
      .sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1))
    const cursor = params?.['cursor']
    const page = paginate('tasks', items, cursor, server.pageSize)
    if (page === undefined) {
      const shown = typeof cursor === 'string' ? quote(cursor) : typeof cursor
      const problem = `Invalid cursor for tasks: use a nextCursor of this list; got ${shown}`
      throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
    }
    const { nextCursor } = page
    return {
      tasks: page.items.map(({ record }) => taskState(record)),
      ...(nextCursor !== undefined && { nextCursor }),
    }
  }
}

/** See the table at the top. The mark of a session is not its id, which is a secret and would be in the store. */
function ownerOf(principal: Principal | undefined, session: Session | undefined): string | null {
  if (principal !== undefined) return principal.id
  if (session === undefined) return null
  return `session ${createHash('sha256').update(session.id).digest('base64url')}`
}

/** The state of a task has texts of its handler. */
function mayKnow({ access, principal }: SessionExchange, scopes: readonly string[]): boolean {
  return access === undefined || access.allows(principal, scopes)
}

function sessionEnded(): McpError {
  return new McpError('ERR_SESSION_CLOSED', 'The session of the task ended')
}

function cannotCancel(record: TaskRecord): RpcError {
  const problem = `The task cannot be cancelled: it is over already, with the status ${taskState(record)['status']}`
  return new RpcError(ErrorCode.INVALID_PARAMS, problem)
}
