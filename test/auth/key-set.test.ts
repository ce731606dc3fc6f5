/** The keys of an issuer: when they are fetched, what is kept, and what is refused of those who have them. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type JwtOptions, jwt, protectedResource } from '../../src/auth/index.ts'
import { type Issuer, makeKey, startIssuer } from './issuer.ts'
import { bearer, type Guarded, guarded, RESOURCE } from './serving.ts'

const serveFor = (t: TestContext, { url }: Issuer, more: Partial<JwtOptions> = {}): Promise<Guarded> =>
  guarded(
    t,
    protectedResource({
      resource: RESOURCE,
      authorizationServers: [url],
      token: jwt({ issuer: url, ...more }),
    }),
  )
const keysAsked = ({ asked }: Issuer) => asked.filter((path) => path === '/jwks').length

test('keys are fetched when the first token comes, once for all that come meanwhile, and then known', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const { whoami } = await serveFor(t, issuer)
  await whoami()
  await whoami(bearer('no.to.ken'))
  assert.deepEqual(issuer.asked, [], 'nothing that is no token asks for keys')
  const tokens = await Promise.all(['a', 'b', 'c', 'd'].map((sub) => issuer.token(RESOURCE, { sub })))
  const replies = await Promise.all(tokens.map((token) => whoami(bearer(token))))
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.deepEqual(issuer.asked, ['/.well-known/oauth-authorization-server', '/jwks'])
  await whoami(bearer(await issuer.token(RESOURCE, { sub: 'e' })))
  assert.equal(keysAsked(issuer), 1)
})

test('an issuer with a path has its metadata in one of three places, or says so', async (t) => {
  const places = [
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ]
  for (const place of places) {
    const issuer = await startIssuer(t, [await makeKey('ES256', 'k')], '/tenant')
    const page = issuer.pages.get(places[0] as string) as object
    issuer.pages.delete(places[0] as string)
    issuer.pages.set(place, page)
    const { whoami } = await serveFor(t, issuer)
    assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 200)
    assert.deepEqual(issuer.asked, [...places.slice(0, places.indexOf(place) + 1), '/jwks'])
  }
})

test('jwksUri is used without looking for metadata', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const { whoami } = await serveFor(t, issuer, { jwksUri: `${issuer.url}/jwks` })
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 200)
  assert.deepEqual(issuer.asked, ['/jwks'])
})

test('an unknown kid fetches the keys anew, soon after the start too, and then once in a cool-down', async (t) => {
  const [old, next, later] = await Promise.all([
    makeKey('ES256', 'old'),
    makeKey('ES256', 'next'),
    makeKey('ES256', 'later'),
  ])
  const issuer = await startIssuer(t, [old])
  const { whoami } = await serveFor(t, issuer)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await whoami(bearer(await issuer.token(RESOURCE)))
  issuer.keys.push(next)
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, {}, {}, next)))).status, 200)
  assert.equal(keysAsked(issuer), 2)
  issuer.keys.push(later)
  const token = await issuer.token(RESOURCE, {}, {}, later)
  for (let i = 0; i < 5; i++) assert.equal((await whoami(bearer(token))).status, 401, 'within the cool-down')
  assert.equal(keysAsked(issuer), 2)
  t.mock.timers.tick(30_001)
  assert.equal((await whoami(bearer(token))).status, 200)
  assert.equal(keysAsked(issuer), 3)
})

test('a key that was withdrawn is not used any more once the keys are old', async (t) => {
  const [old, next] = await Promise.all([makeKey('ES256', 'old'), makeKey('ES256', 'next')])
  const issuer = await startIssuer(t, [old])
  const { whoami } = await serveFor(t, issuer)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await whoami(bearer(await issuer.token(RESOURCE)))
  issuer.keys.splice(0, 1, next)
  t.mock.timers.tick(10 * 60_000 + 1)
  const exp = Math.floor(Date.now() / 1000) + 300
  await whoami(bearer(await issuer.token(RESOURCE, { sub: 'b', exp }, {}, old)))
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, { exp }, {}, next)))).status, 200)
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, { sub: 'c', exp }, {}, old)))).status, 401)
})

test('keys that cannot be fetched are reported with what is at the bottom of it', async (t) => {
  const key = await makeKey('ES256', 'known')
  const issuer = await startIssuer(t, [key])
  const { whoami, errors } = await serveFor(t, issuer, { jwksUri: 'http://127.0.0.1:1/jwks' })
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 503)
  assert.match(String(errors[0]?.error), /http:\/\/127\.0\.0\.1:1\/jwks cannot be read: (?!fetch failed)./)
})

test('while the issuer is away, known keys go on and unknown ones are 503 with the cause in onError', async (t) => {
  const [known, unknown] = await Promise.all([makeKey('ES256', 'known'), makeKey('ES256', 'unknown')])
  const issuer = await startIssuer(t, [known])
  const { whoami, errors, refusals } = await serveFor(t, issuer, { cooldownMs: 0 })
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 200)
  issuer.away = true
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, { sub: 'b' })))).status, 200)
  const token = await issuer.token(RESOURCE, {}, {}, unknown)
  const reply = await whoami(bearer(token))
  assert.equal(reply.status, 503)
  assert.equal(reply.headers['retry-after'], '5')
  assert.equal(reply.headers['www-authenticate'], undefined)
  assert.match(String(errors[0]?.error), /jwks cannot be read/)
  assert.match(refusals[0]?.reason ?? '', /jwks cannot be read/)
  assert.ok(!JSON.stringify([reply.text, String(errors[0]?.error)]).includes(token))
  issuer.away = false
  assert.equal((await whoami(bearer(token))).status, 401, 'the keys are fresh, and lack it')
})

test('an issuer that is away at the start is 503, and 200 once it is there', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  issuer.away = true
  const { whoami, errors } = await serveFor(t, issuer, { cooldownMs: 0 })
  const token = await issuer.token(RESOURCE)
  assert.equal((await whoami(bearer(token))).status, 503)
  assert.match(String(errors[0]?.error), /keys of .* cannot be found/)
  issuer.away = false
  assert.equal((await whoami(bearer(token))).status, 200)
})

const pages: readonly (readonly [string, (issuer: Issuer) => void, RegExp])[] = [
  [
    'metadata of another issuer',
    ({ pages, url }) =>
      pages.set('/.well-known/oauth-authorization-server', {
        issuer: 'https://evil.example',
        jwks_uri: `${url}/jwks`,
      }),
    /is of the issuer "https:\/\/evil/,
  ],
  [
    'metadata with the issuer and a slash',
    ({ pages, url }) =>
      pages.set('/.well-known/oauth-authorization-server', { issuer: `${url}/`, jwks_uri: `${url}/jwks` }),
    /is of the issuer/,
  ],
  [
    'keys over http',
    ({ pages, url }) =>
      pages.set('/.well-known/oauth-authorization-server', {
        issuer: url,
        jwks_uri: 'http://192.0.2.1/jwks',
      }),
    /no jwks_uri with https/,
  ],
  [
    'no keys',
    ({ pages, url }) => pages.set('/.well-known/oauth-authorization-server', { issuer: url }),
    /no jwks_uri with https; got undefined/,
  ],
  [
    'metadata with a member twice',
    ({ pages, url }) =>
      pages.set(
        '/.well-known/oauth-authorization-server',
        `{"issuer":"https://evil.example","issuer":"${url}","jwks_uri":"${url}/jwks"}`,
      ),
    /members occur once/,
  ],
  ['keys that are no JSON', ({ pages }) => pages.set('/jwks', '<html>'), /something else than a JSON object/],
  ['keys that are no array', ({ pages }) => pages.set('/jwks', { keys: {} }), /has no array "keys"/],
  [
    'a redirect',
    ({ pages, url }) =>
      pages.set('/jwks', (response) => response.writeHead(302, { location: `${url}/other` }).end()),
    /cannot be read/,
  ],
  [
    'an error',
    ({ pages }) => pages.set('/jwks', (response) => response.writeHead(500).end()),
    /answered 500/,
  ],
  [
    'too many bytes',
    ({ pages }) => pages.set('/jwks', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(600_000)}"}`)),
    /more than 524288 bytes/,
  ],
]

for (const [name, change, message] of pages) {
  test(`an issuer that answers with ${name} is 503`, async (t) => {
    const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
    change(issuer)
    const { whoami, errors } = await serveFor(t, issuer)
    assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 503)
    assert.match(String(errors[0]?.error), message)
  })
}

test('an issuer that does not answer is 503 after timeoutMs', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  issuer.pages.set('/jwks', () => {})
  const { whoami, errors } = await serveFor(t, issuer, { timeoutMs: 50 })
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 503)
  assert.match(String((errors[0]?.error as Error | undefined)?.cause), /Timeout/)
})
