/**
 * Which scopes to ask for: 2026-07-28 authorization, "Scope Selection Strategy" and "Step-Up Authorization Flow"
 * {@link spec.authorization}.
 */

import { McpError } from '../../jsonrpc/rpc-error.ts'

/** RFC 6749 3.3: scope-token. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** More than any real server has; a server that invents new ones on every call is stopped here. */
const MAX_SCOPES = 500

export const OFFLINE_ACCESS = 'offline_access'

/** The scopes of a `scope` value, without what cannot be one. */
export function parseScope(scope: string | undefined): string[] {
  return scope === undefined ? [] : [...new Set(scope.split(' ').filter((each) => SCOPE_TOKEN.test(each)))]
}

/** What there is to choose from. */
export interface ScopeSources {
  /** What was asked for earlier: asking again without it would lose it. */
  readonly requested: ReadonlySet<string>
  /** `scope` of the challenge: what the operation needs. */
  readonly challenged: readonly string[]
  /** The `scopes` option. */
  readonly configured: readonly string[]
  /** `scopes_supported` of the protected resource. */
  readonly supported: readonly string[]
}

/**
 * Earlier scopes and those of the challenge together; without a challenge what the application configured; without
 * that everything that the resource names; otherwise nothing, and the authorization server decides.
 *
 * @throws {McpError} `ERR_AUTH_SCOPE`, when there are too many
 */
export function selectScopes(sources: ScopeSources): string[] {
  const { requested, challenged, configured, supported } = sources
  const chosen = new Set([...requested, ...configured, ...challenged])
  if (chosen.size === 0) for (const scope of supported) chosen.add(scope)
  if (chosen.size > MAX_SCOPES) {
    throw new McpError(
      'ERR_AUTH_SCOPE',
      `the server asks for ${chosen.size} scopes, expected at most ${MAX_SCOPES}`,
    )
  }
  return [...chosen]
}
