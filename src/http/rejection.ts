/**
 * Rejection: the response to a refused request: an HTTP status, and a JSON-RPC error as the body.
 *
 * Not here: which check rejects what, in which order (entrance.ts, and admit.ts of each era).
 */

import type { JsonRpcId } from '../jsonrpc/message.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'

export class Rejection {
  readonly status: number
  readonly error: RpcError
  /** Id of the request, when it could be read. */
  readonly id: JsonRpcId | undefined
  /** More headers of the response, as a flat list. */
  readonly headers: readonly string[] | undefined
  /** Why, for the owner of the server alone. */
  readonly reason: string | undefined

  /** @param error - a string is the message of an error with code -32000 */
  constructor(
    status: number,
    error: RpcError | string,
    id?: JsonRpcId,
    headers?: readonly string[],
    reason?: string,
  ) {
    this.status = status
    this.error = typeof error === 'string' ? new RpcError(ErrorCode.SERVER_ERROR, error) : error
    this.id = id
    this.headers = headers
    this.reason = reason
  }
}
