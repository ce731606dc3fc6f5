/**
 * Tasks of 2025-11-25: what their states are called, and where the result comes from.
 *
 *    input_required  --> tasks/result, open while the server asks; its questions are requests, answered by the router
 *    over            --> tasks/result, the result or the error of the call
 *
 * The open one is a help, and nothing rests on it: it may be cut, or never answered, and the states go on being asked for.
 *
 * Spec: 2025-11-25 tasks {@link spec.tasks}, "Input Required Status", "Result Retrieval".
 * Not here: how often states are asked for (tasks.ts).
 */

import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { abortError, mcpError } from './errors.ts'
import { onAbort } from './on-abort.ts'
import type { RequestOptions } from './options.ts'

interface Requester {
  request(method: string, params: JsonObject, options: RequestOptions): Promise<JsonObject>
}

/** The state of a task, under the names that the extension has for its members. */
export function taskOfSession({ ttl, pollInterval, ...state }: JsonObject): JsonObject {
  return {
    ...state,
    ...(ttl !== undefined && { ttlMs: ttl }),
    ...(pollInterval !== undefined && { pollIntervalMs: pollInterval }),
  }
}

export class SessionTaskResult {
  readonly #taskId: string
  readonly #requester: Requester
  readonly #options: RequestOptions
  /** Lifecycle: from `input_required` to its answer, or the end of the task. */
  #open: AbortController | undefined
  #arrived: JsonObject | undefined
  readonly #waiting = new Set<() => void>()

  constructor(taskId: string, requester: Requester, options: RequestOptions) {
    this.#taskId = taskId
    this.#requester = requester
    this.#options = options
  }

  /** The task has questions: SHOULD call `tasks/result`, on whose stream they come. */
  open(): void {
    if (this.#open !== undefined || this.#arrived !== undefined) return
    const open = new AbortController()
    this.#open = open
    const { signal } = this.#options
    const release = onAbort(signal, () => open.abort(abortError(Method.tasksResult, signal)))
    // It lasts as long as the task; result() and the caller's signal end it.
    this.#request({ signal: open.signal, timeoutMs: 0, maxTimeoutMs: 0 })
      .then(
        (result) => {
          this.#arrived = result
        },
        // The states say whether the task is over, and `get` asks for its error.
        () => {},
      )
      .finally(() => {
        release()
        if (this.#open === open) this.#open = undefined
        for (const wake of this.#waiting) wake()
      })
  }

  /** Calls back when the open request has ended. @returns removes the callback */
  onArrived(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  /**
   * The result of a task that is over.
   *
   * @throws {RpcError} the error that the call ended with
   */
  async get(): Promise<JsonObject> {
    this.#arrived ??= await this.#request(this.#options)
    this.#open?.abort(mcpError('ERR_REQUEST_ABORTED', 'The task is over'))
    return this.#arrived
  }

  #request(options: RequestOptions): Promise<JsonObject> {
    return this.#requester.request(Method.tasksResult, { taskId: this.#taskId }, options)
  }
}
