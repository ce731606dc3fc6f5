/** `server/auth/errors.js`: errors as OAuth 2.0 names them. */

export class OAuthError extends Error {
  static errorCode = 'server_error'
  readonly errorUri: string | undefined

  constructor(message: string, errorUri?: string) {
    super(message)
    this.name = this.constructor.name
    this.errorUri = errorUri
  }

  get errorCode(): string {
    return (this.constructor as typeof OAuthError).errorCode
  }

  toResponseObject(): { error: string; error_description: string; error_uri?: string } {
    return {
      error: this.errorCode,
      error_description: this.message,
      ...(this.errorUri !== undefined && { error_uri: this.errorUri }),
    }
  }
}

export class InvalidRequestError extends OAuthError {
  static override errorCode = 'invalid_request'
}
export class InvalidClientError extends OAuthError {
  static override errorCode = 'invalid_client'
}
export class InvalidGrantError extends OAuthError {
  static override errorCode = 'invalid_grant'
}
export class InvalidTokenError extends OAuthError {
  static override errorCode = 'invalid_token'
}
export class InsufficientScopeError extends OAuthError {
  static override errorCode = 'insufficient_scope'
}
export class InvalidTargetError extends OAuthError {
  static override errorCode = 'invalid_target'
}
export class ServerError extends OAuthError {
  static override errorCode = 'server_error'
}
