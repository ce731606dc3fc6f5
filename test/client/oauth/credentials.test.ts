/** Which server gets which credentials, and how often they are asked for. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mock, test } from 'node:test'
import { clientCredentials, memoryStore, oauth } from '../../../src/client/oauth/index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { failure, immediate, json, metadata, type Route, startScripted } from './scripted-server.ts'

const PRM = '/.well-known/oauth-protected-resource/mcp'
const AS = '/.well-known/oauth-authorization-server'

const answer =
  (value: (origin: string) => unknown): Route =>
  (_arrived, response, origin) =>
    json(response, value(origin))
const described = (more: object): Route => answer((origin) => metadata(origin, more))

test('clientCredentials: an MCP server cannot lead the secret to another authorization server', async (t) => {
  const server = await startScripted(t, {
    [PRM]: answer((origin) => ({
      resource: `${origin}/mcp`,
      authorization_servers: ['https://evil.example'],
    })),
  })
  const issuer = 'https://honest.example'
  const auth = clientCredentials({ clientId: 'robot', clientSecret: 'secret', issuer })
  await rejects(
    authorizedFetch(auth, server.url),
    failure(
      'ERR_AUTH_DISCOVERY',
      /"https:\/\/evil\.example"; expected "https:\/\/honest\.example", which the credentials belong to/,
    ),
  )
})

test('oauth with a client id: the first authorization server is the only one that its secret goes to', async (t) => {
  let others: string[] = []
  const evil = await startScripted(t)
  const server = await startScripted(t, {
    [PRM]: answer((origin) => ({
      resource: `${origin}/mcp`,
      authorization_servers: others.length > 0 ? others : [origin],
    })),
    [AS]: described({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
    '/mcp': ({ headers }, response) => {
      if (others.length === 0 && headers.authorization === 'Bearer token-1') json(response, {})
      else response.writeHead(401).end()
    },
  })
  const auth = oauth({ ...immediate, clientId: 'app', clientSecret: 'secret' })
  equal((await authorizedFetch(auth, server.url)).status, 200)
  others = [evil.origin]
  await rejects(
    authorizedFetch(auth, server.url),
    failure('ERR_AUTH_DISCOVERY', /which the credentials belong to/),
  )
  deepEqual(evil.arrived, [])
})

test('oauth: tokens are kept by server, and shown to no other one', async (t) => {
  const one = await startScripted(t)
  const other = await startScripted(t, {
    '/token': answer(() => ({ access_token: 'token-2', token_type: 'Bearer' })),
  })
  const auth = oauth({ ...immediate, store: memoryStore() })
  await authorizedFetch(auth, one.url)
  await authorizedFetch(auth, other.url)
  await authorizedFetch(auth, one.url)
  const sent = (server: typeof one) => [
    ...new Set(server.arrived.map(({ headers }) => headers.authorization)),
  ]
  deepEqual(sent(one), [undefined, 'Bearer token-1'])
  deepEqual(sent(other), [undefined, 'Bearer token-2'])
  // Another path of the same host is another server.
  equal(await auth.headers({ url: `${one.origin}/other`, method: 'POST' }), undefined)
  // A query is not.
  deepEqual(await auth.headers({ url: `${one.url}?a=1`, method: 'POST' }), {
    authorization: 'Bearer token-1',
  })
})

test('oauth leaves challenges alone that ask for something else', async (t) => {
  const challenge =
    (status: number, header?: string): Route =>
    (_arrived, response) =>
      void response.writeHead(status, header === undefined ? {} : { 'www-authenticate': header }).end()
  for (const [status, header] of [
    [401, 'Basic realm="x"'],
    [403, undefined],
    [403, 'Bearer error="insufficient_scope"'],
    [403, 'Bearer error="invalid_token"'],
  ] as const) {
    const server = await startScripted(t, { '/mcp': challenge(status, header) })
    equal((await authorizedFetch(oauth(immediate), server.url)).status, status)
    deepEqual(server.paths(), ['/mcp'])
  }
})

test('oauth: a server that invents new scopes for every attempt is answered twice', async (t) => {
  let invented = 0
  const server = await startScripted(t, {
    '/mcp': ({ headers }, response) => {
      const scope = headers.authorization === undefined ? 'start' : `more-${++invented}`
      const status = headers.authorization === undefined ? 401 : 403
      response
        .writeHead(status, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` })
        .end()
    },
  })
  await rejects(
    authorizedFetch(oauth(immediate), server.url),
    failure('ERR_AUTH_SCOPE', /"more-3", which were not granted/),
  )
  const asked = server.arrived.filter(({ path }) => path === '/authorize')
  deepEqual(
    asked.map(({ query }) => query.get('scope')),
    ['start', 'start more-1', 'start more-1 more-2'],
  )
})

test('oauth: a token endpoint that is down does not stop requests while the token is good', async (t) => {
  let isDown = false
  const server = await startScripted(t, {
    '/token': (_arrived, response) => {
      if (isDown) response.writeHead(503).end()
      else
        json(response, {
          access_token: 'token-1',
          token_type: 'Bearer',
          expires_in: 3600,
          refresh_token: 'refresh-1',
        })
    },
  })
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  isDown = true
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_590_000 })
  t.after(() => mock.timers.reset())
  equal((await authorizedFetch(auth, server.url)).status, 200)
  mock.timers.setTime(Date.now() + 10_000)
  await rejects(authorizedFetch(auth, server.url), failure('ERR_AUTH_TOKEN', /status 503/))
})

test('oauth: a registration that the server forgot is made anew', async (t) => {
  let registered = 0
  const server = await startScripted(t, {
    '/register': (_arrived, response) => json(response, { client_id: `client-${++registered}` }, 201),
    '/token': ({ form }, response) => {
      if (form.get('grant_type') === 'refresh_token') json(response, { error: 'invalid_client' }, 401)
      else
        json(response, { access_token: 'token-1', token_type: 'Bearer', expires_in: 60, refresh_token: 'r' })
    },
  })
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 })
  t.after(() => mock.timers.reset())
  equal((await authorizedFetch(auth, server.url)).status, 200)
  equal(registered, 2)
  const [, second] = server.arrived.filter(({ path }) => path === '/authorize')
  equal(second?.query.get('client_id'), 'client-2')
})
