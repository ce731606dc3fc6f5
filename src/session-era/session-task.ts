/**
 * A running task as clients of this era see it: who waits for its result, and what is sent to them meanwhile.
 *
 *    input requests      on the stream of tasks/result; again on a newer one when that stream has no connection any more
 *    progress, logs      on the stream of tasks/result, if the session that began the task waits; else on its standalone
 *    changed status      on the standalone stream of the session that began the task
 *
 * An input request that was sent waits for its response as long as the task, whatever becomes of the stream. The client
 * gets a cancellation of the first one when it is sent again.
 *
 * The task may run on another node. It asks those who wait here all the same; its progress comes from its node.
 *
 * Spec: 2025-11-25 tasks, "Input Required Status", "Task Notifications" {@link spec.tasks}.
 * Lifecycle: from the creation of the task in a session, or the first tasks/result for it, to its end; that of a task on
 * another node ends with the last tasks/result that waits.
 * Invariant: an input request is in `#sent` while its response is awaited from a client, at most once.
 */

import { requireDeclared } from '../dispatch/client-input/client-capabilities.ts'
import type { InputRequest } from '../dispatch/client-input/input-required.ts'
import type { ErrorReporter } from '../dispatch/error-report.ts'
import type { FollowedTask } from '../features/tasks/remote-task.ts'
import type { TaskSubscriber } from '../features/tasks/task-subscribers.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { isOver, type TaskRecord } from '../store/task-store.ts'
import type { SessionExchange } from './exchange.ts'
import type { Session } from './session.ts'
import { taskState, withTask } from './task-wire.ts'

export interface SessionTaskHost {
  readonly reporter: ErrorReporter
  /** Sends a message on the standalone stream of a session, if it has a connection. */
  notifySession(
    session: Session,
    method: string,
    params: JsonObject,
    scopes: readonly string[] | undefined,
  ): void
  /** Nothing more is to be done for a task: it has ended, or it runs on another node and nobody waits for it. */
  forget(task: SessionTask<FollowedTask>): void
  /** A session waits for a task, or does not wait any more; undefined: an input request of the task is settled. */
  waiterChanged(task: SessionTask<FollowedTask>, session: Session | undefined, isWaiting: boolean): void
  /**
   * Sends a message to the session that began the task, if it waits on another node.
   *
   * @returns undefined: it does not
   */
  forward(task: SessionTask<FollowedTask>, method: string, params: JsonObject): Promise<void> | undefined
}

/** An input request on its way. */
interface Sent {
  readonly exchange: SessionExchange
  readonly controller: AbortController
}

/** A `tasks/result` that is not answered. */
interface Waiter {
  readonly exchange: SessionExchange
  readonly done: () => void
}

export class SessionTask<Task extends FollowedTask> implements TaskSubscriber {
  readonly running: Task
  /** The session that began it. */
  readonly session: Session | undefined
  /** Id of the node where this session waits for the result, if it is another one. */
  waitsAt: string | undefined = undefined
  readonly #host: SessionTaskHost
  /** The newest last. */
  readonly #waiters: Waiter[] = []
  readonly #sent = new Map<string, Sent>()
  #lastStatus: unknown = 'working'

  constructor(host: SessionTaskHost, running: Task, session: Session | undefined) {
    this.#host = host
    this.running = running
    this.session = session
    const { record } = running
    if (session !== undefined && record.scopes !== undefined) {
      session.streamScopes ??= new Map()
      session.streamScopes.set(record.taskId, record.scopes)
    }
  }

  get reporter(): ErrorReporter {
    return this.#host.reporter
  }

  /** Whether somebody waits for its result, or is asked something for it. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0 || this.#sent.size > 0
  }

  /** Waits for the end of the task, or of the exchange. What the task asks for is sent on the stream of the exchange. */
  wait(exchange: SessionExchange): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        const index = this.#waiters.indexOf(waiter)
        if (index !== -1) this.#waiters.splice(index, 1)
        exchange.signal.removeEventListener('abort', done)
        this.#host.waiterChanged(this, exchange.session, false)
        resolve()
      }
      const waiter = { exchange, done }
      this.#waiters.push(waiter)
      exchange.signal.addEventListener('abort', done)
      this.#host.waiterChanged(this, exchange.session, true)
      this.#deliver()
    })
  }

  /**
   * Sends a notification to the session that began the task.
   *
   * @returns as `RpcExchange.notify`
   */
  send(method: string, params: JsonObject): Promise<void> | undefined {
    const { session } = this
    if (session === undefined || this.running.isEnding) return undefined
    const own = withTask(params, this.running.taskId)
    const exchange = this.reach(session.id)
    if (exchange !== undefined) return exchange.notify(method, own)
    const forwarded = this.#host.forward(this, method, own)
    if (forwarded === undefined) this.#host.notifySession(session, method, own, this.running.record.scopes)
    return forwarded
  }

  /** Where a session waits here and can be reached. */
  reach(sessionId: string): SessionExchange | undefined {
    const waiter = this.#waiters.findLast(
      ({ exchange }) => exchange.session?.id === sessionId && exchange.canReach,
    )
    return waiter?.exchange
  }

  notifyTask(record: TaskRecord): void {
    const { inputRequests } = this.running
    for (const [key, { controller }] of this.#sent) if (!inputRequests.isOpen(key)) controller.abort()
    const state = taskState(record)
    if (this.session !== undefined && state['status'] !== this.#lastStatus) {
      this.#host.notifySession(this.session, Notify.taskStatus, state, record.scopes)
    }
    this.#lastStatus = state['status']
    if (!isOver(record)) {
      this.#deliver()
      return
    }
    this.#host.forget(this)
    for (const { done } of [...this.#waiters]) done()
  }

  #deliver(): void {
    if (this.#waiters.length === 0) return
    for (const [key, request] of this.running.inputRequests.open()) {
      const earlier = this.#sent.get(key)
      if (earlier?.exchange.canReach === true) continue
      const waiter = this.#waiters.findLast(({ exchange }) => canAsk(exchange, request))
      if (waiter === undefined) continue
      this.#sent.delete(key)
      earlier?.controller.abort(waiter.exchange)
      this.#ask(key, request, waiter.exchange)
    }
  }

  #ask(key: string, request: InputRequest, exchange: SessionExchange): void {
    const { inputRequests, taskId } = this.running
    const sent = { exchange, controller: new AbortController() }
    this.#sent.set(key, sent)
    const { method, params = {} } = request
    const settled = (settle: () => void) => {
      if (this.#sent.get(key) !== sent) return
      this.#sent.delete(key)
      settle()
      this.#host.waiterChanged(this, undefined, false)
    }
    exchange.ask(method, withTask(params, taskId), { timeoutMs: 0, signal: sent.controller.signal }).then(
      (response) => settled(() => inputRequests.respond({ [key]: response })),
      (error) =>
        settled(() => {
          const code = error instanceof McpError ? error.code : undefined
          // Another session of the same principal may be asked.
          if (code === 'ERR_SESSION_CLOSED') this.#deliver()
          // The next one who waits is asked again.
          else if (code !== 'ERR_REQUEST_ABORTED') inputRequests.refuse(key, error)
        }),
    )
  }
}

/** Whether a client can be sent an input request on the stream of its `tasks/result`. */
function canAsk(exchange: SessionExchange, request: InputRequest): boolean {
  if (exchange.request === undefined || !exchange.canReach) return false
  try {
    // The task may have begun with another client.
    requireDeclared(request, exchange.peer.capabilities)
    return true
  } catch {
    return false
  }
}
