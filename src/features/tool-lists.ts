/**
 * `tools/list`, which differs between revisions in what it says of a tool.
 *
 * Spec: 2025-11-25 tools, "Listing Tools" {@link spec.tools}.
 */

import type { RequestContext } from '../dispatch/context.ts'
import type { JsonText } from '../dispatch/json-text.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { ToolHost } from './tools.ts'

/** Of the newest revision. */
export function listTools(params: JsonObject | undefined, ctx: RequestContext, host: ToolHost): JsonText {
  ctx.hintCache(host.tools.restrict(host.cache.tools, ctx))
  return host.tools.list(ctx, params?.['cursor'], host.pageSize)
}

/** Of the revisions whose output schemas are those of objects: others are left out. */
export function listOlderTools(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ToolHost,
): JsonText {
  return host.tools.list(ctx, params?.['cursor'], host.pageSize, 'olderJson')
}

/** The same for the revision in which tools say whether they can be called as tasks. */
export function listTaskTools(params: JsonObject | undefined, ctx: RequestContext, host: ToolHost): JsonText {
  return host.tools.list(ctx, params?.['cursor'], host.pageSize, 'taskJson')
}
