/**
 * A function of the application that verifies tokens, and its results: a principal, nothing, or what jose's
 * `jwtVerify` returns, which is read as the claims of a token are. So a token of another audience is refused even where
 * jose was not asked to.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { kindOf } from '../bounds/quote.ts'
import {
  audienceOf,
  checkAudience,
  checkTimes,
  readBinding,
  readPrincipal,
  type TokenPrincipal,
  type Verified,
} from './claims.ts'
import type { JsonMembers } from './strict-json.ts'
import { TokenError } from './token-error.ts'
import { AnswerError, inTime } from './verification-failure.ts'
import type { CustomVerify, TokenVerifier, VerifyResult } from './verifier.ts'

const CLOCK_TOLERANCE_MS = 5000

export function customVerifier(verify: CustomVerify, timeoutMs: number): TokenVerifier {
  return {
    kind: 'custom',
    forResource: (resource) => {
      const accepted = audienceOf(resource, 'resource')
      const read = (answer: VerifyResult): Verified => {
        if (answer === undefined || answer === null)
          throw new TokenError('The token is not valid', 'verify knows no such token')
        const { payload } = answer as { readonly payload?: unknown }
        if (typeof answer !== 'object' || 'id' in answer || typeof payload !== 'object' || payload === null) {
          return {
            principal: checkPrincipal(answer, 'token'),
            until: 0,
            jkt: bindingOf(answer as { readonly claims?: unknown }),
          }
        }
        const claims = payload as JsonMembers
        checkAudience(claims, accepted)
        const exp = checkTimes(claims, CLOCK_TOLERANCE_MS, Date.now())
        if (exp === undefined) throw new TokenError('The token is not valid', 'exp failed: it never expires')
        return { principal: readPrincipal(claims), until: 0, jkt: readBinding(claims) }
      }
      return (token, _hash, request) => {
        const answer = verify(token, request.native)
        return isPromise(answer) ? inTime(answer, timeoutMs, 'verify').then(read) : read(answer)
      }
    },
  }
}

/** The key that the claims of a principal name, for a token whose verifier knows of keys. */
function bindingOf({ claims }: { readonly claims?: unknown }): string | undefined {
  return typeof claims === 'object' && claims !== null ? readBinding(claims as JsonMembers) : undefined
}

/** @throws {AnswerError} it is no principal: a mistake in the program */
export function checkPrincipal(answer: unknown, option: string): TokenPrincipal {
  const { id, scopes = [] } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    readonly id?: unknown
    readonly scopes?: unknown
  }
  if (typeof id !== 'string') {
    throw new AnswerError(
      `auth: ${option} must give { id }, a string; got ${typeof answer === 'object' ? kindOf(id) : kindOf(answer)}`,
    )
  }
  // Not a string: code that reads `scopes` of the principal would find parts of words in it.
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    throw new AnswerError(`auth: ${option} must give scopes as an array of strings; got ${kindOf(scopes)}`)
  }
  return answer as TokenPrincipal
}
