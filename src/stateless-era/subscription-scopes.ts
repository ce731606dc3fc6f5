/**
 * The scopes of what a client wants to listen to: its resources, and its tasks. Where some are missing, the stream is not
 * opened: without the error, the client would not know that it can ask for more.
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}, authorization {@link spec.authorization}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { scopeError } from '../dispatch/status-error.ts'
import { scopesOfResource } from '../features/guard.ts'
import type { McpServer } from '../features/server.ts'
import type { TaskView } from '../features/tasks/task-subscribers.ts'
import type { StatelessExchange } from './exchange.ts'

type Views = readonly TaskView[]

/**
 * The tasks that were found, once it is known that no scopes are missing.
 *
 * @param resources - URIs
 * @throws {ScopeError} some are
 */
export function withScopes(
  tasks: Views | Promise<Views>,
  resources: ReadonlySet<string>,
  ctx: RequestContext,
  { access, principal }: StatelessExchange,
  server: McpServer,
): Views | Promise<Views> {
  if (access === undefined) return tasks
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
