/**
 * `server/discover`: what a client would otherwise learn from the handshake.
 *
 * Spec: 2026-07-28 discovery {@link spec.discover}.
 */

import type { RequestContext } from '../dispatch/context.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { McpServer } from '../features/server.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { STATELESS_REVISIONS } from './revisions.ts'

export function discover(
  _params: JsonObject | undefined,
  ctx: RequestContext,
  server: McpServer,
): JsonObject {
  ctx.hintCache(server.cache.discover)
  return {
    supportedVersions: STATELESS_REVISIONS,
    capabilities: offeredCapabilities(server, { notifies: true, logs: true, extensions: true }),
    ...(server.instructions !== undefined && { instructions: server.instructions }),
  }
}
