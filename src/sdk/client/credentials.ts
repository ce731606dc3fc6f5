/** Credentials of a provider of the program, as barewire/client takes them. */

import type { AuthProvider } from '../../client/auth-provider.ts'
import { type OAuthClientProvider, UnauthorizedError } from './auth.ts'

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
