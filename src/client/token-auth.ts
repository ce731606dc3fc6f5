/** A bearer token as an `AuthProvider`: given once, or by a function that may be asked for another after a 401. */

import type { AuthProvider } from './auth-provider.ts'

export type TokenSource =
  | string
  | ((request: {
      readonly refresh?: boolean | undefined
    }) => string | undefined | PromiseLike<string | undefined>)

export class TokenAuth implements AuthProvider {
  readonly #source: TokenSource
  /** What the function gave when it was asked to refresh: for the next request, which is the repeated one. */
  #fresh: string | undefined

  constructor(source: TokenSource) {
    this.#source = source
  }

  async headers(): Promise<Record<string, string> | undefined> {
    const fresh = this.#fresh
    this.#fresh = undefined
    const token = fresh ?? (typeof this.#source === 'string' ? this.#source : await this.#source({}))
    return token === undefined ? undefined : { authorization: `Bearer ${token}` }
  }

  /** A second 401 in a row is an answer. */
  async onChallenge(response: Response): Promise<boolean> {
    if (response.status !== 401 || typeof this.#source === 'string') return false
    const token = await this.#source({ refresh: true })
    if (token === undefined) return false
    this.#fresh = token
    return true
  }
}
