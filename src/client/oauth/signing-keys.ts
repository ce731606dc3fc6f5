/** Keys that sign, as applications give them: which algorithms there are, and how a key becomes one of Web Crypto. */

/** A key of Web Crypto, whichever library declares it. */
export type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A key pair of Web Crypto. */
export interface SigningKeyPair {
  readonly publicKey: SigningKey
  readonly privateKey: SigningKey
}

/** JWS algorithms that can be signed with. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'PS256' | 'EdDSA'

/** How each JWS algorithm (RFC 7518 3.1, RFC 8037) is named in Web Crypto: to import or generate, and to sign. */
export const ALGORITHMS = {
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  ES384: { key: { name: 'ECDSA', namedCurve: 'P-384' }, sign: { name: 'ECDSA', hash: 'SHA-384' } },
  ES512: { key: { name: 'ECDSA', namedCurve: 'P-521' }, sign: { name: 'ECDSA', hash: 'SHA-512' } },
  RS256: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: { name: 'RSASSA-PKCS1-v1_5' } },
  PS256: { key: { name: 'RSA-PSS', hash: 'SHA-256' }, sign: { name: 'RSA-PSS', saltLength: 32 } },
  EdDSA: { key: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
} as const satisfies Record<SigningAlgorithm, object>

export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as SigningAlgorithm[]

/** The JWS algorithm of a key; undefined when it is none that can be signed with. */
export function algorithmOf(key: SigningKey): SigningAlgorithm | undefined {
  const { name, namedCurve, hash } = key.algorithm as {
    readonly name: string
    readonly namedCurve?: string
    readonly hash?: { readonly name: string }
  }
  return SIGNING_ALGORITHMS.find((algorithm) => {
    const wanted: { readonly name: string; readonly namedCurve?: string; readonly hash?: string } =
      ALGORITHMS[algorithm].key
    return wanted.name === name && wanted.namedCurve === namedCurve && wanted.hash === hash?.name
  })
}

/**
 * Takes a private key as people have it: in PKCS #8 PEM form, as a JSON Web Key, or of Web Crypto.
 *
 * @throws when it is none
 */
export async function importPrivateKey(
  key: string | Readonly<Record<string, unknown>> | SigningKey,
  algorithm: SigningAlgorithm,
): Promise<SigningKey> {
  const parameters = ALGORITHMS[algorithm].key
  if (typeof key === 'string') {
    const base64 = key.replace(/-----(?:BEGIN|END) PRIVATE KEY-----|\s/g, '')
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return crypto.subtle.importKey('pkcs8', bytes, parameters, false, ['sign'])
  }
  if (isKey(key)) return key
  return crypto.subtle.importKey('jwk', key as { readonly kty: string }, parameters, false, ['sign'])
}

export function isKey(value: unknown): value is SigningKey {
  return typeof value === 'object' && value !== null && 'algorithm' in value && 'usages' in value
}
