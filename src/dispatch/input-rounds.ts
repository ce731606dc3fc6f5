/**
 * Client input without a connection to ask on: the rounds of one call in the stateless era.
 *
 * A question that has no answer yet ends the round. All questions that the handler asks before it gives way to the
 * event loop are collected into one `input_required` result; the client repeats its request with the answers, the
 * handler runs again from its top, and each question that was answered returns at once. What was answered in
 * earlier rounds, and what `ctx.once` has done, travels in the sealed state.
 *
 *    round 1   ask(a) ask(b) ... setImmediate -> input_required {a, b}, state {}
 *    round 2   ask(a)=A ask(b)=B ask(c) ...   -> input_required {c},    state {a: A, b: B}
 *    round 3   ask(a)=A ask(b)=B ask(c)=C     -> the result
 *
 * A client may answer ahead: what it sends is taken when the handler asks for it, in the first round too. Questions
 * with `mustAsk` take an answer only when the state says that the round before has put them.
 *
 * A question under a key that was answered before in the same run is another one ("again?" in a loop), and gets a
 * number: `key`, `key#2`. What `once` has begun is waited for before a round ends, or the next would do it again.
 *
 * The run that is left behind sees its open questions rejected with ERR_INPUT_REQUIRED and its signal aborted, so
 * that its `finally` blocks run; whatever it does then is not sent.
 *
 * Spec: 2026-07-28 multi round-trip requests {@link spec.mrtr}.
 * Invariant: `#finish` is called at most once, and nothing is collected after it.
 */

import { randomBytes } from 'node:crypto'
import { decodeBody } from '../jsonrpc/decode-body.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { type AskOptions, type InputRequest, InputRequired, type Inputs } from './input-required.ts'
import { isPromise } from './is-promise.ts'
import type { CallId, OnceCall } from './once-memory.ts'
import { digestParams, type Sealer } from './sealed-state.ts'

/** What is sealed: answers by key, results of `once` by key, and the state of a handler that drives its own rounds. */
interface SealedRounds {
  readonly call: CallId
  readonly answers: JsonObject
  readonly once: JsonObject
  readonly state?: unknown
  /** Keys of the `mustAsk` questions that this state goes out with. */
  readonly put?: readonly string[]
}

/** A wire result of the kind `input_required`. */
export class InputRequiredResult {
  readonly inputRequests: { readonly [key: string]: InputRequest } | undefined
  readonly requestState: string

  constructor(inputRequests: ReadonlyMap<string, InputRequest>, requestState: string) {
    this.inputRequests = inputRequests.size === 0 ? undefined : Object.fromEntries(inputRequests)
    this.requestState = requestState
  }
}

/** What one run remembers, and what earlier ones did. */
interface Memory {
  /** Answers from earlier rounds, and those of this round that were asked for again and found good. */
  readonly answers: Map<string, unknown>
  readonly once: Map<string, unknown>
  /** What `once` has begun and not finished. */
  readonly running: Map<string, Promise<unknown>>
  /** How often this run has asked under a key. */
  readonly asked: Map<string, number>
  readonly open: Map<string, Question>
}

interface Sent {
  readonly params?: JsonObject
}

const NONE: JsonObject = Object.freeze({})
const CALL_ID_BYTES = 12

interface Question {
  readonly request: InputRequest
  readonly mustAsk: boolean
  readonly reject: (error: unknown) => void
}

export class InputRounds implements Inputs {
  readonly responses: JsonObject
  readonly state: unknown
  readonly #sealer: Sealer
  /** Made when a state is opened or sealed: most calls do neither, and hashing would be a tenth of their cost. */
  #binding: (() => string) | string
  #put: readonly string[] | undefined
  /** Lifecycle: from the first question or `once`, or from the state of an earlier round. */
  #memory: Memory | undefined
  #finish: ((outcome: Promise<unknown> | unknown) => void) | undefined
  #abort: ((reason: Error) => void) | undefined
  #scheduled = false
  #over = false
  readonly #principalId: string | undefined
  /** Of the state that this round began with; undefined in the first round. */
  #call: CallId | undefined
  /** What the call has done. Lifecycle: from the first need of it, in rounds after the first. */
  #done: OnceCall | undefined

  /**
   * Reads what a request brings from earlier rounds.
   *
   * @param params - of the request
   * @param principalId - of its caller
   * @param body - the bytes that `params` were read from: a handler may change its arguments, and a later round must
   *   be compared with what the client sent
   * @throws {RpcError} -32602, `inputResponses` is not an object, or the `requestState` is not valid
   */
  constructor(
    method: string,
    params: JsonObject | undefined,
    principalId: string | undefined,
    sealer: Sealer,
    body?: Uint8Array,
  ) {
    const inputResponses = params?.['inputResponses'] ?? NONE
    const requestState = params?.['requestState']
    if (
      params?.['inputResponses'] === null ||
      typeof inputResponses !== 'object' ||
      Array.isArray(inputResponses)
    ) {
      throw new RpcError(ErrorCode.INVALID_PARAMS, 'inputResponses must be an object of answers by key')
    }
    this.#sealer = sealer
    this.#principalId = principalId
    const bind = (sent: JsonObject | undefined) => {
      const { _meta, inputResponses: _answers, requestState: _state, ...salient } = sent ?? {}
      return JSON.stringify([method, principalId ?? null, digestParams(salient)])
    }
    this.#binding = body === undefined ? bind(params) : () => bind((decodeBody(body) as Sent).params)
    this.responses = inputResponses as JsonObject
    this.state = undefined
    if (requestState === undefined) return
    const { call, answers, once, state, put } = sealer.open(requestState, this.#bound()) as SealedRounds
    this.state = state
    this.#call = call
    this.#memory = remember(answers, once)
    this.#put = put
  }

  #bound(): string {
    if (typeof this.#binding === 'function') this.#binding = this.#binding()
    return this.#binding
  }

  get #kept(): Memory {
    this.#memory ??= remember()
    return this.#memory
  }

  /** @returns the answer, or a promise that never comes true in this round */
  ask<T>(
    name: string,
    request: InputRequest,
    check: (answer: unknown) => T | Promise<T>,
    { mustAsk = false }: AskOptions = {},
  ): Promise<T> {
    const before = this.#kept.asked.get(name) ?? 0
    if (this.#kept.open.has(numbered(name, before))) return Promise.reject(duplicate(name))
    this.#kept.asked.set(name, before + 1)
    const key = numbered(name, before + 1)
    if (this.#kept.answers.has(key)) return Promise.resolve(check(this.#kept.answers.get(key)))
    const isAnswered = Object.hasOwn(this.responses, key) && (!mustAsk || this.#put?.includes(key) === true)
    if (!isAnswered) return this.#suspend(key, request, mustAsk)
    const answer = this.responses[key]
    return (async () => check(answer))().then(
      (checked) => {
        this.#kept.answers.set(key, answer)
        return checked
      },
      () => this.#suspend<T>(key, request, mustAsk),
    )
  }

  async once<T>(key: string, run: () => T | Promise<T>): Promise<T> {
    if (this.#kept.once.has(key)) return this.#kept.once.get(key) as T
    // A run that was left behind must not do what the next one will do.
    if (this.#over) throw leftBehind()
    const known = this.#kept.running.get(key)
    if (known !== undefined) return (await known) as T
    const running = this.#runOnce(key, async () => (await run()) ?? null)
    this.#kept.running.set(key, running)
    try {
      const value = await running
      this.#kept.once.set(key, value)
      return value as T
    } finally {
      this.#kept.running.delete(key)
    }
  }

  /** A repeated first request is another call; later rounds are repeated by whoever presents their state again. */
  #runOnce(key: string, run: () => Promise<unknown>): Promise<unknown> {
    const done = this.#doneBefore
    return done === undefined ? run() : this.#sealer.once.run(done, key, run)
  }

  get #doneBefore(): OnceCall | undefined {
    if (this.#call !== undefined) this.#done ??= this.#sealer.once.find(this.#principalId, this.#call)
    return this.#done
  }

  /**
   * For a call that is about to go on without its request: nothing may be left for another round.
   *
   * @throws {McpError} ERR_INPUT_REQUIRED, questions are open, or this run was left behind with them
   */
  assertSettled(): void {
    if (this.#over || (this.#memory?.open.size ?? 0) > 0) throw leftBehind()
  }

  /** @returns the result, or an {@link InputRequiredResult} */
  settle(result: unknown, abort: (reason: Error) => void): unknown {
    if (!isPromise(result)) return this.#wireResult(result)
    this.#hold(result)
    return new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#abort = abort
      result
        .then((value) => {
          this.#over = true
          return this.#wireResult(value)
        })
        .then(resolve, reject)
    })
  }

  /** For as long as the handler runs, which may be longer than its state can be presented. */
  #hold(result: PromiseLike<unknown>): void {
    const done = this.#doneBefore
    if (done === undefined) return
    const { once } = this.#sealer
    once.hold(done)
    const release = () => once.release(done)
    Promise.resolve(result).then(release, release)
  }

  #wireResult(result: unknown): unknown {
    if (!(result instanceof InputRequired)) return result
    return this.#required(result.inputRequests, result.state)
  }

  #required(
    requests: ReadonlyMap<string, InputRequest>,
    state?: unknown,
    put: readonly string[] = [],
  ): InputRequiredResult {
    const done = this.#doneBefore
    if (done !== undefined) this.#sealer.once.renew(done)
    const sealed: SealedRounds = {
      call: this.#call ?? { id: randomBytes(CALL_ID_BYTES).toString('base64url'), startedAt: Date.now() },
      answers: Object.fromEntries(this.#kept.answers),
      once: Object.fromEntries(this.#kept.once),
      ...(state !== undefined && { state }),
      ...(put.length > 0 && { put }),
    }
    return new InputRequiredResult(requests, this.#sealer.seal(sealed, this.#bound()))
  }

  #suspend<T>(key: string, request: InputRequest, mustAsk: boolean): Promise<T> {
    if (this.#over) return Promise.reject(leftBehind())
    const promise = new Promise<T>((_resolve, reject) => {
      this.#kept.open.set(key, { request, mustAsk, reject })
    })
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => this.#endRound())
    }
    return promise
  }

  #endRound(): void {
    if (this.#over) return
    if (this.#kept.running.size > 0) {
      const next = () => setImmediate(() => this.#endRound())
      Promise.allSettled(this.#kept.running.values()).then(next)
      return
    }
    this.#over = true
    const open = [...this.#kept.open]
    const requests = new Map(open.map(([key, { request }]) => [key, request]))
    const put = open.filter(([, { mustAsk }]) => mustAsk).map(([key]) => key)
    let left: unknown = leftBehind()
    try {
      this.#finish?.(this.#required(requests, undefined, put))
      this.#abort?.(left as McpError)
    } catch (error) {
      // The state cannot be sealed: that is the handler's own failure, which ends it as any other would.
      left = error
    }
    for (const { reject } of this.#kept.open.values()) reject(left)
  }
}

function numbered(key: string, time: number): string {
  return time <= 1 ? key : `${key}#${time}`
}

function duplicate(key: string): McpError {
  const problem = `Two questions of one call have the key ${JSON.stringify(key)}: give each its own`
  return new McpError('ERR_DUPLICATE_KEY', problem)
}

function leftBehind(): McpError {
  return new McpError('ERR_INPUT_REQUIRED', 'The client was asked; the handler runs again with its answer')
}

function remember(answers: JsonObject = NONE, once: JsonObject = NONE): Memory {
  return {
    answers: new Map(Object.entries(answers)),
    once: new Map(Object.entries(once)),
    running: new Map(),
    asked: new Map(),
    open: new Map(),
  }
}
