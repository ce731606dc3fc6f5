/**
 * Web Crypto as the authorization flows need it: random values, SHA-256, keys that sign, and JWTs (RFC 7515, 7519).
 * Browsers, Deno, Bun, Workers and Node have `crypto.subtle`; nothing else is used.
 */

/** A key of Web Crypto, whichever library declares it. */
export type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A key pair of Web Crypto. */
export interface SigningKeyPair {
  readonly publicKey: SigningKey
  readonly privateKey: SigningKey
}

/** The members of a public key in JSON Web Key form that are used. */
export type PublicJwk = Readonly<Record<string, string>>

/** JWS algorithms that can be signed with. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'PS256' | 'EdDSA'

/** How each JWS algorithm (RFC 7518 3.1, RFC 8037) is named in Web Crypto: to import or generate, and to sign. */
const ALGORITHMS = {
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  ES384: { key: { name: 'ECDSA', namedCurve: 'P-384' }, sign: { name: 'ECDSA', hash: 'SHA-384' } },
  ES512: { key: { name: 'ECDSA', namedCurve: 'P-521' }, sign: { name: 'ECDSA', hash: 'SHA-512' } },
  RS256: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: { name: 'RSASSA-PKCS1-v1_5' } },
  PS256: { key: { name: 'RSA-PSS', hash: 'SHA-256' }, sign: { name: 'RSA-PSS', saltLength: 32 } },
  EdDSA: { key: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
} as const satisfies Record<SigningAlgorithm, object>

export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as SigningAlgorithm[]

const encoder = new TextEncoder()

export function base64Url(bytes: ArrayBuffer | Uint8Array): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** 256 random bits: a PKCE verifier, a state, an id of a token. */
export function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)))
}

/** SHA-256 of a text, in base64url: the PKCE challenge, `ath` of a DPoP proof, a thumbprint. */
export async function sha256(text: string): Promise<string> {
  return base64Url(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
}

/** ES256, which every implementation of Web Crypto has and RFC 9449 examples use. The private key cannot be read. */
export function generateKeyPair(): Promise<SigningKeyPair> {
  return crypto.subtle.generateKey(ALGORITHMS.ES256.key, false, ['sign', 'verify']) as Promise<SigningKeyPair>
}

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

/** The public key as RFC 7638 orders its members, for the header of a proof and for its thumbprint. */
export async function publicJwk(key: SigningKey): Promise<PublicJwk> {
  const jwk: Readonly<Record<string, unknown>> = { ...(await crypto.subtle.exportKey('jwk', key)) }
  const names = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((name) => typeof jwk[name] === 'string')
  return Object.fromEntries(names.map((name) => [name, String(jwk[name])]))
}

/** Signs a JWT. */
export async function signJwt(
  key: SigningKey,
  algorithm: SigningAlgorithm,
  header: object,
  claims: object,
): Promise<string> {
  const part = (value: object): string => base64Url(encoder.encode(JSON.stringify(value)))
  const input = `${part({ ...header, alg: algorithm })}.${part(claims)}`
  const signature = await crypto.subtle.sign(ALGORITHMS[algorithm].sign, key, encoder.encode(input))
  return `${input}.${base64Url(signature)}`
}

/** Seconds since 1970, as in the claims of a JWT. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
