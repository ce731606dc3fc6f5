/**
 * Why a token is refused, in two sentences: one for the client, which says nothing that it does not know, and one for
 * the owner of the server. Neither contains the token or its subject.
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

/** What a token is verified with cannot be reached: the token may be valid. The cause is for `onError`. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}
