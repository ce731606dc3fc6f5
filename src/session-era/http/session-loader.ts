/**
 * A request whose session is not open here: with several nodes it may have begun on another one, and is opened from the
 * store before the request is admitted again.
 *
 *    id that no node has given out           404, as without a store
 *    above the rate, too many in flight      429, 503
 *    the store is away                       503: 404 would tell the client that its session has ended
 *
 * Not here: the store (nodes/shared-sessions.ts).
 */

import { continueAfter } from '../../dispatch/continue-after.ts'
import { concealError } from '../../dispatch/error-report.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { StatusError, statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { SessionEra } from '../era.ts'

/** As `SessionTable` makes them. Others never were ids of a session, and the store is not asked for them. */
const SESSION_ID = /^[\w-]{32}$/

/**
 * Opens the session of a request that was refused, since it is not open here.
 *
 * @param refusal - what the request gets where there is no such session
 * @param again - processes the request anew
 * @param reject - refuses it
 * @returns false: nothing was done, since the session is not in a store
 */
export function loadSession(
  http: HttpExchange<Principal>,
  era: SessionEra,
  refusal: Rejection,
  again: () => void,
  reject: (rejection: Rejection) => void,
): boolean {
  const { sessionId, principal } = http
  const { nodes, limits, table } = era
  if (nodes === undefined || refusal.status !== 404 || sessionId === undefined) return false
  // Of another principal, for whom it does not exist.
  if (!SESSION_ID.test(sessionId) || table.get(sessionId) !== undefined) return false
  const isFirst = !nodes.sessions.isLoading(sessionId)
  const limit = isFirst ? limits.rateLimit?.take(principal?.id, undefined) : undefined
  if (limit !== undefined) {
    reject(statusRejection(limit, refusal.id))
    return true
  }
  continueAfter(
    () => nodes.sessions.load(sessionId),
    http,
    limits.inFlight,
    (session) => (session === undefined ? reject(refusal) : again()),
    (error) => reject(rejectionOf(error, refusal.id, era)),
  )
  return true
}

/** What a request gets that failed with an error of the store, or otherwise. */
export function rejectionOf(error: unknown, id: JsonRpcId | undefined, era: SessionEra): Rejection {
  return error instanceof StatusError ? statusRejection(error, id) : internalError(error, id, era)
}

function internalError(error: unknown, id: JsonRpcId | undefined, { server }: SessionEra): Rejection {
  const text = concealError(error, { phase: 'transport' }, server)
  return new Rejection(500, new RpcError(ErrorCode.INTERNAL_ERROR, text), id)
}
