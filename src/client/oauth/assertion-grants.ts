/**
 * Grants for an assertion of a party that the authorization server trusts, RFC 7523 2.1. Options and what they mean:
 * jwt-bearer.ts.
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Client } from './client-auth.ts'
import { type Grant, type GrantRequest, grantOf } from './grant.ts'
import { isLoopback } from './is-loopback.ts'
import { type AuthorizationServer, findAuthorizationServer } from './server-metadata.ts'
import { orAborted } from './shared-work.ts'
import { requestTokens } from './token-endpoint.ts'

/** What an assertion is asked for. */
export interface AssertionContext {
  /** The authorization server: the audience that the assertion is to have. */
  readonly issuer: string
  /** The MCP server. */
  readonly resource: string
  readonly signal: AbortSignal
}

/** The company's identity provider, and who the client is there. */
export interface IdentityProvider {
  /** Its issuer identifier; its metadata is read unless `tokenEndpoint` is given. */
  readonly issuer?: string | undefined
  readonly tokenEndpoint?: string | undefined
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag'

type Assertion = (context: AssertionContext) => PromiseLike<string> | string

/** The assertion of a platform is the grant. */
export function workloadGrant(clientId: string | undefined, assertion: Assertion): Grant {
  return grantOf(
    async () => ({ clientId: clientId ?? '', authMethod: 'none' }),
    async (request, client) => redeem(request, client, await ask('assertion', assertion, request)),
  )
}

export interface CrossAppParts {
  readonly client: () => Promise<Client>
  readonly provider: IdentityProvider
  /** Who the client is there. */
  readonly identity: () => Promise<Client>
  readonly identityAssertion: Assertion
  readonly kind: 'id_token' | 'saml2'
}

/** An identity assertion is exchanged at the identity provider for an ID-JAG, which is the grant. */
export function crossAppGrant(parts: CrossAppParts): Grant {
  const { client: own, provider, identity, identityAssertion, kind } = parts
  return grantOf(own, async (request, client) => {
    const { discovery, scope, http, signal } = request
    const server = await identityServer(provider, request)
    const exchange = await requestTokens(
      { http, server, client: await identity(), signal },
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: ID_JAG,
        audience: discovery.server.issuer,
        resource: discovery.resource,
        scope,
        subject_token: await ask('identityAssertion', identityAssertion, request),
        subject_token_type: `urn:ietf:params:oauth:token-type:${kind}`,
      },
    )
    return redeem(request, client, exchange.accessToken)
  })
}

/** The identity provider's token endpoint. The application named it, so it may be on this machine. */
async function identityServer(
  { issuer, tokenEndpoint }: IdentityProvider,
  { http, signal }: GrantRequest,
): Promise<AuthorizationServer> {
  if (tokenEndpoint !== undefined) {
    return {
      issuer: issuer ?? tokenEndpoint,
      tokenEndpoint,
      sendsIssuer: false,
      takesMetadataUrl: false,
      isDescribed: false,
    }
  }
  const named = String(issuer)
  const rules = { loopback: isLoopback(new URL(named)), refusePrivate: false }
  return findAuthorizationServer(http, named, rules, signal)
}

async function ask(name: string, assertion: Assertion, { discovery, signal }: GrantRequest): Promise<string> {
  const context = { issuer: discovery.server.issuer, resource: discovery.resource, signal }
  const given: unknown = await orAborted(assertion(context), signal)
  if (typeof given === 'string' && given !== '') return given
  throw new McpError(
    'ERR_AUTH_CLIENT',
    `${name} gave no assertion for ${quote(context.issuer)}, expected a string`,
  )
}

function redeem({ http, discovery, scope, dpop, signal }: GrantRequest, client: Client, assertion: string) {
  return requestTokens(
    { http, server: discovery.server, client, dpop, signal },
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
      scope,
      resource: discovery.resource,
    },
  )
}
