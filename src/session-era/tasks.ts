/**
 * Tasks in the session era: the methods of 2025-11-25 by which clients follow them, and whose they are.
 *
 *    caller                     its tasks are those of
 *    a principal                the principal, in all its sessions, and in the stateless era
 *    a session without one      the session, and end with it
 *    neither                    whoever has the id; there is no list
 *
 * Who asks for a task needs the scopes of its call as well; a list leaves out those for which they are missing.
 *
 * Spec: 2025-11-25 tasks {@link spec.tasks}.
 * Not here: the tasks themselves (features/tasks/task-table.ts), how a call becomes one (task-call.ts), what is sent to
 * those who wait (session-task.ts).
 */

import { createHash } from 'node:crypto'
import { quote } from '../bounds/quote.ts'
import { pause } from '../bounds/runtime.ts'
import type { MethodHandler } from '../dispatch/dispatcher.ts'
import type { ErrorReporter } from '../dispatch/error-report.ts'
import type { Principal } from '../dispatch/rpc-exchange.ts'
import { paginate } from '../features/cursor.ts'
import type { McpServer } from '../features/server.ts'
import { RunningTask } from '../features/tasks/running-task.ts'
import { readTaskId, taskNotFound } from '../features/tasks/task-params.ts'
import type { TaskView } from '../features/tasks/task-subscribers.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { isOver } from '../store/task-store.ts'
import type { SessionExchange } from './exchange.ts'
import type { Session } from './session.ts'
import { SessionTask, type SessionTaskHost } from './session-task.ts'
import type { TaskCall, TaskHost } from './task-call.ts'
import { taskResult, taskState } from './task-wire.ts'

type Handler = MethodHandler<McpServer, SessionExchange>

/** How often the store is asked for a task that runs in another process, at most. */
const MIN_POLL_MS = 1000

export class SessionTasks implements TaskHost, SessionTaskHost {
  /** Added to the methods of the era. */
  readonly methods: readonly (readonly [string, Handler])[]
  readonly tell: SessionTaskHost['tell']
  readonly #table: TaskTable
  /** By id. Lifecycle: see SessionTask. */
  readonly #known = new Map<string, SessionTask>()
  /** Owners of tasks that no principal owns. Lifecycle: from the first task to the end of the session. */
  readonly #bySession = new Map<Session, string>()

  constructor(table: TaskTable, tell: SessionTaskHost['tell']) {
    this.#table = table
    this.tell = tell
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

  /** Whether such a caller can be told its tasks. */
  canList(principal: Principal | undefined, hasSessions: boolean): boolean {
    return this.#table.canList && (principal !== undefined || hasSessions)
  }

  async create(call: TaskCall, askedMs: number | undefined): Promise<SessionTask> {
    const { principal, session } = call
    const owner = ownerOf(principal, session)
    this.#remember(principal, session, owner)
    const running = await this.#table.create(owner, (reason) => call.abort(reason), askedMs, call.scopes)
    const task = this.#know(running, session)
    if (session?.closed === true && principal === undefined) await this.#drop(session, sessionEnded())
    return task
  }

  async discard(task: SessionTask): Promise<void> {
    this.over(task)
    await this.#table.discard(task.running)
  }

  over(task: SessionTask): void {
    const { taskId } = task.running
    this.#known.delete(taskId)
    task.session?.streamScopes?.delete(taskId)
    this.#table.subscribers.remove(taskId, task)
  }

  /** @param forGood - the session cannot be taken up again */
  sessionClosed(session: Session, forGood: boolean): void {
    if (!this.#bySession.has(session)) return
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

  #know(running: RunningTask, session: Session | undefined): SessionTask {
    const known = this.#known.get(running.taskId)
    if (known !== undefined) return known
    const task = new SessionTask(this, running, session)
    this.#known.set(running.taskId, task)
    this.#table.subscribers.add(running.taskId, task)
    return task
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
    if (view instanceof RunningTask) {
      await this.#know(view, undefined).wait(exchange)
      return exchange.aborted ? {} : taskResult(view.record)
    }
    // It runs in another process, whose changes only the store tells.
    const params = { taskId: view.record.taskId }
    while (!isOver(view.record)) {
      const waitMs = Math.max(view.record.pollIntervalMs ?? 0, MIN_POLL_MS)
      await pause(waitMs, exchange.signal)
      view = await this.#find(Method.tasksResult, params, exchange)
    }
    return taskResult(view.record)
  }

  async #cancel(view: TaskView): Promise<JsonObject> {
    if (isOver(view.record)) throw cannotCancel(view)
    await this.#table.cancel(view)
    // Its handler may have come to an end first.
    if (view.record.status !== 'cancelled') throw cannotCancel(view)
    return taskState(view.record)
  }

  readonly #list: Handler = async (params, _ctx, server, exchange) => {
    const owner = ownerOf(exchange.principal, exchange.session)
    if (owner === null) {
      const problem = 'tasks/list needs a session, or a token that says who is calling'
      throw new RpcError(ErrorCode.METHOD_NOT_FOUND, problem)
    }
    const records = (await this.#table.list(owner)).filter(({ scopes = [] }) => mayKnow(exchange, scopes))
    const items = records.map((record) => ({
      key: record.taskId,
      order: Date.parse(record.createdAt),
      record,
    }))
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

function cannotCancel({ record }: TaskView): RpcError {
  const problem = `The task cannot be cancelled: it is over already, with the status ${taskState(record)['status']}`
  return new RpcError(ErrorCode.INVALID_PARAMS, problem)
}
