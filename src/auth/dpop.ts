/**
 * DPoP: a token that is bound to a key of its client is accepted only with a proof, which that key has signed for this one
 * request. A stolen token alone is of no use.
 *
 * A proof is checked in the order of RFC 9449 section 4.3, but for its key, which is compared with the token's first: so
 * a caller without a valid token cannot make the server check a signature.
 *
 * Spec: RFC 9449; the DPoP extension of MCP (SEP-1932).
 */

import { checkCount } from '../bounds/check-options.ts'
import { ExpiringMap } from '../bounds/expiring-map.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import type { AuthRequest } from '../http/authenticate.ts'
import { type AlgorithmName, checkAlgorithms, fits, isSigned } from './algorithms.ts'
import { importKey, isPrivate, thumbprint } from './jwk.ts'
import { algorithmOf, type Jws, parseJws, typeOf } from './jws.ts'
import { Nonces } from './nonces.ts'
import { isSame, sha256 } from './sha256.ts'
import type { JsonMembers } from './strict-json.ts'
import { TokenError } from './token-error.ts'

export interface DpopSettings {
  /** Only tokens that are bound to a key are accepted. @defaultValue false: others too */
  readonly required?: boolean | undefined
  /**
   * Proofs must have a nonce of the server, which costs clients one more request now and then. A text of 32 characters
   * or more: the secret that all processes which serve the resource make them of. @defaultValue false
   */
  readonly nonce?: boolean | string | undefined
  /** Signatures of proofs that are accepted. @defaultValue as `jwt` has them */
  readonly algorithms?: readonly AlgorithmName[] | undefined
  /** Proofs that are remembered so that none is used twice; above it the oldest is forgotten. @defaultValue 65 536 */
  readonly maxProofs?: number | undefined
  /** Where used proofs are remembered, for several processes. @defaultValue in memory */
  readonly store?: ProofStore | undefined
}

/** Remembers which proofs were used. */
export interface ProofStore {
  /**
   * @param id - of the proof: 43 characters
   * @param ttlMs - for which it is to be remembered
   * @returns false: it is there already
   */
  add(id: string, ttlMs: number): boolean | PromiseLike<boolean>
}

/** How far `iat` of a proof may be from the time of the server. */
const WINDOW_MS = 5 * 60 * 1000
const MAX_JTI_LENGTH = 512
const MIN_SECRET_LENGTH = 32
const BYTES_OF_ALL = 64 * 1024 * 1024

const NAMES: readonly (keyof DpopSettings)[] = ['required', 'nonce', 'algorithms', 'maxProofs', 'store']

/** Why a proof is refused. */
export class ProofError extends TokenError {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce'

  constructor(error: ProofError['error'], message: string, reason: string) {
    super(message, reason)
    this.error = error
  }
}

export class Dpop {
  readonly required: boolean
  readonly algorithms: readonly AlgorithmName[]
  readonly #nonces: Nonces | undefined
  readonly #store: ProofStore
  /** Of the resource, as `htu` must have it. */
  readonly #target: string

  /** @throws {TypeError} a wrong option, named */
  constructor(options: DpopSettings, resource: string) {
    checkNames(options, NAMES, 'dpop.')
    const { required = false, nonce = false, maxProofs = 65_536, store } = options
    if (typeof required !== 'boolean')
      throw new TypeError(`dpop.required must be true or false; got ${shown(required)}`)
    if (typeof nonce === 'string' ? nonce.length < MIN_SECRET_LENGTH : typeof nonce !== 'boolean') {
      const got = typeof nonce === 'string' ? `${nonce.length} characters` : shown(nonce)
      throw new TypeError(
        `dpop.nonce must be true, false or a secret of ${MIN_SECRET_LENGTH} characters or more; got ${got}`,
      )
    }
    if (store !== undefined && typeof store?.add !== 'function') {
      throw new TypeError(`dpop.store must have a function add; got ${kindOf(store)}`)
    }
    this.required = required
    this.algorithms = checkAlgorithms('dpop.algorithms', options.algorithms)
    this.#nonces = nonce === false ? undefined : new Nonces(nonce === true ? undefined : nonce)
    this.#store = store ?? new ProofMemory(checkCount('dpop.maxProofs', maxProofs))
    this.#target = withoutQuery(resource) ?? resource
  }

  /** Headers of every challenge. */
  get challengeHeaders(): readonly string[] {
    return this.#nonces === undefined ? [] : ['DPoP-Nonce', this.#nonces.current]
  }

  /**
   * Checks the proof of a request.
   *
   * @param tokenHash - of the token that it comes with
   * @param jkt - of the key that the token is bound to
   * @returns headers of the reply, as a flat list
   * @throws {ProofError}
   */
  check(
    request: AuthRequest,
    tokenHash: string,
    jkt: string,
  ): readonly string[] | undefined | Promise<readonly string[] | undefined> {
    const { dpop: proof } = request.headers
    // Two header lines are joined with a comma, which no proof has.
    if (typeof proof !== 'string') throw invalid('a request with this token needs a proof in the DPoP header')
    const jws = readProof(proof)
    const { payload } = jws
    this.#checkKey(jws, jkt)
    const { htm, htu, ath, jti, iat, nonce } = payload
    if (htm !== request.method) throw invalid(`htm failed: expected ${request.method}, got ${shown(htm)}`)
    if (typeof htu !== 'string' || withoutQuery(htu) !== this.#target) {
      throw invalid(`htu failed: expected ${shown(this.#target)}, got ${shown(htu)}`)
    }
    if (typeof ath !== 'string' || !isSame(ath, tokenHash))
      throw invalid('ath failed: it is not the hash of this token')
    const now = Date.now()
    const made = typeof iat === 'number' ? iat * 1000 : Number.NaN
    if (!(Math.abs(now - made) <= WINDOW_MS)) {
      throw invalid(
        `iat failed: expected within ${WINDOW_MS / 1000} s, got ${typeof iat === 'number' ? `${Math.round((made - now) / 1000)} s from now` : kindOf(iat)}`,
      )
    }
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) {
      throw invalid(
        `jti failed: expected 1 to ${MAX_JTI_LENGTH} characters, got ${typeof jti === 'string' ? jti.length : kindOf(jti)}`,
      )
    }
    if (this.#nonces !== undefined && !this.#nonces.accepts(nonce)) {
      const message = 'The proof needs the nonce of the DPoP-Nonce header'
      throw new ProofError(
        'use_dpop_nonce',
        message,
        `nonce failed: ${nonce === undefined ? 'there is none' : 'it is too old, or not ours'}`,
      )
    }
    const headers = nonce === this.#nonces?.current ? undefined : this.challengeHeaders
    const isNew = this.#store.add(sha256(`${jkt} ${jti}`), made + WINDOW_MS - now)
    if (typeof isNew === 'boolean') return used(isNew, headers)
    return Promise.resolve(isNew).then((settled) => used(settled, headers))
  }

  #checkKey(jws: Jws, jkt: string): void {
    let algorithm: ReturnType<typeof algorithmOf>
    try {
      algorithm = algorithmOf(jws, this.algorithms)
    } catch (error) {
      throw invalid((error as TokenError).reason)
    }
    const { jwk } = jws.header
    if (typeof jwk !== 'object' || jwk === null)
      throw invalid(`jwk failed: expected a public key, got ${kindOf(jwk)}`)
    const members = jwk as JsonMembers
    if (isPrivate(members)) throw invalid('jwk failed: it has a private key')
    const print = thumbprint(members)
    if (print === undefined || !fits(algorithm, members))
      throw invalid(`jwk failed: it is no key for ${algorithm.name}`)
    if (!isSame(print, jkt)) throw invalid('jwk failed: the token is bound to another key')
    const key = importKey(members)
    if (key === undefined || !isSigned(algorithm, key, jws.signed, jws.signature)) {
      throw invalid('the signature is not one of the key')
    }
  }
}

function used(isNew: boolean, headers: readonly string[] | undefined): readonly string[] | undefined {
  if (isNew) return headers === undefined || headers.length === 0 ? undefined : headers
  throw invalid('jti failed: the proof was used before')
}

function readProof(proof: string): Jws {
  try {
    const jws = parseJws(proof)
    const type = typeOf(jws)
    if (type === 'dpop+jwt') return jws
    throw invalid(`typ failed: expected dpop+jwt, got ${shown(type)}`)
  } catch (error) {
    throw error instanceof ProofError ? error : invalid((error as TokenError).reason)
  }
}

/** RFC 9449 section 4.3: without query and fragment, in the one spelling that RFC 3986 has for a scheme and a host. */
function withoutQuery(text: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname } = new URL(text)
  return origin === 'null' ? undefined : origin + pathname
}

function invalid(reason: string): ProofError {
  return new ProofError('invalid_dpop_proof', 'The DPoP proof is not valid', reason)
}

class ProofMemory implements ProofStore {
  readonly #used: ExpiringMap<true>

  constructor(max: number) {
    this.#used = new ExpiringMap(max, BYTES_OF_ALL)
  }

  add(id: string, ttlMs: number): boolean {
    if (this.#used.find(id) !== undefined) return false
    // The last millisecond in which the proof is accepted counts.
    this.#used.add(id, true, Date.now() + ttlMs + 1, 0)
    return true
  }
}
