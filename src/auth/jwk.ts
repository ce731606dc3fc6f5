/**
 * Public keys in JSON. Only the members that make the public key are read, so that nothing else of a key (a private
 * part, a certificate, a URL) has any effect.
 *
 * Spec: RFC 7517, RFC 7518 section 6, RFC 7638 (thumbprints), RFC 8037.
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import { sha256 } from './sha256.ts'
import { decodeBase64url, type JsonMembers } from './strict-json.ts'

/** RFC 7518 section 3.3: a key of 2048 bits or larger MUST be used. */
const MIN_RSA_BITS = 2048
/** Above it one check takes milliseconds. */
const MAX_RSA_BITS = 16_384

/** In the order of RFC 7638, which is that of their names. */
const MEMBERS: { readonly [kty: string]: readonly string[] } = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
}
/** What is only in a private or a secret key. */
const PRIVATE: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The members of the public key in their fixed order; undefined: it is none, or not in its one spelling. */
function publicMembers(jwk: JsonMembers): { readonly [name: string]: string } | undefined {
  const { kty } = jwk
  if (typeof kty !== 'string' || !Object.hasOwn(MEMBERS, kty)) return undefined
  const members: { [name: string]: string } = {}
  for (const name of MEMBERS[kty] ?? []) {
    const value = jwk[name]
    if (typeof value !== 'string') return undefined
    if (name !== 'kty' && name !== 'crv' && decodeBase64url(value) === undefined) return undefined
    members[name] = value
  }
  return members
}

export function isPrivate(jwk: JsonMembers): boolean {
  return PRIVATE.some((name) => jwk[name] !== undefined)
}

/** @returns undefined: it is no public key that is strong enough, such as a point that is not on its curve */
export function importKey(jwk: JsonMembers): KeyObject | undefined {
  const members = publicMembers(jwk)
  if (members === undefined) return undefined
  try {
    const key = createPublicKey({ key: members, format: 'jwk' })
    if (key.asymmetricKeyType !== 'rsa') return key
    const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
    return modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS ? key : undefined
  } catch {
    return undefined
  }
}

/** The SHA-256 thumbprint (RFC 7638), by which a token names the key that it is bound to; undefined: it is no key. */
export function thumbprint(jwk: JsonMembers): string | undefined {
  const members = publicMembers(jwk)
  return members === undefined ? undefined : sha256(JSON.stringify(members))
}
