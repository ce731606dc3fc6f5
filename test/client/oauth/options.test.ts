/** Options of the client's authorization: what is refused at construction, and what the message says. */
import { doesNotThrow, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientCredentials,
  crossAppAccess,
  type OAuthOptions,
  oauth,
  workloadIdentity,
} from '../../../src/client/oauth/index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { immediate, json, startScripted } from './scripted-server.ts'

const good = { redirectUrl: 'https://app.example/callback', onRedirect: () => undefined }

for (const [options, message] of [
  [{ redirectUri: 'x' }, /There is no option "oauth\.redirectUri": did you mean "oauth\.redirectUrl"/],
  [{ redirectUrl: 'app.example' }, /oauth\.redirectUrl must be an https: URL.*; got "app\.example"/],
  [{ redirectUrl: 'http://app.example/cb' }, /oauth\.redirectUrl .* got "http:\/\/app\.example\/cb"/],
  [{ redirectUrl: 'javascript:alert(1)' }, /oauth\.redirectUrl/],
  [{ redirectUrl: 'https://app.example/cb#x' }, /without a fragment/],
  [{ redirectUrl: undefined }, /oauth\.redirectUrl .* got undefined/],
  [{ onRedirect: 'open' }, /oauth\.onRedirect must be of type function; got a string/],
  [{ clientSecret: 'hush' }, /oauth\.clientSecret needs oauth\.clientId/],
  [{ clientId: '' }, /oauth\.clientId must be a non-empty string; got an empty one/],
  [
    { clientMetadataUrl: 'http://localhost/client.json' },
    /oauth\.clientMetadataUrl .* https: URL with a path/,
  ],
  [{ clientMetadataUrl: 'https://app.example' }, /with a path/],
  [{ clientMetadata: 'x' }, /oauth\.clientMetadata must be of type object/],
  [{ store: { get: () => undefined } }, /oauth\.store\.set must be of type function; got undefined/],
  [{ scopes: 'a b' }, /oauth\.scopes must be an array of scopes.*; got "a b"/],
  [{ scopes: ['a b'] }, /oauth\.scopes/],
  [{ dpop: 'yes' }, /oauth\.dpop must be of type boolean or object; got a string/],
  [{ dpop: { key: 1 } }, /oauth\.dpop\.key/],
  [{ dpop: { keyPair: {} } }, /oauth\.dpop\.keyPair must be a key pair/],
  [{ issuer: 'auth.example' }, /oauth\.issuer must be an https: URL.*; got "auth\.example"/],
  [{ timeoutMs: -1 }, /oauth\.timeoutMs/],
  [{ fetch: 1 }, /oauth\.fetch/],
  [{ refusePrivateAddresses: 1 }, /oauth\.refusePrivateAddresses/],
  [{ signingAlgorithm: 'HS256', privateKey: 'x' }, /oauth\.signingAlgorithm must be one of ES256/],
] as const) {
  test(`oauth refuses ${JSON.stringify(options)}`, () => {
    throws(
      () => oauth({ ...good, ...options } as unknown as OAuthOptions),
      (error: Error) => error instanceof TypeError && message.test(error.message),
    )
  })
}

test('oauth takes redirects to this machine and to a scheme of the application', () => {
  for (const redirectUrl of [
    'http://localhost:1234/cb',
    'http://[::1]/cb',
    'com.example.app:/cb',
    new URL('https://a.example/'),
  ]) {
    doesNotThrow(() => oauth({ ...good, redirectUrl }))
  }
  doesNotThrow(() =>
    oauth({ ...good, clientId: undefined, scopes: undefined, store: undefined, dpop: undefined }),
  )
})

test('clientCredentials, workloadIdentity and crossAppAccess name what is missing', () => {
  const any = (value: unknown) => value as never
  throws(() => clientCredentials({ clientId: 'a' }), /needs privateKey or clientSecret/)
  throws(
    () => clientCredentials(any({ clientSecret: 'a' })),
    /clientCredentials\.clientId must be a non-empty string; got undefined/,
  )
  throws(
    () => workloadIdentity(any({})),
    /workloadIdentity\.assertion must be of type function; got undefined/,
  )
  const provider = { clientId: 'idp', issuer: 'https://idp.example' }
  const access = { clientId: 'a', identityProvider: provider, identityAssertion: () => 'x' }
  doesNotThrow(() => crossAppAccess(access))
  throws(
    () => crossAppAccess({ ...access, identityProvider: { clientId: 'idp' } }),
    /identityProvider\.issuer must be an https: URL/,
  )
  throws(
    () => crossAppAccess({ ...access, identityAssertionType: any('jwt') }),
    /must be one of id_token, saml2; got "jwt"/,
  )
})

test('a private key that is none is refused at first use, without a word of it', async (t) => {
  const server = await startScripted(t)
  const auth = clientCredentials({
    clientId: 'robot',
    privateKey: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----',
  })
  await rejects(authorizedFetch(auth, server.url), (error: Error & { code?: string }) => {
    equal(error.code, 'ERR_AUTH_CLIENT')
    equal(error.message.includes('c2VjcmV0'), false)
    equal(error.cause, undefined)
    return /clientCredentials\.privateKey is no private key for ES256/.test(error.message)
  })
})

test('who the client is: its own id, then its metadata document where the server takes it, then registration', async (t) => {
  const metadataUrl = 'https://app.example/client.json'
  const idAt = async (more: Partial<OAuthOptions>, takes: boolean) => {
    const server = await startScripted(t, {
      '/.well-known/oauth-authorization-server': (_arrived, response, origin) =>
        json(response, {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
          client_id_metadata_document_supported: takes,
        }),
    })
    equal((await authorizedFetch(oauth({ ...immediate, ...more }), server.url)).status, 200)
    return server.arrived.find(({ path }) => path === '/authorize')?.query.get('client_id')
  }
  equal(await idAt({ clientId: 'own', clientMetadataUrl: metadataUrl }, true), 'own')
  equal(await idAt({ clientMetadataUrl: metadataUrl }, true), metadataUrl)
  equal(await idAt({ clientMetadataUrl: metadataUrl }, false), 'registered')
})

test('registration says what kind of application it is, and takes clientMetadata', async (t) => {
  const server = await startScripted(t)
  const clientMetadata = { client_name: 'Agent', redirect_uris: ['https://evil.example'] }
  await authorizedFetch(oauth({ ...immediate, clientMetadata }), server.url)
  const sent = JSON.parse(server.arrived.find(({ path }) => path === '/register')?.body ?? '{}')
  equal(sent.client_name, 'Agent')
  equal(sent.application_type, 'native')
  equal(sent.token_endpoint_auth_method, 'none')
  equal(sent.redirect_uris[0], immediate.redirectUrl)
  equal(sent.grant_types.join(' '), 'authorization_code refresh_token')
  const web = await startScripted(t)
  const { onRedirect } = immediate
  await authorizedFetch(oauth({ onRedirect, redirectUrl: 'https://app.example/cb' }), web.url)
  equal(
    JSON.parse(web.arrived.find(({ path }) => path === '/register')?.body ?? '{}').application_type,
    'web',
  )
})
