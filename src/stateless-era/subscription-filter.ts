/**
 * The filter of a `subscriptions/listen` stream: what a client asks to be notified of, and the part of it that the
 * server honours.
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}; Tasks extension, "Task Status Notifications"
 * {@link spec.tasksExtension}.
 */

import { isObject } from '../bounds/is-object.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import type { ListKind } from '../features/change-bus.ts'
import { checkSubscribable } from '../features/resource-watch.ts'
import { findResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { missingTasks } from '../features/tasks/task-mode.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { FilterMember, Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Retained } from './subscription.ts'
import { declaresTasks } from './task-wire.ts'

export interface Filter {
  /** The bits of {@link LISTS}. */
  readonly lists: number
  /** URIs */
  readonly resources: ReadonlySet<string>
  /** Methods of notifications of extensions. */
  readonly notifications: readonly string[]
  /** Each once. */
  readonly taskIds: readonly string[]
}

/** Most subscriptions ask for none, and share this. */
const NONE: readonly string[] = []

export const LISTS: readonly {
  readonly kind: ListKind
  readonly bit: number
  readonly member: string
  readonly method: string
}[] = [
  { kind: 'tools', bit: 1, member: FilterMember.tools, method: Notify.toolsChanged },
  { kind: 'prompts', bit: 2, member: FilterMember.prompts, method: Notify.promptsChanged },
  { kind: 'resources', bit: 4, member: FilterMember.resources, method: Notify.resourcesChanged },
]

/** Most subscriptions name no resource, and share this. */
const NO_RESOURCES: ReadonlySet<string> = new Set()

/**
 * @param peer - whether it knows tasks
 * @param maxNames - how many resources, and how many tasks, one filter may name
 * @throws {RpcError} -32602, the filter is malformed, or names too much or too long a URI
 * @throws {MissingCapabilityError} it names tasks, and the client did not declare them
 */
export function readFilter(
  params: JsonObject | undefined,
  peer: Peer,
  { hasTaskTools, extensions }: McpServer,
  maxNames: number,
): Filter {
  const filter = params?.['notifications']
  if (!isObject(filter)) {
    throw invalid('"notifications", an object that says what to listen to')
  }
  const taskIds = hasTaskTools ? readTaskIds(filter[FilterMember.taskIds], peer, maxNames) : NONE
  const uris = filter[FilterMember.subscriptions] ?? []
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) {
    throw invalid('"resourceSubscriptions" to be an array of URIs')
  }
  if (uris.length > maxNames) throw invalid(`at most ${maxNames} resources; got ${uris.length}`)
  for (const uri of uris) checkSubscribable(uri)
  const lists = LISTS.reduce((bits, { bit, member }) => (asksFor(filter, member) ? bits | bit : bits), 0)
  const notifications = [...extensions.notifications]
    .filter(([, member]) => asksFor(filter, member))
    .map(([method]) => method)
  return {
    lists,
    resources: uris.length === 0 ? NO_RESOURCES : new Set(uris),
    notifications: notifications.length === 0 ? NONE : notifications,
    taskIds,
  }
}

function readTaskIds(taskIds: unknown, peer: Peer, maxNames: number): readonly string[] {
  if (taskIds === undefined) return NONE
  if (!declaresTasks(peer)) throw missingTasks()
  if (!Array.isArray(taskIds) || !taskIds.every((taskId) => typeof taskId === 'string')) {
    throw invalid('"taskIds" to be an array of strings')
  }
  if (taskIds.length > maxNames) throw invalid(`at most ${maxNames} tasks; got ${taskIds.length}`)
  return [...new Set<string>(taskIds)]
}

function asksFor(wanted: JsonObject, member: string): boolean {
  // An extension may have chosen a name that every object inherits.
  const value = Object.hasOwn(wanted, member) ? wanted[member] : undefined
  if (value === undefined || typeof value === 'boolean') return value === true
  throw invalid(`"${member}" to be a boolean`)
}

/** Without the lists of which this server has no entry. */
export function offeredLists(lists: number, server: McpServer): number {
  const offered: { readonly [Kind in ListKind]: boolean } = {
    tools: server.tools.size > 0,
    prompts: server.prompts.size > 0,
    resources: server.resources.size > 0 || server.resourceTemplates.size > 0,
  }
  return LISTS.reduce((bits, { bit, kind }) => (offered[kind] ? bits : bits & ~bit), lists)
}

/** Whether this caller may be notified of a resource. */
export function maySee(uri: string, ctx: RequestContext, server: McpServer): boolean {
  try {
    const { subscribe } = findResource(uri, ctx, server)
    return subscribe !== undefined && subscribe !== false
  } catch {
    return false
  }
}

/** What is acknowledged of a filter: empty when nothing of it is honoured. */
export function acknowledgedFilter(
  lists: number,
  { resources, taskIds, notifications }: Retained,
  { extensions }: McpServer,
): JsonObject {
  const ofLists = LISTS.filter(({ bit }) => (lists & bit) !== 0).map(({ member }) => member)
  const ofExtensions = notifications.map((method) => extensions.notifications.get(method))
  return {
    ...Object.fromEntries([...ofLists, ...ofExtensions].map((member) => [member, true])),
    ...(resources.length > 0 && { [FilterMember.subscriptions]: resources.map(({ uri }) => uri) }),
    ...(taskIds.length > 0 && { [FilterMember.taskIds]: taskIds }),
  }
}

function invalid(expected: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `subscriptions/listen needs ${expected}`)
}
