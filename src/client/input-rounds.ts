/**
 * One round of input: the application answers all requests of an `input_required` result, or of a task, at the same time.
 *
 * Not here: the retry with the answers (stateless-connection.ts), the kinds of requests (questions.ts).
 */

import { quote } from '../bounds/quote.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { abortError, invalidResponse, mcpError } from './errors.ts'
import { abortable, onAbort } from './on-abort.ts'
import type { Questions } from './questions.ts'

/** What one round may ask. */
const MAX_QUESTIONS = 100

/**
 * Asks the application. When one answer fails or the signal aborts, the other questions are aborted.
 *
 * @param requests - by key, as they came
 * @param signals - each gives the questions up
 * @returns answers by the same keys
 * @throws {McpError} the questions are wrong, or the answer to one is. What a handler throws comes out, too
 */
export async function askAll(
  questions: Questions,
  requests: unknown,
  method: string,
  signals: readonly (AbortSignal | undefined)[],
): Promise<JsonObject> {
  if (typeof requests !== 'object' || requests === null || Array.isArray(requests)) {
    throw invalidResponse(`The server answered ${method} with inputRequests that are no object`)
  }
  const entries = Object.entries(requests)
  if (entries.length > MAX_QUESTIONS) {
    throw invalidResponse(
      `The server asked ${entries.length} questions at once, the limit is ${MAX_QUESTIONS}`,
    )
  }
  const giveUp = new AbortController()
  const releases = signals.map((signal) => onAbort(signal, () => giveUp.abort(signal?.reason)))
  try {
    const answers = Promise.all(
      entries.map(async ([key, request]) => [key, await ask(questions, request, giveUp.signal)] as const),
    )
    // A handler that does not watch its signal must not hold up the call.
    return Object.fromEntries(
      await abortable(answers, giveUp.signal, () => abortError(method, giveUp.signal)),
    )
  } finally {
    for (const release of releases) release()
    giveUp.abort(mcpError('ERR_REQUEST_ABORTED', 'The questions of this call are over'))
  }
}

async function ask(questions: Questions, request: unknown, signal: AbortSignal): Promise<JsonObject> {
  const { method, params = {} } = (request ?? {}) as { readonly method?: unknown; readonly params?: unknown }
  if (typeof method !== 'string' || typeof params !== 'object' || params === null) {
    throw invalidResponse('The server asked a question without method or params')
  }
  try {
    return await questions.answer(method, params as JsonObject, signal)
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    // A wrong question: the client did not declare that it answers it, or it cannot be shown.
    throw mcpError('ERR_CLIENT_CAPABILITY', `The server asked ${quote(method)}: ${error.message}`, error)
  }
}
