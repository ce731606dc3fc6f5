/**
 * How a caller is refused: the status, and in `WWW-Authenticate` what the client can do about it.
 *
 *    no token                       401  where the metadata are, and the scopes of the endpoint
 *    a malformed header             400  invalid_request
 *    an invalid token               401  invalid_token; of a proof: invalid_dpop_proof, use_dpop_nonce
 *    scopes are missing             403  insufficient_scope, with all that are needed and those that the token has
 *
 * Where tokens with and without a key are accepted, there is a challenge for each.
 *
 * Spec: RFC 6750 section 3, RFC 9728 section 5.1, RFC 9449 section 7.1 and 9; 2026-07-28 authorization, "Scope
 * Challenge Handling".
 */

import { challenge } from '../http/bearer.ts'
import { Rejection } from '../http/rejection.ts'
import { type Dpop, ProofError } from './dpop.ts'
import type { ScopeTable } from './scope-table.ts'
import type { TokenError } from './token-error.ts'

export type Scheme = 'bearer' | 'dpop'

export interface Rejected {
  readonly rejection: Rejection
}

export class Challenges {
  readonly #metadataUrl: string
  readonly #scopes: ScopeTable
  readonly #dpop: Dpop | undefined

  constructor(metadataUrl: string, scopes: ScopeTable, dpop: Dpop | undefined) {
    this.#metadataUrl = metadataUrl
    this.#scopes = scopes
    this.#dpop = dpop
  }

  /** The header has no token. */
  without(kind: 'none' | 'malformed'): Rejected {
    const { required } = this.#scopes
    if (kind === 'none') {
      const message = 'An access token is required'
      return this.#refuse(401, message, 'there is no access token', this.#all(undefined, undefined, required))
    }
    const message = 'The Authorization header is malformed'
    const headers = this.#all('invalid_request', message, required)
    return this.#refuse(400, message, 'the Authorization header is not a scheme and a token', headers)
  }

  /** @param scheme - of the token */
  invalid(error: TokenError, scheme: Scheme): Rejected {
    const { message, reason } = error
    const { required } = this.#scopes
    if (error instanceof ProofError) {
      return this.#refuse(401, message, reason, this.#one('dpop', error.error, message, required))
    }
    const isAccepted = scheme === 'dpop' ? this.#dpop !== undefined : this.#dpop?.required !== true
    if (!isAccepted) return this.#refuse(401, message, reason, this.#all('invalid_token', message, required))
    const other = scheme === 'dpop' ? 'bearer' : 'dpop'
    const headers = this.#one(scheme, 'invalid_token', message, required)
    const hasOther = this.#dpop !== undefined && !this.#dpop.required
    return this.#refuse(
      401,
      message,
      reason,
      hasOther ? [...headers, ...this.#one(other, undefined, undefined, required)] : headers,
    )
  }

  /**
   * @param granted - what the token has
   * @param needed - all that the operation needs
   */
  insufficient(granted: readonly string[] | undefined, needed: readonly string[]): Rejected {
    const missing = needed.filter((scope) => !this.#scopes.allows(granted, [scope]))
    const message = `The access token lacks the scope ${missing.join(' ')}`
    const got = granted === undefined || granted.length === 0 ? 'none' : granted.join(' ').slice(0, 500)
    const headers = this.#all('insufficient_scope', message, needed, granted)
    return this.#refuse(403, message, `scope failed: expected ${needed.join(' ')}, got ${got}`, headers)
  }

  #refuse(status: 400 | 401 | 403, message: string, reason: string, headers: readonly string[]): Rejected {
    return { rejection: new Rejection(status, message, undefined, headers, reason) }
  }

  /** A challenge for each scheme that is accepted, the one that clients know best first. */
  #all(
    error: string | undefined,
    description: string | undefined,
    needed: readonly string[],
    granted?: readonly string[],
  ): readonly string[] {
    const bearer =
      this.#dpop?.required === true ? [] : this.#one('bearer', error, description, needed, granted)
    if (this.#dpop === undefined) return bearer
    return [...bearer, ...this.#one('dpop', error, description, needed, granted)]
  }

  #one(
    scheme: Scheme,
    error: string | undefined,
    errorDescription: string | undefined,
    needed: readonly string[],
    granted?: readonly string[],
  ): readonly string[] {
    const scope = this.#scopes.toAskFor(needed, granted)
    const common = { error, errorDescription, scope, resourceMetadata: this.#metadataUrl }
    if (scheme === 'bearer' || this.#dpop === undefined) return ['WWW-Authenticate', challenge(common)]
    const others = { algs: this.#dpop.algorithms.join(' ') }
    return [
      'WWW-Authenticate',
      challenge({ scheme: 'DPoP', others, ...common }),
      ...this.#dpop.challengeHeaders,
    ]
  }
}
