/** What the transport needs of a provider of credentials. */
export interface AuthProvider {
  /** Headers to send with a request (`Authorization`, `DPoP`), or undefined for none. `url` and `method` are those of the request (DPoP proofs bind to them). */
  headers(request: {
    readonly url: string
    readonly method: string
    readonly signal?: AbortSignal | undefined
  }): PromiseLike<Readonly<Record<string, string>> | undefined> | Readonly<Record<string, string>> | undefined
  /** Called with a 401, a 403 with a challenge, and every response with a `DPoP-Nonce`. Returns whether the request is to be sent once more. */
  onChallenge(
    response: Response,
    request: { readonly url: string; readonly method: string; readonly signal?: AbortSignal | undefined },
  ): PromiseLike<boolean> | boolean
}
