/**
 * Access tokens that are JWTs: verified here, with the public keys of their issuer.
 *
 * The algorithm must be one of the configured ones, and the key one for that algorithm: the header of the token decides
 * neither. Keys, URLs and certificates in it are ignored.
 *
 * Spec: RFC 9068 section 4, RFC 7519 section 7.2, RFC 8725.
 */

import type { KeyObject } from 'node:crypto'
import { checkTime } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import { type AlgorithmName, checkAlgorithms, isSigned } from './algorithms.ts'
import { audienceOf, checkAudience, checkTimes, readBinding, readPrincipal, type Verified } from './claims.ts'
import { algorithmOf, type Jws, parseJws, typeOf } from './jws.ts'
import { KeySet } from './key-set.ts'
import { TokenError } from './token-error.ts'
import { checkUrl } from './urls.ts'
import type { TokenVerifier } from './verifier.ts'

export interface JwtOptions {
  /** The `iss` of tokens, exactly. With several, ids of principals are `issuer#subject`. */
  readonly issuer: string | readonly string[]
  /** Where the public keys of the one issuer are. @defaultValue what its metadata say (RFC 8414, OpenID Connect) */
  readonly jwksUri?: string | undefined
  /** Signatures that are accepted. @defaultValue all of RS, PS, ES 256 to 512, EdDSA, Ed25519 */
  readonly algorithms?: readonly AlgorithmName[] | undefined
  /** Other names of the resource in `aud`, for issuers that have their own, beside its URL. @defaultValue none */
  readonly audience?: string | readonly string[] | undefined
  /** `typ` of the header that tokens must have, such as `at+jwt` (RFC 9068). @defaultValue `at+jwt`, `JWT` or none */
  readonly typ?: string | undefined
  /** Milliseconds by which the clocks of the issuer and of the server may differ. @defaultValue 5 s */
  readonly clockToleranceMs?: number | undefined
  /** Milliseconds between two fetches of the keys that tokens with an unknown `kid` cause. @defaultValue 30 s */
  readonly cooldownMs?: number | undefined
  /** Milliseconds for each fetch of keys or metadata; 0: no limit. @defaultValue 5 s */
  readonly timeoutMs?: number | undefined
}

const NAMES: readonly (keyof JwtOptions)[] = [
  'issuer',
  'jwksUri',
  'algorithms',
  'audience',
  'typ',
  'clockToleranceMs',
  'cooldownMs',
  'timeoutMs',
]
const OTHER_WORDS = {
  jwksUri: 'jwks jwksurl',
  algorithms: 'alg',
  clockToleranceMs: 'clocktolerance leeway',
  issuer: 'iss',
}

/** Without the option: what access tokens have. An ID token, or a proof, says that it is one. */
const USUAL_TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'at+jwt']

/**
 * Verifies tokens that are JWTs.
 *
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * jwt({ issuer: 'https://auth.example.com' })
 * ```
 */
export function jwt(options: JwtOptions): TokenVerifier {
  checkNames(options, NAMES, 'jwt.', OTHER_WORDS)
  const { jwksUri, clockToleranceMs = 5000, cooldownMs = 30_000, timeoutMs = 5000, audience, typ } = options
  const issuers = checkIssuers(options.issuer)
  if (jwksUri !== undefined) {
    checkUrl('jwt.jwksUri', jwksUri)
    if (issuers.length > 1) throw new TypeError('jwt.jwksUri is of one issuer, and jwt.issuer has several')
  }
  const algorithms = checkAlgorithms('jwt.algorithms', options.algorithms)
  for (const [name, value] of Object.entries({ clockToleranceMs, cooldownMs, timeoutMs })) {
    checkTime(`jwt.${name}`, value)
  }
  if (typ !== undefined && (typeof typ !== 'string' || typ === '')) {
    throw new TypeError(`jwt.typ must be a media type, such as "at+jwt"; got ${shown(typ)}`)
  }
  const types = typ === undefined ? USUAL_TYPES : [typ.toLowerCase().replace(/^application\//, '')]
  audienceOf('', 'jwt.audience', audience)
  const sets = new Map<unknown, KeySet>(
    issuers.map((issuer) => [issuer, new KeySet({ issuer, jwksUri, timeoutMs, cooldownMs })]),
  )

  const forResource = (resource: string) => {
    const accepted = audienceOf(resource, 'jwt.audience', audience)
    const finish = (jws: Jws, isGood: boolean): Verified => {
      if (!isGood) throw new TokenError('The token is not valid', 'its signature is not one of its issuer')
      const { payload } = jws
      checkAudience(payload, accepted)
      const exp = checkTimes(payload, clockToleranceMs, Date.now())
      if (exp === undefined) throw new TokenError('The token is not valid', 'exp failed: it never expires')
      const jkt = readBinding(payload)
      const principal = readPrincipal(payload, issuers.length > 1 ? String(payload['iss']) : undefined)
      return { principal, until: exp + clockToleranceMs, jkt }
    }
    return (token: string): Verified | Promise<Verified> => {
      const jws = parseJws(token)
      const type = typeOf(jws)
      if (!types.includes(type)) {
        const expected = types.map((each) => each ?? 'none').join(' or ')
        throw new TokenError(
          'The token is not an access token',
          `typ failed: expected ${expected}, got ${shown(type)}`,
        )
      }
      const algorithm = algorithmOf(jws, algorithms)
      const { iss } = jws.payload
      const keys = sets.get(iss)
      if (keys === undefined) {
        const expected = issuers.map(shown).join(' or ')
        throw new TokenError(
          'The token is of another issuer',
          `iss failed: expected ${expected}, got ${shown(iss)}`,
        )
      }
      const check = (key: KeyObject) => finish(jws, isSigned(algorithm, key, jws.signed, jws.signature))
      const key = keys.find(algorithm, jws.header['kid'])
      return key instanceof Promise ? key.then(check) : check(key)
    }
  }
  return { kind: 'jwt', forResource }
}

function checkIssuers(issuer: unknown): readonly string[] {
  const issuers = Array.isArray(issuer) ? issuer : [issuer]
  if (issuers.length === 0)
    throw new TypeError(`jwt.issuer must be one or several URLs; got ${kindOf(issuer)}`)
  for (const each of issuers) checkUrl('jwt.issuer', each)
  return issuers
}
