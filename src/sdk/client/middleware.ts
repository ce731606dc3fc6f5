/** `client/middleware.js`: functions around `fetch`, for the option of that name. */

import type { FetchLike } from '../shared/transport.ts'
import { type OAuthClientProvider, UnauthorizedError } from './auth.ts'
import { noLogin } from './credentials.ts'

export type Middleware = (next: FetchLike) => FetchLike

/** Sends the token of a provider. @throws {UnauthorizedError} the server wants another one, see client/auth.js */
export const withOAuth =
  (provider: OAuthClientProvider, _baseUrl?: string | URL): Middleware =>
  (next) =>
  async (input, init) => {
    const tokens = await provider.tokens()
    const headers = new Headers(init?.headers)
    if (tokens !== undefined) headers.set('Authorization', `Bearer ${tokens.access_token}`)
    const response = await next(input, { ...init, headers })
    if (response.status !== 401) return response
    await response.body?.cancel()
    throw tokens === undefined ? noLogin() : new UnauthorizedError(`Authentication failed for ${input}`)
  }

export type RequestLogger = (input: {
  method: string
  url: string | URL
  status: number
  statusText: string
  /** Milliseconds. */
  duration: number
  requestHeaders?: Headers
  responseHeaders?: Headers
  error?: Error
}) => void

export type LoggingOptions = {
  /** @defaultValue the console */
  logger?: RequestLogger
  includeRequestHeaders?: boolean
  includeResponseHeaders?: boolean
  /** Responses with a lower status are not logged. */
  statusLevel?: number
}

export const withLogging = ({
  logger = logToConsole,
  includeRequestHeaders = false,
  includeResponseHeaders = false,
  statusLevel = 0,
}: LoggingOptions = {}): Middleware => {
  return (next) => async (input, init) => {
    const begun = performance.now()
    const request = {
      method: init?.method || 'GET',
      url: String(input),
      ...(includeRequestHeaders && { requestHeaders: new Headers(init?.headers) }),
    }
    const duration = () => performance.now() - begun
    try {
      const response = await next(input, init)
      const { status, statusText, headers: responseHeaders } = response
      if (status >= statusLevel) {
        const headers = includeResponseHeaders && { responseHeaders }
        logger({ ...request, status, statusText, duration: duration(), ...headers })
      }
      return response
    } catch (error) {
      const failed = { status: 0, statusText: 'Network Error', error: error as Error }
      logger({ ...request, ...failed, duration: duration() })
      throw error
    }
  }
}

const logToConsole: RequestLogger = ({ method, url, status, statusText, duration, error, ...headers }) => {
  const how = error === undefined ? `${status} ${statusText}` : `failed: ${error.message}`
  const listOf = (found: Headers) => [...found].map(([name, value]) => `${name}: ${value}`).join(', ')
  const { requestHeaders: sent, responseHeaders: got } = headers
  const more = [sent && `Request Headers: {${listOf(sent)}}`, got && `Response Headers: {${listOf(got)}}`]
  const line = `HTTP ${method} ${url} ${how} (${duration}ms)`
  const text = [line, ...more.filter((each) => each !== undefined)].join('\n  ')
  if (error !== undefined || status >= 400) console.error(text)
  else console.log(text)
}

/** The last one is the outermost. */
export const applyMiddlewares =
  (...middleware: Middleware[]): Middleware =>
  (next) =>
    middleware.reduce((handler, each) => each(handler), next)

export const createMiddleware =
  (handler: (next: FetchLike, input: string | URL, init?: RequestInit) => Promise<Response>): Middleware =>
  (next) =>
  (input, init) =>
    handler(next, input, init)
