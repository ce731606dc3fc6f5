/**
 * The provider: puts the tokens of each MCP server on its requests, and answers challenges.
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

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { AuthProvider } from '../auth-provider.ts'
import { type Challenge, tokenChallenge } from './challenge.ts'
import { DpopKeys } from './dpop-keys.ts'
import type { Grant, GrantRequest } from './grant.ts'
import type { ProviderSettings } from './options.ts'
import { parseScope } from './scopes.ts'
import { type Held, ServerTokens, type Shared } from './server-tokens.ts'
import type { TokenResponse } from './token-endpoint.ts'
import { withoutQuery } from './urls.ts'

type Request = Parameters<AuthProvider['headers']>[0]
type RequestHeaders = Readonly<Record<string, string>>

/** What was done for one request. Lifecycle: of the request object. */
interface Attempts {
  readonly first: Held | undefined
  sent: Held | undefined
  stepUps: number
  nonces: number
}

const MAX_STEP_UPS = 2
const MAX_NONCES = 2
const MAX_SERVERS = 1000

/** An {@link AuthProvider} that gets its tokens by a grant. */
export class TokenProvider implements AuthProvider {
  readonly keys: DpopKeys
  readonly #shared: Shared
  /** By URL. Lifecycle: of the provider; the oldest goes when there are too many. */
  readonly #servers = new Map<string, ServerTokens>()
  readonly #attempts = new WeakMap<object, Attempts>()

  constructor(grant: Grant, settings: ProviderSettings) {
    this.keys = new DpopKeys(settings.dpop)
    this.#shared = { grant, settings, keys: this.keys }
  }

  headers(request: Request): PromiseLike<RequestHeaders | undefined> | RequestHeaders | undefined {
    const server = this.#serverAt(request.url)
    const { tokens } = server
    const isReady = tokens?.type === 'Bearer' && Date.now() < (tokens.renewAt ?? Number.POSITIVE_INFINITY)
    return isReady ? this.#headersWith(tokens, request) : this.#prepare(server, request)
  }

  async onChallenge(response: Response, request: Request): Promise<boolean> {
    const signer = await this.keys.signer
    const hasNewNonce = signer?.noteNonce(request.url, response.headers) ?? false
    if (response.status !== 401 && response.status !== 403) return false
    const server = this.#serverAt(request.url)
    const attempts = this.#attemptsOf(request, undefined)
    const challenge = tokenChallenge(response)
    const error = challenge?.parameters.get('error')
    if (error === 'use_dpop_nonce' && hasNewNonce) return ++attempts.nonces <= MAX_NONCES
    if (response.status === 403) {
      return error === 'insufficient_scope' && this.#stepUp(server, request, attempts, challenge)
    }
    // Another scheme is asked for, such as Basic.
    if (challenge === undefined && response.headers.has('www-authenticate')) return false
    await this.#replace(server, request, attempts, challenge)
    return true
  }

  /** Forgets the tokens of an MCP server: the next request begins anew. */
  forget(serverUrl: string): Promise<void> {
    return this.#serverAt(serverUrl).forget()
  }

  /** Takes up tokens that were got apart from a request. */
  accept(request: GrantRequest, clientId: string, response: TokenResponse): Promise<void> {
    return this.#serverAt(request.serverUrl).keep(request, clientId, response, 'grant')
  }

  #serverAt(url: string): ServerTokens {
    const key = withoutQuery(url)
    const known = this.#servers.get(key)
    if (known !== undefined) return known
    const [oldest] = this.#servers.keys()
    if (this.#servers.size >= MAX_SERVERS && oldest !== undefined) this.#servers.delete(oldest)
    const server = new ServerTokens(key, this.#shared)
    this.#servers.set(key, server)
    return server
  }

  #attemptsOf(request: Request, first: Held | undefined): Attempts {
    const known = this.#attempts.get(request)
    if (known !== undefined) return known
    const attempts = { first, sent: first, stepUps: 0, nonces: 0 }
    this.#attempts.set(request, attempts)
    return attempts
  }

  /** The path of a request that has no token ready. */
  async #prepare(server: ServerTokens, request: Request): Promise<RequestHeaders | undefined> {
    await server.load()
    const { tokens } = server
    if (server.isRenewable && Date.now() >= (tokens?.renewAt ?? Number.POSITIVE_INFINITY)) {
      try {
        await server.renew({ isEarly: true }, request.signal)
      } catch (error) {
        request.signal?.throwIfAborted()
        // As long as the present token is good, a token endpoint that is down disturbs nobody.
        if (Date.now() >= (tokens?.expiresAt ?? 0)) throw error
      }
    }
    return this.#headersWith(server.tokens, request)
  }

  #headersWith(
    tokens: Held | undefined,
    request: Request,
  ): PromiseLike<RequestHeaders> | RequestHeaders | undefined {
    this.#attemptsOf(request, tokens).sent = tokens
    if (tokens === undefined) return undefined
    const authorization = `${tokens.type} ${tokens.accessToken}`
    return tokens.type === 'Bearer' ? { authorization } : this.#withProof(authorization, tokens, request)
  }

  async #withProof(
    authorization: string,
    { accessToken }: Held,
    { method, url }: Request,
  ): Promise<RequestHeaders> {
    const signer = await this.keys.signer
    // Tokens are bound only where there is a signer.
    if (signer === undefined) return { authorization }
    return { authorization, dpop: await signer.proof({ method, url, accessToken }) }
  }

  /** After a 401: sees to it that there is another token than the one that was refused. */
  async #replace(
    server: ServerTokens,
    request: Request,
    { sent, first }: Attempts,
    challenge: Challenge | undefined,
  ): Promise<void> {
    // Another request was refused too and has replaced it meanwhile.
    if (sent !== server.tokens && server.tokens !== undefined) return
    const isFresh = sent !== undefined && sent !== first
    if (isFresh && sent.from === 'grant') {
      throw new McpError(
        'ERR_AUTH_REJECTED',
        `the MCP server ${quote(server.url)} does not take the token that ${quote(sent.issuer)} has just issued for it`,
      )
    }
    await server.renew({ challenge, withoutRefresh: isFresh && sent.from === 'refresh' }, request.signal)
  }

  /** After a 403 that asks for more scopes. */
  async #stepUp(
    server: ServerTokens,
    request: Request,
    attempts: Attempts,
    challenge: Challenge | undefined,
  ): Promise<boolean> {
    const { sent } = attempts
    const needed = parseScope(challenge?.parameters.get('scope'))
    if (sent === undefined || needed.length === 0) return false
    if (sent !== server.tokens && server.tokens !== undefined) return true
    const granted = new Set(parseScope(sent.scope ?? sent.requestedScope))
    const missing = needed.filter((scope) => !granted.has(scope))
    // What was asked for and not granted is asked for once more, in case the user changed their mind; then not again.
    const isHopeless = attempts.stepUps > 0 && missing.every((scope) => server.hasRequested(scope))
    if (missing.length === 0 || isHopeless || attempts.stepUps >= MAX_STEP_UPS) {
      const why = missing.length === 0 ? 'which the token has' : 'which were not granted'
      throw new McpError(
        'ERR_AUTH_SCOPE',
        `the MCP server ${quote(server.url)} wants the scopes ${quote(needed.join(' '))}, ${why}`,
      )
    }
    attempts.stepUps++
    await server.renew({ challenge, withoutRefresh: true }, request.signal)
    return true
  }
}
