/**
 * The scopes of a batch: it has one HTTP status, so it is refused as a whole where any of its requests lacks scopes, with
 * all that they need together, and before anything of it has run.
 *
 * Spec: 2025-03-26 has batches; 2026-07-28 authorization, "Scope Challenge Handling": all scopes in one challenge.
 */

import { isPromise } from '../../bounds/is-promise.ts'
import { RequestContext } from '../../dispatch/context.ts'
import { scopeError } from '../../dispatch/status-error.ts'
import { scopesOf } from '../../features/guard.ts'
import type { DecodedRequest } from '../../jsonrpc/decode.ts'
import type { SessionEra } from '../era.ts'
import type { SessionExchange } from '../exchange.ts'
import type { PostResponse } from './post-response.ts'

/** @param run - what is done, at once or later, when no scopes are missing */
export function admitScopes(
  requests: readonly DecodedRequest[],
  exchanges: readonly SessionExchange[],
  response: PostResponse,
  { server, limits: { access } }: SessionEra,
  run: () => void,
): void {
  const needed = exchanges.map((exchange, index) => {
    try {
      return scopesOf(new RequestContext(exchange, requests[index] as DecodedRequest, server), server)
    } catch {
      // A function that fails is the answer to its own request.
      return []
    }
  })
  const decide = (scopes: readonly (readonly string[])[]) => {
    const error = access && scopeError(access, response.principal, [...new Set(scopes.flat())])
    if (error === undefined) run()
    else response.fail(error)
  }
  if (!needed.some(isPromise)) {
    decide(needed as (readonly string[])[])
    return
  }
  response.defer()
  const settled = needed.map((scopes) => Promise.resolve(scopes).catch(() => []))
  void Promise.all(settled).then(decide)
}
