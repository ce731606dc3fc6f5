/**
 * How a client authenticates at the token endpoint: RFC 6749 2.3.1 (secret), RFC 7523 2.2 (`private_key_jwt`), or not
 * at all (a public client, which PKCE protects).
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { AuthorizationServer } from './server-metadata.ts'
import type { SigningAlgorithm, SigningKey } from './signing-keys.ts'
import { nowSeconds, randomText, signJwt } from './web-crypto.ts'

/** Methods of `token_endpoint_auth_methods_supported` that are known here. */
export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

export const AUTH_METHODS: readonly ClientAuthMethod[] = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'none',
]

/** Who the client is at one authorization server. */
export interface Client {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly key?:
    | { readonly key: SigningKey; readonly algorithm: SigningAlgorithm; readonly keyId?: string | undefined }
    | undefined
  /** The method that it was registered with. */
  readonly authMethod?: string | undefined
}

/** An assertion is made for one request. */
const ASSERTION_SECONDS = 60

/**
 * Chooses the strongest method that both sides have. A server that does not say has `client_secret_basic` (RFC 8414 2).
 *
 * @throws {McpError} `ERR_AUTH_CLIENT`, when there is none
 */
function chooseAuthMethod(client: Client, server: AuthorizationServer): ClientAuthMethod {
  const registered = AUTH_METHODS.find((method) => method === client.authMethod)
  if (registered !== undefined) return registered
  const able: ClientAuthMethod[] = []
  if (client.key !== undefined) able.push('private_key_jwt')
  if (client.clientSecret !== undefined) able.push('client_secret_basic', 'client_secret_post')
  // Not with a secret: a server that expects it would only say that it is missing.
  if (able.length === 0) return 'none'
  const chosen = able.find((method) => server.authMethods?.includes(method) ?? true)
  if (chosen !== undefined) return chosen
  throw new McpError(
    'ERR_AUTH_CLIENT',
    `the authorization server ${quote(server.issuer)} takes the client authentication ${
      server.authMethods
        ?.slice(0, 8)
        .map((text) => quote(text))
        .join(', ') || 'none at all'
    }, and the client has what ${able.join(' and ')} need`,
  )
}

/** Adds the client's authentication to a token request. Returns the headers for it. */
export async function authenticate(
  client: Client,
  server: AuthorizationServer,
  form: URLSearchParams,
): Promise<Readonly<Record<string, string>>> {
  const { clientId, clientSecret = '', key } = client
  switch (chooseAuthMethod(client, server)) {
    case 'client_secret_basic':
      return { authorization: `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}` }
    case 'client_secret_post':
      form.set('client_id', clientId)
      form.set('client_secret', clientSecret)
      return {}
    case 'private_key_jwt':
      if (key === undefined) {
        throw new McpError(
          'ERR_AUTH_CLIENT',
          `the client ${quote(clientId)} is to sign (private_key_jwt) without a key`,
        )
      }
      form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      form.set('client_assertion', await assertion(clientId, key, server))
      return {}
    case 'none':
      // A workload may be known by its assertion alone.
      if (clientId !== '') form.set('client_id', clientId)
      return {}
  }
}

/** RFC 7523 3. The audience is the issuer alone, so that no other server can use the assertion. */
function assertion(
  clientId: string,
  { key, algorithm, keyId }: NonNullable<Client['key']>,
  { issuer }: AuthorizationServer,
): Promise<string> {
  const now = nowSeconds()
  const header = { typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) }
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: randomText(),
    iat: now,
    exp: now + ASSERTION_SECONDS,
  }
  return signJwt(key, algorithm, header, claims)
}

/** RFC 6749 2.3.1: id and secret are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
