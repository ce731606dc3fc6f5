/**
 * `clientCredentials(options)`: authorization for a client that acts for itself, without a user.
 * The extension io.modelcontextprotocol/oauth-client-credentials (SEP-1046); RFC 6749 4.4.
 */

import type { AuthProvider } from '../auth-provider.ts'
import type { Client } from './client-auth.ts'
import { grantOf } from './grant.ts'
import { LazyProvider } from './lazy-provider.ts'
import {
  checkSecret,
  checkTokenOptions,
  KEY_OPTIONS,
  type KeyOptions,
  keyOf,
  type TokenOptions,
} from './options.ts'

/** Settings of {@link clientCredentials}: a secret or a private key. */
export interface ClientCredentialsOptions extends TokenOptions, KeyOptions {
  /** The client id that the authorization server gave out. */
  readonly clientId: string
  /** Its secret, of a registration that has one. */
  readonly clientSecret?: string | undefined
}

/**
 * Authorization of a program by its own credentials.
 *
 * @param options - `clientId`, with `privateKey` (`private_key_jwt`, recommended) or `clientSecret`
 * @returns what the `auth` option of a client takes
 * @throws {TypeError} an option that is not known or not usable
 *
 * @example
 * ```ts
 * clientCredentials({ issuer: 'https://auth.example.com', clientId: 'nightly-report', clientSecret: process.env['SECRET'] })
 * ```
 */
export function clientCredentials(options: ClientCredentialsOptions): AuthProvider {
  const prefix = 'clientCredentials.'
  const settings = checkTokenOptions(options, ['clientId', 'clientSecret', ...KEY_OPTIONS], prefix)
  const client = clientOf(options, prefix)
  if (options.clientSecret === undefined && options.privateKey === undefined) {
    throw new TypeError('clientCredentials needs privateKey or clientSecret; got none of them')
  }
  return new LazyProvider(({ TokenProvider, requestTokens }) => {
    const grant = grantOf(client, ({ http, discovery, scope, dpop, signal }, who) =>
      requestTokens(
        { http, server: discovery.server, client: who, dpop, signal },
        { grant_type: 'client_credentials', scope, resource: discovery.resource },
      ),
    )
    return new TokenProvider(grant, settings)
  })
}

/** @throws {TypeError} */
export function clientOf(
  options: KeyOptions & {
    readonly clientId?: string | undefined
    readonly clientSecret?: string | undefined
  },
  prefix: string,
): () => Promise<Client> {
  const { clientId, clientSecret } = options
  if (clientId === undefined)
    throw new TypeError(`${prefix}clientId must be a non-empty string; got undefined`)
  checkSecret(`${prefix}clientId`, clientId)
  checkSecret(`${prefix}clientSecret`, clientSecret)
  const key = keyOf(options, prefix)
  return async () => ({ clientId, clientSecret, key: await key() })
}
