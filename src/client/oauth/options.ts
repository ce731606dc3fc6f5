/**
 * Options that every way to get tokens has, and how they are checked. What is wrong throws a `TypeError` that names the
 * option and quotes what came; a secret is never quoted.
 */

import { checkTime, oneOf, requireType } from '../../bounds/check-options.ts'
import { checkNames } from '../../bounds/option-names.ts'
import { kindOf, shown } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { FetchLike } from '../fetch-like.ts'
import type { Client } from './client-auth.ts'
import type { Http } from './http.ts'
import { isLoopback } from './is-loopback.ts'
import { memoryStore } from './memory-store.ts'
import {
  algorithmOf,
  importPrivateKey,
  isKey,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeyPair,
} from './signing-keys.ts'
import type { TokenStore } from './store.ts'

/** How tokens are bound to a key (RFC 9449). */
export interface DpopOptions {
  /**
   * The key. Without one, a key pair is made that lives as long as the provider, and stored tokens that are bound to
   * an earlier one are not used. Where tokens are to outlive the program, keep a pair (IndexedDB holds one whose
   * private key cannot be read) and give it here.
   *
   * @defaultValue a new ES256 pair
   */
  readonly keyPair?: SigningKeyPair | undefined
  /**
   * Refuse tokens that are not bound.
   *
   * @defaultValue false
   */
  readonly required?: boolean | undefined
}

/** What is common to all ways to get tokens. */
export interface TokenOptions {
  /**
   * Where tokens are kept.
   *
   * @defaultValue in memory
   */
  readonly store?: TokenStore | undefined
  /**
   * Scopes to ask for beside those that the server says are needed. Without them, and without a word from the server,
   * all that the server's metadata lists are asked for.
   *
   * @defaultValue none
   */
  readonly scopes?: readonly string[] | undefined
  /**
   * Bind tokens to a key, so that a stolen one is of no use: `true`, or how. `false`: never.
   *
   * @defaultValue where the MCP server's metadata asks for it
   */
  readonly dpop?: boolean | DpopOptions | undefined
  /**
   * The authorization server (its issuer identifier) that the credentials belong to. An MCP server that names another
   * one is refused, so that a secret cannot be led elsewhere: give it with every `clientSecret`.
   *
   * @defaultValue the first one that the MCP server names
   */
  readonly issuer?: string | undefined
  /**
   * Sends the requests to authorization servers and for metadata.
   *
   * @defaultValue the global `fetch`
   */
  readonly fetch?: FetchLike | undefined
  /**
   * For each of these requests; 0 for no limit.
   *
   * @defaultValue 30000
   */
  readonly timeoutMs?: number | undefined
  /**
   * Refuse metadata and endpoints at addresses of private networks, for programs that connect to URLs which their users
   * give. Names are not resolved: a `fetch` of your own can look at the address.
   *
   * @defaultValue false
   */
  readonly refusePrivateAddresses?: boolean | undefined
}

/** A private key and what is to be known of it, for `private_key_jwt`. */
export interface KeyOptions {
  /** PKCS #8 in PEM form, a JSON Web Key, or a key of Web Crypto. Never sent. */
  readonly privateKey?: string | Readonly<Record<string, unknown>> | SigningKey | undefined
  /**
   * What the key signs with.
   *
   * @defaultValue that of the key, or ES256 for a key in PEM form
   */
  readonly signingAlgorithm?: SigningAlgorithm | undefined
  /** `kid` of the public key in the client's key set. */
  readonly keyId?: string | undefined
}

/** The options, checked and with their defaults. */
export interface ProviderSettings {
  readonly store: TokenStore
  readonly scopes: readonly string[]
  readonly dpop:
    | { readonly isOn: boolean; readonly isRequired: boolean; readonly keyPair?: SigningKeyPair | undefined }
    | undefined
  readonly issuer: string | undefined
  readonly http: Http
  readonly refusePrivateAddresses: boolean
}

const TOKEN_OPTIONS = ['store', 'scopes', 'dpop', 'issuer', 'fetch', 'timeoutMs', 'refusePrivateAddresses']
export const KEY_OPTIONS = ['privateKey', 'signingAlgorithm', 'keyId']

/** @throws {TypeError} an option that is not known, or of a wrong type */
export function checkTokenOptions(
  options: TokenOptions,
  known: readonly string[],
  prefix: string,
): ProviderSettings {
  checkNames(options, [...TOKEN_OPTIONS, ...known], prefix)
  const { store = memoryStore(), scopes = [], issuer, fetch: given, timeoutMs = 30_000 } = options
  const { refusePrivateAddresses = false } = options
  for (const method of ['get', 'set', 'delete'] as const)
    requireType(`${prefix}store.${method}`, store?.[method], ['function'])
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string' && /^\S+$/.test(scope))) {
    throw new TypeError(
      `${prefix}scopes must be an array of scopes, each without spaces; got ${shown(scopes)}`,
    )
  }
  if (issuer !== undefined) checkUrlOption(`${prefix}issuer`, issuer)
  if (given !== undefined) requireType(`${prefix}fetch`, given, ['function'])
  requireType(`${prefix}refusePrivateAddresses`, refusePrivateAddresses, ['boolean'])
  checkTime(`${prefix}timeoutMs`, timeoutMs)
  return {
    store,
    scopes,
    dpop: checkDpop(options.dpop, prefix),
    issuer,
    // Not detached: a browser's fetch wants its window.
    http: { fetch: given ?? ((url, init) => globalThis.fetch(url, init)), timeoutMs },
    refusePrivateAddresses,
  }
}

function checkDpop(dpop: TokenOptions['dpop'], prefix: string): ProviderSettings['dpop'] {
  if (dpop === undefined) return undefined
  requireType(`${prefix}dpop`, dpop, ['boolean', 'object'])
  if (typeof dpop === 'boolean') return { isOn: dpop, isRequired: false }
  checkNames(dpop, ['keyPair', 'required'], `${prefix}dpop.`)
  const { keyPair, required = false } = dpop
  requireType(`${prefix}dpop.required`, required, ['boolean'])
  const isPair =
    isKey(keyPair?.publicKey) && isKey(keyPair.privateKey) && algorithmOf(keyPair.privateKey) !== undefined
  if (keyPair !== undefined && !isPair) {
    throw new TypeError(
      `${prefix}dpop.keyPair must be a key pair of Web Crypto that signs, such as ECDSA P-256`,
    )
  }
  return { isOn: true, isRequired: required, keyPair }
}

/** https, or http on this machine. */
export function checkUrlOption(name: string, value: unknown): URL {
  if (typeof value === 'string' && URL.canParse(value)) {
    const url = new URL(value)
    if (url.hash === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))))
      return url
  }
  throw new TypeError(
    `${name} must be an https: URL (or http: on this machine) without a fragment; got ${shown(value)}`,
  )
}

/** A value that is not repeated, because it is secret. */
export function checkSecret(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  throw new TypeError(
    `${name} must be a non-empty string; got ${typeof value === 'string' ? 'an empty one' : kindOf(value)}`,
  )
}

/**
 * Checks a private key's options, and imports the key at first use: only then Web Crypto can say whether it is one.
 */
export function keyOf(options: KeyOptions, prefix: string): () => Promise<Client['key']> {
  const { privateKey, keyId, signingAlgorithm } = options
  if (privateKey === undefined) return async () => undefined
  requireType(`${prefix}privateKey`, privateKey, ['string', 'object'])
  if (keyId !== undefined) requireType(`${prefix}keyId`, keyId, ['string'])
  if (signingAlgorithm !== undefined) oneOf(`${prefix}signingAlgorithm`, signingAlgorithm, SIGNING_ALGORITHMS)
  const algorithm =
    signingAlgorithm ?? (isKey(privateKey) ? algorithmOf(privateKey) : algorithmOfJwk(privateKey)) ?? 'ES256'
  let imported: Promise<Client['key']> | undefined
  return () => {
    imported ??= importPrivateKey(privateKey, algorithm).then(
      (key) => ({ key, algorithm, keyId }),
      (error: unknown) => {
        // Its cause may quote the key.
        const reason = error instanceof Error ? error.name : 'Error'
        throw new McpError(
          'ERR_AUTH_CLIENT',
          `${prefix}privateKey is no private key for ${algorithm} (${reason})`,
        )
      },
    )
    return imported
  }
}

function algorithmOfJwk(key: string | Readonly<Record<string, unknown>>): SigningAlgorithm | undefined {
  if (typeof key === 'string') return undefined
  const { alg, kty, crv } = key
  const byKind: Readonly<Record<string, SigningAlgorithm>> = {
    'P-256': 'ES256',
    'P-384': 'ES384',
    'P-521': 'ES512',
    Ed25519: 'EdDSA',
    RSA: 'RS256',
  }
  return SIGNING_ALGORITHMS.find((each) => each === alg) ?? byKind[String(crv ?? kty)]
}
