/**
 * The signatures that are accepted, with what each needs of its key and of OpenSSL. All are asymmetric: `none` and HMAC
 * are not here, so that no configuration can ask for them.
 *
 * Spec: RFC 7518 section 3, RFC 8037 section 3.1, RFC 9864 section 2.2 (`Ed25519`).
 */

import { constants, type KeyObject, verify } from 'node:crypto'
import { shown } from '../bounds/quote.ts'
import type { JsonMembers } from './strict-json.ts'

export type AlgorithmName =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

export interface Algorithm {
  readonly name: AlgorithmName
  readonly kty: 'RSA' | 'EC' | 'OKP'
  /** Of an elliptic key. */
  readonly crv: string | undefined
  readonly hash: string | undefined
  /** Of a signature in its one form; undefined: as long as the modulus of the key. */
  readonly signatureBytes: number | undefined
  readonly options: {
    readonly padding?: number
    readonly saltLength?: number
    readonly dsaEncoding?: 'ieee-p1363'
  }
}

function rsa(name: AlgorithmName, bits: number, padding: number): Algorithm {
  // RFC 7518 section 3.5: the salt is as long as the hash.
  const isPss = padding === constants.RSA_PKCS1_PSS_PADDING
  const options = isPss ? { padding, saltLength: bits / 8 } : { padding }
  return { name, kty: 'RSA', crv: undefined, hash: `sha${bits}`, signatureBytes: undefined, options }
}

/** The two numbers of a signature are written one after the other, never in DER (RFC 7518 section 3.4). */
function ecdsa(name: AlgorithmName, bits: number, crv: string, signatureBytes: number): Algorithm {
  return { name, kty: 'EC', crv, hash: `sha${bits}`, signatureBytes, options: { dsaEncoding: 'ieee-p1363' } }
}

function ed25519(name: AlgorithmName): Algorithm {
  return { name, kty: 'OKP', crv: 'Ed25519', hash: undefined, signatureBytes: 64, options: {} }
}

const { RSA_PKCS1_PADDING: PKCS1, RSA_PKCS1_PSS_PADDING: PSS } = constants

/** By their names, which are case-sensitive. */
export const ALGORITHMS: ReadonlyMap<unknown, Algorithm> = new Map(
  [
    rsa('RS256', 256, PKCS1),
    rsa('RS384', 384, PKCS1),
    rsa('RS512', 512, PKCS1),
    rsa('PS256', 256, PSS),
    rsa('PS384', 384, PSS),
    rsa('PS512', 512, PSS),
    ecdsa('ES256', 256, 'P-256', 64),
    ecdsa('ES384', 384, 'P-384', 96),
    ecdsa('ES512', 512, 'P-521', 132),
    ed25519('EdDSA'),
    ed25519('Ed25519'),
  ].map((algorithm) => [algorithm.name, algorithm]),
)

const ALGORITHM_NAMES: readonly AlgorithmName[] = [...ALGORITHMS.values()].map(({ name }) => name)

/** @throws {TypeError} naming the option, for one that is not known */
export function checkAlgorithms(
  option: string,
  names: readonly AlgorithmName[] = ALGORITHM_NAMES,
): readonly AlgorithmName[] {
  if (!Array.isArray(names) || names.length === 0) {
    throw new TypeError(`${option} must be an array of algorithms; got ${shown(names)}`)
  }
  const unknown = names.find((name) => !ALGORITHMS.has(name))
  if (unknown === undefined) return [...names]
  const problem = `${option} must be among ${ALGORITHM_NAMES.join(', ')}; got ${shown(unknown)}`
  throw new TypeError(
    /^(?:none|HS\d+)$/i.test(String(unknown)) ? `${problem}, which proves nothing` : problem,
  )
}

/** Whether a key (JWK) is for signatures of this kind. */
export function fits({ name, kty, crv }: Algorithm, key: JsonMembers): boolean {
  const { kty: keyType, crv: curve, use = 'sig', alg = name, key_ops: operations = ['verify'] } = key
  return (
    keyType === kty &&
    (crv === undefined || curve === crv) &&
    use === 'sig' &&
    // The two names of the same signature.
    (alg === name || (kty === 'OKP' && (alg === 'EdDSA' || alg === 'Ed25519'))) &&
    Array.isArray(operations) &&
    operations.includes('verify')
  )
}

/** @param signed - what the signature is of, ASCII */
export function isSigned(
  { hash, options, signatureBytes }: Algorithm,
  key: KeyObject,
  signed: string,
  signature: Buffer,
): boolean {
  if (signatureBytes !== undefined && signature.length !== signatureBytes) return false
  try {
    return verify(hash, Buffer.from(signed, 'latin1'), { key, ...options }, signature)
  } catch {
    return false
  }
}
