/**
 * A real authorization server (oidc-provider) and a resource that verifies its tokens (jose), with a user who logs in
 * over HTTP as a browser would.
 */

import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeProtectedHeader,
  EmbeddedJWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { listen } from './listen.ts'

export const SCOPES = ['files:read', 'files:write']
export const TOKEN_SECONDS = 600

const AUTH_METHODS: NonNullable<Configuration['clientAuthMethods']> = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
]

/** What the servers of one test saw. */
export interface Seen {
  /** Bodies of token requests that were granted. */
  readonly grants: string[]
  readonly registrations: number
  readonly logins: number
}

export interface AuthorizationServerOptions {
  readonly clients?: Configuration['clients']
  /** How clients authenticate; all ways by default. */
  readonly authMethods?: Configuration['clientAuthMethods']
  /** The token endpoint wants a nonce in DPoP proofs. */
  readonly wantsNonce?: boolean
}

/** Starts an authorization server. */
export async function startAuthorizationServer(t: TestContext, options: AuthorizationServerOptions = {}) {
  const seen = { grants: [] as string[], registrations: 0, logins: 0 }
  let provider: Provider | undefined
  const issuer = await listen(t, (origin) => {
    provider = quietly(
      () =>
        new Provider(origin, {
          ...(options.clients === undefined ? {} : { clients: options.clients }),
          scopes: ['offline_access', ...SCOPES],
          pkce: { required: () => true },
          rotateRefreshToken: true,
          clientAuthMethods: options.authMethods ?? AUTH_METHODS,
          findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
          ttl: {
            AccessToken: TOKEN_SECONDS,
            ClientCredentials: TOKEN_SECONDS,
            RefreshToken: 86_400,
            Session: 86_400,
            Grant: 86_400,
            Interaction: 600,
          },
          features: {
            clientCredentials: { enabled: true },
            registration: { enabled: true },
            dPoP: {
              enabled: true,
              ...(options.wantsNonce === true
                ? { nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true }
                : {}),
            },
            resourceIndicators: {
              enabled: true,
              getResourceServerInfo: (_context, resource) => ({
                scope: SCOPES.join(' '),
                audience: resource,
                accessTokenFormat: 'jwt',
                accessTokenTTL: TOKEN_SECONDS,
              }),
              useGrantedResource: () => true,
            },
          },
        }),
    )
    provider.on(
      'grant.success',
      (context) => void seen.grants.push(String(context.oidc.params?.['grant_type'])),
    )
    provider.on('registration_create.success', () => void seen.registrations++)
    provider.on('authorization.success', () => void seen.logins++)
    return provider.callback()
  })
  return { issuer, seen, provider: provider as Provider }
}

/** Without the advice that oidc-provider gives to those who would run it for real. */
function quietly<T>(make: () => T): T {
  const { warn } = console
  console.warn = () => {}
  try {
    return make()
  } finally {
    console.warn = warn
  }
}

/** What the resource wants of a request. */
export interface ResourceOptions {
  /** Scopes that a request to a path needs. */
  readonly scopeOf?: (path: string, request: IncomingMessage) => string
  /** Only DPoP-bound tokens, as its metadata then says. */
  readonly needsDpop?: boolean
  /** A nonce that proofs must have. */
  readonly nonce?: () => string
}

/** Starts a protected resource at `/mcp` with metadata; answers with the claims of the token. */
export async function startResource(t: TestContext, issuer: string, options: ResourceOptions = {}) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const { scopeOf = () => 'files:read', needsDpop = false, nonce } = options
  const proofs = new Set<string>()
  const seen = { refused: 0, tokens: new Set<string>() }
  const origin = await listen(t, (own) => {
    const resource = `${own}/mcp`
    const metadataUrl = `${own}/.well-known/oauth-protected-resource/mcp`
    const refuse = (response: ServerResponse, status: number, parameters: Record<string, string>): void => {
      seen.refused++
      const all = Object.entries({ resource_metadata: metadataUrl, ...parameters })
      const text = all.map(([name, value]) => `${name}="${value}"`).join(', ')
      const headers = parameters['error'] === 'use_dpop_nonce' ? { 'dpop-nonce': nonce?.() ?? '' } : {}
      response
        .writeHead(status, { 'www-authenticate': `${needsDpop ? 'DPoP' : 'Bearer'} ${text}`, ...headers })
        .end()
    }
    return async (request, response) => {
      const { pathname } = new URL(request.url ?? '', own)
      request.resume()
      if (pathname === new URL(metadataUrl).pathname) {
        const document = {
          resource,
          authorization_servers: [issuer],
          dpop_bound_access_tokens_required: needsDpop,
        }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
        return
      }
      const scope = scopeOf(pathname, request)
      const [scheme = '', token] = request.headers.authorization?.split(' ') ?? []
      if (token === undefined) return refuse(response, 401, { scope })
      let claims: JWTPayload
      try {
        claims = (await jwtVerify(token, keys, { issuer, audience: resource })).payload
      } catch {
        return refuse(response, 401, { error: 'invalid_token' })
      }
      const bound = (claims['cnf'] as { jkt?: string } | undefined)?.jkt
      const problem =
        bound === undefined
          ? needsDpop && 'invalid_token'
          : await proofProblem(request, { own, scheme, token, bound, proofs, nonce })
      if (typeof problem === 'string') return refuse(response, 401, { error: problem })
      seen.tokens.add(token)
      const granted = String(claims['scope']).split(' ')
      if (!scope.split(' ').every((each) => granted.includes(each))) {
        return refuse(response, 403, { error: 'insufficient_scope', scope })
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(claims))
    }
  })
  return { url: `${origin}/mcp`, seen }
}

interface ProofContext {
  readonly own: string
  readonly scheme: string
  readonly token: string
  readonly bound: string
  readonly proofs: Set<string>
  readonly nonce: (() => string) | undefined
}

/** RFC 9449 4.3 and 7.1, written apart from what makes the proofs. */
async function proofProblem(request: IncomingMessage, context: ProofContext): Promise<string | false> {
  const { own, scheme, token, bound, proofs, nonce } = context
  const { dpop } = request.headers
  if (scheme !== 'DPoP' || typeof dpop !== 'string') return 'invalid_dpop_proof'
  try {
    const { payload } = await jwtVerify(dpop, EmbeddedJWK, {
      typ: 'dpop+jwt',
      maxTokenAge: 60,
      clockTolerance: 5,
    })
    const { jwk } = decodeProtectedHeader(dpop)
    const isRight =
      jwk !== undefined &&
      !('d' in jwk) &&
      (await calculateJwkThumbprint(jwk)) === bound &&
      payload['htm'] === request.method &&
      payload['htu'] === own + request.url &&
      payload['ath'] === createHash('sha256').update(token).digest('base64url') &&
      payload.jti !== undefined &&
      !proofs.has(payload.jti)
    if (!isRight) return 'invalid_dpop_proof'
    if (nonce !== undefined && payload['nonce'] !== nonce()) return 'use_dpop_nonce'
    proofs.add(String(payload.jti))
    return false
  } catch {
    return 'invalid_dpop_proof'
  }
}

/** Logs a user in at the authorization server's own pages, and gives the URL that it sends the browser back to. */
export async function logIn(
  url: URL,
  { signal }: { readonly signal: AbortSignal },
  choice: 'agree' | 'deny' = 'agree',
): Promise<URL> {
  const cookies = new Map<string, string>()
  let target = url
  let form: Record<string, string> | undefined
  for (let step = 0; step < 20; step++) {
    const response = await fetch(target, {
      redirect: 'manual',
      signal,
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const page = await response.text()
    const location = response.headers.get('location')
    form = undefined
    if (location !== null) {
      target = new URL(location, target)
      if (target.origin !== url.origin) return target
      continue
    }
    if (response.status !== 200) throw new Error(`${target.pathname} answered ${response.status}: ${page}`)
    if (choice === 'deny') target = new URL(`${target.pathname}/abort`, target)
    else
      form = page.includes('name="login"')
        ? { prompt: 'login', login: 'alice', password: 'x' }
        : { prompt: 'consent' }
  }
  throw new Error('the login did not end')
}
