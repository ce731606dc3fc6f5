/**
 * Who the client is at an authorization server, by the order of {@link spec.clientRegistration}:
 *
 *    1. pre-registered         clientId (and a secret or key), from the application
 *    2. metadata document      clientMetadataUrl, where the server says that it takes such URLs (SEP-991)
 *    3. dynamic registration   RFC 7591, where the server has a registration_endpoint; kept in the store by issuer
 */

import { excerpt, quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Client, ClientAuthMethod } from './client-auth.ts'
import type { GrantRequest } from './grant.ts'
import { parseObject, request as send } from './http.ts'
import { isLoopback } from './is-loopback.ts'
import type { AuthorizationServer } from './server-metadata.ts'
import { forget, load, type StoredClient, save } from './store.ts'
import { safeDescription } from './token-endpoint.ts'

/** Client metadata of RFC 7591 2, by its names there. Any other member is sent as it is. */
export interface ClientMetadata {
  readonly client_name?: string | undefined
  readonly client_uri?: string | undefined
  readonly logo_uri?: string | undefined
  readonly application_type?: 'native' | 'web' | undefined
  readonly contacts?: readonly string[] | undefined
  readonly software_id?: string | undefined
  readonly software_version?: string | undefined
  readonly [name: string]: unknown
}

/** What a client has to identify itself with. */
export interface ClientIdentity {
  /** From the application; undefined when it has no client id of its own. */
  readonly preRegistered: (() => Promise<Client>) | undefined
  /** URL of the client's metadata document, and a key when that document has its public part. */
  readonly metadataUrl: string | undefined
  readonly key: () => Promise<Client['key']>
  readonly clientMetadata: ClientMetadata
  readonly redirectUrl: string
}

/** @throws {McpError} `ERR_AUTH_CLIENT` */
export async function findClient(identity: ClientIdentity, request: GrantRequest): Promise<Client> {
  const { preRegistered, metadataUrl, redirectUrl } = identity
  const { server } = request.discovery
  if (preRegistered !== undefined) return preRegistered()
  if (metadataUrl !== undefined && server.takesMetadataUrl) {
    const key = await identity.key()
    const authMethod: ClientAuthMethod = key === undefined ? 'none' : 'private_key_jwt'
    return { clientId: metadataUrl, key, authMethod }
  }
  const known = await load(request.store, 'client', server.issuer)
  if (
    known !== undefined &&
    known.redirectUrl === redirectUrl &&
    (known.secretExpiresAt ?? Infinity) > Date.now()
  ) {
    return known
  }
  if (server.registrationEndpoint === undefined) {
    const takes = server.takesMetadataUrl ? 'clientMetadataUrl or clientId' : 'clientId'
    throw new McpError(
      'ERR_AUTH_CLIENT',
      `the authorization server ${quote(server.issuer)} registers no clients by itself: register one there and give it as ${takes}`,
    )
  }
  const registered = await register(identity, request, server.registrationEndpoint)
  await save(request.store, 'client', server.issuer, registered)
  return registered
}

/** Forgets a registration that the server does not know any more. */
export async function forgetRegistration(request: GrantRequest): Promise<void> {
  await forget(request.store, 'client', request.discovery.server.issuer)
}

async function register(
  { clientMetadata, redirectUrl }: ClientIdentity,
  { discovery, http, signal }: GrantRequest,
  endpoint: string,
): Promise<StoredClient> {
  const { server } = discovery
  const wanted = registrationAuthMethod(server)
  const document = {
    client_name: 'MCP client',
    // OpenID Connect takes a client without it for a web application, which may not redirect to this machine.
    application_type: isNative(redirectUrl) ? 'native' : 'web',
    grant_types: ['authorization_code', 'refresh_token'].filter(
      (type) => type === 'authorization_code' || (server.grantTypes?.includes(type) ?? true),
    ),
    response_types: ['code'],
    token_endpoint_auth_method: wanted,
    ...clientMetadata,
    redirect_uris: [redirectUrl],
  }
  const answer = await send(http, new URL(endpoint), {
    what: 'the registration endpoint',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
    signal,
  })
  const body = parseObject(answer.text)
  const clientId = body?.['client_id']
  if (answer.status < 200 || answer.status > 299 || typeof clientId !== 'string' || clientId === '') {
    throw refusal(server, answer.status, body, redirectUrl)
  }
  const {
    client_secret: secret,
    client_secret_expires_at: expires,
    token_endpoint_auth_method: method,
  } = body ?? {}
  return {
    clientId,
    clientSecret: typeof secret === 'string' ? secret : undefined,
    // RFC 7591 3.2.1: the server says what it registered, which may be something else than was asked for.
    authMethod: typeof method === 'string' ? method : wanted,
    redirectUrl,
    secretExpiresAt: typeof expires === 'number' && expires > 0 ? expires * 1000 : undefined,
  }
}

/** A public client where that is possible: a secret in a program that people install is none. */
function registrationAuthMethod({ authMethods, isDescribed }: AuthorizationServer): ClientAuthMethod {
  if (!isDescribed || authMethods?.includes('none') === true) return 'none'
  return authMethods?.includes('client_secret_post') === true && !authMethods.includes('client_secret_basic')
    ? 'client_secret_post'
    : 'client_secret_basic'
}

/** A desktop, command-line or mobile application: its redirect stays on the user's machine. */
function isNative(redirectUrl: string): boolean {
  const url = new URL(redirectUrl)
  return url.protocol !== 'https:' || isLoopback(url)
}

function refusal(
  server: AuthorizationServer,
  status: number,
  body: Readonly<Record<string, unknown>> | undefined,
  redirectUrl: string,
): McpError {
  const error = typeof body?.['error'] === 'string' ? `${quote(excerpt(body['error']))} ` : ''
  const description = safeDescription(body?.['error_description'], [])
  const hint = server.isDescribed
    ? ''
    : '. The MCP server publishes no authorization metadata, so the default endpoints of 2025-03-26 were tried'
  return new McpError(
    'ERR_AUTH_CLIENT',
    `the authorization server ${quote(server.issuer)} does not register the client with the redirect URL ${quote(redirectUrl)}: ${error}(status ${status})${
      description === undefined ? '' : `: ${description}`
    }${hint}`,
  )
}
