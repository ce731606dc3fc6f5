/**
 * Which era a request belongs to: decided once, at the edge, from plain values. The only file that compares versions;
 * everything behind it is given the era. Where both eras are served:
 *
 *   body                       MCP-Protocol-Version      Mcp-Session-Id     era
 *   ------------------------   -----------------------   ----------------   -------------------------------
 *   an envelope                a session revision        present            session
 *   an envelope                a session revision        absent             stateless (which refuses the mismatch)
 *   an envelope                none, or any other        any, ignored       stateless
 *   `initialize`, no envelope  any                       any                session: the body negotiates
 *   anything else              none, session revision    any                session
 *   anything else              any other                 present            session (which refuses the version)
 *   anything else              any other                 absent             stateless (which requires an envelope)
 *
 * Spec: 2026-07-28 versioning, "Backward Compatibility with Initialization-Based Versions" {@link spec.versioning}.
 */

import { MetaKey } from './protocol/meta-keys.ts'
import { Method } from './protocol/methods.ts'
import { findRevision } from './session-era/revisions.ts'

export type Era = 'session' | 'stateless'

export interface EraEvidence {
  /** Value of the MCP-Protocol-Version header. */
  readonly protocolVersion: string | undefined
  /** Value of the Mcp-Session-Id header. */
  readonly sessionId: string | undefined
  /** The parsed body of a POST. */
  readonly body: unknown
}

/**
 * Never throws; a body that is not even a message goes to the era that its headers name.
 *
 * @param eras - those that are served
 */
export function selectEra({ protocolVersion, sessionId, body }: EraEvidence, eras: ReadonlySet<Era>): Era {
  if (eras.size === 1) return eras.has('session') ? 'session' : 'stateless'
  if (hasEnvelope(body)) {
    return sessionId !== undefined && isOfSessionEra(protocolVersion) ? 'session' : 'stateless'
  }
  if (protocolVersion === undefined || sessionId !== undefined) return 'session'
  return isOfSessionEra(protocolVersion) || isInitialize(body) ? 'session' : 'stateless'
}

function isOfSessionEra(protocolVersion: string | undefined): boolean {
  return protocolVersion !== undefined && findRevision(protocolVersion) !== undefined
}

function hasEnvelope(body: unknown): boolean {
  const meta = member(member(body, 'params'), '_meta')
  return member(meta, MetaKey.PROTOCOL_VERSION) !== undefined
}

function isInitialize(body: unknown): boolean {
  return member(body, 'method') === Method.initialize
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as { readonly [key: string]: unknown })[key]
}
