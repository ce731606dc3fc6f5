/**
 * Token verifiers: `jwt`, `introspection`, or a function of the application, whose result is read in the same way.
 */

import type { AuthRequest, VerifiedPrincipal } from '../http/authenticate.ts'
import type { Verified } from './claims.ts'

/** How tokens are verified; made by `jwt` or `introspection`. */
export interface TokenVerifier {
  readonly kind: 'jwt' | 'introspection' | 'custom'
  /** @internal @param resource - what tokens must be for */
  readonly forResource: (resource: string) => VerifyToken
}

/**
 * @internal
 * @param hash - of the token
 * @throws {TokenError} it is not valid
 * @throws {UnavailableError} it is not known whether it is valid
 */
export type VerifyToken = (
  token: string,
  hash: string,
  request: AuthRequest,
) => Verified | PromiseLike<Verified>

/** What jose's `jwtVerify` returns, as far as it is read. */
export interface JoseResult {
  readonly payload: object
}

/**
 * Finds the principal of a token. It is called for each request, with the platform's own request: of node:http an
 * `IncomingMessage`.
 *
 * @returns a principal, or what jose's `jwtVerify` returns: the principal is then read from the claims, which must be for
 *   this resource. `undefined` or `null` for a token that is not valid: 401
 * @throws an error of a token library (jose, jsonwebtoken), or one with `status` 401, for a token that is not valid. Any
 *   other error is a failure of the server: 503, and the error goes to `onError`
 */
// biome-ignore lint/suspicious/noExplicitAny: what a request is depends on what carries it
export type CustomVerify<Request = any> = (
  token: string,
  request: Request,
) => VerifyResult | PromiseLike<VerifyResult>

export type VerifyResult = VerifiedPrincipal | JoseResult | null | undefined
