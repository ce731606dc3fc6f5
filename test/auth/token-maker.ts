/** Makes tokens that are one step away from a good one. */

import { createHmac, type generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { base64url, CompactEncrypt } from 'jose'
import { type Issuer, now, type SigningKey } from './issuer.ts'
import { RESOURCE } from './serving.ts'

export interface Maker {
  readonly issuer: Issuer
  /** RS256, the first key of the issuer. */
  readonly rsa: SigningKey
  readonly es: SigningKey
  readonly ed: SigningKey
  /** With the same kid as `rsa`, and not of the issuer. */
  readonly thief: SigningKey
  good(): Promise<string>
}

export type Make = (maker: Maker) => string | Promise<string>

/** A token that is refused, and the reason that the owner of the server is told. */
export type BadToken = readonly [name: string, make: Make, reason: RegExp]

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
export const usual = (issuer: Issuer) => ({
  iss: issuer.url,
  aud: RESOURCE,
  sub: 'ada',
  iat: now(),
  exp: now() + 300,
})

/** Signs with the issuer's own RSA key whatever the two texts are. */
export function signRaw({ rsa }: Maker, header: string, payload: string): string {
  const signed = `${encode(header)}.${encode(payload)}`
  const key = pemOf(rsa)
  return `${signed}.${signBytes('sha256', Buffer.from(signed), key).toString('base64url')}`
}
export const pems = new Map<SigningKey, ReturnType<typeof generateKeyPairSync>['privateKey']>()
export function pemOf(key: SigningKey) {
  const pem = pems.get(key)
  if (pem === undefined) throw new Error(`no private key of ${key.kid}`)
  return pem
}
export const head = (more: object = {}) =>
  JSON.stringify({ alg: 'RS256', kid: 'rsa', typ: 'at+jwt', ...more })
export const claims = ({ issuer }: Maker, more: object = {}) => JSON.stringify({ ...usual(issuer), ...more })

export const withClaims =
  (more: { readonly [claim: string]: unknown }, header: object = {}): Make =>
  ({ issuer }) =>
    issuer.token(RESOURCE, more, header)
export const changed =
  (change: (parts: [string, string, string]) => readonly string[]): Make =>
  async (maker) =>
    change((await maker.good()).split('.') as [string, string, string]).join('.')
/** Swaps the case of the character that holds the stray bits. */
export const lastBits = (part: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(part.at(-1) ?? '')
  return part.slice(0, -1) + alphabet[last ^ 1]
}

export const shorts = new WeakMap<Maker, SigningKey>()

export function keyOf(alg: string, kid: string, pair: ReturnType<typeof generateKeyPairSync>): SigningKey {
  const publicJwk = {
    ...(pair.publicKey as unknown as { export(options: object): object }).export({ format: 'jwk' }),
    kid,
  }
  return { alg, kid, privateKey: pair.privateKey as never, publicJwk: publicJwk as never }
}

export function hmac(secret: string | Buffer, maker: Maker): string {
  const signed = `${encode({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' })}.${encode(claims(maker))}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

export async function esWith({ issuer, es }: Maker, signature: Buffer | undefined): Promise<string> {
  const token = await issuer.token(RESOURCE, {}, {}, es)
  return signature === undefined ? token : changedOf(Promise.resolve(token), signature)
}

export async function changedOf(token: Promise<string>, signature: Buffer): Promise<string> {
  return [...(await token).split('.').slice(0, 2), signature.toString('base64url')].join('.')
}

/** The same two numbers as they stand in DER. */
export async function der({ issuer, es }: Maker): Promise<string> {
  const [header, payload, signature = ''] = (await issuer.token(RESOURCE, {}, {}, es)).split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const integer = (part: Buffer) => {
    const padded = Buffer.concat([Buffer.of(0), part])
    return Buffer.concat([Buffer.of(2, padded.length), padded])
  }
  const numbers = Buffer.concat([integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))])
  return `${header}.${payload}.${Buffer.concat([Buffer.of(0x30, numbers.length), numbers]).toString('base64url')}`
}

export function shortKey(maker: Maker): string {
  const signed = `${encode(head({ kid: 'short' }))}.${encode(claims(maker))}`
  const key = pemOf(shorts.get(maker) as SigningKey)
  return `${signed}.${signBytes('sha256', Buffer.from(signed), key).toString('base64url')}`
}

export function rawBytes({ rsa }: Maker, payload: Buffer): string {
  const signed = `${encode(head())}.${payload.toString('base64url')}`
  return `${signed}.${signBytes('sha256', Buffer.from(signed), pemOf(rsa)).toString('base64url')}`
}

export function encrypted(): Promise<string> {
  const key = new Uint8Array(32)
  return new CompactEncrypt(base64url.decode('e30'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key)
}
