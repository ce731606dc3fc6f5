/**
 * The scopes of a batch: it has one HTTP status, so it is refused as a whole where any of its requests lacks scopes, with
 * all that they need together, and before anything of it has run.
 *
 * Spec: 2025-03-26 has batches; 2026-07-28 authorization, "Scope Challenge Handling": all scopes in one challenge.
 */

import { RequestContext } from '../../dispatch/context.ts'
import { isPromise } from '../../dispatch/is-promise.ts'
import { scopeError } from '../../dispatch/status-error.ts'
import { scopesOf } from '../../features/guard.ts'
import type { DecodedRequest } from '../../jsonrpc/decode.ts'
import type { SessionExchange } from '../exchange.ts'
import type { PostResponse } from './post-response.ts'

/** @param run - what is done, at once or later, when no scopes are missing */
export function admitBatch(
  requests: readonly DecodedRequest[],
  exchanges: readonly SessionExchange[],
  reply: PostResponse,
  run: () => void,
): void {
  const { server, limits } = reply.state
  const needed = exchanges.map((exchange, index) => {
    try {
      return scopesOf(new RequestContext(exchange, requests[index] as DecodedRequest, server), server)
    } catch {
      // A function that fails is the answer to its own request.
      return []
    }
  })
  const decide = (scopes: readonly (readonly string[])[]) => {
    const { access } = limits
    const error = access && scopeError(access, reply.http.principal, [...new Set(scopes.flat())])
    if (error === undefined) run()
    else reply.fail(error.status, error)
  }
  if (!needed.some(isPromise)) {
    decide(needed as (readonly string[])[])
    return
  }
  reply.hold()
  const settled = needed.map((scopes) => Promise.resolve(scopes).catch(() => []))
  void Promise.all(settled).then(decide)
}
