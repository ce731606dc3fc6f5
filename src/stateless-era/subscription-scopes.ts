/**
 * The scopes of what a client wants to listen to: its resources, and its tasks. Where some are missing, the stream is not
 * opened: a client that heard nothing of it would not know that it can ask for more.
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}, authorization {@link spec.authorization}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { scopeError } from '../dispatch/status-error.ts'
import { scopesOfResource } from '../features/guard.ts'
import type { StatelessExchange } from './exchange.ts'
import type { StatelessEraState } from './state.ts'
import { subscriptionContext } from './subscription-context.ts'
import { readFilter } from './subscription-filter.ts'
import type { TaskView } from './task-subscribers.ts'

type Views = readonly TaskView[]

/**
 * The tasks that were found, once it is known that no scopes are missing.
 *
 * @throws {ScopeError} some are
 * @throws {RpcError} -32602, the filter is malformed
 */
export function withScopes(
  tasks: Views | Promise<Views>,
  exchange: StatelessExchange,
  { server, settings }: StatelessEraState,
): Views | Promise<Views> {
  const { access, principal, message } = exchange
  if (access === undefined) return tasks
  const { resources } = readFilter(
    message.params,
    settings.subscriptions.maxResources,
    server.extensions.notifications,
  )
  const ctx = subscriptionContext(exchange, server)
  const needed = [...resources].map((uri) => scopesOfResource(uri, ctx, server))
  const check = (views: Views, scopes: readonly (readonly string[])[]) => {
    const ofTasks = views.flatMap(({ record }) => record.scopes ?? [])
    const error = scopeError(access, principal, [...new Set([...scopes.flat(), ...ofTasks])])
    if (error !== undefined) throw error
    return views
  }
  if (!isPromise(tasks) && !needed.some(isPromise)) return check(tasks, needed as (readonly string[])[])
  return Promise.all([tasks, Promise.all(needed)]).then(([views, scopes]) => check(views, scopes))
}
