/**
 * Tokens for an assertion of a party that the authorization server trusts, RFC 7523 2.1:
 *
 *    workloadIdentity   the platform that a program runs on says which program it is (SEP-1933)
 *    crossAppAccess     the company's identity provider says who the user is, and which servers they may use: an
 *                       ID token is exchanged there for an ID-JAG (RFC 8693), and that for an access token
 *                       (io.modelcontextprotocol/enterprise-managed-authorization, SEP-990)
 *
 * Not here: the grants themselves (assertion-grants.ts).
 */

import { oneOf, requireType } from '../../bounds/check-options.ts'
import { checkNames } from '../../bounds/option-names.ts'
import type { AuthProvider } from '../auth-provider.ts'
import type { AssertionContext, IdentityProvider } from './assertion-grants.ts'
import { clientOf } from './client-credentials.ts'
import { LazyProvider } from './lazy-provider.ts'
import {
  checkSecret,
  checkTokenOptions,
  checkUrlOption,
  KEY_OPTIONS,
  type KeyOptions,
  type TokenOptions,
} from './options.ts'

/** Settings of {@link workloadIdentity}. */
export interface WorkloadIdentityOptions extends TokenOptions {
  /** The client id, where the authorization server gave one out. */
  readonly clientId?: string | undefined
  /** Gets the JWT of the platform for this audience. It is asked for again whenever a token is needed. */
  readonly assertion: (context: AssertionContext) => PromiseLike<string> | string
}

/** Settings of {@link crossAppAccess}. */
export interface CrossAppAccessOptions extends TokenOptions, KeyOptions {
  /** Who the client is at the MCP server's authorization server. */
  readonly clientId: string
  /** Its secret, of a registration that has one. */
  readonly clientSecret?: string | undefined
  /** Where the user has logged in, and the client's registration there. */
  readonly identityProvider: IdentityProvider
  /** Gets the identity assertion of the user who is logged in: an ID token, or a SAML assertion. */
  readonly identityAssertion: (context: AssertionContext) => PromiseLike<string> | string
  /**
   * What kind of assertion that is.
   *
   * @defaultValue 'id_token'
   */
  readonly identityAssertionType?: 'id_token' | 'saml2' | undefined
}

/**
 * Authorization of a program by the identity that its platform gives it.
 *
 * A refusal is final: neither repeated nor tried another way.
 *
 * @param options - `assertion`
 * @returns what the `auth` option of a client takes
 * @throws {TypeError} an option that is not known or not usable
 *
 * @example
 * ```ts
 * workloadIdentity({ assertion: ({ issuer }) => identityToken(issuer) })
 * ```
 */
export function workloadIdentity(options: WorkloadIdentityOptions): AuthProvider {
  const settings = checkTokenOptions(options, ['clientId', 'assertion'], 'workloadIdentity.')
  const { clientId, assertion } = options
  checkSecret('workloadIdentity.clientId', clientId)
  requireType('workloadIdentity.assertion', assertion, ['function'])
  return new LazyProvider(({ TokenProvider, workloadGrant }) => {
    return new TokenProvider(workloadGrant(clientId, assertion), settings)
  })
}

/**
 * Authorization by a company's identity provider: the user logged in there once, and is not asked again for each
 * server.
 *
 * @param options - `clientId`, `identityProvider` and `identityAssertion`
 * @returns what the `auth` option of a client takes
 * @throws {TypeError} an option that is not known or not usable
 *
 * @example
 * ```ts
 * crossAppAccess({
 *   clientId: 'my-agent',
 *   clientSecret: process.env['CLIENT_SECRET'],
 *   identityProvider: { issuer: 'https://acme.idp.example', clientId: 'my-agent-at-acme' },
 *   identityAssertion: () => session.idToken,
 * })
 * ```
 */
export function crossAppAccess(options: CrossAppAccessOptions): AuthProvider {
  const prefix = 'crossAppAccess.'
  const names = ['clientId', 'clientSecret', 'identityProvider', 'identityAssertion', 'identityAssertionType']
  const settings = checkTokenOptions(options, [...names, ...KEY_OPTIONS], prefix)
  const { identityProvider: provider, identityAssertion, identityAssertionType: kind = 'id_token' } = options
  checkNames(provider, ['issuer', 'tokenEndpoint', 'clientId', 'clientSecret'], `${prefix}identityProvider.`)
  requireType(`${prefix}identityAssertion`, identityAssertion, ['function'])
  oneOf(`${prefix}identityAssertionType`, kind, ['id_token', 'saml2'])
  if (provider.tokenEndpoint !== undefined) {
    checkUrlOption(`${prefix}identityProvider.tokenEndpoint`, provider.tokenEndpoint)
  } else {
    checkUrlOption(`${prefix}identityProvider.issuer`, provider.issuer)
  }
  const identity = clientOf(provider, `${prefix}identityProvider.`)
  const client = clientOf(options, prefix)
  return new LazyProvider(({ TokenProvider, crossAppGrant }) => {
    const grant = crossAppGrant({ client, provider, identity, identityAssertion, kind })
    return new TokenProvider(grant, settings)
  })
}
