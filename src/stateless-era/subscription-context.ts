/**
 * What a subscription stream retains of the request that opened it: the context that `visible(ctx)` gets for each
 * change. The request itself, its body and its parameters are not retained.
 */

import { heapBytes } from '../bounds/heap-size.ts'
import { Abortable } from '../dispatch/abortable.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { Access, Peer, Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { StatelessExchange } from './exchange.ts'

class SubscriptionExchange extends Abortable implements RpcExchange {
  readonly revision: RevisionName
  readonly peer: Peer
  readonly principal: Principal | undefined
  readonly access: Access | undefined
  readonly headers: RequestHeaders
  readonly sessionId = undefined
  readonly logLevel = undefined
  readonly request = undefined
  readonly clientInput = undefined
  readonly messageRate = undefined
  cacheHint = undefined

  constructor({ revision, peer, principal, access, headers }: StatelessExchange) {
    super()
    this.revision = revision
    this.peer = peer
    this.principal = principal
    this.access = access
    this.headers = headers
  }

  /** A subscription stream carries changes, and nothing of the request that opened it. */
  notify(): undefined {}

  closeStream(): void {}
}

/** A context whose parameters are `_meta` alone, with the `locals` that middleware has set. */
export function subscriptionContext(ctx: RequestContext, exchange: StatelessExchange): RequestContext {
  const { id, method, params } = exchange.message
  const { _meta } = params ?? {}
  return ctx.successor(new SubscriptionExchange(exchange), { id, method, params: { _meta } })
}

/** Bytes of heap that it takes; what the principal and `locals` hold is the application's. */
export function contextBytes({ params, headers }: RequestContext): number {
  return heapBytes(params) + heapBytes(headers)
}
