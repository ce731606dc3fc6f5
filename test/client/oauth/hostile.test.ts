/** `oauth` against servers that lie, send too much, redirect elsewhere or never answer. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { oauth } from '../../../src/client/oauth/index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import {
  failure,
  immediate,
  json,
  metadata,
  type Route,
  redirectBack,
  startScripted,
} from './scripted-server.ts'

const PRM = '/.well-known/oauth-protected-resource/mcp'
const AS = '/.well-known/oauth-authorization-server'

const answer =
  (value: (origin: string) => unknown): Route =>
  (_arrived, response, origin) =>
    json(response, value(origin))
const back =
  (parameters: Record<string, string | undefined>): Route =>
  ({ query }, response) =>
    redirectBack(response, query, parameters)
const described = (more: object): Route => answer((origin) => metadata(origin, more))

test('oauth: the whole flow on one origin', async (t) => {
  const server = await startScripted(t)
  equal((await authorizedFetch(oauth(immediate), server.url)).status, 200)
  deepEqual(server.paths(), ['/mcp', PRM, AS, '/register', '/authorize', '/token', '/mcp'])
})

/** By what is wrong: the route that is replaced, and how it ends. `reached` must not have been asked. */
const lies: readonly [string, Record<string, Route>, string, RegExp, string?][] = [
  [
    'metadata of another resource',
    {
      [PRM]: answer((origin) => ({ resource: 'https://evil.example/mcp', authorization_servers: [origin] })),
    },
    'ERR_AUTH_DISCOVERY',
    /is about "https:\/\/evil\.example\/mcp", expected "http:\/\/127\.0\.0\.1:\d+\/mcp"/,
    AS,
  ],
  [
    'metadata of a resource that is no text',
    { [PRM]: answer((origin) => ({ resource: { toString: 1 }, authorization_servers: [origin] })) },
    'ERR_AUTH_DISCOVERY',
    /is about an object, expected/,
    AS,
  ],
  [
    'an issuer that is no text',
    { [AS]: described({ issuer: { toString: 1 } }) },
    'ERR_AUTH_DISCOVERY',
    /its issuer is an object/,
    '/register',
  ],
  [
    'metadata of a sibling path',
    { [PRM]: answer((origin) => ({ resource: `${origin}/mc`, authorization_servers: [origin] })) },
    'ERR_AUTH_DISCOVERY',
    /is about/,
    AS,
  ],
  [
    'no authorization server',
    { [PRM]: answer((origin) => ({ resource: `${origin}/mcp`, authorization_servers: [] })) },
    'ERR_AUTH_DISCOVERY',
    /names the authorization servers none; expected at least one/,
  ],
  [
    'another issuer in the metadata',
    { [AS]: described({ issuer: 'https://honest.example' }) },
    'ERR_AUTH_DISCOVERY',
    /its issuer is "https:\/\/honest\.example"/,
    '/register',
  ],
  [
    'an issuer that is the same only after normalization',
    { [AS]: answer((origin) => metadata(origin, { issuer: `${origin}/` })) },
    'ERR_AUTH_DISCOVERY',
    /no metadata that names it as issuer/,
    '/register',
  ],
  [
    'a token endpoint without https',
    { [AS]: described({ token_endpoint: 'http://auth.example/token' }) },
    'ERR_AUTH_URL',
    /token_endpoint .* is "http:\/\/auth\.example\/token", expected https:/,
    '/register',
  ],
  [
    'an authorization endpoint that a browser would run',
    { [AS]: described({ authorization_endpoint: 'javascript:alert(1)' }) },
    'ERR_AUTH_URL',
    /authorization_endpoint .* expected https:/,
    '/register',
  ],
  [
    'no PKCE methods',
    { [AS]: described({ code_challenge_methods_supported: undefined }) },
    'ERR_AUTH_UNSUPPORTED',
    /PKCE with S256/,
    '/authorize',
  ],
  [
    'PKCE without S256',
    { [AS]: described({ code_challenge_methods_supported: ['plain'] }) },
    'ERR_AUTH_UNSUPPORTED',
    /PKCE with S256/,
    '/authorize',
  ],
  [
    'no way to register',
    { [AS]: described({ registration_endpoint: undefined }) },
    'ERR_AUTH_CLIENT',
    /registers no clients by itself: .* give it as clientId/,
    '/authorize',
  ],
  [
    'a registration that is refused',
    {
      '/register': (_arrived, response) =>
        json(response, { error: 'invalid_redirect_uri', error_description: 'https only' }, 400),
    },
    'ERR_AUTH_CLIENT',
    /redirect URL "http:\/\/127\.0\.0\.1:4001\/callback": "invalid_redirect_uri" \(status 400\): "https only"/,
    '/authorize',
  ],
  [
    'another state',
    { '/authorize': back({ code: 'c', state: 'other' }) },
    'ERR_AUTH_RESPONSE',
    /\(state\)/,
    '/token',
  ],
  [
    'another iss',
    { '/authorize': back({ code: 'c', iss: 'https://evil.example' }) },
    'ERR_AUTH_RESPONSE',
    /names the issuer "https:\/\/evil\.example"/,
    '/token',
  ],
  [
    'no iss from a server that says it sends one',
    { [AS]: described({ authorization_response_iss_parameter_supported: true }) },
    'ERR_AUTH_RESPONSE',
    /names no issuer \(iss\)/,
    '/token',
  ],
  ['no code', { '/authorize': back({}) }, 'ERR_AUTH_RESPONSE', /no code and no error/, '/token'],
  [
    'tokens that are no JSON',
    { '/token': (_arrived, response) => void response.end('<html>') },
    'ERR_AUTH_TOKEN',
    /something else than a JSON object/,
  ],
  [
    'an access token that is no header value',
    { '/token': answer(() => ({ access_token: 'a\r\nb', token_type: 'Bearer' })) },
    'ERR_AUTH_TOKEN',
    /without an access_token/,
  ],
  [
    'a type of token that is not known',
    { '/token': answer(() => ({ access_token: 'token-1', token_type: 'mac' })) },
    'ERR_AUTH_TOKEN',
    /of type "mac", expected Bearer/,
  ],
  [
    'a token that the resource refuses',
    { '/token': answer(() => ({ access_token: 'wrong', token_type: 'Bearer' })) },
    'ERR_AUTH_REJECTED',
    /does not take the token that "http:.*" has just issued/,
  ],
  [
    'a token endpoint that redirects',
    {
      '/token': (_arrived, response) =>
        void response.writeHead(307, { location: 'https://evil.example/' }).end(),
    },
    'ERR_AUTH_NETWORK',
    /redirects to "https:\/\/evil\.example\/"/,
  ],
  [
    'metadata that redirects elsewhere',
    {
      [PRM]: (_arrived, response) =>
        void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    },
    'ERR_AUTH_DISCOVERY',
    /redirects to "http:\/\/169\.254\.169\.254\/latest"/,
  ],
  [
    'metadata without an end',
    { [PRM]: (_arrived, response) => endless(response) },
    'ERR_AUTH_DISCOVERY',
    /sent more than the 262144 bytes/,
  ],
  [
    'metadata that fails for now',
    { [PRM]: (_arrived, response) => void response.writeHead(503).end() },
    'ERR_AUTH_DISCOVERY',
    /status 503/,
    '/register',
  ],
]

/** Sends until the reader has had enough. */
function endless(response: Parameters<Route>[1]): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(65_536))) {}
  }
  response.on('drain', more)
  more()
}

for (const [what, routes, code, message, unreached] of lies) {
  test(`oauth refuses ${what}`, async (t) => {
    const server = await startScripted(t, routes)
    await rejects(authorizedFetch(oauth(immediate), server.url), failure(code, message))
    if (unreached !== undefined) equal(server.paths().includes(unreached), false)
  })
}

test('oauth follows redirects of metadata within its origin, three at most', async (t) => {
  const to =
    (location: string): Route =>
    (_arrived, response) =>
      void response.writeHead(302, { location }).end()
  const moved = await startScripted(t, {
    [PRM]: to('/moved'),
    '/moved': answer((origin) => ({ resource: `${origin}/mcp`, authorization_servers: [origin] })),
  })
  equal((await authorizedFetch(oauth(immediate), moved.url)).status, 200)
  const circle = await startScripted(t, { [PRM]: to(PRM) })
  await rejects(authorizedFetch(oauth(immediate), circle.url), failure('ERR_AUTH_DISCOVERY', /redirects to/))
  equal(circle.paths().filter((path) => path === PRM).length, 4)
})

// With real timers: Node's fetch would not be able to end those that it has under mocked ones.
test('oauth: a metadata request that is never answered ends after timeoutMs', async (t) => {
  const server = await startScripted(t, { [PRM]: () => {} })
  await rejects(
    authorizedFetch(oauth({ ...immediate, timeoutMs: 50 }), server.url),
    failure('ERR_AUTH_DISCOVERY', /did not answer within 50 ms/),
  )
})

test('oauth with timeoutMs 0 sets no timer', async (t) => {
  const server = await startScripted(t)
  const auth = oauth({
    ...immediate,
    timeoutMs: 0,
    fetch: async (url, init) => {
      // One that is due at once would have aborted the request by then.
      await new Promise((resolve) => setTimeout(resolve, 10))
      return fetch(url, init)
    },
  })
  equal((await authorizedFetch(auth, server.url)).status, 200)
})

test('oauth: an error of another server is neither shown nor acted upon', async (t) => {
  const server = await startScripted(t, {
    '/authorize': back({
      error: 'access_denied',
      error_description: 'call 0900-EVIL',
      iss: 'https://evil.example',
    }),
  })
  await rejects(authorizedFetch(oauth(immediate), server.url), (error: Error) => {
    equal(error.message.includes('0900'), false)
    return failure('ERR_AUTH_RESPONSE', /evil\.example/)(error)
  })
})

test('oauth: parameters that come twice are not used', async (t) => {
  const server = await startScripted(t, {
    '/authorize': ({ query }, response) => {
      const url = new URL(query.get('redirect_uri') ?? '')
      url.search = `state=${query.get('state')}&code=one&code=two`
      response.writeHead(302, { location: url.href }).end()
    },
  })
  await rejects(authorizedFetch(oauth(immediate), server.url), failure('ERR_AUTH_RESPONSE', /no code/))
})

test('oauth: what a token endpoint says is repeated, but not with a secret in it', async (t) => {
  const refuse =
    (description: (form: URLSearchParams) => string): Route =>
    ({ form }, response) =>
      json(response, { error: 'invalid_grant', error_description: description(form) }, 400)
  const plain = await startScripted(t, { '/token': refuse(() => `too late ${'x'.repeat(5000)}`) })
  await rejects(
    authorizedFetch(oauth(immediate), plain.url),
    failure('ERR_AUTH_TOKEN', /"invalid_grant" \(status 400\): "too late x/),
  )
  const echo = await startScripted(t, { '/token': refuse((form) => `got ${form.get('code_verifier')}`) })
  await rejects(authorizedFetch(oauth(immediate), echo.url), (error: Error) => {
    equal(error.message.includes('got '), false)
    const [token] = echo.arrived.filter(({ path }) => path === '/token')
    ok((token?.form.get('code_verifier') ?? '').length >= 43)
    return failure('ERR_AUTH_TOKEN', /"invalid_grant"/)(error)
  })
})
