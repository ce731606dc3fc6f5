/**
 * The seam between the provider, which keeps tokens and answers challenges, and the ways to get tokens.
 *
 *    token-provider.ts  ->  Grant  <-  authorization-code.ts, client-credentials.ts, jwt-bearer.ts
 */

import type { Client } from './client-auth.ts'
import type { Discovery } from './discovery.ts'
import type { DpopSigner } from './dpop.ts'
import type { Http } from './http.ts'
import type { TokenStore } from './store.ts'
import type { TokenResponse } from './token-endpoint.ts'

/** What tokens are wanted for. */
export interface GrantRequest {
  /** The MCP server's URL, without query. */
  readonly serverUrl: string
  readonly discovery: Discovery
  /** Separated by spaces; undefined: what the server finds right. */
  readonly scope: string | undefined
  readonly dpop: DpopSigner | undefined
  readonly http: Http
  readonly store: TokenStore
  readonly signal: AbortSignal
}

/** One way to get tokens. */
export interface Grant {
  /** Whether a person is asked. If not, the grant itself takes the place of refresh tokens. */
  readonly needsUser: boolean
  /** The credentials belong to one authorization server: an MCP server that changes to another one is refused. */
  readonly isBound: boolean
  /** Who the client is at the authorization server; registers it where that is necessary. */
  client(request: GrantRequest): Promise<Client>
  /** The authorization server does not know the client any more. */
  forgetClient(request: GrantRequest): Promise<void>
  obtain(request: GrantRequest, client: Client): Promise<TokenResponse>
}

/** A grant of a client that is registered already, and that asks nobody. */
export function grantOf(client: () => Promise<Client>, obtain: Grant['obtain']): Grant {
  return { needsUser: false, isBound: true, client, forgetClient: async () => {}, obtain }
}
