/**
 * The authorization code grant with PKCE: the user logs in at the authorization server and comes back with a code.
 * OAuth 2.1 4.1, RFC 7636, RFC 8707, RFC 9207, RFC 9449 10; {@link spec.authorization}.
 *
 *    state, verifier, issuer  -> store         before the user leaves: the page may be gone when the user comes back
 *    onRedirect(url)          -> ?code=...     or undefined: finish() takes the login up later
 *    state, iss checked, then error, then code
 *    code, verifier           -> token endpoint of the issuer that was recorded
 */

import { excerpt, quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Client } from './client-auth.ts'
import type { DpopSigner } from './dpop.ts'
import type { Grant, GrantRequest } from './grant.ts'
import type { Http } from './http.ts'
import { type ClientIdentity, findClient, forgetRegistration } from './registration.ts'
import { OFFLINE_ACCESS, parseScope } from './scopes.ts'
import { orAborted } from './shared-work.ts'
import { forget, load, type StoredLogin, save, type TokenStore } from './store.ts'
import { requestTokens, type TokenResponse } from './token-endpoint.ts'
import { randomText, sha256 } from './web-crypto.ts'

/** How the user came back: the URL, or its query. */
export type Redirected = URL | URLSearchParams | string

/** Brings the user to a URL; see {@link OAuthOptions.onRedirect}. */
export type OnRedirect = (
  url: URL,
  context: { readonly signal: AbortSignal },
) => PromiseLike<Redirected | undefined> | Redirected | undefined

/** A login that is older than this is refused. */
const MAX_LOGIN_MS = 3_600_000

/** The grant of a client that acts for a user. */
export class AuthorizationCodeGrant implements Grant {
  readonly needsUser = true
  readonly isBound: boolean
  readonly #identity: ClientIdentity
  readonly #onRedirect: OnRedirect

  constructor(identity: ClientIdentity, onRedirect: OnRedirect) {
    this.#identity = identity
    this.#onRedirect = onRedirect
    this.isBound = identity.preRegistered !== undefined
  }

  client(request: GrantRequest): Promise<Client> {
    return findClient(this.#identity, request)
  }

  forgetClient(request: GrantRequest): Promise<void> {
    return forgetRegistration(request)
  }

  async obtain(request: GrantRequest, client: Client): Promise<TokenResponse> {
    const { discovery, scope, dpop, store, http, signal, serverUrl } = request
    const { server, resource } = discovery
    const login: StoredLogin = {
      serverUrl,
      resource,
      resourceMetadataUrl: discovery.resourceMetadataUrl,
      server,
      clientId: client.clientId,
      redirectUrl: this.#identity.redirectUrl,
      verifier: randomText(),
      scope,
      thumbprint: dpop?.thumbprint,
      startedAt: Date.now(),
    }
    const state = randomText()
    const url = await authorizationUrl(login, state)
    await save(store, 'login', state, login)
    let returned: Redirected | undefined
    try {
      const onRedirect = this.#onRedirect
      returned = await orAborted(onRedirect(url, { signal }), signal)
    } catch (error) {
      await forget(store, 'login', state)
      throw error
    }
    if (returned === undefined) {
      throw new McpError(
        'ERR_AUTH_PENDING',
        'the user was sent to the authorization server: call finishAuthorization with the URL that the user comes back to, then connect again',
      )
    }
    await forget(store, 'login', state)
    const parameters = readRedirected(returned, login.redirectUrl)
    if (single(parameters, 'state') !== state) throw foreignAnswer()
    return redeem({ login, parameters, client, http, dpop, signal })
  }

  /**
   * The second half of a login whose page was left.
   *
   * @param context - gives what the authorization server of the login is asked with
   */
  async finish(
    redirected: Redirected,
    store: TokenStore,
    context: (login: StoredLogin) => Promise<{
      readonly http: Http
      readonly dpop: DpopSigner | undefined
      readonly client: Client
      readonly signal: AbortSignal
    }>,
  ): Promise<{ readonly login: StoredLogin; readonly tokens: TokenResponse }> {
    const parameters = readRedirected(redirected, this.#identity.redirectUrl)
    const state = single(parameters, 'state')
    const login = state === undefined ? undefined : await load(store, 'login', state)
    if (state === undefined || login === undefined) throw foreignAnswer()
    // Whatever becomes of it: an answer is good once.
    await forget(store, 'login', state)
    if (Date.now() - login.startedAt > MAX_LOGIN_MS) {
      throw new McpError('ERR_AUTH_RESPONSE', 'the login began more than an hour ago; begin it again')
    }
    const { http, dpop, client, signal } = await context(login)
    if (client.clientId !== login.clientId) {
      throw new McpError('ERR_AUTH_RESPONSE', 'the login was begun by another client id than the present one')
    }
    if (dpop?.thumbprint !== login.thumbprint) {
      throw new McpError(
        'ERR_AUTH_RESPONSE',
        'the login was begun with another DPoP key: keep dpop.keyPair (IndexedDB holds it) and give it again',
      )
    }
    return { login, tokens: await redeem({ login, parameters, client, http, dpop, signal }) }
  }
}

/** @throws {McpError} `ERR_AUTH_UNSUPPORTED`: MUST NOT go on without PKCE */
async function authorizationUrl(login: StoredLogin, state: string): Promise<URL> {
  const { server, scope } = login
  if (server.authorizationEndpoint === undefined) {
    throw new McpError(
      'ERR_AUTH_UNSUPPORTED',
      `the authorization server ${quote(server.issuer)} has no authorization_endpoint, so no user can log in there`,
    )
  }
  if (server.isDescribed && server.challengeMethods?.includes('S256') !== true) {
    throw new McpError(
      'ERR_AUTH_UNSUPPORTED',
      `the authorization server ${quote(server.issuer)} does not say that it supports PKCE with S256 (code_challenge_methods_supported)`,
    )
  }
  const url = new URL(server.authorizationEndpoint)
  const parameters = {
    response_type: 'code',
    client_id: login.clientId,
    redirect_uri: login.redirectUrl,
    state,
    code_challenge: await sha256(login.verifier),
    code_challenge_method: 'S256',
    resource: login.resource,
    scope,
    dpop_jkt: login.thumbprint,
    // OpenID Connect Core 11: without it the scope is ignored.
    prompt: parseScope(scope).includes(OFFLINE_ACCESS) ? 'consent' : undefined,
  }
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** What a code is redeemed with. */
interface Redemption {
  readonly login: StoredLogin
  readonly parameters: URLSearchParams
  readonly client: Client
  readonly http: Http
  readonly dpop: DpopSigner | undefined
  readonly signal: AbortSignal
}

function redeem({ login, parameters, client, http, dpop, signal }: Redemption): Promise<TokenResponse> {
  const { server } = login
  return requestTokens(
    { http, server, client, dpop, signal },
    {
      grant_type: 'authorization_code',
      code: readCode(parameters, login),
      redirect_uri: login.redirectUrl,
      code_verifier: login.verifier,
      resource: login.resource,
    },
  )
}

/**
 * Checks the authorization response. `iss` comes first: nothing of an answer from another server may be used or shown
 * (RFC 9207 2.4), and it is compared as text, without normalization.
 */
function readCode(parameters: URLSearchParams, { server }: StoredLogin): string {
  const issuer = single(parameters, 'iss')
  if (issuer === undefined ? server.sendsIssuer || parameters.has('iss') : issuer !== server.issuer) {
    const came = issuer === undefined ? 'no issuer (iss)' : `the issuer ${quote(issuer)}`
    throw new McpError(
      'ERR_AUTH_RESPONSE',
      `the authorization response names ${came}, expected ${quote(server.issuer)}`,
    )
  }
  const error = single(parameters, 'error')
  if (error !== undefined) {
    const description = single(parameters, 'error_description')
    const why = description === undefined ? '' : `: ${JSON.stringify(excerpt(description, 300))}`
    throw new McpError('ERR_AUTH_DENIED', `the authorization server answered ${quote(error)}${why}`)
  }
  const code = single(parameters, 'code')
  if (code === undefined || code === '') {
    throw new McpError('ERR_AUTH_RESPONSE', 'the authorization response has no code and no error')
  }
  return code
}

function readRedirected(redirected: Redirected, redirectUrl: string): URLSearchParams {
  if (redirected instanceof URLSearchParams) return redirected
  const text = redirected instanceof URL ? redirected.href : redirected
  if (URL.canParse(text, redirectUrl)) return new URL(text, redirectUrl).searchParams
  throw new McpError(
    'ERR_AUTH_RESPONSE',
    'onRedirect gave no URL, expected the one that the user came back to',
  )
}

/** RFC 6749 3.1: a parameter that comes more than once is not used. */
function single(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name)
  return more.length === 0 ? value : undefined
}

function foreignAnswer(): McpError {
  return new McpError(
    'ERR_AUTH_RESPONSE',
    'the authorization response belongs to no login that was begun here, or to one that was finished (state)',
  )
}
