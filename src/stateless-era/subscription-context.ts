/**
 * What a stream of news keeps of the request that opened it: as much as `visible(ctx)` needs to be asked again for each
 * change. The request itself, its body and its parameters can go.
 */

import { heapBytes } from '../bounds/heap-size.ts'
import { Abortable } from '../dispatch/abortable.ts'
import { RequestContext } from '../dispatch/context.ts'
import type { Peer, Principal, RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { McpServer } from '../features/server.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { StatelessExchange } from './exchange.ts'

class SubscriptionExchange extends Abortable implements RpcExchange {
  readonly revision: RevisionName
  readonly peer: Peer
  readonly principal: Principal | undefined
  readonly headers: RequestHeaders
  readonly sessionId = undefined
  readonly logLevel = undefined
  readonly request = undefined
  readonly clientInput = undefined
  readonly messageRate = undefined
  cacheHint = undefined

  constructor({ revision, peer, principal, headers }: StatelessExchange) {
    super()
    this.revision = revision
    this.peer = peer
    this.principal = principal
    this.headers = headers
  }

  /** What is said on this stream is its news, and nothing else. */
  notify(): undefined {}

  closeStream(): void {}
}

/** A context of which the parameters but `_meta` are gone. */
export function subscriptionContext(exchange: StatelessExchange, server: McpServer): RequestContext {
  const { id, method, params } = exchange.message
  const { _meta } = params ?? {}
  return new RequestContext(new SubscriptionExchange(exchange), { id, method, params: { _meta } }, server)
}

/** Bytes of heap that it takes; what the principal holds is the application's. */
export function contextBytes({ params, headers }: RequestContext): number {
  return heapBytes(params) + heapBytes(headers)
}
