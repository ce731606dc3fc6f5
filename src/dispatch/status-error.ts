/**
 * An error that says with which HTTP status its request is refused, where that is still to be chosen: in a batch, or on a
 * stream that is open, it is an error as any other.
 *
 * Not here: the limits (limit-error.ts).
 */

import type { Access, AccessRefusal, Scoped } from '../http/access.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'

export abstract class StatusError extends RpcError {
  abstract readonly status: number
  /** More headers of the reply, as a flat list. */
  abstract get headers(): readonly string[]
  /** Why, for the owner of the server alone. */
  readonly reason: string | undefined = undefined
}

/** A caller lacks scopes. It may come back with more: the reply says which. */
export class ScopeError extends StatusError {
  readonly status = 403
  readonly headers: readonly string[]
  override readonly reason: string | undefined

  constructor({ message, headers, reason }: AccessRefusal) {
    super(ErrorCode.SERVER_ERROR, message)
    this.headers = headers
    this.reason = reason
  }
}

/** @returns what a caller who lacks some of the scopes is refused with */
export function scopeError(
  access: Access,
  principal: Scoped | undefined,
  scopes: readonly string[],
): ScopeError | undefined {
  return access.allows(principal, scopes) ? undefined : new ScopeError(access.refusal(principal, scopes))
}
