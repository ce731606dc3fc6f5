/** Who sent a request, as the middleware of a program found out. Types only. */

export interface AuthInfo {
  token: string
  clientId: string
  scopes: string[]
  /** Seconds since the epoch. */
  expiresAt?: number
  resource?: URL
  extra?: Record<string, unknown>
}

export type IsomorphicHeaders = Record<string, string | string[] | undefined>

export interface RequestInfo {
  headers: IsomorphicHeaders
  url?: URL
}

export interface MessageExtraInfo {
  requestInfo?: RequestInfo
  authInfo?: AuthInfo
  closeSSEStream?: () => void
  closeStandaloneSSEStream?: () => void
}
