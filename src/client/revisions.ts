/**
 * The protocol revisions that the client speaks, and which of the two lifecycles each has. The only file of the client
 * that compares versions.
 *
 * Spec: 2026-07-28 versioning {@link spec.versioning}; 2025-11-25 lifecycle, "Version Negotiation" {@link spec.lifecycle}.
 */

import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { REVISIONS, type RevisionName } from '../protocol/revisions.ts'

export const STATELESS_REVISION: RevisionName = '2026-07-28'

/** Revisions that begin with `initialize`, newest last. */
const SESSION_REVISIONS: readonly string[] = REVISIONS.filter((name) => name !== STATELESS_REVISION)

/** What is asked for in `initialize` when nothing is pinned: the newest of its kind. */
export const LATEST_SESSION_REVISION: RevisionName = '2025-11-25'

export function isSessionRevision(name: unknown): name is RevisionName {
  return typeof name === 'string' && SESSION_REVISIONS.includes(name)
}

export function isStatelessRevision(name: unknown): boolean {
  return name === STATELESS_REVISION
}

/** A server that names revisions of sessions only is one to begin a session with. */
export function newestCommon(supported: readonly unknown[]): RevisionName | undefined {
  return REVISIONS.filter((name) => supported.includes(name)).at(-1)
}

/** The revisions in an error of a modern server that does not serve the one of the request. */
export function namedRevisions(error: unknown): readonly unknown[] | undefined {
  if (!(error instanceof RpcError) || error.code !== ErrorCode.UNSUPPORTED_PROTOCOL_VERSION) return undefined
  const { supported } = (error.data ?? {}) as { readonly supported?: unknown }
  return Array.isArray(supported) ? supported : []
}
