/** When tokens are renewed, how, and when not: by a scripted server that counts. */
import { deepEqual, equal } from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { memoryStore, oauth } from '../../../src/client/oauth/index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { immediate, json, type Route, startScripted } from './scripted-server.ts'

/** Issues token-1, token-2, ... and takes those that `isGood` says. */
async function startCounting(
  t: TestContext,
  isGood: (token: string | undefined) => boolean,
  refreshed: (response: Parameters<Route>[1], token: string) => void = (response, token) =>
    json(response, { access_token: token, token_type: 'Bearer', expires_in: 60, refresh_token: 'refresh' }),
) {
  const grants: string[] = []
  const server = await startScripted(t, {
    '/mcp': ({ headers }, response) =>
      json(response, {}, isGood(headers.authorization?.slice('Bearer '.length)) ? 200 : 401),
    '/token': ({ form }, response) => {
      const grant = form.get('grant_type') ?? ''
      grants.push(grant)
      const token = `token-${grants.length}`
      if (grant === 'refresh_token') refreshed(response, token)
      else
        json(response, {
          access_token: token,
          token_type: 'Bearer',
          expires_in: 60,
          refresh_token: 'refresh',
        })
    },
  })
  return { ...server, grants }
}

function passTime(t: TestContext, ms: number): void {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + ms })
  t.after(() => mock.timers.reset())
}

const CODE = 'authorization_code'
const REFRESH = 'refresh_token'

test('a server that does not rotate its refresh token is refreshed with the same one again', async (t) => {
  const server = await startCounting(
    t,
    (token) => token !== undefined,
    (response, token) => json(response, { access_token: token, token_type: 'Bearer', expires_in: 60 }),
  )
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  passTime(t, 60_000)
  await authorizedFetch(auth, server.url)
  mock.timers.setTime(Date.now() + 60_000)
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(server.grants, [CODE, REFRESH, REFRESH])
})

test('a refresh that is refused before a request asks nobody to log in: the server may not want a token any more', async (t) => {
  const server = await startCounting(
    t,
    (token) => token !== undefined || server.grants.length > 0,
    (response) => json(response, { error: 'invalid_grant' }, 400),
  )
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  passTime(t, 60_000)
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(server.grants, [CODE, REFRESH])
})

test('when the refreshed token is refused as well, the user logs in; there is no second refresh', async (t) => {
  let refused = ''
  const server = await startCounting(
    t,
    (token) => token !== undefined && !refused.includes(token),
    (response, token) => {
      refused += ` ${token}`
      json(response, { access_token: token, token_type: 'Bearer', refresh_token: 'refresh' })
    },
  )
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  refused = 'token-1'
  equal((await authorizedFetch(auth, server.url)).status, 200)
  deepEqual(server.grants, [CODE, REFRESH, CODE])
})

test('a refusal that comes late, when the token was replaced already, only sends again', async (t) => {
  const server = await startCounting(t, (token) => token !== undefined)
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  const requests = [1, 2].map(() => ({ url: server.url, method: 'POST' }))
  for (const request of requests) deepEqual(await auth.headers(request), { authorization: 'Bearer token-1' })
  for (const request of requests)
    equal(await auth.onChallenge(new Response(null, { status: 401 }), request), true)
  for (const request of requests) deepEqual(await auth.headers(request), { authorization: 'Bearer token-2' })
  deepEqual(server.grants, [CODE, REFRESH])
})

test('a token without refresh token is used until the server refuses it', async (t) => {
  const server = await startScripted(t)
  const auth = oauth(immediate)
  await authorizedFetch(auth, server.url)
  passTime(t, 7_200_000)
  equal((await authorizedFetch(auth, server.url)).status, 200)
  equal(server.paths().filter((path) => path === '/token').length, 1)
})

test('a registration is used again only for its redirect URL, and while its secret is good', async (t) => {
  const server = await startScripted(t, {
    '/register': (_arrived, response) =>
      json(
        response,
        { client_id: 'c', client_secret: 's', client_secret_expires_at: Date.now() / 1000 + 60 },
        201,
      ),
  })
  const registrations = () => server.paths().filter((path) => path === '/register').length
  const options = { ...immediate, store: memoryStore() }
  const logIn = async (more: object) => {
    const auth = oauth({ ...options, ...more })
    await auth.forget(server.url)
    await authorizedFetch(auth, server.url)
    return registrations()
  }
  equal(await logIn({}), 1)
  equal(await logIn({}), 1)
  equal(await logIn({ redirectUrl: 'http://127.0.0.1:4002/callback' }), 2)
  passTime(t, 61_000)
  equal(await logIn({ redirectUrl: 'http://127.0.0.1:4002/callback' }), 3)
})
