/** Grants without a user, against a real authorization server, and the redirect to a command-line program. */
import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { mock, test } from 'node:test'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { clientCredentials, oauth } from '../../../src/client/oauth/index.ts'
import { loopbackRedirect } from '../../../src/client/oauth/loopback.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { logIn, SCOPES, startAuthorizationServer, startResource, TOKEN_SECONDS } from './real-servers.ts'

// What form encoding has to take care of.
const SECRET = 'p:ss w+rd/%&='

for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
  test(`clientCredentials with ${method} gets a token for the resource, and a new one when it expires`, async (t) => {
    const client = {
      client_id: 'robot',
      client_secret: SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: method,
      scope: SCOPES.join(' '),
    }
    const { issuer, seen } = await startAuthorizationServer(t, { clients: [client], authMethods: [method] })
    const resource = await startResource(t, issuer)
    const auth = clientCredentials({ clientId: 'robot', clientSecret: SECRET, issuer })
    const response = await authorizedFetch(auth, resource.url)
    equal(response.status, 200)
    const claims = (await response.json()) as { aud: string; client_id: string }
    equal(claims.aud, resource.url)
    equal(claims.client_id, 'robot')
    mock.timers.enable({ apis: ['Date'], now: Date.now() + TOKEN_SECONDS * 1000 })
    t.after(() => mock.timers.reset())
    const later = await Promise.all([1, 2, 3].map(() => authorizedFetch(auth, resource.url)))
    deepEqual(
      later.map(({ status }) => status),
      [200, 200, 200],
    )
    deepEqual(seen.grants, ['client_credentials', 'client_credentials'])
    equal(resource.seen.refused, 1)
  })
}

for (const form of ['PEM', 'JWK', 'CryptoKey'] as const) {
  test(`clientCredentials signs its assertion with a private key given as ${form}`, async (t) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const client = {
      client_id: 'robot',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt' as const,
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] },
    }
    const { issuer } = await startAuthorizationServer(t, { clients: [client] })
    const resource = await startResource(t, issuer)
    const given = {
      PEM: await exportPKCS8(privateKey),
      JWK: { ...(await exportJWK(privateKey)) } as Record<string, unknown>,
      CryptoKey: privateKey,
    }[form]
    const auth = clientCredentials({ clientId: 'robot', privateKey: given, keyId: 'k1', issuer })
    equal((await authorizedFetch(auth, resource.url)).status, 200)
  })
}

test('clientCredentials: a refusal names the error and not the secret', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const auth = clientCredentials({ clientId: 'nobody', clientSecret: 'very-secret-indeed', issuer })
  await rejects(authorizedFetch(auth, resource.url), (error: Error & { code?: string }) => {
    equal(error.code, 'ERR_AUTH_TOKEN')
    match(error.message, /"invalid_client"/)
    equal(error.message.includes('very-secret-indeed'), false)
    return true
  })
})

test('loopbackRedirect waits for the browser of the login, and takes nothing else for it', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  let browser = Promise.resolve()
  const redirect = await loopbackRedirect({
    doneText: 'Welcome back.',
    open: (url) => {
      browser = (async () => {
        const back = await logIn(url, { signal: new AbortController().signal })
        const guess = new URL(back)
        guess.searchParams.set('state', 'guessed')
        equal((await fetch(guess)).status, 400)
        equal((await fetch(new URL('/other', back))).status, 404)
        equal((await fetch(back, { method: 'POST' })).status, 404)
        equal(await statusAs('rebound.example.com', back), 404)
        equal(await (await fetch(back)).text(), 'Welcome back.\n')
      })()
    },
  })
  t.after(redirect.close)
  const auth = oauth({ redirectUrl: redirect.redirectUrl, onRedirect: redirect.onRedirect })
  equal((await authorizedFetch(auth, resource.url)).status, 200)
  await browser
})

/** The status that a request gets which names another host. */
function statusAs(host: string, url: URL): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('loopbackRedirect: the signal ends the wait', async (t) => {
  const redirect = await loopbackRedirect({ open: () => controller.abort(reason) })
  t.after(redirect.close)
  const controller = new AbortController()
  const reason = new Error('enough')
  const login = new URL('https://auth.example.com/authorize?state=abc')
  await rejects(Promise.resolve(redirect.onRedirect(login, { signal: controller.signal })), reason)
})

test('loopbackRedirect: a browser that cannot be opened ends the wait', async (t) => {
  const reason = new Error('no display')
  const redirect = await loopbackRedirect({ open: () => Promise.reject(reason) })
  t.after(redirect.close)
  const login = new URL('https://auth.example.com/authorize?state=abc')
  await rejects(Promise.resolve(redirect.onRedirect(login, { signal: new AbortController().signal })), reason)
})

test('loopbackRedirect refuses options that it cannot use', async () => {
  for (const [options, expected] of [
    [{ port: 70_000 }, /loopbackRedirect\.port .* got 70000/],
    [{ path: 'callback' }, /loopbackRedirect\.path .* got "callback"/],
    [{ prot: 1 }, /did you mean "loopbackRedirect\.port"/],
  ] as const) {
    await rejects(loopbackRedirect(options as object), expected)
  }
})
