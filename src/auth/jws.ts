/**
 * Signed tokens in their compact form: taken apart, strictly, and their signature checked.
 *
 *    base64url(header) . base64url(payload) . base64url(signature)
 *    `----------- what is signed ----------'
 *
 * Spec: RFC 7515 section 5.2 and 7.1, RFC 8725.
 * Not here: which key, and what the claims must say (jwt.ts, dpop.ts).
 */

import { ALGORITHMS, type Algorithm, type AlgorithmName } from './algorithms.ts'
import { decodeBase64url, type JsonMembers, parseObject } from './strict-json.ts'
import { TokenError } from './token-error.ts'

/** Node takes 16 KiB of headers by default. */
const MAX_TOKEN_LENGTH = 16_384

export interface Jws {
  readonly header: JsonMembers
  readonly payload: JsonMembers
  readonly signed: string
  readonly signature: Buffer
}

/** @throws {TokenError} it is not one, or asks for something that is not understood */
export function parseJws(token: string): Jws {
  if (token.length > MAX_TOKEN_LENGTH) {
    throw malformed(`it has ${token.length} characters, more than ${MAX_TOKEN_LENGTH}`)
  }
  const parts = token.split('.', 6)
  if (parts.length !== 3) {
    throw malformed(
      `a signed token has 3 parts, this one ${parts.length}${parts.length === 5 ? ': it is encrypted' : ''}`,
    )
  }
  const [first, second, third] = parts.map(decodeBase64url)
  if (first === undefined || second === undefined || third === undefined) {
    throw malformed('a part of it is not base64url without padding, in its one spelling')
  }
  const header = parseObject(first)
  if (header === undefined) throw malformed('its header is not a JSON object whose members occur once')
  const payload = parseObject(second)
  if (payload === undefined) throw malformed('its claims are not a JSON object whose members occur once')
  // RFC 7515 section 4.1.11: what must be understood, and is not. RFC 7797: `b64` must be among it.
  if (header['crit'] !== undefined || header['b64'] !== undefined) {
    throw malformed('its header has "crit" or "b64": no extension is understood')
  }
  return { header, payload, signed: `${parts[0]}.${parts[1]}`, signature: third }
}

/**
 * The algorithm that the header names, if it is among those that were chosen for the purpose.
 *
 * @throws {TokenError}
 */
export function algorithmOf({ header }: Jws, chosen: readonly AlgorithmName[]): Algorithm {
  const { alg } = header
  const algorithm = ALGORITHMS.get(alg)
  if (algorithm !== undefined && chosen.includes(algorithm.name)) return algorithm
  const got = typeof alg === 'string' ? JSON.stringify(alg.slice(0, 20)) : typeof alg
  throw malformed(`alg failed: expected ${chosen.join(', ')}, got ${got}`)
}

/** RFC 7515 section 4.1.9: media types, in any case, whose `application/` may be left out. */
export function typeOf({ header }: Jws): string | undefined {
  const { typ } = header
  if (typ === undefined) return undefined
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
}

function malformed(reason: string): TokenError {
  return new TokenError('The token is not valid', reason)
}
