/**
 * Discovery: from a server's 401 to the authorization server and what may be asked of it.
 *
 *    resource_metadata of the challenge  ->  protected resource metadata (RFC 9728)  ->  authorization_servers[...]
 *      or /.well-known/oauth-protected-resource/PATH, then without the path                 |
 *                                                                              server-metadata.ts
 *    none of them: the server is its own authorization server, as in 2025-03-26
 *      /.well-known/oauth-authorization-server, then /authorize, /token and /register
 *
 * Spec: {@link spec.authorizationDiscovery}; 2025-03-26 authorization, "Server Metadata Discovery".
 */

import { quote, shown } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Http } from './http.ts'
import { isLoopback } from './is-loopback.ts'
import {
  type AuthorizationServer,
  findAuthorizationServer,
  lookUp,
  readServer,
  texts,
} from './server-metadata.ts'
import { checkUrl, type UrlRules, withoutQuery } from './urls.ts'

/** What discovery found out about an MCP server. */
export interface Discovery {
  /** Goes into every request for tokens (RFC 8707), so that they are good for this server only. */
  readonly resource: string
  /** `scopes_supported` of the resource. */
  readonly scopes: readonly string[]
  /** The resource takes DPoP-bound tokens only. */
  readonly needsDpop: boolean
  /** Where the challenge said that the metadata is. */
  readonly resourceMetadataUrl?: string | undefined
  readonly server: AuthorizationServer
}

/** What to discover, and what is known already. */
export interface DiscoveryOptions {
  readonly http: Http
  readonly serverUrl: string
  /** `resource_metadata` of the challenge. */
  readonly resourceMetadataUrl?: string | undefined
  /** The authorization server that the client's credentials belong to: no other one is asked. */
  readonly issuer?: string | undefined
  /** Taken when the server lists it among others. */
  readonly preferredIssuer?: string | undefined
  readonly refusePrivateAddresses: boolean
  readonly signal: AbortSignal
}

/** Says which revision's discovery is tried (2025-03-26, "Server Metadata Discovery Headers"). */
const OLD_DISCOVERY = { 'mcp-protocol-version': '2025-03-26' }

/** @throws {McpError} `ERR_AUTH_DISCOVERY`, `ERR_AUTH_URL`, `ERR_AUTH_NETWORK` */
export async function discover(options: DiscoveryOptions): Promise<Discovery> {
  const { http, serverUrl, issuer, resourceMetadataUrl, signal } = options
  const url = checkUrl(serverUrl, 'the MCP server', { loopback: true, refusePrivate: false })
  const rules: UrlRules = { loopback: isLoopback(url), refusePrivate: options.refusePrivateAddresses }
  // The application named it itself, so it may be on this machine.
  const issuerRules = {
    ...rules,
    loopback: rules.loopback || (issuer !== undefined && isLoopback(new URL(issuer))),
  }
  const found = await findResource(options, url, rules)
  if (found === undefined) {
    const server =
      issuer === undefined
        ? await findOwnServer(http, url, rules, signal)
        : await findAuthorizationServer(http, issuer, issuerRules, signal)
    return { resource: withoutQuery(serverUrl), scopes: [], needsDpop: false, server }
  }
  const listed = texts(found['authorization_servers']) ?? []
  const chosen = issuer ?? listed.find((each) => each === options.preferredIssuer) ?? listed[0]
  if (chosen === undefined || !listed.includes(chosen)) {
    const expected =
      issuer === undefined ? 'at least one' : `${quote(issuer)}, which the credentials belong to`
    const names =
      listed
        .slice(0, 5)
        .map((text) => quote(text))
        .join(', ') || 'none'
    throw new McpError(
      'ERR_AUTH_DISCOVERY',
      `the MCP server ${quote(serverUrl)} names the authorization servers ${names}; expected ${expected}`,
    )
  }
  return {
    resource: readResource(found, url),
    scopes: texts(found['scopes_supported']) ?? [],
    needsDpop: found['dpop_bound_access_tokens_required'] === true,
    resourceMetadataUrl,
    server: await findAuthorizationServer(http, chosen, issuerRules, signal),
  }
}

/** The protected resource metadata, or undefined when the server has none. */
async function findResource(
  { http, serverUrl, resourceMetadataUrl, signal }: DiscoveryOptions,
  url: URL,
  rules: UrlRules,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const what = 'metadata of the protected resource'
  const notes: string[] = []
  const isNamed = resourceMetadataUrl !== undefined
  const candidates = isNamed
    ? [checkUrl(resourceMetadataUrl, 'resource_metadata', rules)]
    : resourceMetadataUrls(url)
  for (const candidate of candidates) {
    const { kind, document, note } = await lookUp(http, candidate, what, signal)
    if (document !== undefined) return document
    // A server that fails is not one without metadata: the older discovery would ask for a password in the wrong place.
    if (kind === 'failed' || isNamed) notes.push(note)
  }
  if (notes.length === 0) return undefined
  throw new McpError(
    'ERR_AUTH_DISCOVERY',
    `cannot read the metadata of the protected resource ${quote(serverUrl)}: ${notes.join('; ')}`.slice(
      0,
      2000,
    ),
  )
}

/** RFC 9728 3.1: the well-known part goes between host and path; then at the root. */
export function resourceMetadataUrls(url: URL): URL[] {
  const root = new URL('/.well-known/oauth-protected-resource', url.origin)
  if (url.pathname === '/' && url.search === '') return [root]
  const path = url.pathname === '/' ? '' : url.pathname
  return [new URL(`${root.pathname}${path}${url.search}`, url.origin), root]
}

/**
 * Holds `resource` against the URL that is really used. RFC 9728 3.3 wants them identical. Servers that describe a
 * whole host, or a path above their endpoint, are common and belong to the same owner, so those are taken too.
 */
function readResource(document: Readonly<Record<string, unknown>>, url: URL): string {
  const { resource } = document
  if (typeof resource === 'string' && URL.canParse(resource)) {
    const named = new URL(resource)
    const folder = named.pathname.replace(/\/?$/, '/')
    const isAbove = `${url.pathname}/`.startsWith(folder)
    if (
      named.origin === url.origin &&
      isAbove &&
      named.hash === '' &&
      ['', url.search].includes(named.search)
    ) {
      return resource
    }
  }
  throw new McpError(
    'ERR_AUTH_DISCOVERY',
    `the metadata of the protected resource is about ${shown(resource)}, expected ${quote(url.href)}`,
  )
}

/** 2025-03-26: the MCP server's host is the authorization server, described or with default endpoints. */
async function findOwnServer(
  http: Http,
  url: URL,
  rules: UrlRules,
  signal: AbortSignal,
): Promise<AuthorizationServer> {
  const { origin } = url
  const at = new URL('/.well-known/oauth-authorization-server', origin)
  const found = await lookUp(http, at, 'metadata of the authorization server', signal, OLD_DISCOVERY)
  if (found.kind === 'failed') {
    throw new McpError(
      'ERR_AUTH_DISCOVERY',
      `cannot read the metadata of the authorization server: ${found.note}`,
    )
  }
  if (found.document !== undefined) {
    const { issuer } = found.document
    // Both have this well-known URL, RFC 8414 3.1.
    if (issuer === origin || issuer === `${origin}/`) return readServer(found.document, issuer, rules)
    throw new McpError(
      'ERR_AUTH_DISCOVERY',
      `${found.note} is about the issuer ${shown(issuer)}, expected ${quote(origin)}`,
    )
  }
  return {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    sendsIssuer: false,
    takesMetadataUrl: false,
    isDescribed: false,
  }
}
