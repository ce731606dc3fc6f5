/**
 * Authentication: a bearer token, verified by the application, and the scopes that every caller must have.
 *
 * Spec: RFC 6750; RFC 9728 for `resource_metadata`.
 * Not here: the syntax of the two headers (bearer.ts), which features a principal may use.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { LateTimer } from '../bounds/late-timer.ts'
import { kindOf } from '../bounds/quote.ts'
import { challenge, parseBearer } from './bearer.ts'
import { Rejection } from './rejection.ts'

/** The caller that a token identifies: the value of `ctx.auth`. */
export interface VerifiedPrincipal {
  /** Stable identity of the caller, the same for every token of theirs. */
  readonly id: string
  /** Scopes of the token; they must include `requiredScopes`. */
  readonly scopes?: readonly string[] | undefined
  /** Any other data for handlers; an object of any type. */
  readonly claims?: object | undefined
}

/** Requires a bearer token. `Request` is the platform's own request: of node:http an `IncomingMessage`. */
// biome-ignore lint/suspicious/noExplicitAny: an annotation without type arguments serves every platform
export interface AuthOptions<Principal = VerifiedPrincipal, Request = any> {
  /**
   * Verifies a bearer token, and identifies its caller.
   *
   * @returns `undefined` or `null` for a token that is not valid
   * @throws an error of a token library (jose, jsonwebtoken), or one with `status` 401, for a token that is not valid:
   *   the caller gets 401 and may refresh it. Any other error is a failure of the server: 500
   */
  readonly verify: (
    token: string,
    request: Request,
  ) => Principal | null | undefined | PromiseLike<Principal | null | undefined>
  /** Absolute URL of the protected resource metadata (RFC 9728), sent to clients in `WWW-Authenticate`. */
  readonly resourceMetadata?: string | undefined
  /** Scopes that every caller must have; 403 for those who lack one. */
  readonly requiredScopes?: readonly string[] | undefined
  /** Milliseconds that `verify` may take, 503 after that; 0: no limit. @defaultValue 10 000 */
  readonly timeoutMs?: number | undefined
}

const VERIFY_MS = 10_000
const TOKEN_ERROR_CODE = /^ERR_(JWT|JWS|JWE|JOSE)_|^ERR_JWKS_NO_MATCHING_KEY$/
const TOKEN_ERROR_NAMES: readonly string[] = [
  'JsonWebTokenError',
  'TokenExpiredError',
  'NotBeforeError',
  'InvalidTokenError',
]

/** What is read of a principal here. The id is required, since sessions are bound to it. */
interface Identified {
  readonly id: string
  readonly scopes?: readonly string[] | undefined
}

export type Authentication<Principal> =
  | { readonly principal: Principal; readonly rejection?: undefined }
  | { readonly rejection: Rejection }

/**
 * Reads and verifies the credentials of a request.
 *
 * @param authorization - value of the Authorization header
 * @returns a promise only when `verify` returns one; it rejects with an error that says nothing about the token
 * @throws {TypeError} when `verify` returns something that is not a principal; also what else `verify` throws
 */
export function authenticate<Principal extends Identified>(
  options: AuthOptions<Principal>,
  authorization: string | undefined,
  request: unknown,
): Authentication<Principal> | Promise<Authentication<Principal>> {
  const bearer = parseBearer(authorization)
  if (bearer.kind === 'none') return reject(options, 401, undefined, 'A bearer token is required')
  if (bearer.kind === 'malformed') {
    return reject(options, 401, 'invalid_token', 'The Authorization header is malformed')
  }
  try {
    const verified = options.verify(bearer.token, request)
    return isPromise(verified) ? checkPrincipalInTime(options, verified) : checkPrincipal(options, verified)
  } catch (error) {
    return refuseToken(options, error)
  }
}

/** @throws an error that says nothing about the token */
function refuseToken<Principal>(options: AuthOptions<Principal>, error: unknown): Authentication<Principal> {
  if (!isTokenError(error)) throw error
  return reject(options, 401, 'invalid_token', 'The bearer token is not valid')
}

/** Names and codes of common token libraries for a token that is invalid or expired. */
function isTokenError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { name, code, errorCode, status, statusCode } = error as { readonly [key: string]: unknown }
  if (status === 401 || statusCode === 401 || code === 'invalid_token' || errorCode === 'invalid_token')
    return true
  // A key set that cannot be fetched (ERR_JWKS_TIMEOUT) says nothing about the token.
  return TOKEN_ERROR_CODE.test(String(code)) || TOKEN_ERROR_NAMES.includes(String(name))
}

/** With a timeout: the verifier may be slow or unavailable, which is 503 and not an invalid token. */
function checkPrincipalInTime<Principal extends Identified>(
  options: AuthOptions<Principal>,
  verified: PromiseLike<Principal | null | undefined>,
): Promise<Authentication<Principal>> {
  const { timeoutMs = VERIFY_MS } = options
  return new Promise((resolve, reject) => {
    const onTimeout = () => {
      const message = `The token could not be verified within ${timeoutMs} ms: try again later`
      resolve({ rejection: new Rejection(503, message, undefined, ['Retry-After', '5']) })
    }
    const timer = timeoutMs === 0 ? undefined : new LateTimer(timeoutMs, onTimeout, undefined)
    const settle = (answer: () => Authentication<Principal>) => {
      timer?.stop()
      try {
        resolve(answer())
      } catch (error) {
        reject(error)
      }
    }
    const onFailure = (error: unknown) => settle(() => refuseToken(options, error))
    // A thenable of another library: what its `then` returns need not be a promise.
    Promise.resolve(verified).then((principal) => settle(() => checkPrincipal(options, principal)), onFailure)
  })
}

function checkPrincipal<Principal extends Identified>(
  options: AuthOptions<Principal>,
  principal: Principal | null | undefined,
): Authentication<Principal> {
  if (principal === undefined || principal === null) {
    return reject(options, 401, 'invalid_token', 'The bearer token is not valid')
  }
  if (typeof principal.id !== 'string') {
    throw new TypeError(`auth.verify must give { id }, a string; got ${kindOf(principal.id)}`)
  }
  const { scopes = [] } = principal
  // A string has `includes` too, which finds parts of words.
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    const problem = 'auth.verify must give scopes as an array of strings'
    throw new TypeError(`${problem}; got ${Array.isArray(scopes) ? 'other items' : kindOf(scopes)}`)
  }
  const { requiredScopes = [] } = options
  if (requiredScopes.every((scope) => scopes.includes(scope))) return { principal }
  const message = `The bearer token needs the scopes ${requiredScopes.join(' ')}`
  return reject(options, 403, 'insufficient_scope', message)
}

function reject<Principal>(
  { resourceMetadata, requiredScopes = [] }: AuthOptions<Principal>,
  status: 401 | 403,
  error: string | undefined,
  message: string,
): { readonly rejection: Rejection } {
  const value = challenge({
    resourceMetadata,
    scope: requiredScopes.length > 0 ? requiredScopes.join(' ') : undefined,
    error,
    errorDescription: error === undefined ? undefined : message,
  })
  return { rejection: new Rejection(status, message, undefined, ['WWW-Authenticate', value]) }
}
