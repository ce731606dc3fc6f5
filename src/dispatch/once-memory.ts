/**
 * What `ctx.once` has done in calls that span several rounds, so that a state which is presented again does nothing
 * twice: a client that repeats a request whose answer was lost gets the same result, and so does one that replays it.
 *
 * A call has one id in all its states. Results that were there when a state was sealed travel in it; here are those
 * that came after, in the round that may be repeated.
 *
 *    call id -> key -> running | result | forgotten        the call that was used longest ago first
 *
 * Memory is bounded by the number of calls, by the bytes of results, and by the time that a state can be presented.
 * Where a result had to go, the call is refused, not run again. Where a whole call had to go, `#forgottenUpTo` says
 * until when: a state that was sealed before that may have been used, and `once` refuses it.
 *
 * So within a process it is at most once, always. Another process with the same keys knows nothing of it: where that
 * matters, the function itself must be idempotent, with a key of its own.
 *
 * Invariant: `#bytes` is the sum of the lengths of all results.
 */

import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'

export interface OnceLimits {
  /** Calls that are remembered. */
  readonly maxCalls: number
  /** Characters of the JSON text of all results. */
  readonly maxLength: number
}

/** A call in the round that is being run. */
export interface CallId {
  readonly id: string
  /** When the state of this round was sealed, in milliseconds since the epoch. */
  readonly sealedAt: number
}

interface Call {
  /** When `once` was last used. */
  usedAt: number
  /** JSON text of the result; a promise of it while the function runs; undefined when it is not kept. */
  readonly done: Map<string, string | Promise<string> | undefined>
}

const LIMITS: OnceLimits = { maxCalls: 10_000, maxLength: 8 * 1024 * 1024 }

export class OnceMemory {
  readonly #ttlMs: number
  readonly #limits: OnceLimits
  /** Lifecycle of an entry: from the first `once` of a round after the first, until its states have expired. */
  readonly #calls = new Map<string, Call>()
  #bytes = 0
  #forgottenUpTo = 0

  /** @param ttlMs - for how long a state can be presented; 0: for ever */
  constructor(ttlMs: number, limits: OnceLimits = LIMITS) {
    this.#ttlMs = ttlMs
    this.#limits = limits
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#calls.size
  }

  /**
   * Runs a function, or gives what it gave.
   *
   * @param now - milliseconds since the epoch
   * @throws {RpcError} -32602: it was run, or may have been, and its result is not kept
   */
  async run<T>({ id, sealedAt }: CallId, key: string, run: () => Promise<T>, now = Date.now()): Promise<T> {
    this.#expire(now)
    const call = this.#use(id, sealedAt, now)
    if (call.done.has(key)) {
      const text = await call.done.get(key)
      if (text === undefined) throw usedBefore()
      return JSON.parse(text)
    }
    const running = run()
    const text = running.then((value) => JSON.stringify(value) ?? 'null')
    call.done.set(key, text)
    try {
      this.#keep(call, key, await text)
    } catch (error) {
      // What failed was not done; what was done and cannot be kept must not be done again.
      const isDone = await running.then(
        () => true,
        () => false,
      )
      if (!isDone) call.done.delete(key)
      else call.done.set(key, undefined)
      if (!isDone) throw error
    }
    return await running
  }

  #use(id: string, sealedAt: number, now: number): Call {
    const known = this.#calls.get(id)
    if (known === undefined && sealedAt <= this.#forgottenUpTo) throw usedBefore()
    const call = known ?? { usedAt: now, done: new Map() }
    call.usedAt = now
    // The one that was used last stands last.
    this.#calls.delete(id)
    this.#calls.set(id, call)
    while (this.#calls.size > this.#limits.maxCalls) this.#forgetFirst(true)
    return call
  }

  #keep(call: Call, key: string, text: string): void {
    call.done.set(key, text)
    this.#bytes += text.length
    for (const other of this.#calls.values()) {
      if (this.#bytes <= this.#limits.maxLength) return
      this.#dropResults(other)
    }
  }

  #expire(now: number): void {
    if (this.#ttlMs === 0) return
    for (const { usedAt } of this.#calls.values()) {
      if (usedAt + this.#ttlMs > now) return
      this.#forgetFirst(false)
    }
  }

  /** @param isEarly - its states can still be presented */
  #forgetFirst(isEarly: boolean): void {
    const [first] = this.#calls
    if (first === undefined) return
    const [id, call] = first
    this.#dropResults(call)
    this.#calls.delete(id)
    if (isEarly) this.#forgottenUpTo = Math.max(this.#forgottenUpTo, call.usedAt)
  }

  #dropResults(call: Call): void {
    for (const [key, text] of call.done) {
      if (typeof text !== 'string') continue
      this.#bytes -= text.length
      call.done.set(key, undefined)
    }
  }
}

function usedBefore(): RpcError {
  const problem = 'The requestState was used before, and what came of it is not kept; start the request anew'
  return new RpcError(ErrorCode.INVALID_PARAMS, problem)
}
