/**
 * Admission of a POST: everything for which the stateless era refuses one, in order. The first eleven are checked
 * here, before anything is done for the request. Of a notification only 1 and 8 are, and it is answered with 202.
 *
 *    1. one message, not an array of them; a request or a notification      400, -32600
 *    2. this is not the `initialize` of the session era                     400, -32022     unsupported.ts
 *       the envelope is there and well formed                               400, -32602
 *    3. MCP-Protocol-Version says what the envelope says                    400, -32020
 *    4. the version is one of ours                                          400, -32022
 *    5. Mcp-Method and Mcp-Name say what the body says                      400, -32020
 *    6. the method exists                                                   404, -32601
 *    7. the client can read one of our answers                              406, -32000
 *    8. the server is not shutting down                                     503, -32000
 *    9. not above the rate of requests (rateLimit)                          429, -32000
 *   10. not too many calls at once: of the principal 429, of all            503, -32000
 *   11. inputResponses is an object, requestState is one of ours            400, -32602
 *       (before 1, where its key must be read from the store first          503, -32000)    endpoint.ts
 *
 * Then the request is dispatched, and may still be refused with an HTTP status:
 *
 *   12. the caller has the scopes of what it asks for                       403, -32000     features/guard.ts
 *   13. tools/call: Mcp-Param-* say what the arguments say                  400, -32020     mirrored-headers.ts
 *   14. tools/call: not above the rate of the tool (its rateLimit)          429, -32000     features/tools.ts
 *   15. subscriptions/listen: the filter is well formed                     400, -32602     subscription-filter.ts
 *   16. subscriptions/listen: streams, bytes: of the principal 429, of all  503, -32000     subscription-limits.ts
 *   17. a capability that the client did not declare is needed              400, -32021     dispatch/dispatcher.ts
 *
 * Spec: 2026-07-28 Streamable HTTP {@link spec.statelessHttp}, versioning {@link spec.versioning}.
 * Not here: Host, Origin, credentials, media type, size, JSON: entrance.ts checks these for both eras.
 */

import { quote } from '../../bounds/quote.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import { statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { type DecodedRequest, decodeMessage } from '../../jsonrpc/decode.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import { readEnvelope } from '../envelope.ts'
import type { StatelessEra } from '../era.ts'
import type { StatelessExchange } from '../exchange.ts'
import { findRevision } from '../revisions.ts'
import { refuseHandshake, unsupported } from '../unsupported.ts'
import type { EventStreams } from './event-streams.ts'
import { checkStandardHeaders, checkVersionHeader } from './mirrored-headers.ts'
import { PostResponse } from './post-response.ts'

/**
 * @param value - the body as parsed JSON
 * @returns the exchange of a request that is admitted; undefined for a notification, with which nothing is to be done
 */
export function admitPost(
  value: unknown,
  http: HttpExchange<Principal>,
  era: StatelessEra,
  streams: EventStreams,
): Rejection | StatelessExchange | undefined {
  if (Array.isArray(value)) {
    const problem = 'A body must be one message, not an array of them'
    return new Rejection(400, new RpcError(ErrorCode.INVALID_REQUEST, problem))
  }
  const message = decodeMessage(value)
  if (message.kind === 'invalid') return new Rejection(400, message.error, message.id)
  if (message.kind === 'response') {
    const problem = 'A client sends no responses in this protocol version: answers travel as inputResponses'
    return new Rejection(400, new RpcError(ErrorCode.INVALID_REQUEST, problem))
  }
  // This revision defines no notification from clients over HTTP, and no header rules for one.
  if (message.kind === 'notification') return era.closing ? shuttingDown() : undefined
  const { id } = message
  try {
    return admitRequest(message, http, era, streams)
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return new Rejection(400, error, id)
  }
}

/** @throws {RpcError} for which the status is 400 */
function admitRequest(
  message: DecodedRequest,
  http: HttpExchange<Principal>,
  era: StatelessEra,
  streams: EventStreams,
): Rejection | StatelessExchange {
  const { id, method, params } = message
  const { supported } = era.settings
  if (method === Method.initialize) refuseHandshake(params, http.protocolVersion, supported)
  const envelope = readEnvelope(params)
  checkVersionHeader(http.protocolVersion, envelope.protocolVersion)
  const revision = findRevision(envelope.protocolVersion)
  if (revision === undefined) throw unsupported(envelope.protocolVersion, supported)
  checkStandardHeaders(method, params, http.methodHeader, http.nameHeader, era.server.extensions.namedBy)
  if (!era.methods.has(method)) {
    const problem = `Method not found: ${quote(method)} (this server speaks ${supported.join(', ')})`
    return new Rejection(404, new RpcError(ErrorCode.METHOD_NOT_FOUND, problem), id)
  }
  const unread = unreadable(method, http)
  if (unread !== undefined) return new Rejection(406, unread, id)
  if (era.closing) return shuttingDown(message)
  const { rateLimit, inFlight } = era.limits
  const principalId = http.principal?.id
  const limit = rateLimit?.take(principalId, undefined) ?? inFlight.refuse(principalId, 1)
  if (limit !== undefined) return statusRejection(limit, id)
  return era.receive(message, envelope, revision, new PostResponse(http, streams), http.body)
}

/** @returns what is wrong with the Accept header of a request */
function unreadable(method: string, { accepts }: HttpExchange<Principal>): string | undefined {
  const isStream = method === Method.listen
  if (accepts.sse || (accepts.json && !isStream)) return undefined
  const types = isStream ? 'text/event-stream' : 'application/json and text/event-stream'
  return `The Accept header excludes the answer: expected ${types}`
}

function shuttingDown(request?: DecodedRequest): Rejection {
  return new Rejection(503, new ShutdownError(), request?.id, ['Retry-After', '1'])
}
