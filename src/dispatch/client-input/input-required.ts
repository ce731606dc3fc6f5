/**
 * "I need this from the client before I can answer": a value that a handler of `tools/call`, `prompts/get` or
 * `resources/read` may return instead of its result, in both eras.
 *
 * The stateless era sends it as a result of its own kind, and the client repeats the request with the answers. The
 * session era sends the requests for real and runs the handler again with the answers: `driveRounds` below.
 *
 * Most handlers need none of this: `await ctx.elicit(...)` does the same in straight-line code.
 *
 * Spec: 2026-07-28 multi round-trip requests {@link spec.mrtr}.
 */

import { shown } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import { checkSamplingParams } from './request-params.ts'
import { checkElicitParams } from './rules.ts'

/** A request that the client is to answer: elicitation, sampling or roots. */
export interface InputRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  readonly params?: JsonObject | undefined
}

export interface InputRequiredOptions {
  /** The questions, by a key of the handler's own. */
  readonly inputRequests?:
    | {
        // Not an InputRequest: an interface has no index signature, and so is assignable to no `JsonObject`.
        readonly [key: string]: {
          readonly method: InputRequest['method']
          readonly params?: object | undefined
        }
      }
    | undefined
  /** Any JSON value; comes back as `ctx.requestState` in the next round. The client can neither read nor change it. */
  readonly state?: unknown
}

const ASKABLE: readonly string[] = [Method.elicit, Method.createMessage, Method.listRoots]

export class InputRequired {
  readonly inputRequests: ReadonlyMap<string, InputRequest>
  readonly state: unknown

  /** @internal */
  constructor({ inputRequests = {}, state }: InputRequiredOptions) {
    this.inputRequests = new Map(Object.entries(inputRequests as { [key: string]: InputRequest }))
    this.state = state
    if (this.inputRequests.size === 0 && state === undefined) {
      throw new TypeError('inputRequired needs inputRequests or a state')
    }
    for (const [key, { method, params = {} }] of this.inputRequests) {
      if (!ASKABLE.includes(method)) {
        const problem = `method must be one of ${ASKABLE.join(', ')}; got ${shown(method)}`
        throw new TypeError(`inputRequests[${JSON.stringify(key)}]: ${problem}`)
      }
      if (method === Method.elicit) checkElicitParams(params)
      if (method === Method.createMessage) checkSamplingParams(params)
    }
  }
}

/**
 * Return it to ask the client for input. The handler runs again with `ctx.inputResponses` and `ctx.requestState`.
 *
 * @throws {TypeError} neither requests nor a state
 */
export function inputRequired(options: InputRequiredOptions): InputRequired {
  return new InputRequired(options)
}

/** How a question is asked. */
export interface AskOptions {
  /**
   * Milliseconds for this one question; 0: no limit. Where the question ends the round, nothing waits for it.
   * @defaultValue `elicitTimeoutMs` of the handler, for roots `requestTimeoutMs`
   */
  readonly timeoutMs?: number | undefined
  /**
   * For a confirmation: an answer counts only after the question was put. Where questions end the round
   * (2026-07-28), a client may otherwise send an answer ahead, with the request that makes the server ask.
   * @defaultValue false
   */
  readonly mustAsk?: boolean | undefined
}

/** What the rounds before this one have brought. */
export interface Rounds {
  /** Answers by key, as the client gave them: unchecked. */
  readonly responses: JsonObject
  readonly state: unknown
  /** Runs a function in the first round that reaches it; later rounds get its result. */
  once<T>(key: string, run: () => T | Promise<T>): Promise<T>
}

/** Where questions to the client are not requests of their own: it is told of them, and brings the answers later. */
export interface Inputs extends Rounds {
  /**
   * @param check - gives the answer in the form that the handler gets; throws when it is not usable, which is as
   *   if it had not been given
   * @param options - `timeoutMs`: how long to wait, where somebody waits; 0 or undefined: no limit
   */
  ask<T>(
    key: string,
    request: InputRequest,
    check: (answer: unknown) => T | Promise<T>,
    options?: AskOptions,
  ): Promise<T>
  /**
   * Waits for a run of the handler: for its result, or for the questions that it cannot go on without.
   *
   * @param abort - aborts the signal of a run that is left behind
   * @param run - runs the handler again
   */
  settle(result: unknown, abort: (reason: Error) => void, run: () => unknown): unknown
}

const MAX_ROUNDS = 16

const NONE: JsonObject = Object.freeze({})

/** The rounds of a call that runs where its state can simply stay in memory. */
export class LocalRounds implements Rounds {
  responses: JsonObject = NONE
  state: unknown
  /** Lifecycle: from the first `once`. */
  #done: Map<string, Promise<unknown>> | undefined

  once<T>(key: string, run: () => T | Promise<T>): Promise<T> {
    this.#done ??= new Map()
    const known = this.#done.get(key)
    if (known !== undefined) return known as Promise<T>
    const running = (async () => run())()
    this.#done.set(key, running)
    // What failed was not done.
    running.catch(() => this.#done?.delete(key))
    return running
  }
}

/**
 * Sends the requests of an `InputRequired` for real, all at once, and runs the handler again until it answers.
 *
 * @param send - undefined: there is no way to ask
 * @param rounds - gets the answers
 * @throws {McpError} ERR_NO_CLIENT_CHANNEL, ERR_TOO_MANY_ROUNDS, or what a request brought
 */
export async function driveRounds(
  first: InputRequired,
  send: ((key: string, request: InputRequest) => Promise<unknown>) | undefined,
  rounds: { responses: JsonObject; state: unknown },
  run: () => unknown,
): Promise<unknown> {
  let result: unknown = first
  for (let round = 1; result instanceof InputRequired; round++) {
    if (round > MAX_ROUNDS) {
      throw new McpError(
        'ERR_TOO_MANY_ROUNDS',
        `The handler asked for input ${MAX_ROUNDS} times without an answer`,
      )
    }
    if (send === undefined && result.inputRequests.size > 0) {
      throw new McpError('ERR_NO_CLIENT_CHANNEL', 'The client cannot be asked during this call')
    }
    const entries = await Promise.all(
      [...result.inputRequests].map(async ([key, request]) => [key, await send?.(key, request)] as const),
    )
    rounds.responses = Object.fromEntries(entries)
    rounds.state = result.state
    result = await run()
  }
  return result
}
