/**
 * What a client asks to be told on a `subscriptions/listen` stream, and the part of it that it gets.
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}.
 */

import { isObject } from '../bounds/is-object.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { ListKind } from '../features/change-bus.ts'
import { checkSubscribable } from '../features/resource-watch.ts'
import { findResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { FilterMember, Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

export interface Filter {
  /** The bits of {@link LISTS}. */
  readonly lists: number
  /** URIs */
  readonly resources: ReadonlySet<string>
  /** Methods of notifications of extensions. */
  readonly notifications: readonly string[]
}

/** Most subscriptions ask for none, and share this. */
const NO_NOTIFICATIONS: readonly string[] = []

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
 * @param offered - the notifications of extensions, with their members of the filter
 * @throws {RpcError} -32602, the filter is malformed, or names too many resources or too long ones
 */
export function readFilter(
  params: JsonObject | undefined,
  maxResources: number,
  offered: ReadonlyMap<string, string>,
): Filter {
  const filter = params?.['notifications']
  if (!isObject(filter)) {
    throw invalid('"notifications", an object that says what to listen to')
  }
  const wanted = filter as JsonObject
  const uris = wanted[FilterMember.subscriptions] ?? []
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) {
    throw invalid('"resourceSubscriptions" to be an array of URIs')
  }
  if (uris.length > maxResources) throw invalid(`at most ${maxResources} resources; got ${uris.length}`)
  for (const uri of uris) checkSubscribable(uri)
  const lists = LISTS.reduce((bits, { bit, member }) => (asksFor(wanted, member) ? bits | bit : bits), 0)
  const asked = [...offered].filter(([, member]) => asksFor(wanted, member)).map(([method]) => method)
  return {
    lists,
    resources: uris.length === 0 ? NO_RESOURCES : new Set(uris),
    notifications: asked.length === 0 ? NO_NOTIFICATIONS : asked,
  }
}

function asksFor(wanted: JsonObject, member: string): boolean {
  // An extension may have chosen a name that every object inherits.
  const value = Object.hasOwn(wanted, member) ? wanted[member] : undefined
  if (value === undefined || typeof value === 'boolean') return value === true
  throw invalid(`"${member}" to be a boolean`)
}

/** Those of the lists that this server has anything to say about. */
export function offeredLists(lists: number, server: McpServer): number {
  const offered: { readonly [Kind in ListKind]: boolean } = {
    tools: server.tools.size > 0,
    prompts: server.prompts.size > 0,
    resources: server.resources.size > 0 || server.resourceTemplates.size > 0,
  }
  return LISTS.reduce((bits, { bit, kind }) => (offered[kind] ? bits : bits & ~bit), lists)
}

/** Whether this caller may be told of a resource. */
export function maySee(uri: string, ctx: RequestContext, server: McpServer): boolean {
  try {
    const { subscribe } = findResource(uri, ctx, server)
    return subscribe !== undefined && subscribe !== false
  } catch {
    return false
  }
}

/** What is acknowledged of a filter. */
export function wireFilter(
  lists: number,
  uris: readonly string[],
  taskIds: readonly string[],
  ofExtensions: readonly (string | undefined)[],
): JsonObject {
  const flags = LISTS.filter(({ bit }) => (lists & bit) !== 0).map(({ member }) => [member, true])
  return {
    ...Object.fromEntries([...flags, ...ofExtensions.map((member) => [member, true])]),
    ...(uris.length > 0 && { [FilterMember.subscriptions]: uris }),
    ...(taskIds.length > 0 && { [FilterMember.taskIds]: taskIds }),
  }
}

function invalid(expected: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `subscriptions/listen needs ${expected}`)
}
