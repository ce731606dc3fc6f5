/**
 * The token endpoint: one request for tokens and its answer. RFC 6749 5, RFC 9449 5 and 8.
 *
 * A refusal's `error_description` is repeated for the developer, unless it contains something that was sent as a
 * secret.
 */

import { excerpt, quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import { authenticate, type Client } from './client-auth.ts'
import type { DpopSigner } from './dpop.ts'
import { type Answer, type Http, parseObject, request, shownUrl } from './http.ts'
import type { AuthorizationServer } from './server-metadata.ts'

/** What the server granted. */
export interface TokenResponse {
  readonly accessToken: string
  readonly tokenType: string
  readonly expiresInSeconds?: number | undefined
  readonly refreshToken?: string | undefined
  readonly scope?: string | undefined
}

/** A refusal, with the `error` of RFC 6749 5.2. */
export class TokenRefusal extends Error {
  readonly error: string
  readonly status: number

  constructor(error: string, status: number) {
    super(`${error} (status ${status})`)
    this.error = error
    this.status = status
  }
}

/** Where and as whom tokens are asked for. */
export interface TokenEndpoint {
  readonly http: Http
  readonly server: AuthorizationServer
  readonly client: Client
  readonly dpop?: DpopSigner | undefined
  readonly signal: AbortSignal
}

const MAX_DESCRIPTION = 300
/** RFC 6749 appendix A.12: visible characters, so that it can stand in a header. */
const ACCESS_TOKEN = /^[\x21-\x7e]+$/

/**
 * @throws {McpError} `ERR_AUTH_TOKEN`, with a {@link TokenRefusal} as `cause` when the server refused
 */
export async function requestTokens(
  endpoint: TokenEndpoint,
  parameters: Readonly<Record<string, string | undefined>>,
): Promise<TokenResponse> {
  const { http, server, client, dpop, signal } = endpoint
  const url = new URL(server.tokenEndpoint)
  for (let attempt = 1; ; attempt++) {
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) form.set(name, value)
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(await authenticate(client, server, form)),
    }
    if (dpop !== undefined) headers['dpop'] = await dpop.proof({ method: 'POST', url: url.href })
    const answer = await request(http, url, {
      what: 'the token endpoint',
      headers,
      body: form.toString(),
      signal,
    })
    const hasNewNonce = dpop?.noteNonce(url.href, answer.headers) ?? false
    const body = parseObject(answer.text)
    // RFC 9449 8: the same request with the nonce, once.
    if (hasNewNonce && body?.['error'] === 'use_dpop_nonce' && attempt === 1) continue
    if (answer.status < 200 || answer.status > 299) throw refusal(url, answer, body, secretsOf(form, client))
    return readTokens(url, body)
  }
}

/** Form parameters whose values are secret. */
const SECRET = new Set(
  'code code_verifier refresh_token client_secret client_assertion assertion subject_token'.split(' '),
)

function secretsOf(form: URLSearchParams, { clientSecret }: Client): string[] {
  const secrets = [...form].filter(([name]) => SECRET.has(name)).map(([, value]) => value)
  return clientSecret === undefined ? secrets : [...secrets, clientSecret]
}

function refusal(
  url: URL,
  { status }: Answer,
  body: Readonly<Record<string, unknown>> | undefined,
  secrets: readonly string[],
): McpError {
  const error = typeof body?.['error'] === 'string' ? excerpt(body['error']) : undefined
  const description = safeDescription(body?.['error_description'], secrets)
  const said = error === undefined ? `status ${status}` : `${quote(error)} (status ${status})`
  return new McpError(
    'ERR_AUTH_TOKEN',
    `the token endpoint ${shownUrl(url)} refused: ${said}${description === undefined ? '' : `: ${description}`}`,
    { cause: new TokenRefusal(error ?? '', status) },
  )
}

/** A server's explanation, unless it repeats a secret that was sent. */
export function safeDescription(description: unknown, secrets: readonly string[]): string | undefined {
  if (typeof description !== 'string' || description === '') return undefined
  return secrets.some((secret) => secret !== '' && description.includes(secret))
    ? undefined
    : JSON.stringify(excerpt(description, MAX_DESCRIPTION))
}

function readTokens(url: URL, body: Readonly<Record<string, unknown>> | undefined): TokenResponse {
  const wrong = (problem: string): McpError =>
    new McpError('ERR_AUTH_TOKEN', `the token endpoint ${shownUrl(url)} answered ${problem}`)
  if (body === undefined) throw wrong('with something else than a JSON object')
  const { access_token: accessToken, token_type: tokenType, refresh_token: refreshToken, scope } = body
  if (typeof accessToken !== 'string' || !ACCESS_TOKEN.test(accessToken))
    throw wrong('without an access_token')
  if (typeof tokenType !== 'string') throw wrong('without a token_type')
  const seconds = Number(body['expires_in'])
  return {
    accessToken,
    tokenType,
    expiresInSeconds: body['expires_in'] !== undefined && seconds >= 0 ? seconds : undefined,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    scope: typeof scope === 'string' ? scope : undefined,
  }
}
