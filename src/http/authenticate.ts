/**
 * Who is calling: a bearer token, verified by the application, and the scopes that every caller must have.
 *
 * Spec: RFC 6750; RFC 9728 for `resource_metadata`.
 * Not here: the syntax of the two headers (bearer.ts), what a principal may see.
 */

import type { IncomingMessage } from 'node:http'
import { challenge, parseBearer } from './bearer.ts'

export interface AuthOptions<Principal> {
  /**
   * Says who a bearer token speaks for.
   *
   * @returns `undefined` or `null` for a token that is not valid
   */
  readonly verify: (
    token: string,
    request: IncomingMessage,
  ) => Principal | null | undefined | PromiseLike<Principal | null | undefined>
  /** Absolute URL of the protected resource metadata (RFC 9728), told to clients that come without a token. */
  readonly resourceMetadata?: string
  /** Scopes that every caller must have; 403 for those who lack one. */
  readonly requiredScopes?: readonly string[]
}

/** What is read of a principal here. Sessions are bound to the id, so there is none without. */
interface Identified {
  readonly id: string
  readonly scopes?: readonly string[]
}

/** The reply to a caller who may not go on. */
export interface AuthRefusal {
  readonly status: 401 | 403
  readonly message: string
  /** Value of WWW-Authenticate. */
  readonly challenge: string
}

export type Authentication<Principal> =
  | { readonly principal: Principal; readonly refusal?: undefined }
  | { readonly refusal: AuthRefusal }

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
  request: IncomingMessage,
): Authentication<Principal> | Promise<Authentication<Principal>> {
  const bearer = parseBearer(authorization)
  if (bearer.kind === 'none') return refuse(options, 401, undefined, 'A bearer token is required')
  if (bearer.kind === 'malformed') {
    return refuse(options, 401, 'invalid_token', 'The Authorization header is malformed')
  }
  const verified = options.verify(bearer.token, request)
  return isThenable(verified)
    ? // What a foreign `then` returns is not known to be a promise.
      Promise.resolve(verified).then((principal) => judge(options, principal))
    : judge(options, verified)
}

/** Not only promises: what an await would wait for must never pass for a principal. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function judge<Principal extends Identified>(
  options: AuthOptions<Principal>,
  principal: Principal | null | undefined,
): Authentication<Principal> {
  if (principal === undefined || principal === null) {
    return refuse(options, 401, 'invalid_token', 'The bearer token is not valid')
  }
  if (typeof principal.id !== 'string') {
    throw new TypeError(`auth.verify must give { id }, a string; got an id of type ${typeof principal.id}`)
  }
  const { requiredScopes = [] } = options
  if (requiredScopes.every((scope) => principal.scopes?.includes(scope) === true)) return { principal }
  const message = `The bearer token needs the scopes ${requiredScopes.join(' ')}`
  return refuse(options, 403, 'insufficient_scope', message)
}

function refuse<Principal>(
  { resourceMetadata, requiredScopes = [] }: AuthOptions<Principal>,
  status: 401 | 403,
  error: string | undefined,
  message: string,
): { readonly refusal: AuthRefusal } {
  const value = challenge({
    resourceMetadata,
    scope: requiredScopes.length > 0 ? requiredScopes.join(' ') : undefined,
    error,
    errorDescription: error === undefined ? undefined : message,
  })
  return { refusal: { status, message, challenge: value } }
}
