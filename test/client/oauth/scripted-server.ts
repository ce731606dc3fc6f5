/** A resource and its authorization server on one origin, each answer of which a test can replace. */
import { equal, match, ok } from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { OAuthOptions } from '../../../src/client/oauth/index.ts'
import { listen } from './listen.ts'

/** Rejects with this code and message, of bounded length. */
export const failure = (code: string, message: RegExp) => (error: Error & { code?: string }) => {
  equal(error.code, code, error.message)
  match(error.message, message)
  ok(error.message.length <= 2000)
  return true
}

/** One request as it arrived. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
  readonly body: string
}

export type Route = (arrived: Arrived, response: ServerResponse, origin: string) => void

export const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export const metadata = (origin: string, more: object = {}) => ({
  issuer: origin,
  authorization_endpoint: `${origin}/authorize`,
  token_endpoint: `${origin}/token`,
  registration_endpoint: `${origin}/register`,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
  ...more,
})

const PATHS: Readonly<Record<string, Route>> = {
  '/mcp': ({ headers }, response) => {
    if (headers.authorization?.startsWith('Bearer token-') === true) json(response, { ok: true })
    else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
  },
  '/.well-known/oauth-protected-resource/mcp': (_arrived, response, origin) =>
    json(response, { resource: `${origin}/mcp`, authorization_servers: [origin] }),
  '/.well-known/oauth-authorization-server': (_arrived, response, origin) => json(response, metadata(origin)),
  '/register': (_arrived, response) => json(response, { client_id: 'registered' }, 201),
  '/authorize': ({ query }, response) => redirectBack(response, query, { code: 'code-1' }),
  '/token': (_arrived, response) =>
    json(response, { access_token: 'token-1', token_type: 'bearer', expires_in: 3600 }),
}

/** Sends the user back with these parameters beside `state`; undefined leaves one out. */
export function redirectBack(
  response: ServerResponse,
  query: URLSearchParams,
  parameters: Readonly<Record<string, string | undefined>>,
): void {
  const url = new URL(query.get('redirect_uri') ?? '')
  const all = { state: query.get('state') ?? undefined, ...parameters }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value)
  response.writeHead(302, { location: url.href }).end()
}

/** Starts it; `routes` replace or add paths. */
export async function startScripted(t: TestContext, routes: Readonly<Record<string, Route>> = {}) {
  const all = { ...PATHS, ...routes }
  const arrived: Arrived[] = []
  const origin = await listen(t, (own) => async (request, response) => {
    const url = new URL(request.url ?? '', own)
    const body = await text(request)
    const one = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      form: new URLSearchParams(body),
      body,
    }
    arrived.push(one)
    const route = all[url.pathname]
    if (route === undefined) response.writeHead(404).end()
    else route(one, response, own)
  })
  return { url: `${origin}/mcp`, origin, arrived, paths: () => arrived.map(({ path }) => path) }
}

/** Options whose user is sent back at once. */
export const immediate: OAuthOptions = {
  redirectUrl: 'http://127.0.0.1:4001/callback',
  onRedirect: async (url, { signal }) => {
    const response = await fetch(url, { redirect: 'manual', signal })
    return response.headers.get('location') ?? undefined
  },
}
