/** `oauth` against a real authorization server: logins, refreshes, scopes, DPoP, pages that are left. */
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { memoryStore, type OAuthOptions, oauth, type TokenStore } from '../../../src/client/oauth/index.ts'
import { eventually } from '../../session-era/serving.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { logIn, startAuthorizationServer, startResource, TOKEN_SECONDS } from './real-servers.ts'

const REDIRECT_URL = 'http://127.0.0.1:4001/callback'
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected

/** Options for a user who logs in at once, and how often they were asked. */
function user(more: Partial<OAuthOptions> = {}) {
  const asked: URL[] = []
  const options: OAuthOptions = {
    redirectUrl: REDIRECT_URL,
    onRedirect: (url, context) => {
      asked.push(url)
      return logIn(url, context)
    },
    ...more,
  }
  return { asked, options }
}

const claimsOf = async (response: Response) => {
  equal(response.status, 200)
  return (await response.json()) as {
    aud: string
    scope: string
    client_id: string
    jti: string
    sub?: string
  }
}

test('oauth registers, logs in with PKCE and resource, and uses the token for later requests', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { asked, options } = user()
  const auth = oauth(options)
  const claims = await claimsOf(await authorizedFetch(auth, resource.url))
  equal(claims.aud, resource.url)
  equal(claims.sub, 'alice')
  equal(claims.scope, 'files:read')
  const parameters = asked[0]?.searchParams
  equal(parameters?.get('code_challenge_method'), 'S256')
  equal(parameters?.get('resource'), resource.url)
  equal(parameters?.get('scope'), 'files:read offline_access')
  equal((await claimsOf(await authorizedFetch(auth, resource.url))).jti, claims.jti)
  deepEqual(seen, { grants: ['authorization_code'], registrations: 1, logins: 1 })
  equal(resource.seen.refused, 1)
})

test('oauth after a restart: the store has tokens and registration, and nobody is asked', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { asked, options } = user({ store: memoryStore() })
  const first = await claimsOf(await authorizedFetch(oauth(options), resource.url))
  const again = oauth(options)
  equal((await claimsOf(await authorizedFetch(again, resource.url))).jti, first.jti)
  equal(asked.length, 1)
  // Logged out: a new login, but no new registration.
  await again.forget(resource.url)
  const later = await claimsOf(await authorizedFetch(again, resource.url))
  notEqual(later.jti, first.jti)
  equal(later.client_id, first.client_id)
  equal(asked.length, 2)
  equal(seen.registrations, 1)
})

test('oauth: twenty requests at once share one login', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { asked, options } = user()
  const auth = oauth(options)
  const responses = await Promise.all(Array.from({ length: 20 }, () => authorizedFetch(auth, resource.url)))
  const tokens = await Promise.all(responses.map(async (response) => (await claimsOf(response)).jti))
  equal(new Set(tokens).size, 1)
  equal(asked.length, 1)
  deepEqual(seen.grants, ['authorization_code'])
})

test('oauth: a token that expired is refreshed once for fifty requests, and the refresh token rotates', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const store = memoryStore()
  const { asked, options } = user({ store })
  const auth = oauth(options)
  const first = await claimsOf(await authorizedFetch(auth, resource.url))
  const tokensIn = async () => JSON.parse((await store.get(`tokens ${resource.url}`)) ?? '{}')
  const { refreshToken } = await tokensIn()
  mock.timers.enable({ apis: ['Date'], now: Date.now() + TOKEN_SECONDS * 1000 })
  t.after(() => mock.timers.reset())
  const responses = await Promise.all(Array.from({ length: 50 }, () => authorizedFetch(auth, resource.url)))
  for (const response of responses) notEqual((await claimsOf(response)).jti, first.jti)
  deepEqual(seen.grants, ['authorization_code', 'refresh_token'])
  // Before it was sent: the resource refused the very first request only.
  equal(resource.seen.refused, 1)
  const rotated = (await tokensIn()).refreshToken
  notEqual(rotated, refreshToken)
  // The rotated one is good for the next time.
  mock.timers.setTime(Date.now() + TOKEN_SECONDS * 1000)
  await claimsOf(await authorizedFetch(auth, resource.url))
  equal(seen.grants.length, 3)
  equal(asked.length, 1)
})

test('oauth: two providers with one store do not refresh with a token that the other one has used', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { asked, options } = user({ store: memoryStore() })
  const [one, other] = [oauth(options), oauth(options)]
  await claimsOf(await authorizedFetch(one, resource.url))
  await claimsOf(await authorizedFetch(other, resource.url))
  mock.timers.enable({ apis: ['Date'], now: Date.now() + TOKEN_SECONDS * 1000 })
  t.after(() => mock.timers.reset())
  await claimsOf(await authorizedFetch(one, resource.url))
  await claimsOf(await authorizedFetch(other, resource.url))
  deepEqual(seen.grants, ['authorization_code', 'refresh_token'])
  equal(asked.length, 1)
})

test('oauth: when the refresh token is not known any more, the user logs in again', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const store = memoryStore()
  const { asked, options } = user({ store })
  const auth = oauth(options)
  await claimsOf(await authorizedFetch(auth, resource.url))
  const key = `tokens ${resource.url}`
  const stored = JSON.parse((await store.get(key)) ?? '{}')
  await store.set(
    key,
    JSON.stringify({ ...stored, accessToken: 'gone', refreshToken: 'gone', renewAt: 0, expiresAt: 0 }),
  )
  await claimsOf(await authorizedFetch(oauth(options), resource.url))
  equal(asked.length, 2)
  deepEqual(seen.grants, ['authorization_code', 'authorization_code'])
})

test('oauth: an access token that the server refuses early is refreshed without the user', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const store = memoryStore()
  const { asked, options } = user({ store })
  await claimsOf(await authorizedFetch(oauth(options), resource.url))
  const key = `tokens ${resource.url}`
  await store.set(
    key,
    JSON.stringify({ ...JSON.parse((await store.get(key)) ?? ''), accessToken: 'revoked' }),
  )
  await claimsOf(await authorizedFetch(oauth(options), resource.url))
  equal(asked.length, 1)
  deepEqual(seen.grants, ['authorization_code', 'refresh_token'])
})

test('oauth: a 403 that asks for more scopes asks for earlier and needed ones together', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer, {
    scopeOf: (_path, request) => (request.method === 'DELETE' ? 'files:write' : 'files:read'),
  })
  const { asked, options } = user()
  const auth = oauth(options)
  equal((await claimsOf(await authorizedFetch(auth, resource.url))).scope, 'files:read')
  const more = await claimsOf(await authorizedFetch(auth, resource.url, { method: 'DELETE' }))
  deepEqual(more.scope.split(' ').sort(), ['files:read', 'files:write'])
  await claimsOf(await authorizedFetch(auth, resource.url))
  equal(asked.length, 2)
})

test('oauth: scopes that are never granted end with ERR_AUTH_SCOPE after one more login', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer, {
    scopeOf: (_path, request) => (request.method === 'DELETE' ? 'files:erase' : 'files:read'),
  })
  const { asked, options } = user()
  const auth = oauth(options)
  await claimsOf(await authorizedFetch(auth, resource.url))
  await rejects(authorizedFetch(auth, resource.url, { method: 'DELETE' }), (error: Error) => {
    match(error.message, /"files:erase", which were not granted/)
    return code('ERR_AUTH_SCOPE')(error)
  })
  equal(asked.length, 2)
})

test('oauth: a user who refuses gives ERR_AUTH_DENIED, and the next request asks anew', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  let choice: 'agree' | 'deny' = 'deny'
  const auth = oauth(user({ onRedirect: (url, context) => logIn(url, context, choice) }).options)
  await rejects(authorizedFetch(auth, resource.url), (error: Error) => {
    match(error.message, /"access_denied"/)
    return code('ERR_AUTH_DENIED')(error)
  })
  choice = 'agree'
  await claimsOf(await authorizedFetch(auth, resource.url))
})

/** A user who is asked, and answers when the test says so. */
function slowUser() {
  let answer = (): void => {}
  const gate = new Promise<void>((resolve) => {
    answer = resolve
  })
  let tell = (_signal: AbortSignal): void => {}
  const asked = new Promise<AbortSignal>((resolve) => {
    tell = resolve
  })
  const { options } = user({
    onRedirect: async (url, context) => {
      tell(context.signal)
      await gate
      return logIn(url, context)
    },
  })
  return { options, asked, answer }
}

test('oauth: a caller who gives up leaves the login to the others', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { options, asked, answer } = slowUser()
  const provider = oauth(options)
  let challenges = 0
  const auth = {
    ...provider,
    onChallenge: (...challenge: Parameters<typeof provider.onChallenge>) => {
      challenges += 1
      return provider.onChallenge(...challenge)
    },
  }
  const impatient = new AbortController()
  const reason = new Error('enough')
  const first = rejects(authorizedFetch(auth, resource.url, { signal: impatient.signal }), reason)
  const second = authorizedFetch(auth, resource.url)
  const signal = await asked
  await eventually(() => challenges === 2, 'the second one to be refused')
  // Nothing but promises is between that and its wait for the same login.
  for (let turn = 0; turn < 100; turn++) await nextTurn()
  impatient.abort(reason)
  await first
  equal(signal.aborted, false)
  answer()
  await claimsOf(await second)
})

test('oauth: when the last caller gives up, the login ends', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const { options, asked } = slowUser()
  const reason = new Error('enough')
  const impatient = new AbortController()
  const only = rejects(authorizedFetch(oauth(options), resource.url, { signal: impatient.signal }), reason)
  const signal = await asked
  impatient.abort(reason)
  await only
  equal(signal.reason, reason)
})

test('oauth with dpop: the token is bound, every request has a proof, both servers get their nonces', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t, { wantsNonce: true })
  let nonce = 'first-nonce'
  const resource = await startResource(t, issuer, { needsDpop: true, nonce: () => nonce })
  const { asked, options } = user({ dpop: { required: true } })
  const auth = oauth(options)
  const claims = (await claimsOf(await authorizedFetch(auth, resource.url))) as unknown as {
    cnf: { jkt: string }
  }
  equal(claims.cnf.jkt, asked[0]?.searchParams.get('dpop_jkt'))
  await claimsOf(await authorizedFetch(auth, resource.url))
  // The server changes its nonce: one more attempt, no new token.
  nonce = 'second-nonce'
  const before = resource.seen.refused
  await claimsOf(await authorizedFetch(auth, resource.url))
  equal(resource.seen.refused, before + 1)
  equal(resource.seen.tokens.size, 1)
  mock.timers.enable({ apis: ['Date'], now: Date.now() + TOKEN_SECONDS * 1000 })
  t.after(() => mock.timers.reset())
  await claimsOf(await authorizedFetch(auth, resource.url))
  deepEqual(seen.grants, ['authorization_code', 'refresh_token'])
  // A stolen token is of no use without the key.
  const [token = ''] = resource.seen.tokens
  const stolen = await fetch(resource.url, { method: 'POST', headers: { authorization: `DPoP ${token}` } })
  equal(stolen.status, 401)
})

test('oauth binds tokens where the metadata of the resource asks for it', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer, { needsDpop: true })
  const { options } = user()
  ok('cnf' in (await claimsOf(await authorizedFetch(oauth(options), resource.url))))
})

test('oauth with a key pair of its own uses stored bound tokens again; without it they are left alone', async (t) => {
  const { issuer, seen } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer, { needsDpop: true })
  const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  const { options } = user({ store: memoryStore(), dpop: { keyPair } })
  await claimsOf(await authorizedFetch(oauth(options), resource.url))
  await claimsOf(await authorizedFetch(oauth(options), resource.url))
  equal(seen.grants.length, 1)
  const other = oauth({ ...options, dpop: true })
  equal(await other.headers({ url: resource.url, method: 'POST' }), undefined)
  await claimsOf(await authorizedFetch(other, resource.url))
  deepEqual(seen.grants, ['authorization_code', 'authorization_code'])
})

test('finishAuthorization takes up a login whose page was left, once', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  const store: TokenStore = memoryStore()
  let left: URL | undefined
  const page = (): ReturnType<typeof oauth> =>
    oauth({
      redirectUrl: REDIRECT_URL,
      store,
      onRedirect: (url) => {
        left = url
        return undefined
      },
    })
  await rejects(authorizedFetch(page(), resource.url), code('ERR_AUTH_PENDING'))
  const back = await logIn(left as URL, { signal: new AbortController().signal })
  // Another page: nothing is left of the first provider but the store.
  const next = page()
  await next.finishAuthorization(back.href)
  await claimsOf(await authorizedFetch(next, resource.url))
  await claimsOf(await authorizedFetch(page(), resource.url))
  await rejects(next.finishAuthorization(back.href), code('ERR_AUTH_RESPONSE'))
})

test('finishAuthorization refuses the answer of a login that was not begun here, or long ago', async (t) => {
  const { issuer } = await startAuthorizationServer(t)
  const resource = await startResource(t, issuer)
  let left: URL | undefined
  const auth = oauth({
    redirectUrl: REDIRECT_URL,
    onRedirect: (url) => {
      left = url
      return undefined
    },
  })
  await rejects(auth.finishAuthorization(`${REDIRECT_URL}?code=abc&state=made-up`), code('ERR_AUTH_RESPONSE'))
  await rejects(authorizedFetch(auth, resource.url), code('ERR_AUTH_PENDING'))
  const back = await logIn(left as URL, { signal: new AbortController().signal })
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_001 })
  t.after(() => mock.timers.reset())
  await rejects(auth.finishAuthorization(back), /more than an hour ago/)
})
