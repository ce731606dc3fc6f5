/**
 * Client input where the client can be asked with requests of their own, so that nothing has to leave the process: the
 * session era, and tasks.
 *
 * `await ctx.elicit(...)` needs none of this. It is for handlers that return `inputRequired(...)`: its input requests
 * are sent, and the handler runs again with the responses, until it returns a result.
 */

import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import type { ReceivedInput } from './client-input.ts'
import { type InputRequest, InputRequired } from './input-required.ts'

/** How often a handler may ask before it is taken for one that never returns a result. */
const MAX_ROUND_TRIPS = 16

const NONE: JsonObject = Object.freeze({})

/** The input of a call that runs where its state can stay in memory. */
export class InMemoryInput implements ReceivedInput {
  inputResponses: JsonObject = NONE
  requestState: unknown
  /** Lifecycle: from the first `once`. */
  #done: Map<string, Promise<unknown>> | undefined

  once<T>(key: string, run: () => T | Promise<T>): Promise<T> {
    this.#done ??= new Map()
    const known = this.#done.get(key)
    if (known !== undefined) return known as Promise<T>
    const running = (async () => run())()
    this.#done.set(key, running)
    // A function that failed may run again.
    running.catch(() => this.#done?.delete(key))
    return running
  }
}

/**
 * Sends the input requests of an `InputRequired`, all at once, and runs the handler again until it returns a result.
 *
 * @param send - sends one and gives the response; undefined: there is no way to ask
 * @param input - gets the responses
 * @throws {McpError} ERR_NO_CLIENT_CHANNEL, ERR_TOO_MANY_ROUNDS, or what `send` rejects with
 */
export async function fulfilInputRequests(
  first: InputRequired,
  send: ((key: string, request: InputRequest) => Promise<unknown>) | undefined,
  input: { inputResponses: JsonObject; requestState: unknown },
  run: () => unknown,
): Promise<unknown> {
  let result: unknown = first
  for (let trips = 1; result instanceof InputRequired; trips++) {
    if (trips > MAX_ROUND_TRIPS) {
      throw new McpError(
        'ERR_TOO_MANY_ROUNDS',
        `The handler asked for input ${MAX_ROUND_TRIPS} times without an answer`,
      )
    }
    if (send === undefined && result.inputRequests.size > 0) {
      throw new McpError('ERR_NO_CLIENT_CHANNEL', 'The client cannot be asked during this call')
    }
    const entries = await Promise.all(
      [...result.inputRequests].map(async ([key, request]) => [key, await send?.(key, request)] as const),
    )
    input.inputResponses = Object.fromEntries(entries)
    input.requestState = result.state
    result = await run()
  }
  return result
}
