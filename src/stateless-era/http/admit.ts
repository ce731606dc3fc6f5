/**
 * Admission of a POST: the checks that a decoded body passes, in order, before anything is done for it.
 *
 *   1. one message, not an array; a request or a notification     400, -32600
 *   2. the envelope is there and well formed                      400, -32602
 *   3. MCP-Protocol-Version says what the envelope says           400, -32020
 *   4. the version is one of ours                                 400, -32022
 *   5. Mcp-Method and Mcp-Name say what the body says             400, -32020
 *   6. the method exists                                          404, -32601
 *   7. the client can read one of our answers                     406
 *
 * Then come the limits: 429 above the rate of requests, 503 when too many calls are in progress (endpoint.ts).
 * Mcp-Param-* headers need the tool, and are compared once it is known (endpoint.ts). A capability that turns out to
 * be missing while the handler runs is 400, -32021 (results.ts).
 *
 * Spec: 2026-07-28 Streamable HTTP {@link spec.statelessHttp}, versioning {@link spec.versioning}.
 * Not here: Host, Origin, credentials, media type, size, JSON: the handler checks these for both eras.
 */

import { excerpt, quote } from '../../bounds/quote.ts'
import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { type DecodedRequest, decodeMessage } from '../../jsonrpc/decode.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Method } from '../../protocol/methods.ts'
import { type Envelope, readEnvelope } from '../envelope.ts'
import { findRevision, type Revision } from '../revisions.ts'
import { checkStandardHeaders, checkVersionHeader } from './mirrored-headers.ts'

export interface Refused {
  readonly kind: 'refused'
  readonly status: number
  readonly id: JsonRpcId | undefined
  readonly error: RpcError
}

export type Admission =
  | Refused
  | { readonly kind: 'notification' }
  | {
      readonly kind: 'request'
      readonly request: DecodedRequest
      readonly envelope: Envelope
      readonly revision: Revision
    }

/** @param namedBy - what `Mcp-Name` repeats in the methods of extensions */
export function admitPost(
  value: unknown,
  http: HttpExchange<Principal>,
  supported: readonly string[],
  methods: { has(method: string): boolean },
  namedBy?: ReadonlyMap<string, string>,
): Admission {
  if (Array.isArray(value)) {
    return refused(
      400,
      undefined,
      ErrorCode.INVALID_REQUEST,
      'A body must be one message, not an array of them',
    )
  }
  const message = decodeMessage(value)
  if (message.kind === 'invalid')
    return { kind: 'refused', status: 400, id: message.id, error: message.error }
  if (message.kind === 'response') {
    const problem = 'A client sends no responses in this protocol version: answers travel as inputResponses'
    return refused(400, undefined, ErrorCode.INVALID_REQUEST, problem)
  }
  // This revision defines no notification from clients over HTTP, and no header rules for one.
  if (message.kind === 'notification') return { kind: 'notification' }
  const { id, method, params } = message
  try {
    if (method === Method.initialize) refuseLegacyInitialize(params, http.protocolVersion, supported)
    const envelope = readEnvelope(params)
    checkVersionHeader(http.protocolVersion, envelope.protocolVersion)
    const revision = findRevision(envelope.protocolVersion)
    if (revision === undefined) throw unsupported(envelope.protocolVersion, supported)
    checkStandardHeaders(method, params, http.methodHeader, http.nameHeader, namedBy)
    if (!methods.has(method) && method !== Method.listen) {
      const problem = `Method not found: ${quote(method)} (this server speaks ${supported.join(', ')})`
      return refused(404, id, ErrorCode.METHOD_NOT_FOUND, problem)
    }
    const readable = method === Method.listen ? http.accepts.sse : http.accepts.json || http.accepts.sse
    if (readable) return { kind: 'request', request: message, envelope, revision }
    const types = method === Method.listen ? 'text/event-stream' : 'application/json and text/event-stream'
    return refused(
      406,
      id,
      ErrorCode.SERVER_ERROR,
      `The Accept header excludes the answer: expected ${types}`,
    )
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return { kind: 'refused', status: 400, id, error }
  }
}

/**
 * A handshake that reaches this era has come to a server without sessions: the versions in the error may be all that
 * the client's user gets to see.
 */
function refuseLegacyInitialize(
  params: DecodedRequest['params'],
  header: string | undefined,
  supported: readonly string[],
): void {
  if (header !== undefined && findRevision(header) !== undefined) return
  const requested = params?.['protocolVersion']
  throw unsupported(typeof requested === 'string' ? requested : (header ?? 'none'), supported)
}

function unsupported(requested: string, supported: readonly string[]): RpcError {
  const problem = `Unsupported protocol version ${quote(requested)}: this server speaks ${supported.join(', ')}, without initialize`
  const data = { supported, requested: excerpt(requested) }
  return new RpcError(ErrorCode.UNSUPPORTED_PROTOCOL_VERSION, problem, data)
}

function refused(status: number, id: JsonRpcId | undefined, code: number, message: string): Refused {
  return { kind: 'refused', status, id, error: new RpcError(code, message) }
}
