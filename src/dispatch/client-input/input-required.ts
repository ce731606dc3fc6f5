/**
 * `inputRequired(...)`: a value that a handler of `tools/call`, `prompts/get` or `resources/read` may return in place of
 * its result, in both eras, when it needs input from the client first.
 *
 * The stateless era sends it as an `InputRequiredResult`, and the client retries the request with its responses
 * (round-trip-input.ts). The session era sends each input request, and runs the handler again with the responses
 * (in-memory-input.ts).
 *
 * Most handlers need none of this: `await ctx.elicit(...)` does the same in straight-line code.
 *
 * Spec: 2026-07-28 multi round-trip requests {@link spec.mrtr}.
 */

import { isObject } from '../../bounds/is-object.ts'
import { shown } from '../../bounds/quote.ts'
import { Method } from '../../protocol/methods.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import { checkElicitParams } from './elicitation-params.ts'
import { checkSamplingParams } from './sampling-params.ts'

/** A request that the client is to respond to: elicitation, sampling or roots. */
export interface InputRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  readonly params?: JsonObject | undefined
}

export interface InputRequiredOptions {
  /** The requests, by a key of the handler's own. */
  readonly inputRequests?:
    | {
        // Not an InputRequest: an interface has no index signature, and so is assignable to no `JsonObject`.
        readonly [key: string]: {
          readonly method: InputRequest['method']
          readonly params?: object | undefined
        }
      }
    | undefined
  /** Any JSON value: `ctx.requestState` in the next run of the handler. The client can neither read nor change it. */
  readonly state?: unknown
}

const ASKABLE: readonly string[] = [Method.elicit, Method.createMessage, Method.listRoots]

export class InputRequired {
  readonly inputRequests: ReadonlyMap<string, InputRequest>
  readonly state: unknown

  /** @internal */
  constructor(options: InputRequiredOptions) {
    refuseOther(options, 'inputRequired: the argument')
    const { inputRequests = {}, state } = options
    refuseOther(inputRequests, 'inputRequired: inputRequests')
    this.inputRequests = new Map(Object.entries(inputRequests as { [key: string]: InputRequest }))
    this.state = state
    if (this.inputRequests.size === 0 && state === undefined) {
      throw new TypeError('inputRequired needs inputRequests or a state')
    }
    for (const [key, request] of this.inputRequests) {
      const place = `inputRequests[${JSON.stringify(key)}]`
      refuseOther(request, place)
      const { method, params = {} } = request
      refuseOther(params, `${place}.params`)
      if (!ASKABLE.includes(method)) {
        const problem = `method must be one of ${ASKABLE.join(', ')}; got ${shown(method)}`
        throw new TypeError(`${place}: ${problem}`)
      }
      if (method === Method.elicit) checkElicitParams(params)
      if (method === Method.createMessage) checkSamplingParams(params)
    }
  }
}

/** @throws {TypeError} no object */
function refuseOther(value: unknown, place: string): void {
  if (!isObject(value)) throw new TypeError(`${place} must be an object; got ${shown(value)}`)
}

/**
 * Return it to ask the client for input. The handler runs again with `ctx.inputResponses` and `ctx.requestState`.
 *
 * @throws {TypeError} neither requests nor a state
 */
export function inputRequired(options: InputRequiredOptions): InputRequired {
  return new InputRequired(options)
}

/** The same on the wire: a result with `resultType` `input_required`. */
export class InputRequiredResult {
  readonly inputRequests: { readonly [key: string]: InputRequest } | undefined
  readonly requestState: string

  constructor(inputRequests: ReadonlyMap<string, InputRequest>, requestState: string) {
    this.inputRequests = inputRequests.size === 0 ? undefined : Object.fromEntries(inputRequests)
    this.requestState = requestState
  }
}
