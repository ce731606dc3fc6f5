/**
 * Requests of the server to one client, pending until their responses arrive.
 *
 *    send(id) --> waiting --+-- settle(response)   resolves, or rejects with the client's RpcError
 *                           +-- timeoutMs passed   rejects, ERR_REQUEST_TIMEOUT
 *                           +-- signal aborted     rejects, ERR_REQUEST_ABORTED
 *                           +-- rejectAll(error)   rejects: the session ended
 *
 * Invariant: each request is removed from the map exactly once, together with its timer and its abort listener.
 * Ids are strings with a prefix of their own, so that logs never confuse them with a client's ids; a response
 * is matched by exact type and value (`"s-1"`), and only against requests of the same client.
 *
 * Not here: writing the request (the caller does it, see `write`), checking the result.
 */

import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { optionalModule, unref } from '../bounds/runtime.ts'
import type { Decoded } from './decode.ts'
import type { JsonRpcId } from './message.ts'
import { McpError, RpcError } from './rpc-error.ts'

/** How one request is sent and for how long it waits. */
export interface PendingOptions {
  /** Milliseconds until the request times out; 0 or `Infinity`: never. */
  readonly timeoutMs: number
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined
  /** The method, for the messages of errors. */
  readonly method?: string | undefined
  /** Sends the request, once its response can be matched. What it throws rejects the request. */
  readonly write?: (() => void) | undefined
  /** Called when the request has timed out or was aborted: the place to send the client its cancellation. */
  readonly onAbandon?: ((error: McpError) => void) | undefined
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly signal: AbortSignal | undefined
  timer: NodeJS.Timeout | undefined
  onAbort: (() => void) | undefined
}

/** The pending requests to one client. An instance costs three fields until the first request. */
export class PendingRequests {
  readonly #maxPending: number
  #lastId = 0
  /** Lifecycle: from send() until the first of the four outcomes above. */
  #waiting: Map<JsonRpcId, Waiting> | undefined

  /** @param maxPending - the most requests that may be pending at a time; `Infinity` for no limit */
  constructor(maxPending: number) {
    this.#maxPending = maxPending
  }

  /** Pending requests. */
  get size(): number {
    return this.#waiting?.size ?? 0
  }

  /** A new id: `s-1`, `s-2`, ... */
  nextId(): string {
    this.#lastId += 1
    return `s-${this.#lastId}`
  }

  /**
   * Waits for the response to a request. Does not throw: everything that goes wrong rejects.
   *
   * @param id - from {@link PendingRequests.nextId}
   * @returns the client's result, unchecked
   * @throws {RpcError} the client's error
   * @throws {McpError} ERR_REQUEST_TIMEOUT, ERR_REQUEST_ABORTED, ERR_TOO_MANY_REQUESTS, ERR_DUPLICATE_ID, or what
   * `rejectAll` was given
   */
  send(id: JsonRpcId, options: PendingOptions): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#start(id, options, resolve, reject)
    })
    // A request that its handler no longer awaits may be rejected too; that must not end the process.
    promise.catch(() => {})
    return promise
  }

  /**
   * Passes a response to the request that it answers.
   *
   * @returns false when no pending request has this id (the response is late, repeated or made up)
   */
  settle(response: Extract<Decoded, { readonly kind: 'response' }>): boolean {
    const { id, error } = response
    const waiting = id === undefined ? undefined : this.#take(id)
    if (waiting === undefined) return false
    if (error === undefined) waiting.resolve(response.result)
    else waiting.reject(new RpcError(error.code, error.message, error.data))
    return true
  }

  /** Rejects every pending request: no response can arrive any more. */
  rejectAll(error: McpError): void {
    for (const id of [...(this.#waiting?.keys() ?? [])]) this.#take(id)?.reject(error)
  }

  #start(
    id: JsonRpcId,
    options: PendingOptions,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { timeoutMs, signal } = options
    const name = options.method ?? 'the request'
    if (signal?.aborted) {
      reject(
        new McpError('ERR_REQUEST_ABORTED', `${name} was aborted before it was sent`, {
          cause: signal.reason,
        }),
      )
      return
    }
    if (this.size >= this.#maxPending) {
      const problem = `${name} was not sent: ${this.size} requests wait for this client already, the limit`
      reject(new McpError('ERR_TOO_MANY_REQUESTS', problem))
      return
    }
    this.#waiting ??= new Map()
    if (this.#waiting.has(id)) {
      reject(
        new McpError(
          'ERR_DUPLICATE_ID',
          `${name} was not sent: a request with id ${JSON.stringify(id)} waits`,
        ),
      )
      return
    }
    const waiting: Waiting = { resolve, reject, signal, timer: undefined, onAbort: undefined }
    this.#waiting.set(id, waiting)
    if (signal !== undefined) {
      waiting.onAbort = () => {
        const error = new McpError('ERR_REQUEST_ABORTED', `${name} was aborted`, { cause: signal.reason })
        this.#abandon(id, options, error)
      }
      // One handler may await many requests at once. Their number has a limit of its own (maxPending), and each
      // listener is removed again, so the default warning above ten would report a leak that is none.
      optionalModule('node:events')?.setMaxListeners?.(0, signal)
      signal.addEventListener('abort', waiting.onAbort)
    }
    if (timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY) {
      const problem = `the client did not answer ${name} within ${timeoutMs} ms`
      waiting.timer = setTimeout(
        () => this.#abandon(id, options, new McpError('ERR_REQUEST_TIMEOUT', problem)),
        Math.min(timeoutMs, MAX_TIMER_MS),
      )
      unref(waiting.timer)
    }
    try {
      options.write?.()
    } catch (error) {
      this.#take(id)?.reject(error)
    }
  }

  #abandon(id: JsonRpcId, options: PendingOptions, error: McpError): void {
    const waiting = this.#take(id)
    if (waiting === undefined) return
    waiting.reject(error)
    try {
      options.onAbandon?.(error)
    } catch {
      // The cancellation is optional. This runs in a timer or an abort event, where an exception ends the process.
    }
  }

  /** The one way out of the map. */
  #take(id: JsonRpcId): Waiting | undefined {
    const waiting = this.#waiting?.get(id)
    if (waiting === undefined) return undefined
    this.#waiting?.delete(id)
    clearTimeout(waiting.timer)
    if (waiting.onAbort !== undefined) waiting.signal?.removeEventListener('abort', waiting.onAbort)
    return waiting
  }
}
