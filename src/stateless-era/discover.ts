/**
 * `server/discover`: what a client would otherwise learn from the handshake.
 *
 * Spec: 2026-07-28 discovery {@link spec.discover}.
 */

import type { RequestContext } from '../dispatch/context.ts'
import { JsonText } from '../dispatch/json-text.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { McpServer } from '../features/server.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { STATELESS_REVISIONS } from './revisions.ts'

/** Lifecycle: as long as its server. Made anew after a change of what the server offers. */
const made = new WeakMap<McpServer, { readonly version: number; readonly text: JsonText }>()

export function discover(_params: JsonObject | undefined, ctx: RequestContext, server: McpServer): JsonText {
  ctx.hintCache(server.cache.discover)
  const { tools, prompts, resources, resourceTemplates, extensions } = server
  const version =
    tools.version + prompts.version + resources.version + resourceTemplates.version + extensions.settings.size
  const known = made.get(server)
  if (known !== undefined && known.version === version) return known.text
  const result = {
    supportedVersions: STATELESS_REVISIONS,
    capabilities: offeredCapabilities(server, { notifies: true, logs: true, extensions: true }),
    ...(server.instructions !== undefined && { instructions: server.instructions }),
  }
  const text = new JsonText(JSON.stringify(result))
  made.set(server, { version, text })
  return text
}
