/** `server/auth/provider.js`. Types only; an authorization server is a program of its own. */

import type { AuthInfo } from '../../types/auth-info.ts'

export interface OAuthTokenVerifier {
  /** @throws {InvalidTokenError} the token is not valid */
  verifyAccessToken(token: string): Promise<AuthInfo>
}
