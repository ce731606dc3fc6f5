/**
 * `client/auth.js`: credentials of an `OAuthClientProvider` are sent. To get them is not had here: `oauth()` of
 * barewire/client does it, and is given to `connect()`.
 */

import type { AuthProvider } from '../../client/auth-provider.ts'

export interface OAuthTokens {
  access_token: string
  id_token?: string
  token_type: string
  expires_in?: number
  scope?: string
  refresh_token?: string
}

/** The part of the provider that is used; the others are accepted. */
export interface OAuthClientProvider {
  tokens(): OAuthTokens | undefined | Promise<OAuthTokens | undefined>
  readonly redirectUrl?: string | URL | undefined
  readonly clientMetadata?: unknown
  // biome-ignore lint/suspicious/noExplicitAny: whatever else a provider has
  [member: string]: any
}

export class UnauthorizedError extends Error {
  override readonly name = 'UnauthorizedError'

  constructor(message = 'Unauthorized') {
    super(message)
  }
}

/** What a transport cannot do by itself. */
export function noLogin(): UnauthorizedError {
  return new UnauthorizedError(
    'The server asks for authorization, and this transport cannot get a token: give it a provider whose tokens() has one, or use oauth() of barewire/client with connect()',
  )
}

export function authOf(provider: OAuthClientProvider): AuthProvider {
  return {
    async headers() {
      const tokens = await provider.tokens()
      return tokens === undefined ? undefined : { authorization: `Bearer ${tokens.access_token}` }
    },
    onChallenge: () => false,
  }
}
