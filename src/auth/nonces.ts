/**
 * Nonces for proofs of possession: they show that a proof is recent, and are computed, not stored. Each is given out for
 * one step and accepted for another one, so that a client always has time to use it.
 *
 *      step 7        step 8        step 9          a nonce is the MAC of the number of its step
 *    |-------------|-------------|-------------
 *      given         accepted      refused
 *
 * Spec: RFC 9449 section 8 and 9.
 */

import { createHmac, randomBytes } from 'node:crypto'
import { isSame } from './sha256.ts'

const STEP_MS = 2 * 60 * 1000

export class Nonces {
  readonly #secret: string | Buffer
  #step = Number.NaN
  #current = ''
  #previous = ''

  /** @param secret - the same in all processes that serve the resource; undefined: a random one */
  constructor(secret: string | undefined) {
    this.#secret = secret ?? randomBytes(32)
  }

  /** The one to use next. */
  get current(): string {
    this.#move()
    return this.#current
  }

  accepts(nonce: unknown): boolean {
    if (typeof nonce !== 'string') return false
    this.#move()
    return isSame(nonce, this.#current) || isSame(nonce, this.#previous)
  }

  #move(): void {
    const step = Math.floor(Date.now() / STEP_MS)
    if (step === this.#step) return
    this.#step = step
    this.#current = this.#of(step)
    this.#previous = this.#of(step - 1)
  }

  #of(step: number): string {
    return createHmac('sha256', this.#secret).update(`DPoP-Nonce ${step}`).digest('base64url').slice(0, 22)
  }
}
