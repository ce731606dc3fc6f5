/**
 * `server/auth/middleware/bearerAuth.js`: lets requests with a valid token through, whose `AuthInfo` handlers find in
 * `extra.authInfo`. `protectedResource` of barewire/auth does more: it verifies JWTs by itself.
 *
 * Spec: RFC 6750; 2025-11-25 authorization {@link spec.authorization}.
 */

import { challenge } from '../../../../http/bearer.ts'
import { type Middleware, sendJson } from '../../http-middleware.ts'
import { InsufficientScopeError, InvalidTokenError, OAuthError, ServerError } from '../errors.ts'
import type { OAuthTokenVerifier } from '../provider.ts'
import type { AuthInfo } from '../types.ts'

export type BearerAuthMiddlewareOptions = {
  verifier: OAuthTokenVerifier
  requiredScopes?: string[]
  resourceMetadataUrl?: string
  /** Tokens must be for this resource. */
  expectedResource?: URL
}

export function requireBearerAuth(options: BearerAuthMiddlewareOptions): Middleware {
  return (request, response, next) => {
    verify(request.headers.authorization, options)
      .then(
        (auth) => {
          request.auth = auth
          next()
        },
        (error: unknown) => {
          const known = error instanceof OAuthError ? error : new ServerError('Internal Server Error')
          const status = statusOf(known)
          const headers: Record<string, string> =
            status === 401 || status === 403 ? { 'WWW-Authenticate': challengeOf(known, options) } : {}
          sendJson(response, status, known.toResponseObject(), headers)
        },
      )
      .catch(next)
  }
}

/** @throws {OAuthError} the caller may not */
async function verify(
  header: string | undefined,
  { verifier, requiredScopes = [], expectedResource }: BearerAuthMiddlewareOptions,
): Promise<AuthInfo> {
  const auth = await verifier.verifyAccessToken(bearerToken(header))
  if (expectedResource !== undefined && comparable(auth.resource) !== comparable(expectedResource)) {
    throw new InvalidTokenError('Token was not issued for this resource')
  }
  if (!requiredScopes.every((scope) => auth.scopes.includes(scope))) {
    throw new InsufficientScopeError('Insufficient scope')
  }
  const { expiresAt } = auth
  if (typeof expiresAt !== 'number' || Number.isNaN(expiresAt)) {
    throw new InvalidTokenError('Token has no expiration time')
  }
  if (expiresAt < Date.now() / 1000) throw new InvalidTokenError('Token has expired')
  return auth
}

/** @throws {InvalidTokenError} there is none */
function bearerToken(header: string | undefined): string {
  if (header === undefined) throw new InvalidTokenError('Missing Authorization header')
  const [type = '', token] = header.split(' ')
  if (type.toLowerCase() === 'bearer' && token) return token
  throw new InvalidTokenError("Invalid Authorization header format, expected 'Bearer TOKEN'")
}

function comparable(resource: URL | undefined): string {
  const [text = ''] = String(resource).split('#', 1)
  return text.replace(/\/$/, '')
}

function statusOf(error: OAuthError): number {
  if (error instanceof InvalidTokenError) return 401
  if (error instanceof InsufficientScopeError) return 403
  return error instanceof ServerError ? 500 : 400
}

/** What a verifier says of a token may have any characters. */
function challengeOf(
  { errorCode, message }: OAuthError,
  { requiredScopes = [], resourceMetadataUrl }: BearerAuthMiddlewareOptions,
): string {
  return challenge({
    error: errorCode,
    errorDescription: message,
    scope: requiredScopes.length > 0 ? requiredScopes.join(' ') : undefined,
    resourceMetadata: resourceMetadataUrl,
  })
}
