/**
 * Why a token is refused, in two sentences: one for the client, which says nothing that it does not know, and one for
 * the owner of the server. Neither holds the token, or whom it speaks for.
 */

export class TokenError extends Error {
  override readonly name = 'TokenError'
  /** RFC 6750 section 3.1. */
  readonly code = 'invalid_token'
  /** For the owner of the server. */
  readonly reason: string

  /** @param message - for the client */
  constructor(message: string, reason: string) {
    super(message)
    this.reason = reason
  }
}

/** Whoever has to be asked about the token cannot be: the token may be good. The cause is for `onError`. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}
