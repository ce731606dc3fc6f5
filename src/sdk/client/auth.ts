/**
 * `client/auth.js`: sends the credentials of an `OAuthClientProvider`, and does not obtain them: `oauth()` of
 * barewire/client does that, as an option of `connect()`.
 */

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
