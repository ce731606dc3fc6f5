/**
 * The refusal of a protocol version that this era does not have.
 *
 * Spec: 2026-07-28 versioning {@link spec.versioning}.
 */

import { excerpt, quote } from '../bounds/quote.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { findRevision } from './revisions.ts'

/**
 * A handshake that reaches this era has come to a server without sessions: the versions in the error may be all that
 * the client's user gets to see.
 *
 * @throws {RpcError} -32022, unless its header is of this era
 */
export function refuseHandshake(
  params: DecodedRequest['params'],
  header: string | undefined,
  supported: readonly string[],
): void {
  if (header !== undefined && findRevision(header) !== undefined) return
  const requested = params?.['protocolVersion']
  throw unsupported(typeof requested === 'string' ? requested : (header ?? 'none'), supported)
}

export function unsupported(requested: string, supported: readonly string[]): RpcError {
  const problem = `Unsupported protocol version ${quote(requested)}: this server speaks ${supported.join(', ')}, without initialize`
  const data = { supported, requested: excerpt(requested) }
  return new RpcError(ErrorCode.UNSUPPORTED_PROTOCOL_VERSION, problem, data)
}
