/**
 * Who is calling: a bearer token, verified by the application, and the scopes that every caller must have.
 *
 * Spec: RFC 6750; RFC 9728 for `resource_metadata`.
 * Not here: the syntax of the two headers (bearer.ts), what a principal may see.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { LateTimer } from '../bounds/late-timer.ts'
import { kindOf } from '../bounds/quote.ts'
import { challenge, parseBearer } from './bearer.ts'
import { Rejection } from './rejection.ts'

/** Who a token speaks for: what `ctx.auth` becomes. The claims may be of an interface, which has no index signature. */
export interface VerifiedPrincipal {
  /** Stable identity of the caller, the same for every token of theirs. */
  readonly id: string
  /** What the token allows; `requiredScopes` are looked for here. */
  readonly scopes?: readonly string[] | undefined
  /** Whatever handlers are to see. */
  readonly claims?: object | undefined
}

/** Requires a bearer token. `Request` is the request as the carrier has it: of node:http an `IncomingMessage`. */
// biome-ignore lint/suspicious/noExplicitAny: an annotation without type arguments serves every carrier
export interface AuthOptions<Principal = VerifiedPrincipal, Request = any> {
  /**
   * Says who a bearer token speaks for.
   *
   * @returns `undefined` or `null` for a token that is not valid
   * @throws an error of a token library (jose, jsonwebtoken), or one with `status` 401, for a token that is not valid:
   *   the caller gets 401 and may refresh it. Any other error is a failure of the server: 500
   */
  readonly verify: (
    token: string,
    request: Request,
  ) => Principal | null | undefined | PromiseLike<Principal | null | undefined>
  /** Absolute URL of the protected resource metadata (RFC 9728), told to clients that come without a token. */
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

/** What is read of a principal here. Sessions are bound to the id, so there is none without. */
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
 * @returns a promise only when `verify` gives one, which rejects as that does
 * @throws {TypeError} when `verify` gives something that is not a principal; also what `verify` throws
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
    return isPromise(verified) ? judgeInTime(options, verified) : judge(options, verified)
  } catch (error) {
    return refuseToken(options, error)
  }
}

/** @throws what says nothing about the token */
function refuseToken<Principal>(options: AuthOptions<Principal>, error: unknown): Authentication<Principal> {
  if (!isTokenError(error)) throw error
  return reject(options, 401, 'invalid_token', 'The bearer token is not valid')
}

/** The names and codes by which the token libraries of the field say that a token is bad or too old. */
function isTokenError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { name, code, errorCode, status, statusCode } = error as { readonly [key: string]: unknown }
  if (status === 401 || statusCode === 401 || code === 'invalid_token' || errorCode === 'invalid_token')
    return true
  // Keys that cannot be had (ERR_JWKS_TIMEOUT) are not the fault of the token.
  return TOKEN_ERROR_CODE.test(String(code)) || TOKEN_ERROR_NAMES.includes(String(name))
}

/** Whoever verifies may be slow or away; the caller is told so, and not that the token is bad. */
function judgeInTime<Principal extends Identified>(
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
    // What a foreign `then` returns is not known to be a promise.
    Promise.resolve(verified).then((principal) => settle(() => judge(options, principal)), onFailure)
  })
}

function judge<Principal extends Identified>(
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
