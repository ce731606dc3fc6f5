/**
 * The tokens of one MCP server: read from the store, renewed, kept.
 *
 *    adopt      another process has renewed them already
 *    discover   anew after a challenge: the server may have moved to another authorization server
 *    refresh    with the refresh token
 *    grant      when that is not possible, or not enough
 *
 * Callers that need new tokens at the same time share one run. Not here: when that is (token-provider.ts).
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Challenge } from './challenge.ts'
import { type Discovery, discover } from './discovery.ts'
import type { DpopKeys } from './dpop-keys.ts'
import type { Grant, GrantRequest } from './grant.ts'
import type { ProviderSettings } from './options.ts'
import { OFFLINE_ACCESS, parseScope, selectScopes } from './scopes.ts'
import { SharedWork } from './shared-work.ts'
import { forget, load, type StoredTokens, save } from './store.ts'
import { requestTokens, TokenRefusal, type TokenResponse } from './token-endpoint.ts'

/** Tokens, and where they came from. */
export interface Held extends StoredTokens {
  readonly from: 'store' | 'refresh' | 'grant'
}

/** Why tokens are wanted. */
export interface Wanted {
  readonly challenge?: Challenge | undefined
  /** The refresh token is of no help: more scopes are needed, or its tokens were refused too. */
  readonly withoutRefresh?: boolean | undefined
  /** Before a request, not after a refusal: nobody is asked to log in. */
  readonly isEarly?: boolean | undefined
}

/** What all servers of a provider share. */
export interface Shared {
  readonly grant: Grant
  readonly settings: ProviderSettings
  readonly keys: DpopKeys
}

/** A token is refreshed this long before it expires, or a tenth of its lifetime. */
const MARGIN_MS = 30_000

export class ServerTokens {
  /** Of the MCP server, without query. */
  readonly url: string
  readonly #shared: Shared
  readonly #work = new SharedWork<void>()
  #loading: Promise<void> | undefined
  #tokens: Held | undefined
  #discovery: Discovery | undefined
  /** The authorization server of the latest tokens. */
  #issuer: string | undefined
  /** Where the challenge said that the metadata is. */
  #resourceMetadataUrl: string | undefined
  /** Asked for so far. Invariant: without `offline_access`, which depends on the authorization server. */
  readonly #requested = new Set<string>()

  constructor(url: string, shared: Shared) {
    this.url = url
    this.#shared = shared
  }

  /** The present ones; undefined also before they were loaded. */
  get tokens(): Held | undefined {
    return this.#tokens
  }

  /** Whether they can be renewed without asking anybody. */
  get isRenewable(): boolean {
    return (
      this.#tokens !== undefined && (!this.#shared.grant.needsUser || this.#tokens.refreshToken !== undefined)
    )
  }

  /** Whether a login asked for a scope. */
  hasRequested(scope: string): boolean {
    return this.#requested.has(scope)
  }

  /** Reads what the store has, once. */
  load(): Promise<void> {
    this.#loading ??= this.#read().catch((error: unknown) => {
      // A store that fails once is asked again.
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** Gets other tokens than the present ones. One at a time; those who come meanwhile get the same. */
  renew(wanted: Wanted, signal: AbortSignal | undefined): Promise<void> {
    return this.#work.join(signal, (shared) => this.#renew(wanted, shared))
  }

  async forget(): Promise<void> {
    this.#loading = Promise.resolve()
    this.#tokens = undefined
    this.#issuer = undefined
    this.#requested.clear()
    await forget(this.#shared.settings.store, 'tokens', this.url)
  }

  async #read(): Promise<void> {
    const { settings, keys } = this.#shared
    const stored = await load(settings.store, 'tokens', this.url)
    if (stored === undefined) return
    this.#issuer = stored.issuer
    this.#resourceMetadataUrl = stored.resourceMetadataUrl
    for (const scope of parseScope(stored.requestedScope))
      if (scope !== OFFLINE_ACCESS) this.#requested.add(scope)
    if (await keys.fits(stored)) this.#tokens = { ...stored, from: 'store' }
  }

  async #renew(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { grant } = this.#shared
    await this.load()
    if (await this.#adopt()) return
    const discovery = await this.#discover(wanted, signal)
    const request = await this.#requestOf(discovery, wanted, signal)
    // Tokens of another authorization server are not used.
    if (this.#tokens?.issuer !== discovery.server.issuer) this.#tokens = undefined
    if (wanted.withoutRefresh !== true && (await this.#refresh(request))) return
    if (wanted.isEarly === true && grant.needsUser) return
    const client = await grant.client(request)
    await this.keep(request, client.clientId, await grant.obtain(request, client), 'grant')
  }

  /** Another process or page that has the same store may have refreshed already. */
  async #adopt(): Promise<boolean> {
    const { settings, keys } = this.#shared
    const tokens = this.#tokens
    if (tokens === undefined) return false
    const stored = await load(settings.store, 'tokens', this.url)
    const isOther = stored !== undefined && stored.accessToken !== tokens.accessToken
    if (!isOther || Date.now() >= (stored.renewAt ?? Infinity) || !(await keys.fits(stored))) return false
    this.#tokens = { ...stored, from: 'store' }
    return true
  }

  async #discover({ challenge, isEarly }: Wanted, signal: AbortSignal): Promise<Discovery> {
    const { grant, settings } = this.#shared
    // Time that passed changes nothing at the server; a refusal may mean that it did.
    if (isEarly === true && this.#discovery !== undefined) return this.#discovery
    this.#resourceMetadataUrl = challenge?.parameters.get('resource_metadata') ?? this.#resourceMetadataUrl
    this.#discovery = await discover({
      http: settings.http,
      serverUrl: this.url,
      resourceMetadataUrl: this.#resourceMetadataUrl,
      issuer: settings.issuer ?? (grant.isBound ? this.#issuer : undefined),
      preferredIssuer: this.#issuer,
      refusePrivateAddresses: settings.refusePrivateAddresses,
      signal,
    })
    return this.#discovery
  }

  async #requestOf(discovery: Discovery, { challenge }: Wanted, signal: AbortSignal): Promise<GrantRequest> {
    const { grant, settings, keys } = this.#shared
    const { http, store, scopes: configured } = settings
    const challenged = parseScope(challenge?.parameters.get('scope'))
    const scopes = selectScopes({
      requested: this.#requested,
      challenged,
      configured,
      supported: discovery.scopes,
    })
    const canStay = grant.needsUser && discovery.server.scopes?.includes(OFFLINE_ACCESS) === true
    if (canStay && scopes.length > 0 && !scopes.includes(OFFLINE_ACCESS)) scopes.push(OFFLINE_ACCESS)
    return {
      serverUrl: this.url,
      discovery,
      scope: scopes.length === 0 ? undefined : scopes.join(' '),
      dpop: await keys.signerFor(discovery),
      http,
      store,
      signal,
    }
  }

  /** @returns whether there are new tokens; false when the refresh token or the client is not known any more */
  async #refresh(request: GrantRequest): Promise<boolean> {
    const { grant, settings } = this.#shared
    const tokens = this.#tokens
    if (tokens?.refreshToken === undefined) return false
    const { discovery, dpop, http, signal } = request
    const { server, resource } = discovery
    try {
      const client = await grant.client(request)
      if (client.clientId !== tokens.clientId) return false
      const parameters = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken, resource }
      const response = await requestTokens({ http, server, client, dpop, signal }, parameters)
      const { refreshToken = tokens.refreshToken, scope = tokens.scope } = response
      const scoped = { ...request, scope: tokens.requestedScope }
      await this.keep(scoped, client.clientId, { ...response, refreshToken, scope }, 'refresh')
      return true
    } catch (error) {
      const refused =
        error instanceof McpError && error.cause instanceof TokenRefusal ? error.cause.error : ''
      const isUnknownClient = refused === 'invalid_client' || refused === 'unauthorized_client'
      if (!isUnknownClient && refused !== 'invalid_grant') throw error
      if (isUnknownClient) await grant.forgetClient(request)
      this.#tokens = undefined
      await forget(settings.store, 'tokens', this.url)
      return false
    }
  }

  /**
   * Takes up what a server granted.
   *
   * @throws {McpError} `ERR_AUTH_TOKEN`, for a type of token that cannot be used
   */
  async keep(
    { discovery, scope, dpop }: GrantRequest,
    clientId: string,
    response: TokenResponse,
    from: 'refresh' | 'grant',
  ): Promise<void> {
    const { grant, settings } = this.#shared
    const { server } = discovery
    const kind = response.tokenType.toLowerCase()
    const isBound = kind === 'dpop' && dpop !== undefined
    if ((kind !== 'bearer' && !isBound) || (!isBound && settings.dpop?.isRequired === true)) {
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
      // Without a user, the grant itself does the same.
      refreshToken: grant.needsUser ? response.refreshToken : undefined,
      scope: response.scope ?? scope,
      requestedScope: scope,
      issuer: server.issuer,
      clientId,
      resourceMetadataUrl: discovery.resourceMetadataUrl,
      thumbprint: isBound ? dpop.thumbprint : undefined,
    }
    this.#loading ??= Promise.resolve()
    this.#tokens = { ...tokens, from }
    this.#issuer = server.issuer
    this.#resourceMetadataUrl = discovery.resourceMetadataUrl
    for (const each of parseScope(scope)) if (each !== OFFLINE_ACCESS) this.#requested.add(each)
    await save(settings.store, 'tokens', this.url, tokens)
  }
}
