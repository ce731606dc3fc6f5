/**
 * Web Crypto as the authorization flows need it: random values, SHA-256, a key pair, and JWTs (RFC 7515, 7519).
 * Browsers, Deno, Bun, Workers and Node have `crypto.subtle`; nothing else is used.
 *
 * Not here: which keys there are, and how one is imported (signing-keys.ts).
 */

import { ALGORITHMS, type SigningAlgorithm, type SigningKey, type SigningKeyPair } from './signing-keys.ts'

/** The members of a public key in JSON Web Key form that are used. */
export type PublicJwk = Readonly<Record<string, string>>

const encoder = new TextEncoder()

function base64Url(bytes: ArrayBuffer | Uint8Array): string {
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
