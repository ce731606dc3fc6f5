/**
 * Questions that a task puts to its client while it runs: told with its state, answered with `tasks/update`.
 *
 * Each key is used once in the life of a task, so that an answer can never be taken for the answer to another
 * question: what is asked again (by the handler, or because the answer was not usable) gets a number.
 *
 * Spec: Tasks extension, "Task Update Requests" {@link spec.tasksExtension}.
 * Invariant: a question is open exactly while its promise is pending.
 */

import { unref } from '../bounds/runtime.ts'
import type { InputRequest } from '../dispatch/client-input/input-required.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

/** Usable answers are the client's duty; it is reminded of it this often. */
const MAX_TIMES_ASKED = 16
const NUMBERED = /^(.*)#([2-9]|[1-9]\d+)$/s

interface Question {
  readonly text: string
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export class TaskQuestions {
  readonly #changed: () => void
  /** By key on the wire. Lifecycle: from `ask` to the answer, the time limit or the end of the task. */
  readonly #open = new Map<string, Question>()
  /** How often each key of the handler was used. As many as it has, however often a client lets it ask again. */
  readonly #times = new Map<string, number>()
  /** Keys of the handler, while it waits. */
  readonly #asking = new Set<string>()
  #closed: Error | undefined

  /** @param changed - called when a question was opened or is no longer open */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** JSON text of all open questions by key; undefined when there are none. */
  get text(): string | undefined {
    if (this.#open.size === 0) return undefined
    return `{${[...this.#open].map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
  }

  /** @param timeoutMs - 0 or undefined: no limit but the task's own */
  ask<T>(
    key: string,
    request: InputRequest,
    check: (answer: unknown) => T | Promise<T>,
    timeoutMs = 0,
  ): Promise<T> {
    if (this.#asking.has(key)) {
      const problem = `Two questions of one call have the key ${JSON.stringify(key)}: give each its own`
      return Promise.reject(new McpError('ERR_DUPLICATE_KEY', problem))
    }
    this.#asking.add(key)
    return this.#ask(key, request, check, timeoutMs).finally(() => this.#asking.delete(key))
  }

  /** Takes the answers to open questions; what answers none of them is ignored. */
  answer(responses: JsonObject): void {
    let isAnswered = false
    for (const [key, response] of Object.entries(responses)) {
      const question = this.#open.get(key)
      if (question === undefined) continue
      this.#open.delete(key)
      question.resolve(response)
      isAnswered = true
    }
    if (isAnswered) this.#changed()
  }

  /** The task is over: open questions, and later ones, are rejected. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const { reject } of this.#open.values()) reject(reason)
    this.#open.clear()
  }

  async #ask<T>(
    key: string,
    request: InputRequest,
    check: (answer: unknown) => T | Promise<T>,
    timeoutMs: number,
  ): Promise<T> {
    const text = JSON.stringify(request)
    for (let times = 1; ; times++) {
      const answer = await this.#put(this.#newKey(key), text, request.method, timeoutMs)
      try {
        return await check(answer)
      } catch (error) {
        if (times === MAX_TIMES_ASKED) throw error
      }
    }
  }

  #put(key: string, text: string, method: string, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed)
        return
      }
      const timer =
        timeoutMs > 0 ? unref(setTimeout(() => this.#expire(key, method, timeoutMs), timeoutMs)) : undefined
      const settle =
        <V>(done: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer)
          done(value)
        }
      this.#open.set(key, { text, resolve: settle(resolve), reject: settle(reject) })
      this.#changed()
    })
  }

  #expire(key: string, method: string, timeoutMs: number): void {
    const question = this.#open.get(key)
    this.#open.delete(key)
    question?.reject(
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
