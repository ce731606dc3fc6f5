/**
 * The claims of a token: its audience, its times, its principal and its scopes.
 * Read in the same way: the claims of a JWT, the answer of an introspection endpoint, and what jose's `jwtVerify` returns.
 *
 * Spec: RFC 7519 section 4.1, RFC 8707 section 2, RFC 9068 section 2.2, RFC 7662 section 2.2, RFC 7800 (`cnf`).
 */

import { kindOf, shown } from '../bounds/quote.ts'
import type { JsonMembers } from './strict-json.ts'
import { TokenError } from './token-error.ts'
import { canonical } from './urls.ts'

/** The principal that a token identifies. */
export interface TokenPrincipal {
  readonly id: string
  /** As the token has them, without what they imply. */
  readonly scopes: readonly string[]
  readonly claims: JsonMembers
}

/** What is known of a valid token. */
export interface Verified {
  readonly principal: TokenPrincipal
  /** When it must be verified again, in milliseconds since the epoch; 0: with the next request. */
  readonly until: number
  /** Thumbprint of the key that it is bound to: it is accepted only with a proof of that key. */
  readonly jkt: string | undefined
}

/** `aud` of a token must name one of these; false: it is not checked. */
export type Audience = false | ReadonlySet<string>

/**
 * @param more - other names of the resource, as an option has them
 * @throws {TypeError} naming the option
 */
export function audienceOf(resource: string, option: string, more: unknown = []): ReadonlySet<string> {
  const names = typeof more === 'string' ? [more] : more
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new TypeError(`${option} must be a string or an array of strings; got ${shown(more)}`)
  }
  return new Set([resource, ...names].map(canonical))
}

/** @throws {TokenError} `aud` is missing, or names none of the accepted ones */
export function checkAudience({ aud }: JsonMembers, accepted: Audience): void {
  if (accepted === false) return
  const list = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []
  if (list.some((each) => typeof each === 'string' && accepted.has(canonical(each)))) return
  const got = list.length === 0 ? kindOf(aud) : list.slice(0, 5).map(shown).join(', ')
  const expected = [...accepted].map(shown).join(' or ')
  throw new TokenError('The token is not for this resource', `aud failed: expected ${expected}, got ${got}`)
}

/**
 * @param toleranceMs - by which clocks may differ
 * @returns when it expires, in milliseconds since the epoch; undefined: it does not say
 * @throws {TokenError}
 */
export function checkTimes(claims: JsonMembers, toleranceMs: number, now: number): number | undefined {
  const exp = readTime(claims, 'exp')
  if (exp !== undefined && exp + toleranceMs <= now) {
    const age = Math.round((now - exp) / 1000)
    throw new TokenError('The token has expired', `exp failed: expired ${age} s ago`)
  }
  for (const name of ['nbf', 'iat']) {
    const from = readTime(claims, name)
    if (from === undefined || from - toleranceMs <= now) continue
    const ahead = Math.round((from - now) / 1000)
    throw new TokenError('The token is not valid yet', `${name} failed: ${ahead} s in the future`)
  }
  return exp
}

function readTime(claims: JsonMembers, name: string): number | undefined {
  const seconds = claims[name]
  if (seconds === undefined) return undefined
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return seconds * 1000
  throw invalid(`${name} failed: expected a number of seconds, got ${kindOf(seconds)}`)
}

/**
 * @param issuer - begins the id, where there are several
 * @throws {TokenError} it has no subject, or is bound to something that cannot be checked here
 */
export function readPrincipal(claims: JsonMembers, issuer?: string): TokenPrincipal {
  const { sub, client_id: clientId } = claims
  // Tokens of the client credentials grant may have no subject: they identify the client itself.
  const subject = sub ?? clientId
  if (typeof subject !== 'string' || subject === '') {
    const got = sub === undefined ? 'neither sub nor client_id' : kindOf(subject)
    throw invalid(`sub failed: expected a string that is not empty, got ${got}`)
  }
  return {
    id: issuer === undefined ? subject : `${issuer}#${subject}`,
    scopes: [...new Set([...readScopes(claims, 'scope'), ...readScopes(claims, 'scp')])],
    claims,
  }
}

function readScopes(claims: JsonMembers, name: string): readonly string[] {
  const value = claims[name]
  if (value === undefined) return []
  if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '')
  if (Array.isArray(value) && value.every((scope) => typeof scope === 'string')) return value
  throw invalid(`${name} failed: expected text or an array of texts, got ${kindOf(value)}`)
}

/**
 * The key that a token is bound to.
 *
 * @returns undefined: it is not bound
 * @throws {TokenError} bound to something else, such as a client certificate, which cannot be checked here
 */
export function readBinding({ cnf }: JsonMembers): string | undefined {
  if (cnf === undefined) return undefined
  const { jkt, ...others } = (typeof cnf === 'object' ? (cnf ?? {}) : {}) as JsonMembers
  if (typeof jkt === 'string' && jkt !== '' && Object.keys(others).length === 0) return jkt
  const got = Object.keys(others).slice(0, 5).join(', ')
  throw invalid(`cnf failed: expected jkt alone, got ${got === '' ? kindOf(cnf) : got}`)
}

function invalid(reason: string): TokenError {
  return new TokenError('The token is not valid', reason)
}
