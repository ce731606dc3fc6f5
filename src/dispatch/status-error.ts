/**
 * An error with the HTTP status of the response. In a batch, or on a stream that is open already, it is an error like any
 * other.
 *
 * Not here: the limits (limit-error.ts).
 */

import type { Access, Scoped } from '../http/access.ts'
import { Rejection } from '../http/rejection.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import type { RpcExchange } from './rpc-exchange.ts'

export abstract class StatusError extends RpcError {
  abstract readonly status: number
  /** More headers of the reply, as a flat list. */
  abstract get headers(): readonly string[]
  /** Why, for the owner of the server alone. */
  readonly reason: string | undefined = undefined
}

/** The caller lacks scopes; the headers of the reply say which ones to ask for. */
export class ScopeError extends StatusError {
  readonly status = 403
  readonly headers: readonly string[]
  override readonly reason: string | undefined

  constructor({ error, headers = [], reason }: Rejection) {
    super(error.code, error.message)
    this.headers = headers
    this.reason = reason
  }
}

/** @returns what a caller who lacks some of the scopes is rejected with */
export function scopeError(
  access: Access,
  principal: Scoped | undefined,
  scopes: readonly string[],
): ScopeError | undefined {
  return access.allows(principal, scopes) ? undefined : new ScopeError(access.rejection(principal, scopes))
}

/** @throws {ScopeError} the caller lacks some of the scopes; otherwise a client that resumes the stream needs them, too */
export function requireScopes(exchange: RpcExchange, scopes: readonly string[]): void {
  const { access, principal } = exchange
  if (access === undefined || scopes.length === 0) return
  const error = scopeError(access, principal, scopes)
  if (error !== undefined) throw error
  exchange.scopes = scopes
}

/** The response to a request that was not begun. */
export function statusRejection(error: StatusError, id?: JsonRpcId): Rejection {
  return new Rejection(error.status, error, id, error.headers, error.reason)
}
