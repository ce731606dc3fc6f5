/**
 * Authentication: a bearer token, verified by the application, and the scopes that every caller must have.
 *
 * Spec: RFC 6750; RFC 9728 for `resource_metadata`.
 * Not here: the syntax of the two headers (bearer.ts), which features a principal may use.
 */

import { checkTime, requireType } from '../bounds/check-options.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { LateTimer } from '../bounds/late-timer.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import type { Access } from './access.ts'
import { challenge, parseBearer } from './bearer.ts'
import type { HttpExchange } from './http-exchange.ts'
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
  | {
      readonly principal: Principal
      readonly rejection?: undefined
      /** More headers of the reply, as a flat list. */
      readonly headers?: readonly string[] | undefined
    }
  | {
      readonly rejection: Rejection
      /** A failure that is not the caller's, to be reported. */
      readonly cause?: unknown
    }

/** The part of a request that authentication reads. */
export type AuthRequest = Pick<HttpExchange<unknown>, 'method' | 'target' | 'headers' | 'native'>

/** A way to authenticate callers, made by a function of `barewire/auth`: a value for the option `auth`. */
export interface Authenticator<Principal = VerifiedPrincipal> {
  /** @internal As `authenticate`. */
  readonly authenticate: (
    authorization: string | undefined,
    request: AuthRequest,
  ) => Authentication<Principal> | Promise<Authentication<Principal>>
  /** @internal */
  readonly access: Access
  /** @internal A document that everybody may have; undefined: the request is for something else. */
  readonly document?:
    | ((request: Pick<AuthRequest, 'method' | 'target'>) => PublicDocument | undefined)
    | undefined
  /** Headers that web pages must be able to send, beside Authorization. */
  readonly requestHeaders: readonly string[]
  /** Headers of replies that web pages must be able to read. */
  readonly replyHeaders: readonly string[]
}

/** A reply that is the same for everybody. */
export interface PublicDocument {
  readonly status: 200 | 204 | 405
  /** As a flat list. */
  readonly headers: readonly string[]
  /** JSON; undefined: there is no body. */
  readonly text: string | undefined
}

export function isAuthenticator<Principal>(
  auth: object | Authenticator<Principal>,
): auth is Authenticator<Principal> {
  return 'authenticate' in auth && typeof auth.authenticate === 'function'
}

/**
 * Reads and verifies the credentials of a request.
 *
 * @param authorization - value of the Authorization header
 * @returns a promise only when `verify` returns one; it rejects with an error that says nothing about the token
 * @throws {TypeError} when `verify` returns something that is not a principal; also what else `verify` throws
 */
export function authenticate<Principal extends Identified>(
  options: AuthOptions<Principal> | Authenticator<Principal>,
  authorization: string | undefined,
  request: AuthRequest,
): Authentication<Principal> | Promise<Authentication<Principal>> {
  if (isAuthenticator(options)) return options.authenticate(authorization, request)
  const bearer = parseBearer(authorization)
  if (bearer.kind === 'none') return reject(options, 401, undefined, 'A bearer token is required')
  if (bearer.kind === 'malformed') {
    return reject(options, 401, 'invalid_token', 'The Authorization header is malformed')
  }
  try {
    const verified = options.verify(bearer.token, request.native)
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
export function isTokenError(error: unknown): boolean {
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

/** @throws {TypeError} a wrong option, named */
export function checkAuth<P, Q>(auth: AuthOptions<P> | Authenticator<Q>): void {
  if (typeof auth === 'object' && auth !== null && isAuthenticator(auth)) return
  if (typeof auth === 'function')
    throw new TypeError('auth must be an object; got a function: give { verify: fn }')
  const { kind, forResource } = (auth ?? {}) as { readonly kind?: unknown; readonly forResource?: unknown }
  if (typeof forResource === 'function') {
    throw new TypeError(
      `auth: ${kind}(...) says which tokens are good, not for what: it goes into protectedResource({ resource, authorizationServers, token: ${kind}(...) })`,
    )
  }
  checkNames(auth, ['verify', 'resourceMetadata', 'requiredScopes', 'timeoutMs'], 'auth.')
  requireType('auth.verify', auth.verify, ['function'])
  if (auth.timeoutMs !== undefined) checkTime('auth.timeoutMs', auth.timeoutMs)
  const { resourceMetadata } = auth
  const isUrl = (text: unknown) =>
    typeof text === 'string' && /^[\x21-\x7e]+$/.test(text) && URL.canParse(text)
  if (resourceMetadata !== undefined && !isUrl(resourceMetadata)) {
    throw new TypeError(`auth.resourceMetadata must be an absolute URL; got ${shown(resourceMetadata)}`)
  }
  const { requiredScopes = [] } = auth
  // RFC 6749 3.3: the characters of a scope.
  const isScope = (scope: unknown) => typeof scope === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)
  if (!Array.isArray(requiredScopes) || !requiredScopes.every(isScope)) {
    throw new TypeError(`auth.requiredScopes must be an array of scopes; got ${shown(requiredScopes)}`)
  }
}
