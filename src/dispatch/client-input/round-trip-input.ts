/**
 * Client input in the stateless era: what one request of a call brings from earlier round trips, and what it needs next.
 *
 * An input request that has no response yet ends the round trip. All that the handler makes before it yields to the event
 * loop go into one `InputRequiredResult`; the client retries its request with the responses, the handler runs again from
 * its start, and each `ask` that has its response returns at once. The responses of earlier round trips, and the results
 * of `ctx.once`, travel in the sealed request state.
 *
 *    1   ask(a) ask(b) ... setImmediate -> input_required {a, b}, state {}
 *    2   ask(a)=A ask(b)=B ask(c) ...   -> input_required {c},    state {a: A, b: B}
 *    3   ask(a)=A ask(b)=B ask(c)=C     -> the result
 *
 * A client may send a response in advance: it is used when the handler asks for it, in the first round trip too. Where
 * the handler asks with `mustAsk`, a response counts only if the request state says that the client was asked before.
 *
 * To ask again under a key that has its response, in the same run, is another request ("again?" in a loop), and gets a
 * number: `key`, `key#2`. A round trip does not end before the functions of `once` that run, or the next one would run
 * them again.
 *
 * The open `ask`s of a run that is abandoned are rejected with ERR_INPUT_REQUIRED and its signal is aborted, so that its
 * `finally` blocks run; nothing that it does then is sent.
 *
 * Spec: 2026-07-28 multi round-trip requests {@link spec.mrtr}.
 * Invariant: `#finish` is called at most once, and no input request is collected after it.
 */

import { randomBytes } from 'node:crypto'
import { isPromise } from '../../bounds/is-promise.ts'
import { nextTurn } from '../../bounds/runtime.ts'
import { decodeBody } from '../../jsonrpc/decode-body.ts'
import { McpError, RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { AskOptions, ClientInput } from './client-input.ts'
import { type InputRequest, InputRequired, InputRequiredResult } from './input-required.ts'
import type { CallId, OnceCall } from './once-memory.ts'
import { digestParams, type RequestStateSealer } from './request-state.ts'
import { keyOfOnce, runWithin } from './within-once.ts'

/** What is sealed as the request state. */
interface RequestState {
  readonly call: CallId
  /** Of all earlier round trips, by key. */
  readonly inputResponses: JsonObject
  /** Results of `once`, by key. */
  readonly once: JsonObject
  /** Of a handler that returned `inputRequired` with a state. */
  readonly state?: unknown
  /** Keys of the `mustAsk` input requests that this state goes out with. */
  readonly asked?: readonly string[]
}

/** What one run of the handler has, from earlier round trips and its own. */
interface Memory {
  /** Responses of earlier round trips, and those of this one that the handler has asked for and that were usable. */
  readonly inputResponses: Map<string, unknown>
  readonly once: Map<string, unknown>
  /** Functions of `once` that have not finished. */
  readonly running: Map<string, Promise<unknown>>
  /** How often this run has asked under a key. */
  readonly times: Map<string, number>
  readonly open: Map<string, OpenRequest>
}

/** An input request without a response. */
interface OpenRequest {
  readonly request: InputRequest
  readonly mustAsk: boolean
  readonly reject: (error: unknown) => void
}

interface Message {
  readonly params?: JsonObject
}

const NONE: JsonObject = Object.freeze({})
const CALL_ID_BYTES = 12

export class RoundTripInput implements ClientInput {
  readonly inputResponses: JsonObject
  readonly requestState: unknown
  readonly #sealer: RequestStateSealer
  /** Made when a state is opened or sealed: most calls do neither, and hashing would be a tenth of their cost. */
  #binding: (() => string) | string
  /** Keys of the `mustAsk` input requests that the client was given in the last round trip. */
  #asked: readonly string[] | undefined
  /** Lifecycle: from the first `ask` or `once`, or from the state of an earlier round trip. */
  #memory: Memory | undefined
  #finish: ((outcome: Promise<unknown> | unknown) => void) | undefined
  #abort: ((reason: Error) => void) | undefined
  #scheduled = false
  #over = false
  readonly #principalId: string | undefined
  /** Of the state that the request brought; undefined in the first round trip. */
  #call: CallId | undefined
  /** What the call has done. Lifecycle: from the first need of it, in round trips after the first. */
  #done: OnceCall | undefined

  /**
   * Reads what a request brings from earlier round trips.
   *
   * @param params - of the request
   * @param principalId - of its caller
   * @param body - the bytes that `params` were read from: a handler may change its arguments, and a retry must be
   *   compared with what the client sent
   * @throws {RpcError} -32602, `inputResponses` is not an object, or the `requestState` is not valid
   */
  constructor(
    method: string,
    params: JsonObject | undefined,
    principalId: string | undefined,
    sealer: RequestStateSealer,
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
      const { _meta, inputResponses: _responses, requestState: _state, ...salient } = sent ?? {}
      return JSON.stringify([method, principalId ?? null, digestParams(salient)])
    }
    this.#binding = body === undefined ? bind(params) : () => bind((decodeBody(body) as Message).params)
    this.inputResponses = inputResponses as JsonObject
    this.requestState = undefined
    if (requestState === undefined) return
    const opened = sealer.open(requestState, this.#bound()) as RequestState
    this.requestState = opened.state
    this.#call = opened.call
    this.#memory = newMemory(opened.inputResponses, opened.once)
    this.#asked = opened.asked
  }

  #bound(): string {
    if (typeof this.#binding === 'function') this.#binding = this.#binding()
    return this.#binding
  }

  get #kept(): Memory {
    this.#memory ??= newMemory()
    return this.#memory
  }

  /** @returns the response, or a promise that never resolves in this round trip */
  ask<T>(
    name: string,
    request: InputRequest,
    check: (response: unknown) => T | Promise<T>,
    { mustAsk = false }: AskOptions = {},
  ): Promise<T> {
    const within = keyOfOnce(this)
    if (within !== undefined) return Promise.reject(askedWithin(name, within))
    const before = this.#kept.times.get(name) ?? 0
    this.#kept.times.set(name, before + 1)
    const key = numbered(name, before + 1)
    const { inputResponses: known } = this.#kept
    if (known.has(key)) return Promise.resolve(check(known.get(key)))
    const isUsable = !mustAsk || this.#asked?.includes(key) === true
    if (!isUsable || !Object.hasOwn(this.inputResponses, key)) return this.#suspend(key, request, mustAsk)
    const response = this.inputResponses[key]
    return (async () => check(response))().then(
      (checked) => {
        known.set(key, response)
        return checked
      },
      () => this.#suspend<T>(key, request, mustAsk),
    )
  }

  async once<T>(key: string, run: () => T | Promise<T>): Promise<T> {
    if (this.#kept.once.has(key)) return this.#kept.once.get(key) as T
    // An abandoned run must not do what the next one will do.
    if (this.#over) throw abandoned()
    const known = this.#kept.running.get(key)
    if (known !== undefined) return (await known) as T
    const running = this.#runOnce(key, () => runWithin(this, key, run))
    this.#kept.running.set(key, running)
    try {
      const value = await running
      this.#kept.once.set(key, value)
      return value as T
    } finally {
      this.#kept.running.delete(key)
    }
  }

  /** A first request that is repeated is another call; one with a request state is the same call again. */
  #runOnce(key: string, run: () => Promise<unknown>): Promise<unknown> {
    const done = this.#doneBefore
    return done === undefined ? run() : this.#sealer.once.run(done, key, run)
  }

  get #doneBefore(): OnceCall | undefined {
    if (this.#call !== undefined) this.#done ??= this.#sealer.once.find(this.#principalId, this.#call)
    return this.#done
  }

  /**
   * For a call that is about to continue without its request: nothing may be left for another round trip.
   *
   * @throws {McpError} ERR_INPUT_REQUIRED, input requests are open, or this run was abandoned with them
   */
  assertSettled(): void {
    if (this.#over || (this.#memory?.open.size ?? 0) > 0) throw abandoned()
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
    asked: readonly string[] = [],
  ): InputRequiredResult | Promise<InputRequiredResult> {
    const done = this.#doneBefore
    if (done !== undefined) this.#sealer.once.renew(done)
    const requestState: RequestState = {
      call: this.#call ?? { id: randomBytes(CALL_ID_BYTES).toString('base64url'), startedAt: Date.now() },
      inputResponses: Object.fromEntries(this.#kept.inputResponses),
      once: Object.fromEntries(this.#kept.once),
      ...(state !== undefined && { state }),
      ...(asked.length > 0 && { asked }),
    }
    const sealed = () => new InputRequiredResult(requests, this.#sealer.seal(requestState, this.#bound()))
    const waiting = this.#sealer.beforeSeal()
    return waiting === undefined ? sealed() : waiting.then(sealed)
  }

  #suspend<T>(key: string, request: InputRequest, mustAsk: boolean): Promise<T> {
    if (this.#over) return Promise.reject(abandoned())
    const promise = new Promise<T>((_resolve, reject) => {
      this.#kept.open.set(key, { request, mustAsk, reject })
    })
    if (!this.#scheduled) {
      this.#scheduled = true
      nextTurn(() => this.#endRoundTrip())
    }
    return promise
  }

  #endRoundTrip(): void {
    if (this.#over) return
    if (this.#kept.running.size > 0) {
      const next = () => nextTurn(() => this.#endRoundTrip())
      Promise.allSettled(this.#kept.running.values()).then(next)
      return
    }
    this.#over = true
    const open = [...this.#kept.open]
    const requests = new Map(open.map(([key, { request }]) => [key, request]))
    const asked = open.filter(([, { mustAsk }]) => mustAsk).map(([key]) => key)
    let reason: unknown = abandoned()
    try {
      this.#finish?.(this.#required(requests, undefined, asked))
      this.#abort?.(reason as McpError)
    } catch (error) {
      // The state cannot be sealed: that is the handler's own failure, which ends it as any other would.
      reason = error
    }
    for (const { reject } of this.#kept.open.values()) reject(reason)
  }
}

function numbered(key: string, time: number): string {
  return time <= 1 ? key : `${key}#${time}`
}

function abandoned(): McpError {
  return new McpError('ERR_INPUT_REQUIRED', 'The client was asked; the handler runs again with its answer')
}

function askedWithin(name: string, key: string): TypeError {
  const [question, once] = [JSON.stringify(name), JSON.stringify(key)]
  return new TypeError(
    `The question ${question} was asked within ctx.once(${once}), whose function runs once: ask before, and give it the answer`,
  )
}

function newMemory(inputResponses: JsonObject = NONE, once: JsonObject = NONE): Memory {
  return {
    inputResponses: new Map(Object.entries(inputResponses)),
    once: new Map(Object.entries(once)),
    running: new Map(),
    times: new Map(),
    open: new Map(),
  }
}
