/** Tokens for assertions (workload identity, cross-app access), and DPoP where a server does not do its part. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { crossAppAccess, memoryStore, oauth, workloadIdentity } from '../../../src/client/oauth/index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { immediate, json, metadata, type Route, startScripted } from './scripted-server.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected
const AS = '/.well-known/oauth-authorization-server'

type Server = Awaited<ReturnType<typeof startScripted>>
const forms = (server: Server) =>
  server.arrived.filter(({ path }) => path === '/token').map(({ form }) => Object.fromEntries(form))

test('workloadIdentity sends an assertion that was made for this issuer and resource', async (t) => {
  const server = await startScripted(t)
  const asked: object[] = []
  const auth = workloadIdentity({
    assertion: ({ issuer, resource }) => {
      asked.push({ issuer, resource })
      return 'jwt-of-the-platform'
    },
    scopes: ['a', 'b'],
  })
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(asked, [{ issuer: server.origin, resource: server.url }])
  deepEqual(forms(server), [
    { grant_type: JWT_BEARER, assertion: 'jwt-of-the-platform', scope: 'a b', resource: server.url },
  ])
})

test('workloadIdentity: a refusal is final', async (t) => {
  const server = await startScripted(t, {
    '/token': (_arrived, response) => json(response, { error: 'invalid_grant' }, 400),
  })
  const auth = workloadIdentity({ clientId: 'job', assertion: async () => 'jwt' })
  await rejects(authorizedFetch(auth, server.url), code('ERR_AUTH_TOKEN'))
  deepEqual(forms(server), [
    { grant_type: JWT_BEARER, assertion: 'jwt', resource: server.url, client_id: 'job' },
  ])
  const without = workloadIdentity({ assertion: () => '' })
  await rejects(authorizedFetch(without, server.url), code('ERR_AUTH_CLIENT'))
})

test('crossAppAccess exchanges the identity assertion at the identity provider, and that for a token', async (t) => {
  const provider = await startScripted(t, {
    '/token': (_arrived, response) =>
      json(response, {
        access_token: 'id-jag',
        token_type: 'N_A',
        issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      }),
  })
  const server = await startScripted(t, {
    [AS]: (_arrived, response, origin) =>
      json(response, metadata(origin, { token_endpoint_auth_methods_supported: ['client_secret_post'] })),
  })
  const auth = crossAppAccess({
    clientId: 'agent',
    clientSecret: 'agent-secret',
    scopes: ['chat.read'],
    identityProvider: { issuer: provider.origin, clientId: 'agent-at-idp' },
    identityAssertion: async () => 'id-token',
  })
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(forms(provider), [
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      audience: server.origin,
      resource: server.url,
      scope: 'chat.read',
      subject_token: 'id-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      client_id: 'agent-at-idp',
    },
  ])
  deepEqual(forms(server), [
    {
      grant_type: JWT_BEARER,
      assertion: 'id-jag',
      scope: 'chat.read',
      resource: server.url,
      client_id: 'agent',
      client_secret: 'agent-secret',
    },
  ])
})

test('crossAppAccess with a token endpoint reads no metadata of the identity provider, and knows SAML', async (t) => {
  const provider = await startScripted(t, {
    '/token': (_arrived, response) => json(response, { access_token: 'id-jag', token_type: 'N_A' }),
  })
  const server = await startScripted(t)
  const auth = crossAppAccess({
    clientId: 'agent',
    identityProvider: { tokenEndpoint: `${provider.origin}/token`, clientId: 'idp', clientSecret: 'hush' },
    identityAssertion: () => '<saml/>',
    identityAssertionType: 'saml2',
  })
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(provider.paths(), ['/token'])
  equal(provider.arrived[0]?.headers.authorization, `Basic ${btoa('idp:hush')}`)
  equal(provider.arrived[0]?.form.get('subject_token_type'), 'urn:ietf:params:oauth:token-type:saml2')
})

test('a token endpoint that wants another DPoP nonce every time is asked twice', async (t) => {
  let nonces = 0
  const server = await startScripted(t, {
    '/token': (_arrived, response) => {
      response.setHeader('dpop-nonce', `nonce-${++nonces}`)
      json(response, { error: 'use_dpop_nonce' }, 400)
    },
  })
  await rejects(authorizedFetch(oauth({ ...immediate, dpop: true }), server.url), code('ERR_AUTH_TOKEN'))
  equal(nonces, 2)
})

test('oauth with dpop.required takes neither a token that is not bound, nor a server without the algorithm', async (t) => {
  const required = { ...immediate, dpop: { required: true } }
  const unbound = await startScripted(t)
  await rejects(
    authorizedFetch(oauth(required), unbound.url),
    /issued a token of type "bearer", expected DPoP/,
  )
  const other = await startScripted(t, {
    [AS]: (_arrived, response, origin) =>
      json(response, metadata(origin, { dpop_signing_alg_values_supported: ['EdDSA'] })),
  })
  await rejects(authorizedFetch(oauth(required), other.url), code('ERR_AUTH_UNSUPPORTED'))
  // Where it is only wanted, the token is used as it is.
  equal((await authorizedFetch(oauth({ ...immediate, dpop: true }), unbound.url)).status, 200)
  equal((await authorizedFetch(oauth({ ...immediate, dpop: true }), other.url)).status, 200)
  // One of these tokens in the store is not used by those who require bound ones.
  const store = memoryStore()
  await authorizedFetch(oauth({ ...immediate, store }), unbound.url)
  equal(await oauth({ ...required, store }).headers({ url: unbound.url, method: 'POST' }), undefined)
})

test('finishAuthorization with another DPoP key than the login began with says what to keep', async (t) => {
  const server = await startScripted(t)
  const store = memoryStore()
  let left: URL | undefined
  const page = () =>
    oauth({
      ...immediate,
      store,
      dpop: true,
      onRedirect: (url) => {
        left = url
        return undefined
      },
    })
  await rejects(authorizedFetch(page(), server.url), code('ERR_AUTH_PENDING'))
  const back = `?code=c&state=${left?.searchParams.get('state')}`
  await rejects(page().finishAuthorization(back), /another DPoP key: keep dpop\.keyPair/)
})

test('oauth: when the server moves to another authorization server, the client registers there', async (t) => {
  const next = await startScripted(t, {
    '/register': (_arrived, response) => json(response, { client_id: 'at-next' }, 201),
    '/token': (_arrived, response) => json(response, { access_token: 'token-next', token_type: 'Bearer' }),
  })
  let hasMoved = false
  const server = await startScripted(t, {
    '/.well-known/oauth-protected-resource/mcp': (_arrived, response, origin) =>
      json(response, { resource: `${origin}/mcp`, authorization_servers: [hasMoved ? next.origin : origin] }),
    '/mcp': ({ headers }, response) =>
      json(response, {}, headers.authorization === `Bearer token-${hasMoved ? 'next' : '1'}` ? 200 : 401),
    '/token': (_arrived, response) =>
      json(response, { access_token: 'token-1', token_type: 'Bearer', refresh_token: 'refresh-1' }),
  })
  const auth = oauth(immediate)
  equal((await authorizedFetch(auth, server.url)).status, 200)
  hasMoved = true
  equal((await authorizedFetch(auth, server.url)).status, 200)
  equal(next.arrived.find(({ path }) => path === '/authorize')?.query.get('client_id'), 'at-next')
  // The refresh token of the old one is shown to nobody.
  deepEqual(
    forms(next).map((form) => form['refresh_token']),
    [undefined],
  )
  equal(forms(server).length, 1)
})

test('oauth known by its metadata document shows the refresh token of one authorization server to no other', async (t) => {
  const takes: Route = (_arrived, response, origin) =>
    json(response, metadata(origin, { client_id_metadata_document_supported: true }))
  const next = await startScripted(t, { [AS]: takes })
  let hasMoved = false
  const server = await startScripted(t, {
    [AS]: takes,
    '/.well-known/oauth-protected-resource/mcp': (_arrived, response, origin) =>
      json(response, { resource: `${origin}/mcp`, authorization_servers: [hasMoved ? next.origin : origin] }),
    '/token': (_arrived, response) =>
      json(response, { access_token: 'token-1', token_type: 'Bearer', refresh_token: 'refresh-1' }),
    '/mcp': ({ headers }, response) => {
      const isGood = headers.authorization !== undefined && (!hasMoved || next.paths().includes('/token'))
      json(response, {}, isGood ? 200 : 401)
    },
  })
  const auth = oauth({ ...immediate, clientMetadataUrl: 'https://app.example/client.json' })
  equal((await authorizedFetch(auth, server.url)).status, 200)
  hasMoved = true
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(
    forms(next).map((form) => form['grant_type']),
    ['authorization_code'],
  )
})
