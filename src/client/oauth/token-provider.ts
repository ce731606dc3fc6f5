/**
 * The provider: keeps the tokens of each MCP server, puts them on requests, and answers challenges.
 *
 *    401  the token that was sent is not the present one       -> send again
 *         a refresh token, and not refreshed for this request  -> refresh, send again
 *         otherwise                                            -> the grant, send again
 *         a token that was just granted                        -> ERR_AUTH_REJECTED
 *    403  insufficient_scope                                   -> the grant with earlier and needed scopes, send again
 *    either with a new DPoP nonce that is asked for            -> send again
 *
 * What was done for a request is known by the request object, which the transport hands to `headers` and
 * `onChallenge` alike, so every request ends after a few attempts. Requests that need tokens at the same time share one
 * refresh or one login.
 *
 * Credentials are kept by the URL of the MCP server, and go nowhere else.
 */

import { McpError } from '../../jsonrpc/rpc-error.ts'
import { quote } from '../../protocol/excerpt.ts'
import type { AuthProvider } from '../auth-provider.ts'
import { type Challenge, tokenChallenge } from './challenge.ts'
import { type Discovery, discover } from './discovery.ts'
import { DpopSigner } from './dpop.ts'
import type { Grant, GrantRequest } from './grant.ts'
import type { ProviderSettings } from './options.ts'
import { OFFLINE_ACCESS, parseScope, selectScopes } from './scopes.ts'
import { SharedWork } from './shared-work.ts'
import { forget, load, type StoredTokens, save } from './store.ts'
import { requestTokens, TokenRefusal, type TokenResponse } from './token-endpoint.ts'
import { withoutQuery } from './urls.ts'
import { generateKeyPair } from './web-crypto.ts'

type Request = Parameters<AuthProvider['headers']>[0]

/** Tokens, and where they came from. */
interface Held extends StoredTokens {
  readonly from: 'store' | 'refresh' | 'grant'
}

/** What is known of one MCP server. Lifecycle: of the provider. */
interface ServerState {
  readonly url: string
  isLoaded: boolean
  tokens: Held | undefined
  discovery: Discovery | undefined
  /** The authorization server of the first tokens. */
  issuer: string | undefined
  /** Where the challenge said that the metadata is. */
  resourceMetadataUrl: string | undefined
  /** Scopes asked for so far. */
  readonly requested: Set<string>
  readonly work: SharedWork<void>
}

/** What was done for one request. Lifecycle: of the request object. */
interface Attempts {
  readonly first: Held | undefined
  sent: Held | undefined
  stepUps: number
  nonces: number
}

/** Why tokens are wanted. */
interface Wanted {
  readonly challenge?: Challenge | undefined
  /** Scopes that the present token lacks. */
  readonly missing?: readonly string[] | undefined
  /** The refreshed token was refused too. */
  readonly withoutRefresh?: boolean | undefined
  /** Before a request, not after a refusal: nobody is asked to log in. */
  readonly isEarly?: boolean | undefined
}

const MAX_STEP_UPS = 2
const MAX_NONCES = 2
const MAX_SERVERS = 1000
/** A token is refreshed this long before it expires, or a tenth of its lifetime. */
const MARGIN_MS = 30_000

/** An {@link AuthProvider} that gets its tokens by a grant. */
export class TokenProvider implements AuthProvider {
  readonly #grant: Grant
  readonly #settings: ProviderSettings
  /** By URL. Lifecycle: of the provider; the oldest goes when there are too many. */
  readonly #servers = new Map<string, ServerState>()
  readonly #attempts = new WeakMap<object, Attempts>()
  #signer: Promise<DpopSigner> | undefined

  constructor(grant: Grant, settings: ProviderSettings) {
    this.#grant = grant
    this.#settings = settings
  }

  headers(
    request: Request,
  ):
    | PromiseLike<Readonly<Record<string, string>> | undefined>
    | Readonly<Record<string, string>>
    | undefined {
    const state = this.#stateOf(request.url)
    const { tokens } = state
    const isReady = tokens?.type === 'Bearer' && Date.now() < (tokens.renewAt ?? Infinity)
    return isReady ? this.#headersWith(tokens, request) : this.#prepare(state, request)
  }

  async onChallenge(response: Response, request: Request): Promise<boolean> {
    const state = this.#stateOf(request.url)
    const hasNewNonce = await this.#noteNonce(response, request)
    if (response.status !== 401 && response.status !== 403) return false
    const attempts = this.#attempts.get(request) ?? {
      first: undefined,
      sent: undefined,
      stepUps: 0,
      nonces: 0,
    }
    this.#attempts.set(request, attempts)
    const challenge = tokenChallenge(response)
    const error = challenge?.parameters.get('error')
    if (error === 'use_dpop_nonce' && hasNewNonce) return ++attempts.nonces <= MAX_NONCES
    if (response.status === 403) {
      return error === 'insufficient_scope' && this.#stepUp(state, request, attempts, challenge)
    }
    // Another scheme is asked for, such as Basic.
    if (challenge === undefined && response.headers.has('www-authenticate')) return false
    await this.#replace(state, request, attempts, challenge)
    return true
  }

  /** Forgets the tokens of an MCP server: the next request begins anew. */
  async forget(serverUrl: string): Promise<void> {
    const state = this.#stateOf(serverUrl)
    state.isLoaded = true
    state.tokens = undefined
    state.issuer = undefined
    state.requested.clear()
    await forget(this.#settings.store, 'tokens', state.url)
  }

  /** Takes up tokens that were got apart from a request. */
  async accept(request: GrantRequest, clientId: string, response: TokenResponse): Promise<void> {
    await this.#keep(this.#stateOf(request.serverUrl), request, clientId, response, 'grant')
  }

  /** @returns the signer of proofs, where the settings or the resource want DPoP and the server can do it */
  async signerFor(discovery: Discovery): Promise<DpopSigner | undefined> {
    const { dpop } = this.#settings
    if (dpop === undefined ? !discovery.needsDpop : !dpop.isOn) return undefined
    this.#signer ??= Promise.resolve(dpop?.keyPair ?? generateKeyPair()).then((pair) => DpopSigner.of(pair))
    const signer = await this.#signer
    const { server } = discovery
    if (server.dpopAlgorithms?.includes(signer.algorithm) ?? true) return signer
    if (dpop?.isRequired !== true) return undefined
    throw new McpError(
      'ERR_AUTH_UNSUPPORTED',
      `the authorization server ${quote(server.issuer)} does not take DPoP proofs signed with ${signer.algorithm}`,
    )
  }

  #stateOf(url: string): ServerState {
    const key = withoutQuery(url)
    const known = this.#servers.get(key)
    if (known !== undefined) return known
    const [oldest] = this.#servers.keys()
    if (this.#servers.size >= MAX_SERVERS && oldest !== undefined) this.#servers.delete(oldest)
    const state: ServerState = {
      url: key,
      isLoaded: false,
      tokens: undefined,
      discovery: undefined,
      issuer: undefined,
      resourceMetadataUrl: undefined,
      requested: new Set(),
      work: new SharedWork(),
    }
    this.#servers.set(key, state)
    return state
  }

  /** The path of a request that has no token ready. */
  async #prepare(
    state: ServerState,
    request: Request,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    if (!state.isLoaded) await this.#load(state)
    const { tokens } = state
    const canRenew = tokens?.refreshToken !== undefined || (tokens !== undefined && !this.#grant.needsUser)
    if (canRenew && Date.now() >= (tokens?.renewAt ?? Infinity)) {
      try {
        await state.work.join(request.signal, (signal) => this.#renew(state, { isEarly: true }, signal))
      } catch (error) {
        request.signal?.throwIfAborted()
        // As long as the present token is good, a token endpoint that is down disturbs nobody.
        if (Date.now() >= (tokens?.expiresAt ?? 0)) throw error
      }
    }
    return this.#headersWith(state.tokens, request)
  }

  #headersWith(tokens: Held | undefined, request: Request) {
    const attempts = this.#attempts.get(request)
    if (attempts === undefined) {
      this.#attempts.set(request, { first: tokens, sent: tokens, stepUps: 0, nonces: 0 })
    } else {
      attempts.sent = tokens
    }
    if (tokens === undefined) return undefined
    const authorization = `${tokens.type} ${tokens.accessToken}`
    return tokens.type === 'Bearer' ? { authorization } : this.#withProof(authorization, tokens, request)
  }

  async #withProof(authorization: string, { accessToken }: Held, { method, url }: Request) {
    const signer = await this.#signer
    // Tokens are bound only where there is a signer.
    return signer === undefined
      ? { authorization }
      : { authorization, dpop: await signer.proof({ method, url, accessToken }) }
  }

  async #noteNonce(response: Response, { url }: Request): Promise<boolean> {
    const signer = await this.#signer
    return signer?.noteNonce(url, response.headers) ?? false
  }

  /** Reads what the store has of a server, once. */
  async #load(state: ServerState): Promise<void> {
    const stored = await load(this.#settings.store, 'tokens', state.url)
    if (state.isLoaded) return
    state.isLoaded = true
    if (stored === undefined) return
    state.issuer = stored.issuer
    state.resourceMetadataUrl = stored.resourceMetadataUrl
    for (const scope of parseScope(stored.requestedScope)) state.requested.add(scope)
    if (await this.#canUse(stored)) state.tokens = { ...stored, from: 'store' }
  }

  /** Bound tokens are of use only with their key, and to those who want them. */
  async #canUse({ thumbprint }: StoredTokens): Promise<boolean> {
    const { dpop } = this.#settings
    if (thumbprint === undefined) return dpop?.isRequired !== true
    if (dpop?.keyPair === undefined || !dpop.isOn) return false
    this.#signer ??= DpopSigner.of(dpop.keyPair)
    return (await this.#signer).thumbprint === thumbprint
  }

  /** After a 401: sees to it that there is another token than the one that was refused. */
  async #replace(
    state: ServerState,
    request: Request,
    attempts: Attempts,
    challenge: Challenge | undefined,
  ): Promise<void> {
    const { sent, first } = attempts
    // Another request was refused too and has replaced it meanwhile.
    if (sent !== state.tokens && state.tokens !== undefined) return
    const isFresh = sent !== undefined && sent !== first
    if (isFresh && sent.from === 'grant') {
      throw new McpError(
        'ERR_AUTH_REJECTED',
        `the MCP server ${quote(state.url)} does not take the token that ${quote(sent.issuer)} has just issued for it`,
      )
    }
    const withoutRefresh = isFresh && sent.from === 'refresh'
    await state.work.join(request.signal, (signal) =>
      this.#renew(state, { challenge, withoutRefresh }, signal),
    )
  }

  /** After a 403 that asks for more scopes. */
  async #stepUp(
    state: ServerState,
    request: Request,
    attempts: Attempts,
    challenge: Challenge | undefined,
  ): Promise<boolean> {
    const { sent } = attempts
    const needed = parseScope(challenge?.parameters.get('scope'))
    if (sent === undefined || needed.length === 0) return false
    if (sent !== state.tokens && state.tokens !== undefined) return true
    const granted = new Set(parseScope(sent.scope ?? sent.requestedScope))
    const missing = needed.filter((scope) => !granted.has(scope))
    // What was asked for and not granted is asked for once more, in case the user changed their mind; then not again.
    const isHopeless = attempts.stepUps > 0 && missing.every((scope) => state.requested.has(scope))
    if (missing.length === 0 || isHopeless || attempts.stepUps >= MAX_STEP_UPS) {
      throw new McpError(
        'ERR_AUTH_SCOPE',
        `the MCP server ${quote(state.url)} wants the scopes ${quote(needed.join(' '))}, ${
          missing.length === 0 ? 'which the token has' : 'which were not granted'
        }`,
      )
    }
    attempts.stepUps++
    await state.work.join(request.signal, (signal) => this.#renew(state, { challenge, missing }, signal))
    return true
  }

  /** Refreshes or gets tokens. One at a time for each server. */
  async #renew(state: ServerState, wanted: Wanted, signal: AbortSignal): Promise<void> {
    if (!state.isLoaded) await this.#load(state)
    if (await this.#adopt(state)) return
    const discovery = await this.#discover(state, wanted, signal)
    const request = await this.#requestOf(state, discovery, wanted, signal)
    // Tokens of another authorization server are shown to nobody.
    if (state.tokens !== undefined && state.tokens.issuer !== discovery.server.issuer)
      state.tokens = undefined
    const isRefresh = wanted.missing === undefined && wanted.withoutRefresh !== true
    if (isRefresh && state.tokens?.refreshToken !== undefined && (await this.#refresh(state, request))) return
    if (wanted.isEarly === true && this.#grant.needsUser) return
    const client = await this.#grant.client(request)
    const response = await this.#grant.obtain(request, client)
    await this.#keep(state, request, client.clientId, response, 'grant')
  }

  /** Another process or page that has the same store may have refreshed already. */
  async #adopt(state: ServerState): Promise<boolean> {
    const { tokens } = state
    if (tokens === undefined) return false
    const stored = await load(this.#settings.store, 'tokens', state.url)
    const isOther = stored !== undefined && stored.accessToken !== tokens.accessToken
    if (!isOther || Date.now() >= (stored.renewAt ?? Infinity) || !(await this.#canUse(stored))) return false
    state.tokens = { ...stored, from: 'store' }
    return true
  }

  async #discover(
    state: ServerState,
    { challenge, isEarly }: Wanted,
    signal: AbortSignal,
  ): Promise<Discovery> {
    // A challenge may mean that the server has moved to another authorization server; time that passed does not.
    if (isEarly === true && state.discovery !== undefined) return state.discovery
    const { http, refusePrivateAddresses, issuer } = this.#settings
    state.resourceMetadataUrl = challenge?.parameters.get('resource_metadata') ?? state.resourceMetadataUrl
    state.discovery = await discover({
      http,
      serverUrl: state.url,
      resourceMetadataUrl: state.resourceMetadataUrl,
      issuer: issuer ?? (this.#grant.isBound ? state.issuer : undefined),
      preferredIssuer: state.issuer,
      refusePrivateAddresses,
      signal,
    })
    return state.discovery
  }

  async #requestOf(
    state: ServerState,
    discovery: Discovery,
    { challenge }: Wanted,
    signal: AbortSignal,
  ): Promise<GrantRequest> {
    const { http, store, scopes: configured } = this.#settings
    const challenged = parseScope(challenge?.parameters.get('scope'))
    const { requested } = state
    const scopes = selectScopes({ requested, challenged, configured, supported: discovery.scopes })
    const offline =
      this.#grant.needsUser && scopes.length > 0 && discovery.server.scopes?.includes(OFFLINE_ACCESS)
    if (offline === true && !scopes.includes(OFFLINE_ACCESS)) scopes.push(OFFLINE_ACCESS)
    return {
      serverUrl: state.url,
      discovery,
      scope: scopes.length === 0 ? undefined : scopes.join(' '),
      dpop: await this.signerFor(discovery),
      http,
      store,
      signal,
    }
  }

  /** @returns whether there are new tokens; false when the refresh token or the client is not known any more */
  async #refresh(state: ServerState, request: GrantRequest): Promise<boolean> {
    const { tokens } = state
    const { discovery, dpop, http, signal } = request
    const { server, resource } = discovery
    try {
      const client = await this.#grant.client(request)
      if (client.clientId !== tokens?.clientId) return false
      const parameters = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken, resource }
      const response = await requestTokens({ http, server, client, dpop, signal }, parameters)
      const { refreshToken = tokens.refreshToken, scope = tokens.scope } = response
      const scoped = { ...request, scope: tokens.requestedScope }
      await this.#keep(state, scoped, client.clientId, { ...response, refreshToken, scope }, 'refresh')
      return true
    } catch (error) {
      const refused =
        error instanceof McpError && error.cause instanceof TokenRefusal ? error.cause.error : ''
      const isUnknownClient = refused === 'invalid_client' || refused === 'unauthorized_client'
      if (!isUnknownClient && refused !== 'invalid_grant') throw error
      if (isUnknownClient) await this.#grant.forgetClient(request)
      state.tokens = undefined
      await forget(this.#settings.store, 'tokens', state.url)
      return false
    }
  }

  async #keep(
    state: ServerState,
    { discovery, scope, dpop }: GrantRequest,
    clientId: string,
    response: TokenResponse,
    from: 'refresh' | 'grant',
  ): Promise<void> {
    const { server } = discovery
    const kind = response.tokenType.toLowerCase()
    const isBound = kind === 'dpop' && dpop !== undefined
    if ((kind !== 'bearer' && !isBound) || (!isBound && this.#settings.dpop?.isRequired === true)) {
      const expected = dpop === undefined ? 'Bearer' : 'DPoP'
      throw new McpError(
        'ERR_AUTH_TOKEN',
        `the authorization server ${quote(server.issuer)} issued a token of type ${quote(response.tokenType)}, expected ${expected}`,
      )
    }
    const now = Date.now()
    const seconds = response.expiresInSeconds
    const lifetime = seconds === undefined ? undefined : seconds * 1000
    const tokens: StoredTokens = {
      accessToken: response.accessToken,
      type: isBound ? 'DPoP' : 'Bearer',
      expiresAt: lifetime === undefined ? undefined : now + lifetime,
      renewAt: lifetime === undefined ? undefined : now + lifetime - Math.min(MARGIN_MS, lifetime / 10),
      // Where nobody has to be asked, the grant does the same with less.
      refreshToken: this.#grant.needsUser ? response.refreshToken : undefined,
      scope: response.scope ?? scope,
      requestedScope: scope,
      issuer: server.issuer,
      clientId,
      resourceMetadataUrl: discovery.resourceMetadataUrl,
      thumbprint: isBound ? dpop.thumbprint : undefined,
    }
    state.isLoaded = true
    state.tokens = { ...tokens, from }
    state.issuer = server.issuer
    for (const each of parseScope(scope)) if (each !== OFFLINE_ACCESS) state.requested.add(each)
    await save(this.#settings.store, 'tokens', state.url, tokens)
  }
}
