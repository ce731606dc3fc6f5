/**
 * The public keys of one issuer: fetched when the first token needs them, by one request at a time, and kept when the
 * issuer is away.
 *
 *    kid known            the key, at once
 *    kid unknown          fetched anew, once in a cool-down; then known, or the token is refused (401). Where that
 *                         fetch failed, it is not known whether the token is valid (503)
 *    older than a while   fetched anew in the background, so that a key that was withdrawn goes
 *
 * The cool-down counts from fetches that an unknown kid caused: keys that are changed soon after the start are found.
 *
 * Spec: RFC 7517 section 5, RFC 7515 section 4.1.4 (`kid`), OpenID Connect Core section 10.1.1 (rotation).
 */

import type { KeyObject } from 'node:crypto'
import { type Algorithm, fits } from './algorithms.ts'
import { fetchJson } from './fetch-json.ts'
import { findKeysOf } from './issuer-metadata.ts'
import { importKey } from './jwk.ts'
import type { JsonMembers } from './strict-json.ts'
import { TokenError, UnavailableError } from './token-error.ts'

/** Keys of one issuer that are read. */
const MAX_KEYS = 100
const MAX_AGE_MS = 10 * 60 * 1000
/** Between two attempts where the first one failed, at most. */
const RETRY_MS = 1000

export interface KeySetOptions {
  readonly issuer: string
  /** undefined: found in the metadata of the issuer. */
  readonly jwksUri: string | undefined
  readonly timeoutMs: number
  /** Between two fetches that unknown kids cause. */
  readonly cooldownMs: number
}

interface Jwk {
  readonly members: JsonMembers
  /** Made when it is first used; null: it cannot be. */
  key: KeyObject | null | undefined
}

export class KeySet {
  readonly #options: KeySetOptions
  #url: string | undefined
  #keys: readonly Jwk[] | undefined
  /** Of the last fetch that gave keys. */
  #fetchedAt = 0
  /** Of the last fetch that was begun. */
  #triedAt = Number.NEGATIVE_INFINITY
  /** Of the last fetch that an unknown kid caused. */
  #soughtAt = Number.NEGATIVE_INFINITY
  /** Lifecycle: from the begin of a fetch to its end. */
  #fetching: Promise<readonly Jwk[]> | undefined
  /** Of the last fetch. */
  #failure: UnavailableError | undefined

  constructor(options: KeySetOptions) {
    this.#options = options
    this.#url = options.jwksUri
  }

  /**
   * @param kid - as the header of the token has it
   * @returns a promise only where keys have to be fetched first
   * @throws {TokenError} there is no such key
   * @throws {UnavailableError} the keys cannot be fetched
   */
  find(algorithm: Algorithm, kid: unknown): KeyObject | Promise<KeyObject> {
    if (kid !== undefined && typeof kid !== 'string') throw refused('kid failed: expected a string')
    if (this.#keys === undefined) return this.#fetchFirst().then(() => this.find(algorithm, kid))
    const now = Date.now()
    if (now - this.#fetchedAt > MAX_AGE_MS && now - this.#triedAt > this.#retryMs) this.#refresh()
    const key = keyOf(this.#keys, algorithm, kid)
    if (key !== undefined) return key
    if (kid === undefined) throw refused(`no key of the issuer is for ${algorithm.name}`)
    return this.#seek(algorithm, kid, now)
  }

  get #retryMs(): number {
    return Math.min(RETRY_MS, this.#options.cooldownMs)
  }

  #fetchFirst(): Promise<readonly Jwk[]> {
    const isSoon = Date.now() - this.#triedAt < this.#retryMs
    if (this.#fetching === undefined && isSoon && this.#failure !== undefined)
      return Promise.reject(this.#failure)
    return this.#fetch()
  }

  #seek(algorithm: Algorithm, kid: string, now: number): Promise<KeyObject> {
    const unknown = () =>
      refused(`kid failed: the issuer has no key ${JSON.stringify(kid.slice(0, 60))} for ${algorithm.name}`)
    const isSoon = now - this.#soughtAt < this.#options.cooldownMs
    if (isSoon && this.#fetching === undefined) {
      throw this.#failure ?? unknown()
    }
    if (!isSoon) this.#soughtAt = now
    return this.#fetch().then((keys) => {
      const key = keyOf(keys, algorithm, kid)
      if (key === undefined) throw unknown()
      return key
    })
  }

  /** In the background: the present keys are used until it succeeds. */
  #refresh(): void {
    this.#fetch().catch(() => {})
  }

  #fetch(): Promise<readonly Jwk[]> {
    if (this.#fetching !== undefined) return this.#fetching
    this.#triedAt = Date.now()
    const fetching = this.#read().then(
      (keys) => {
        this.#fetching = undefined
        this.#failure = undefined
        this.#fetchedAt = Date.now()
        this.#keys = keys
        return keys
      },
      (error) => {
        this.#fetching = undefined
        const failure =
          error instanceof UnavailableError
            ? error
            : new UnavailableError('The keys cannot be read', { cause: error })
        this.#failure = failure
        // The issuer may have moved them.
        this.#url = this.#options.jwksUri
        throw failure
      },
    )
    this.#fetching = fetching
    return fetching
  }

  async #read(): Promise<readonly Jwk[]> {
    const { issuer, timeoutMs } = this.#options
    this.#url ??= await findKeysOf(issuer, timeoutMs)
    const { keys } = await fetchJson(this.#url, { timeoutMs })
    if (!Array.isArray(keys)) throw new UnavailableError(`${this.#url} has no array "keys"`)
    // RFC 7517 section 5: keys that are not understood SHOULD be ignored.
    const objects = keys.slice(0, MAX_KEYS).filter((key) => typeof key === 'object' && key !== null)
    return objects.map((members: JsonMembers) => ({ members, key: undefined }))
  }
}

/** @throws {TokenError} there are several, and the token does not say which */
function keyOf(keys: readonly Jwk[], algorithm: Algorithm, kid: string | undefined): KeyObject | undefined {
  const fitting = keys.filter(
    ({ members }) => fits(algorithm, members) && (kid === undefined || members['kid'] === kid),
  )
  if (fitting.length > 1)
    throw refused(`kid failed: ${fitting.length} keys of the issuer are for ${algorithm.name}`)
  const [found] = fitting
  if (found === undefined) return undefined
  if (found.key === undefined) found.key = importKey(found.members) ?? null
  if (found.key === null) throw refused('the key of the issuer cannot be used: too short, or no key at all')
  return found.key
}

function refused(reason: string): TokenError {
  return new TokenError('The token is not valid', reason)
}
