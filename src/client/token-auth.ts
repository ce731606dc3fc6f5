/** A bearer token as an `AuthProvider`: given once, or by a function that may be asked for another after a 401. */

import type { AuthProvider } from './auth-provider.ts'
import { mcpError } from './errors.ts'
import { isHeaderValue } from './header-value.ts'

export type TokenSource =
  | string
  | ((request: {
      readonly refresh?: boolean | undefined
    }) => string | undefined | PromiseLike<string | undefined>)

export class TokenAuth implements AuthProvider {
  readonly #source: TokenSource
  /** What the function gave when it was asked to refresh, by the request that was refused. */
  readonly #fresh = new WeakMap<object, string>()

  constructor(source: TokenSource) {
    this.#source = source
  }

  async headers(request: object): Promise<Record<string, string> | undefined> {
    const source = this.#source
    const token = this.#fresh.get(request) ?? (typeof source === 'string' ? source : await source({}))
    if (token === undefined) return undefined
    // As read from a file, with its line end.
    const authorization = `Bearer ${token}`.trim()
    if (isHeaderValue(authorization)) return { authorization }
    throw mcpError(
      'ERR_AUTH_TOKEN',
      'The token that option auth gave has a character that a header cannot carry',
    )
  }

  /** A second 401 is an answer. */
  async onChallenge(response: Response, request: object): Promise<boolean> {
    if (response.status !== 401 || typeof this.#source === 'string' || this.#fresh.has(request)) return false
    const token = await this.#source({ refresh: true })
    if (token === undefined) return false
    this.#fresh.set(request, token)
    return true
  }
}
