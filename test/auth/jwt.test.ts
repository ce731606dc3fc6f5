/** Tokens that jose signs and that are good, in each algorithm; what becomes of their claims; the options of jwt. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JWTPayload } from 'jose'
import { type AlgorithmName, jwt, protectedResource } from '../../src/auth/index.ts'
import { makeKey, now, startIssuer } from './issuer.ts'
import { bearer, guarded, RESOURCE } from './serving.ts'

const ALGORITHMS: readonly AlgorithmName[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

for (const alg of ALGORITHMS) {
  test(`jwt accepts ${alg}, with and without a list of algorithms, and not without it in the list`, async (t) => {
    const key = await makeKey(alg, 'k')
    const issuer = await startIssuer(t, [key])
    const statusWith = async (algorithms: readonly AlgorithmName[] | undefined) => {
      const token = jwt({ issuer: issuer.url, algorithms })
      const { whoami } = await guarded(
        t,
        protectedResource({ resource: RESOURCE, authorizationServers: [issuer.url], token }),
      )
      return (await whoami(bearer(await issuer.token(RESOURCE)))).status
    }
    assert.equal(await statusWith(undefined), 200)
    assert.equal(await statusWith([alg]), 200)
    assert.equal(await statusWith(ALGORITHMS.filter((other) => other !== alg)), 401)
  })
}

/** [name, claims, header, what ctx.auth is to be, without claims] */
const accepted: readonly (readonly [
  string,
  JWTPayload,
  object,
  { id: string; scopes: readonly string[] },
])[] = [
  ['audience in an array', { aud: ['https://other.example', RESOURCE] }, {}, { id: 'ada', scopes: [] }],
  [
    'audience whose host is in upper case',
    { aud: 'HTTPS://MCP.Example.COM/mcp' },
    {},
    { id: 'ada', scopes: [] },
  ],
  ['another name of the resource', { aud: 'api://mcp' }, {}, { id: 'ada', scopes: [] }],
  ['scope as text', { scope: 'a b  c' }, {}, { id: 'ada', scopes: ['a', 'b', 'c'] }],
  ['scp as text', { scp: 'a b' }, {}, { id: 'ada', scopes: ['a', 'b'] }],
  ['scp as an array', { scp: ['a', 'b'] }, {}, { id: 'ada', scopes: ['a', 'b'] }],
  ['scope and scp', { scope: 'a', scp: ['b', 'a'] }, {}, { id: 'ada', scopes: ['a', 'b'] }],
  [
    'client credentials without a subject',
    { sub: undefined, client_id: 'robot' } as never,
    {},
    { id: 'robot', scopes: [] },
  ],
  ['typ JWT', {}, { typ: 'JWT' }, { id: 'ada', scopes: [] }],
  ['typ application/at+jwt', {}, { typ: 'application/AT+JWT' }, { id: 'ada', scopes: [] }],
  ['no typ', {}, { typ: undefined }, { id: 'ada', scopes: [] }],
  ['no kid where one key fits', {}, { kid: undefined }, { id: 'ada', scopes: [] }],
  [
    'clocks that differ a little',
    { iat: now() + 3, nbf: now() + 3, exp: now() + 300 },
    {},
    { id: 'ada', scopes: [] },
  ],
  ['a time with a fraction', { exp: now() + 300.5 }, {}, { id: 'ada', scopes: [] }],
]

for (const [name, claims, header, expected] of accepted) {
  test(`jwt accepts ${name}`, async (t) => {
    const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
    const token = jwt({ issuer: issuer.url, audience: 'api://mcp' })
    const { whoami } = await guarded(
      t,
      protectedResource({ resource: RESOURCE, authorizationServers: [issuer.url], token }),
    )
    const reply = await whoami(bearer(await issuer.token(RESOURCE, claims, header)))
    assert.equal(reply.status, 200, reply.text)
    const { claims: seen, ...auth } = JSON.parse(reply.json.result.content[0].text)
    assert.deepEqual(auth, expected)
    assert.equal(seen.iss, issuer.url)
  })
}

test('a resource without a path is the same with and without its slash', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  for (const resource of ['https://mcp.example.com', 'https://mcp.example.com/']) {
    const token = jwt({ issuer: issuer.url })
    const { whoami } = await guarded(
      t,
      protectedResource({ resource, authorizationServers: [issuer.url], token }),
    )
    for (const aud of ['https://mcp.example.com', 'https://mcp.example.com/']) {
      assert.equal((await whoami(bearer(await issuer.token(aud)))).status, 200)
    }
  }
})

test('jwt with several issuers names principals by both, and does not take the key of one for the other', async (t) => {
  const [one, two] = [
    await startIssuer(t, [await makeKey('ES256', 'k')]),
    await startIssuer(t, [await makeKey('ES256', 'k')]),
  ]
  const token = jwt({ issuer: [one.url, two.url] })
  const { whoami } = await guarded(
    t,
    protectedResource({ resource: RESOURCE, authorizationServers: [one.url, two.url], token }),
  )
  for (const issuer of [one, two]) {
    const reply = await whoami(bearer(await issuer.token(RESOURCE)))
    assert.equal(JSON.parse(reply.json.result.content[0].text).id, `${issuer.url}#ada`)
  }
  assert.equal((await whoami(bearer(await one.token(RESOURCE, { iss: two.url })))).status, 401)
})

test('jwt with typ accepts that one only', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const token = jwt({ issuer: issuer.url, typ: 'at+jwt' })
  const { whoami } = await guarded(
    t,
    protectedResource({ resource: RESOURCE, authorizationServers: [issuer.url], token }),
  )
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE)))).status, 200)
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, {}, { typ: 'JWT' })))).status, 401)
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, {}, { typ: undefined })))).status, 401)
})

test('a token that is remembered is refused once it has expired, and verified once until then', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const auth = protectedResource({
    resource: RESOURCE,
    authorizationServers: [issuer.url],
    token: jwt({ issuer: issuer.url, clockToleranceMs: 0 }),
  })
  const token = await issuer.token(RESOURCE, { exp: now() + 60 })
  const request = { headers: {}, method: 'POST' } as never
  const first = auth.authenticate(`Bearer ${token}`, request)
  assert.ok(first instanceof Promise, 'the keys had to be fetched')
  const known = await first
  const second = auth.authenticate(`Bearer ${token}`, request)
  assert.equal(second, known, 'the same answer, without a promise')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })
  const late = await auth.authenticate(`Bearer ${token}`, request)
  assert.equal(late.rejection?.status, 401)
  assert.match(late.rejection?.reason ?? '', /exp failed/)
})

test('tokens that are remembered are bounded: the oldest is verified anew', async (t) => {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const auth = protectedResource({
    resource: RESOURCE,
    authorizationServers: [issuer.url],
    token: jwt({ issuer: issuer.url }),
    maxTokens: 2,
  })
  const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => issuer.token(RESOURCE, { sub })))
  const ask = (token: string) =>
    auth.authenticate(`Bearer ${token}`, { headers: {}, method: 'POST' } as never)
  const first = await ask(tokens[0] as string)
  for (const token of tokens.slice(1)) await ask(token)
  assert.notEqual(await ask(tokens[0] as string), first)
  const last = await ask(tokens[2] as string)
  assert.equal(ask(tokens[2] as string), last)
})

const wrong: readonly (readonly [string, object, RegExp])[] = [
  ['no issuer', {}, /jwt\.issuer must be an absolute https URL \(http on loopback only\); got undefined/],
  ['an issuer with http', { issuer: 'http://auth.example.com' }, /jwt\.issuer must be an https URL/],
  [
    'an issuer that is no URL',
    { issuer: 'auth' },
    /jwt\.issuer must be an absolute https URL \(http on loopback only\); got "auth"/,
  ],
  ['an issuer with a fragment', { issuer: 'https://auth.example.com/#a' }, /without a fragment/],
  ['no issuers', { issuer: [] }, /jwt\.issuer must be one or several/],
  [
    'keys with http',
    { issuer: 'https://a.example', jwksUri: 'http://a.example/jwks' },
    /jwt\.jwksUri must be an https/,
  ],
  [
    'keys of several issuers',
    { issuer: ['https://a.example', 'https://b.example'], jwksUri: 'https://a.example/jwks' },
    /jwt\.jwksUri is of one issuer/,
  ],
  [
    'HMAC',
    { issuer: 'https://a.example', algorithms: ['HS256'] },
    /jwt\.algorithms must be among RS256.*got "HS256", which proves nothing/,
  ],
  ['none', { issuer: 'https://a.example', algorithms: ['none'] }, /got "none", which proves nothing/],
  ['an unknown algorithm', { issuer: 'https://a.example', algorithms: ['RS257'] }, /got "RS257"/],
  ['no algorithm', { issuer: 'https://a.example', algorithms: [] }, /jwt\.algorithms must be an array/],
  ['an audience that is a number', { issuer: 'https://a.example', audience: 5 }, /jwt\.audience must be/],
  ['an empty typ', { issuer: 'https://a.example', typ: '' }, /jwt\.typ must be/],
  [
    'a negative tolerance',
    { issuer: 'https://a.example', clockToleranceMs: -1 },
    /jwt\.clockToleranceMs must be/,
  ],
  [
    'another name',
    { issuer: 'https://a.example', jwksUrl: 'https://a.example' },
    /did you mean "jwt\.jwksUri"\?/,
  ],
]

for (const [name, options, message] of wrong) {
  test(`jwt refuses ${name} when it is made`, () => {
    assert.throws(() => jwt(options as never), { name: 'TypeError', message })
  })
}
