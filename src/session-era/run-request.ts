/**
 * One admitted request, from its exchange to its outcome: the same on all transports of this era.
 *
 *    tools/call with `task`   a TaskCall, which goes on after it was answered with a task
 *    any other request        the exchange itself
 *
 * Not here: which requests are admitted (http/admit.ts, connection.ts), how an answer is sent (exchange.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { dispatch, type MethodTable } from '../dispatch/dispatcher.ts'
import type { McpServer } from '../features/server.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { Method } from '../protocol/methods.ts'
import type { SessionEra } from './era.ts'
import type { SessionExchange } from './exchange.ts'
import { TASK_CALLS } from './methods.ts'
import type { Revision } from './revisions.ts'
import { TaskCall } from './task-call.ts'

/** The response that the answer will be in. */
interface Response {
  readonly revision: Revision
  /** The answer comes in a later turn of the event loop. */
  defer(): void
}

/** @param methods - of the revision, with or without a session */
export function runRequest(
  request: DecodedRequest,
  exchange: SessionExchange,
  response: Response,
  methods: MethodTable<McpServer, SessionExchange>,
  era: SessionEra,
): void {
  const task = request.method === Method.toolsCall ? request.params?.['task'] : undefined
  if (isObject(task) && era.offersTasks(response.revision)) {
    answerRequest(request, new TaskCall(era.tasks, exchange, task), response, TASK_CALLS, era.server)
  } else {
    answerRequest(request, exchange, response, methods, era.server)
  }
}

/** Dispatches a request, and answers it at once or later. */
export function answerRequest<E extends SessionExchange | TaskCall>(
  request: DecodedRequest,
  exchange: E,
  response: Response,
  methods: MethodTable<McpServer, E>,
  server: McpServer,
): void {
  const outcome = dispatch(request, exchange, methods, server)
  if (!isPromise(outcome)) {
    exchange.complete(outcome)
    return
  }
  response.defer()
  outcome.then((settled) => exchange.complete(settled))
}
