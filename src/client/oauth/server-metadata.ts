/**
 * Metadata of an authorization server: RFC 8414 and OpenID Connect Discovery 1.0, found by the order of
 * {@link spec.authorizationDiscovery}.
 *
 *    https://auth.example.com/tenant1
 *      1. https://auth.example.com/.well-known/oauth-authorization-server/tenant1
 *      2. https://auth.example.com/.well-known/openid-configuration/tenant1
 *      3. https://auth.example.com/tenant1/.well-known/openid-configuration
 *    https://auth.example.com
 *      1. https://auth.example.com/.well-known/oauth-authorization-server
 *      2. https://auth.example.com/.well-known/openid-configuration
 */

import { quote, shown } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { type Http, parseObject, request } from './http.ts'
import { checkUrl, type UrlRules } from './urls.ts'

/** What is used of the metadata; `undefined` where the server does not say. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly authorizationEndpoint?: string | undefined
  readonly tokenEndpoint: string
  readonly registrationEndpoint?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly grantTypes?: readonly string[] | undefined
  readonly challengeMethods?: readonly string[] | undefined
  readonly authMethods?: readonly string[] | undefined
  readonly dpopAlgorithms?: readonly string[] | undefined
  /** RFC 9207: its authorization responses have `iss`. */
  readonly sendsIssuer: boolean
  /** It takes the URL of a metadata document for a client id. */
  readonly takesMetadataUrl: boolean
  /** False for the default endpoints of 2025-03-26: nothing is known of what the server supports. */
  readonly isDescribed: boolean
}

/** One document that was looked for, and what became of it. */
export interface Lookup {
  readonly document?: Readonly<Record<string, unknown>>
  /** Why there is none: it is not there, or it could not be had. */
  readonly kind: 'found' | 'absent' | 'failed'
  readonly note: string
}

/**
 * Asks for a metadata document.
 *
 * @param headers - beside `Accept`
 */
export async function lookUp(
  http: Http,
  url: URL,
  what: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Lookup> {
  try {
    const { status, text } = await request(http, url, { what, headers, signal })
    if (status >= 500 || status === 429) return { kind: 'failed', note: `${url.href}: status ${status}` }
    if (status !== 200) return { kind: 'absent', note: `${url.href}: status ${status}` }
    const document = parseObject(text)
    // A web application that answers every path with its page has no metadata there.
    if (document === undefined) return { kind: 'absent', note: `${url.href}: not a JSON object` }
    return { kind: 'found', document, note: url.href }
  } catch (error) {
    if (!(error instanceof McpError)) throw error
    return { kind: 'failed', note: error.message }
  }
}

/**
 * @throws {McpError} `ERR_AUTH_DISCOVERY`: no document that names this issuer. A document with another `issuer` MUST NOT
 *   be used (RFC 8414 3.3)
 */
export async function findAuthorizationServer(
  http: Http,
  issuer: string,
  rules: UrlRules,
  signal: AbortSignal,
): Promise<AuthorizationServer> {
  const url = checkUrl(issuer, 'the issuer of the authorization server', rules)
  const notes: string[] = []
  for (const candidate of metadataUrls(url)) {
    const found = await lookUp(http, candidate, 'metadata of the authorization server', signal)
    const named = found.document?.['issuer']
    if (found.document !== undefined && named === issuer) return readServer(found.document, issuer, rules)
    notes.push(found.document === undefined ? found.note : `${found.note}: its issuer is ${shown(named)}`)
  }
  throw new McpError(
    'ERR_AUTH_DISCOVERY',
    `the authorization server ${quote(issuer)} has no metadata that names it as issuer: ${notes.join('; ')}`.slice(
      0,
      2000,
    ),
  )
}

/** Where the metadata of an issuer can be, in order. */
export function metadataUrls(issuer: URL): URL[] {
  // RFC 8414 3.1: a "/" at the end is removed before the well-known part goes in.
  const path = issuer.pathname.replace(/\/$/, '')
  const at = (pathname: string): URL => new URL(pathname, issuer.origin)
  const oauth = at(`/.well-known/oauth-authorization-server${path}`)
  const openId = at(`/.well-known/openid-configuration${path}`)
  return path === '' ? [oauth, openId] : [oauth, openId, at(`${path}/.well-known/openid-configuration`)]
}

/**
 * Reads the members that are used; each endpoint is held to the same rules as the issuer.
 *
 * @throws {McpError} `ERR_AUTH_DISCOVERY`, `ERR_AUTH_URL`
 */
export function readServer(
  document: Readonly<Record<string, unknown>>,
  issuer: string,
  rules: UrlRules,
): AuthorizationServer {
  const endpoint = (name: string): string | undefined => {
    const { [name]: value } = document
    return typeof value === 'string' ? checkUrl(value, `${name} of ${quote(issuer)}`, rules).href : undefined
  }
  const tokenEndpoint = endpoint('token_endpoint')
  if (tokenEndpoint === undefined) {
    throw new McpError(
      'ERR_AUTH_DISCOVERY',
      `the metadata of the authorization server ${quote(issuer)} has no token_endpoint`,
    )
  }
  return {
    issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint,
    registrationEndpoint: endpoint('registration_endpoint'),
    scopes: texts(document['scopes_supported']),
    grantTypes: texts(document['grant_types_supported']),
    challengeMethods: texts(document['code_challenge_methods_supported']),
    authMethods: texts(document['token_endpoint_auth_methods_supported']),
    dpopAlgorithms: texts(document['dpop_signing_alg_values_supported']),
    sendsIssuer: document['authorization_response_iss_parameter_supported'] === true,
    takesMetadataUrl: document['client_id_metadata_document_supported'] === true,
    isDescribed: true,
  }
}

/** The strings of an array, or undefined for anything that is none. */
export function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined
}
