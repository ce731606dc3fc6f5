/**
 * The protected resource: an MCP server as an OAuth 2.1 resource server.
 *
 *    Authorization header                                                       refused with
 *      |
 *    known by its hash? ---- yes ------------------------------.
 *      | no                                                    |
 *      | credentials.ts      a scheme that is ours, and a token|                   401, 400
 *      | jwt.ts, introspection.ts, or a function   valid?      |                   401, 503
 *      v                                                       v
 *    remembered until it expires  --------------------->  bound to a key?
 *                                                         dpop.ts: a proof         401
 *                                                              |
 *                                                              v
 *                                                         scopes of the endpoint   403
 *
 * A token that is known is admitted without a promise. Scopes of operations are asked later, when it is known which one
 * it is, through `access`.
 *
 * Spec: 2026-07-28 authorization {@link spec.authorization}, RFC 6750, RFC 9728, RFC 9449.
 */

import { checkCount, checkTime, oneOf, requireType } from '../bounds/check-options.ts'
import { ExpiringMap } from '../bounds/expiring-map.ts'
import { heapBytes } from '../bounds/heap-size.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import type { Access } from '../http/access.ts'
import type { Authentication, Authenticator, AuthRequest, VerifiedPrincipal } from '../http/authenticate.ts'
import { Rejection } from '../http/rejection.ts'
import { Challenges, type Scheme } from './challenges.ts'
import type { Verified } from './claims.ts'
import { readCredentials } from './credentials.ts'
import { customVerifier } from './custom-verify.ts'
import { Dpop, type DpopSettings } from './dpop.ts'
import { MetadataDocument, metadataUrl } from './metadata.ts'
import { type ScopeDeclarations, ScopeTable } from './scope-table.ts'
import { sha256 } from './sha256.ts'
import { TokenError } from './token-error.ts'
import { checkUrl } from './urls.ts'
import { rejectionOf } from './verification-failure.ts'
import type { CustomVerify, TokenVerifier, VerifyToken } from './verifier.ts'

export interface ProtectedResourceOptions {
  /** URL of the MCP endpoint, as clients know it. Tokens must be for it. */
  readonly resource: string
  /** Issuers of tokens, for clients to find. At least one. */
  readonly authorizationServers: readonly string[]
  /** The scopes that there are, and what they imply. @defaultValue those of `requiredScopes` */
  readonly scopes?: ScopeDeclarations | undefined
  /** Scopes that every caller must have; 403 for those who lack one. @defaultValue none */
  readonly requiredScopes?: readonly string[] | undefined
  /** How tokens are verified: `jwt(...)`, `introspection(...)`, or a function. */
  readonly token: TokenVerifier | CustomVerify
  /** Accepts tokens that are bound to a key of the client, with proofs of it (RFC 9449). @defaultValue they are refused */
  readonly dpop?: DpopSettings | undefined
  /** Whether lists show entries whose scopes the caller lacks. @defaultValue 'show', so that clients can ask for more */
  readonly lists?: 'show' | 'hide' | undefined
  /** More members of the metadata document, such as `resource_name`. @defaultValue none */
  readonly metadata?: { readonly [member: string]: unknown } | undefined
  /** Milliseconds that a function at `token` may take, 503 after that; 0: no limit. @defaultValue 10 s */
  readonly timeoutMs?: number | undefined
  /** Verified tokens that are remembered; the oldest is forgotten first. @defaultValue 10 000 */
  readonly maxTokens?: number | undefined
  /** The same in bytes of memory. @defaultValue 32 MiB */
  readonly maxTokenBytes?: number | undefined
}

const NAMES: readonly (keyof ProtectedResourceOptions)[] = [
  'resource',
  'authorizationServers',
  'scopes',
  'requiredScopes',
  'token',
  'dpop',
  'lists',
  'metadata',
  'timeoutMs',
  'maxTokens',
  'maxTokenBytes',
]
const OTHER_WORDS = {
  resource: 'url audience resourceserver',
  authorizationServers: 'issuer issuers authorizationserver',
  token: 'verify verifier jwt',
}

/** An MCP server as a resource server: a value for the option `auth`. */
export interface ProtectedResource extends Authenticator {
  readonly resource: string
  /** Where its metadata are. */
  readonly metadataUrl: string
}

/** A header that was verified, and the result for all requests with the same one. */
interface Known {
  readonly result: Authentication<VerifiedPrincipal>
  readonly scheme: Scheme
  /** Of the token. */
  readonly hash: string
  readonly jkt: string | undefined
}

/**
 * Makes an MCP server an OAuth 2.1 resource server: tokens are verified, and clients find the authorization server and
 * the scopes that they need.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * await serve(server, {
 *   auth: protectedResource({
 *     resource: 'https://mcp.example.com/mcp',
 *     authorizationServers: ['https://auth.example.com'],
 *     requiredScopes: ['notes:read'],
 *     token: jwt({ issuer: 'https://auth.example.com' }),
 *   }),
 * })
 * ```
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  return new Resource(options)
}

class Resource implements ProtectedResource {
  readonly resource: string
  readonly metadataUrl: string
  readonly access: Access
  readonly requestHeaders: readonly string[]
  readonly replyHeaders: readonly string[]
  readonly page: MetadataDocument
  readonly #scopes: ScopeTable
  readonly #challenges: Challenges
  readonly #dpop: Dpop | undefined
  readonly #verify: VerifyToken
  /** Lifecycle of an entry: until its token expires. */
  readonly #known: ExpiringMap<Known>

  constructor(options: ProtectedResourceOptions) {
    checkNames(options, NAMES, 'protectedResource.', OTHER_WORDS)
    const { resource, token, dpop, lists = 'show', requiredScopes, metadata = {} } = options
    const { timeoutMs = 10_000, maxTokens = 10_000, maxTokenBytes = 32 * 1024 * 1024 } = options
    const url = checkUrl('protectedResource.resource', resource)
    const servers = checkServers(options.authorizationServers)
    oneOf('protectedResource.lists', lists, ['show', 'hide'])
    requireType('protectedResource.metadata', metadata, ['object'])
    checkTime('protectedResource.timeoutMs', timeoutMs)
    checkCount('protectedResource.maxTokens', maxTokens)
    checkCount('protectedResource.maxTokenBytes', maxTokenBytes)
    this.resource = resource
    this.metadataUrl = metadataUrl(url)
    this.#scopes = new ScopeTable(options.scopes, requiredScopes, 'protectedResource.')
    this.#dpop = dpop === undefined ? undefined : new Dpop(dpop, resource)
    this.#challenges = new Challenges(this.metadataUrl, this.#scopes, this.#dpop)
    this.#verify = verifierOf(token, timeoutMs).forResource(resource)
    this.#known = new ExpiringMap(maxTokens, maxTokenBytes)
    this.requestHeaders = this.#dpop === undefined ? [] : ['DPoP']
    this.replyHeaders = this.#dpop === undefined ? [] : ['DPoP-Nonce']
    this.access = accessOf(this.#scopes, this.#challenges, lists === 'hide')
    const { declared } = this.#scopes
    this.page = new MetadataDocument(url, {
      ...checkMetadata(metadata),
      resource,
      authorization_servers: servers,
      ...(declared.size > 0 && { scopes_supported: [...declared] }),
      bearer_methods_supported: ['header'],
      ...(this.#dpop !== undefined && {
        dpop_signing_alg_values_supported: this.#dpop.algorithms,
        dpop_bound_access_tokens_required: this.#dpop.required,
      }),
    })
  }

  readonly document: Authenticator['document'] = (request) => this.page.at(request)

  readonly authenticate = (
    authorization: string | undefined,
    request: AuthRequest,
  ): Authentication<VerifiedPrincipal> | Promise<Authentication<VerifiedPrincipal>> => {
    if (authorization === undefined) return this.#challenges.without('none')
    // By the whole header: that it is well-formed is known, too.
    const key = sha256(authorization)
    const known = this.#known.find(key)
    if (known !== undefined) return this.#admit(known, request)
    const credentials = readCredentials(authorization)
    if (credentials.kind !== 'token') return this.#challenges.without(credentials.kind)
    const { token, scheme } = credentials
    const hash = sha256(token)
    const admit = (verified: Verified) => this.#admit(this.#checkScopes(verified, scheme, hash, key), request)
    try {
      const verified = this.#verify(token, hash, request)
      if (!isPromise(verified)) return admit(verified)
      return Promise.resolve(verified).then(admit, (error) => rejectionOf(error, this.#challenges, scheme))
    } catch (error) {
      return rejectionOf(error, this.#challenges, scheme)
    }
  }

  /** Whether the token has the scopes of the endpoint: remembered as long as the token is valid. */
  #checkScopes(verified: Verified, scheme: Scheme, hash: string, key: string): Known {
    const { principal, until, jkt } = verified
    const { required } = this.#scopes
    const allowed = this.#scopes.allows(principal.scopes, required)
    const result = allowed ? { principal } : this.#challenges.insufficient(principal.scopes, required)
    const known = { result, scheme, hash, jkt }
    if (until > 0) this.#known.add(key, known, until, heapBytes(principal))
    return known
  }

  /** Whether the token is presented with its scheme, and with a proof of the key that it is bound to. */
  #admit(
    { result, scheme, hash, jkt }: Known,
    request: AuthRequest,
  ): Authentication<VerifiedPrincipal> | Promise<Authentication<VerifiedPrincipal>> {
    const dpop = this.#dpop
    if (scheme === 'bearer' && jkt === undefined && dpop?.required !== true) return result
    try {
      if (dpop === undefined) {
        throw new TokenError(
          'The token is bound to a key',
          'cnf failed: the token is bound to a key, and DPoP is off',
        )
      }
      if (scheme === 'bearer') {
        const reason =
          jkt === undefined
            ? 'cnf failed: expected a token that is bound to a key'
            : 'cnf failed: a bound token came as a bearer token'
        throw new TokenError('The token must be sent with the scheme DPoP and a proof', reason)
      }
      if (jkt === undefined) {
        const reason = 'cnf failed: a token that is not bound came with the scheme DPoP'
        throw new TokenError('The token is not bound to a key', reason)
      }
      const headers = dpop.check(request, hash, jkt)
      if (!isPromise(headers)) return withHeaders(result, headers)
      return Promise.resolve(headers).then(
        (settled) => withHeaders(result, settled),
        (error) => rejectionOf(error, this.#challenges, 'dpop'),
      )
    } catch (error) {
      return rejectionOf(error, this.#challenges, dpop === undefined ? 'bearer' : 'dpop')
    }
  }
}

function withHeaders(
  result: Authentication<VerifiedPrincipal>,
  headers: readonly string[] | undefined,
): Authentication<VerifiedPrincipal> {
  if (headers === undefined) return result
  if (result.rejection === undefined) return { ...result, headers }
  const { status, error, id, headers: own = [], reason } = result.rejection
  return { rejection: new Rejection(status, error, id, [...own, ...headers], reason) }
}

function accessOf(scopes: ScopeTable, challenges: Challenges, hides: boolean): Access {
  return {
    declared: scopes.declared,
    hides,
    allows: (principal, needed) => scopes.allows(principal?.scopes, needed),
    rejection: (principal, needed) => challenges.insufficient(principal?.scopes, needed).rejection,
  }
}

function verifierOf(token: TokenVerifier | CustomVerify, timeoutMs: number): TokenVerifier {
  if (typeof token === 'function') return customVerifier(token, timeoutMs)
  if (typeof token?.forResource === 'function') return token
  throw new TypeError(
    `protectedResource.token must be jwt(...), introspection(...) or a function; got ${kindOf(token)}`,
  )
}

function checkServers(servers: readonly string[]): readonly string[] {
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new TypeError(
      `protectedResource.authorizationServers must be an array of URLs, at least one; got ${shown(servers)}`,
    )
  }
  for (const server of servers) checkUrl('protectedResource.authorizationServers', server)
  return servers
}

const OWN_MEMBERS: readonly string[] = [
  'resource',
  'authorization_servers',
  'scopes_supported',
  'bearer_methods_supported',
  'dpop_signing_alg_values_supported',
  'dpop_bound_access_tokens_required',
]

function checkMetadata(metadata: { readonly [member: string]: unknown }): object {
  const own = OWN_MEMBERS.find((name) => Object.hasOwn(metadata, name))
  if (own === undefined) return metadata
  throw new TypeError(
    `protectedResource.metadata cannot have ${JSON.stringify(own)}, which follows from the other options`,
  )
}

/** @internal */
export function documentOf(resource: ProtectedResource): MetadataDocument {
  if (resource instanceof Resource) return resource.page
  throw new TypeError(`metadataHandler needs what protectedResource returns; got ${kindOf(resource)}`)
}
