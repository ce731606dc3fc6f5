/**
 * What an authorization leaves behind, and where: tokens of an MCP server, the client's registration at an
 * authorization server, and a login that waits for the user to come back.
 *
 *    tokens <server URL>      StoredTokens
 *    client <issuer>          StoredClient: only from dynamic registration
 *    login <state>            StoredLogin: deleted when it was used
 *
 * The store holds text and knows nothing of its meaning, so that the keychain of the system, a file, `localStorage` or
 * a column of a database do. Everything in it is secret.
 */

import { parseObject } from './http.ts'
import type { AuthorizationServer } from './server-metadata.ts'

/**
 * Where tokens, client registrations and waiting logins are kept. The default keeps them in memory.
 *
 * Values are JSON texts and hold secrets; keys are texts of the form `tokens https://mcp.example.com/mcp`. All three
 * methods may be asynchronous.
 *
 * @example
 * ```ts
 * const store: TokenStore = {
 *   get: (key) => localStorage.getItem(key) ?? undefined,
 *   set: (key, value) => localStorage.setItem(key, value),
 *   delete: (key) => localStorage.removeItem(key),
 * }
 * ```
 */
export interface TokenStore {
  /** The value, or undefined when there is none. */
  get(key: string): PromiseLike<string | undefined> | string | undefined
  /** Keeps the value in place of an earlier one. */
  set(key: string, value: string): PromiseLike<void> | void
  /** Forgets it, if there is one. */
  delete(key: string): PromiseLike<unknown> | unknown
}

/** Tokens for one MCP server. */
export interface StoredTokens {
  readonly accessToken: string
  /** The scheme that they are sent with. */
  readonly type: 'Bearer' | 'DPoP'
  /** Milliseconds since 1970; absent when the server did not say. */
  readonly expiresAt?: number | undefined
  /** When to begin to refresh: some time before that. */
  readonly renewAt?: number | undefined
  readonly refreshToken?: string | undefined
  /** What was granted, separated by spaces. */
  readonly scope?: string | undefined
  /** What was asked for. */
  readonly requestedScope?: string | undefined
  /** The authorization server that issued them: they are shown to no other one. */
  readonly issuer: string
  readonly clientId: string
  /** Where the MCP server said its metadata is. */
  readonly resourceMetadataUrl?: string | undefined
  /** RFC 7638 thumbprint of the key that they are bound to (DPoP). */
  readonly thumbprint?: string | undefined
}

/** A client registration, by RFC 7591. */
export interface StoredClient {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly authMethod?: string | undefined
  readonly redirectUrl: string
  /** Milliseconds since 1970; absent when the secret does not expire. */
  readonly secretExpiresAt?: number | undefined
}

/** A login whose user is at the authorization server. */
export interface StoredLogin {
  readonly serverUrl: string
  readonly resource: string
  readonly resourceMetadataUrl?: string | undefined
  /** From validated metadata: its `issuer` is what `iss` of the answer is compared with. */
  readonly server: AuthorizationServer
  readonly clientId: string
  readonly redirectUrl: string
  readonly verifier: string
  readonly scope?: string | undefined
  readonly thumbprint?: string | undefined
  readonly startedAt: number
}

/** By kind, what the store holds; the key is the kind, a space and a name. */
interface Kinds {
  readonly tokens: StoredTokens
  readonly client: StoredClient
  readonly login: StoredLogin
}

/** What each kind cannot be without: anything else in the store is taken for absent. */
const REQUIRED: Readonly<Record<keyof Kinds, readonly string[]>> = {
  tokens: ['accessToken', 'type', 'issuer', 'clientId'],
  client: ['clientId', 'redirectUrl'],
  login: ['serverUrl', 'resource', 'clientId', 'redirectUrl', 'verifier'],
}

export async function load<K extends keyof Kinds>(
  store: TokenStore,
  kind: K,
  name: string,
): Promise<Kinds[K] | undefined> {
  const text = await store.get(`${kind} ${name}`)
  const value = typeof text === 'string' ? parseObject(text) : undefined
  if (value === undefined || !REQUIRED[kind].every((each) => typeof value[each] === 'string'))
    return undefined
  return value as unknown as Kinds[K]
}

export async function save<K extends keyof Kinds>(
  store: TokenStore,
  kind: K,
  name: string,
  value: Kinds[K],
): Promise<void> {
  await store.set(`${kind} ${name}`, JSON.stringify(value))
}

export async function forget(store: TokenStore, kind: keyof Kinds, name: string): Promise<void> {
  await store.delete(`${kind} ${name}`)
}
