/**
 * Admission of a POST: every reason to refuse a parsed body, in order, before anything is done for it.
 *
 *   1. the server is not shutting down; responses and notifications pass      503
 *   2. one JSON-RPC message, or an array                                      400, -32600
 *   3. `initialize`: the client accepts a type of answer                      406
 *                    not above the rate of requests (rateLimit)               429
 *      then the handshake, whatever session id or version header it carries; opening the session may still be refused
 *      (session-table.ts)                                                     429, 503
 *   4. MCP-Protocol-Version is supported                                      400
 *   5. there is a session id                                                  400
 *      the session is open here or can be restored, and is of this principal  404
 *      restoring it is within the rate and the limits of sessions             429, 503
 *      (one that only the store has is opened first, session-loader.ts)
 *   6. an array: the revision has batches, and this is a valid one            400, -32600
 *   7. a request: the client accepts a type of answer                         406
 *   8. not above the rate of requests                                         429
 *   9. not too many calls in flight: of the session, of the principal         429
 *      of all                                                                 503
 *  10. no id that is in use (duplicateIds)                                    400, -32600
 *
 * Then a request is dispatched, and may still be refused with an HTTP status:
 *
 *  11. the caller has the scopes of what it asks for                          403             features/guard.ts
 *      a batch: those of all its requests                                     403             batch-scopes.ts
 *  12. tools/call: not above the rate of the tool (its rateLimit)             429             features/tools.ts
 *  13. resources/subscribe: within the bytes of sessions                      429, 503        session-table.ts
 *
 * Spec: 2025-11-25 transports {@link spec.transports}.
 * Not here: Host, Origin, credentials, media type, size, JSON: entrance.ts checks these for both eras.
 */

import { quote } from '../../bounds/quote.ts'
import { LimitError } from '../../dispatch/limit-error.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { type Decoded, type DecodedRequest, decodeBatch, decodeMessage } from '../../jsonrpc/decode.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method, Notify } from '../../protocol/methods.ts'
import type { SessionEra } from '../era.ts'
import { findRevision, type Revision, SESSION_REVISIONS, UNDECLARED } from '../revisions.ts'
import type { Session } from '../session.ts'

export type Admission =
  | Rejection
  | { readonly kind: 'initialize'; readonly request: DecodedRequest }
  /** A notification without session id that is accepted without effect. */
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'messages'
      readonly session: Session | undefined
      readonly revision: Revision
      readonly batch: boolean
      readonly messages: readonly Decoded[]
    }

const NO_REQUESTS: readonly DecodedRequest[] = []

export function admitPost(value: unknown, http: HttpExchange<Principal>, era: SessionEra): Admission {
  const single = Array.isArray(value) ? undefined : decodeMessage(value)
  // Calls in flight may still be cancelled during a shutdown, and may wait for a response of their client.
  if (era.closing && single?.kind !== 'response' && single?.kind !== 'notification') {
    return shutdownRejection(single?.kind === 'request' ? single.id : undefined)
  }
  if (single?.kind === 'invalid') return new Rejection(400, single.error, single.id)
  if (single?.kind === 'request' && single.method === Method.initialize) {
    return (
      checkAccept(http, single.id) ??
      checkRateLimit(1, single.id, undefined, http, era) ?? { kind: 'initialize', request: single }
    )
  }
  const id = single?.kind === 'request' ? single.id : undefined
  const version = checkVersion(http, id)
  if (version instanceof Rejection) return version

  const { sessions } = era.settings
  let session: Session | undefined
  if (sessions !== undefined && http.sessionId !== undefined) {
    const found = findSession(http, id, era)
    if (found instanceof Rejection) return found
    session = found
  } else if (sessions?.missingId === 'reject') {
    // Some hosts send it from a service that does not know the session id. It has no effect here.
    if (single?.kind === 'notification' && single.method === Notify.initialized) return { kind: 'ignored' }
    const problem =
      'The Mcp-Session-Id header is missing: send the one that the response to initialize carried, or speak protocol version 2026-07-28, which has no sessions'
    return new Rejection(400, problem, id)
  }

  const revision = session?.revision ?? version.revision ?? UNDECLARED
  const messages = single === undefined ? admitBatch(value as unknown[], revision, era) : [single]
  if (messages instanceof RpcError) return new Rejection(400, messages, undefined)
  const requests =
    single === undefined ? messages.filter(isRequest) : single.kind === 'request' ? [single] : NO_REQUESTS
  const refusal = requests.length === 0 ? undefined : checkRequests(requests, session, http, era)
  return refusal ?? { kind: 'messages', session, revision, batch: single === undefined, messages }
}

/** The version header of any request but `initialize`. */
export function checkVersion(
  http: HttpExchange<Principal>,
  id: JsonRpcId | undefined,
): Rejection | { readonly revision: Revision | undefined } {
  const { protocolVersion } = http
  if (protocolVersion === undefined) return { revision: undefined }
  const revision = findRevision(protocolVersion)
  if (revision !== undefined) return { revision }
  const supported = SESSION_REVISIONS.join(', ')
  const problem = `Unsupported MCP-Protocol-Version ${quote(protocolVersion)}: expected one of ${supported}`
  return new Rejection(
    400,
    new RpcError(ErrorCode.SERVER_ERROR, problem, { supported: SESSION_REVISIONS }),
    id,
  )
}

/** The session of a request, restored from a sealed id where needed. For another principal it does not exist. */
export function findSession(
  http: HttpExchange<Principal>,
  id: JsonRpcId | undefined,
  era: SessionEra,
): Rejection | Session {
  const { sessionId, principal } = http
  const session = sessionId === undefined ? undefined : era.table.get(sessionId)
  if (session !== undefined && session.record.principalId === principal?.id) return session
  if (session === undefined && sessionId !== undefined && era.sealedIds !== undefined) {
    // Another process may serve it, so 404 would be wrong.
    if (era.closing) return shutdownRejection(id)
    const sealed = era.sealedIds.open(sessionId, principal?.id)
    if (sealed !== undefined) {
      const limit = checkRateLimit(1, id, undefined, http, era)
      if (limit !== undefined) return limit
      try {
        return era.restore(sessionId, sealed, principal?.id)
      } catch (error) {
        if (error instanceof LimitError) return statusRejection(error, id)
        throw error
      }
    }
  }
  return sessionNotFound(id)
}

export function sessionNotFound(id?: JsonRpcId): Rejection {
  const problem = 'Session not found: it ended or never was; start a new one with initialize'
  return new Rejection(404, new RpcError(ErrorCode.SESSION_NOT_FOUND, problem), id)
}

function admitBatch(
  values: readonly unknown[],
  revision: Revision,
  era: SessionEra,
): readonly Decoded[] | RpcError {
  if (!revision.batches) {
    const problem = `A body with several messages is not part of protocol version ${revision.name}: send one message for each POST`
    return new RpcError(ErrorCode.INVALID_REQUEST, problem)
  }
  const messages = decodeBatch(values, era.settings.maxBatch)
  if (messages instanceof RpcError) return messages
  if (messages.some((message) => isRequest(message) && message.method === Method.initialize)) {
    return new RpcError(ErrorCode.INVALID_REQUEST, 'initialize must not be part of a batch')
  }
  return messages
}

function checkRequests(
  requests: readonly DecodedRequest[],
  session: Session | undefined,
  http: HttpExchange<Principal>,
  era: SessionEra,
): Rejection | undefined {
  const id = requests.length === 1 ? requests[0]?.id : undefined
  const refusal = checkAccept(http, id) ?? checkRateLimit(requests.length, id, session, http, era)
  if (refusal !== undefined) return refusal
  const inFlight = session?.inFlight
  const { maxInFlightPerSession } = era.settings
  const calls = inFlight?.size ?? 0
  if (calls + requests.length > maxInFlightPerSession) {
    const problem = `Too many calls at once: ${requests.length} more than the ${calls} that this session has in progress (maxInFlightPerSession is ${maxInFlightPerSession})`
    return statusRejection(new LimitError(429, problem), id)
  }
  const limit = era.limits.inFlight.refuse(http.principal?.id, requests.length)
  if (limit !== undefined) return statusRejection(limit, id)
  if (era.settings.duplicateIds === 'reject') {
    // Within a batch too: each id is in use from its first occurrence on.
    const used = new Set<JsonRpcId>()
    const duplicate = requests.find(({ id }) => inFlight?.has(id) || used.has(id) || !used.add(id))
    if (duplicate !== undefined) {
      const problem = `The id ${typeof duplicate.id === 'string' ? quote(duplicate.id) : duplicate.id} is in use by a request that is not answered yet`
      return new Rejection(400, new RpcError(ErrorCode.INVALID_REQUEST, problem), duplicate.id)
    }
  }
  return undefined
}

/**
 * Notifications and responses are not counted: to process them costs less than to refuse them, and a cancellation that
 * is refused would leave work running.
 */
function checkRateLimit(
  count: number,
  id: JsonRpcId | undefined,
  session: Session | undefined,
  { principal }: HttpExchange<Principal>,
  { limits }: SessionEra,
): Rejection | undefined {
  const error = limits.rateLimit?.take(principal?.id, session?.id, count)
  return error === undefined ? undefined : statusRejection(error, id)
}

function checkAccept(http: HttpExchange<Principal>, id: JsonRpcId | undefined): Rejection | undefined {
  if (http.accepts.json || http.accepts.sse) return undefined
  const problem = 'The Accept header excludes every answer: expected application/json and text/event-stream'
  return new Rejection(406, problem, id)
}

function isRequest(message: Decoded): message is DecodedRequest {
  return message.kind === 'request'
}

export function shutdownRejection(id?: JsonRpcId): Rejection {
  return new Rejection(503, new ShutdownError(), id, ['Retry-After', '1'])
}
