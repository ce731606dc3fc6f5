/**
 * Input requests of a task while it runs: the client gets them with its state, and responds with `tasks/update`.
 *
 * Each key is used once in the life of a task, so that a response can never be taken for the response to another
 * request: what is requested again (by the handler, or because the response was not usable) gets a number.
 *
 * Spec: Tasks extension, "Task Update Requests" {@link spec.tasksExtension}.
 * Invariant: an input request is open exactly while its promise is pending.
 */

import { MAX_TIMER_MS } from '../../bounds/max-timer.ts'
import { unref } from '../../bounds/runtime.ts'
import type { InputRequest } from '../../dispatch/client-input/input-required.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'

/** How often the client is asked for a usable response before its last one is taken for a failure. */
const MAX_TIMES_ASKED = 16
const NUMBERED = /^(.*)#([2-9]|[1-9]\d+)$/s

interface OpenRequest {
  readonly request: InputRequest
  readonly text: string
  readonly resolve: (response: unknown) => void
  readonly reject: (error: Error) => void
}

export class TaskInputRequests {
  readonly #changed: () => void
  /** By key on the wire. Lifecycle: from `ask` to the response, the time limit or the end of the task. */
  readonly #open = new Map<string, OpenRequest>()
  /** How often each key of the handler was used. No more entries than it has keys, however often it asks again. */
  readonly #times = new Map<string, number>()
  #closed: Error | undefined

  /** @param changed - called when an input request was opened or is no longer open */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** JSON text of all open input requests by key; undefined when there are none. */
  get text(): string | undefined {
    if (this.#open.size === 0) return undefined
    return `{${[...this.#open].map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
  }

  /** Key and request of each that is open. */
  *open(): Generator<[key: string, request: InputRequest]> {
    for (const [key, { request }] of this.#open) yield [key, request]
  }

  isOpen(key: string): boolean {
    return this.#open.has(key)
  }

  /**
   * @param timeoutMs - 0, `Infinity` or undefined: no limit but the task's own
   * @param maxTimes - how often the client is asked for a usable response
   */
  async ask<T>(
    key: string,
    request: InputRequest,
    check: (response: unknown) => T | Promise<T>,
    timeoutMs = 0,
    maxTimes = MAX_TIMES_ASKED,
  ): Promise<T> {
    const text = JSON.stringify(request)
    for (let times = 1; ; times++) {
      const response = await this.#put(this.#newKey(key), request, text, timeoutMs)
      try {
        return await check(response)
      } catch (error) {
        if (times === maxTimes) throw error
      }
    }
  }

  /** Takes the responses to open requests; others are ignored. */
  respond(responses: JsonObject): void {
    let isAnyOpen = false
    for (const [key, response] of Object.entries(responses)) {
      const request = this.#open.get(key)
      if (request === undefined) continue
      this.#open.delete(key)
      request.resolve(response)
      isAnyOpen = true
    }
    if (isAnyOpen) this.#changed()
  }

  /** The client has responded to one with an error. */
  refuse(key: string, error: Error): void {
    const request = this.#open.get(key)
    if (request === undefined) return
    this.#open.delete(key)
    request.reject(error)
    this.#changed()
  }

  /** The task is over: open input requests, and later ones, are rejected. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const { reject } of this.#open.values()) reject(reason)
    this.#open.clear()
  }

  #put(key: string, request: InputRequest, text: string, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed)
        return
      }
      const timer =
        timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY
          ? unref(
              setTimeout(
                () => this.#expire(key, request.method, timeoutMs),
                Math.min(timeoutMs, MAX_TIMER_MS),
              ),
            )
          : undefined
      const settle =
        <V>(done: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer)
          done(value)
        }
      this.#open.set(key, { request, text, resolve: settle(resolve), reject: settle(reject) })
      this.#changed()
    })
  }

  #expire(key: string, method: string, timeoutMs: number): void {
    const request = this.#open.get(key)
    this.#open.delete(key)
    request?.reject(
      new McpError('ERR_REQUEST_TIMEOUT', `the client did not answer ${method} within ${timeoutMs} ms`),
    )
    this.#changed()
  }

  #newKey(key: string): string {
    let times = this.#times.get(key) ?? 0
    let unique: string
    do {
      times += 1
      unique = times === 1 ? key : `${key}#${times}`
    } while (times === 1 ? this.#isNumbered(key) : this.#times.has(unique))
    this.#times.set(key, times)
    return unique
  }

  /** Whether a key of the handler is what another one became when it was used again. */
  #isNumbered(key: string): boolean {
    const [, of, number] = NUMBERED.exec(key) ?? []
    return of !== undefined && Number(number) <= (this.#times.get(of) ?? 0)
  }
}
