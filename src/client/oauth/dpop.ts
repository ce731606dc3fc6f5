/**
 * DPoP, RFC 9449: a proof with every request that the sender holds the key which a token is bound to. A token that was
 * stolen is of no use without the key, which does not leave Web Crypto.
 *
 *    POST /token   DPoP: <proof>                                    -> the access token is bound to the key
 *    POST /mcp     DPoP: <proof with the hash of the token>   Authorization: DPoP <token>
 *
 * A server may want a nonce of its own in the proof (RFC 9449 8 and 9); it sends the next one with any response.
 */

import { algorithmOf, type SigningAlgorithm, type SigningKeyPair } from './signing-keys.ts'
import { withoutQuery } from './urls.ts'
import { nowSeconds, type PublicJwk, publicJwk, randomText, sha256, signJwt } from './web-crypto.ts'

/** What a proof is for. */
export interface ProofRequest {
  readonly method: string
  readonly url: string
  /** The token that the proof goes with, at the resource. */
  readonly accessToken?: string | undefined
}

/** Origins whose last nonce is remembered: those of the MCP servers and their authorization servers. */
const MAX_NONCES = 200

/** Signs proofs with one key. */
export class DpopSigner {
  readonly #keyPair: SigningKeyPair
  readonly #jwk: PublicJwk
  readonly algorithm: SigningAlgorithm
  /** RFC 7638, and `jkt` of the tokens. */
  readonly thumbprint: string
  /** By origin, the nonce that it sent last. Lifecycle: of the signer; the oldest goes when there are too many. */
  readonly #nonces = new Map<string, string>()

  private constructor(
    keyPair: SigningKeyPair,
    algorithm: SigningAlgorithm,
    jwk: PublicJwk,
    thumbprint: string,
  ) {
    this.#keyPair = keyPair
    this.#jwk = jwk
    this.algorithm = algorithm
    this.thumbprint = thumbprint
  }

  /** @throws {TypeError} when the key cannot sign */
  static async of(keyPair: SigningKeyPair): Promise<DpopSigner> {
    const algorithm = algorithmOf(keyPair.privateKey)
    if (algorithm === undefined) throw new TypeError('dpop.keyPair must be of an algorithm such as ES256')
    const jwk = await publicJwk(keyPair.publicKey)
    return new DpopSigner(keyPair, algorithm, jwk, await sha256(JSON.stringify(jwk)))
  }

  async proof({ method, url, accessToken }: ProofRequest): Promise<string> {
    const nonce = this.#nonces.get(new URL(url).origin)
    const claims = {
      jti: randomText(),
      htm: method,
      htu: withoutQuery(url),
      iat: nowSeconds(),
      ...(accessToken === undefined ? {} : { ath: await sha256(accessToken) }),
      ...(nonce === undefined ? {} : { nonce }),
    }
    return signJwt(this.#keyPair.privateKey, this.algorithm, { typ: 'dpop+jwt', jwk: this.#jwk }, claims)
  }

  /** Remembers the nonce of a response. Returns whether it is another one than before. */
  noteNonce(url: string, headers: Headers): boolean {
    const nonce = headers.get('dpop-nonce')
    // RFC 9449 8.1: the characters of a nonce.
    if (nonce === null || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/.test(nonce)) return false
    const { origin } = new URL(url)
    const isNew = this.#nonces.get(origin) !== nonce
    this.#nonces.delete(origin)
    this.#nonces.set(origin, nonce)
    const [oldest] = this.#nonces.keys()
    if (this.#nonces.size > MAX_NONCES && oldest !== undefined) this.#nonces.delete(oldest)
    return isNew
  }
}
