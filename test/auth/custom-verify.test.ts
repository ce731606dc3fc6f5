/** A function of the application at `token`: what it may answer and throw, and what a malformed header is. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRemoteJWKSet, errors as jose, jwtVerify } from 'jose'
import { type CustomVerify, protectedResource } from '../../src/auth/index.ts'
import { get, post } from '../helpers/wire.ts'
import { makeKey, now, startIssuer } from './issuer.ts'
import { bearer, challengeOf, guarded, mirrored, RESOURCE, statelessRequest } from './serving.ts'

const authOf = (token: CustomVerify, timeoutMs?: number) =>
  protectedResource({
    resource: RESOURCE,
    authorizationServers: ['https://auth.example.com'],
    token,
    timeoutMs,
  })

const claims = { iss: 'https://auth.example.com', aud: RESOURCE, sub: 'ada', scope: 'a b', exp: now() + 300 }

const answers: readonly (readonly [string, CustomVerify, number, RegExp | undefined])[] = [
  ['a principal', () => ({ id: 'ada' }), 200, undefined],
  ['a principal, later', async () => ({ id: 'ada', scopes: ['a'] }), 200, undefined],
  [
    'the result of jwtVerify',
    async () => ({ payload: claims, protectedHeader: {} }) as never,
    200,
    undefined,
  ],
  ['undefined', () => undefined, 401, /verify knows no such token/],
  ['null, later', async () => null, 401, /verify knows no such token/],
  [
    'claims of another audience',
    () => ({ payload: { ...claims, aud: 'https://other.example' } }),
    401,
    /aud failed: expected "https:\/\/mcp/,
  ],
  ['claims without an audience', () => ({ payload: { ...claims, aud: undefined } }), 401, /aud failed/],
  ['claims that have expired', () => ({ payload: { ...claims, exp: now() - 60 } }), 401, /exp failed/],
  ['claims without exp', () => ({ payload: { ...claims, exp: undefined } }), 401, /exp failed/],
  ['claims without a subject', () => ({ payload: { ...claims, sub: undefined } }), 401, /sub failed/],
  [
    'claims of a token that is bound to a key',
    () => ({ payload: { ...claims, cnf: { jkt: 'x' } } }),
    401,
    /cnf failed/,
  ],
  [
    'a principal whose token is bound to a key',
    () => ({ id: 'ada', claims: { cnf: { jkt: 'x' } } }),
    401,
    /cnf failed/,
  ],
  ['true', () => true as never, 500, undefined],
  ['text', async () => 'ada' as never, 500, undefined],
  ['an id that is a number', () => ({ id: 5 }) as never, 500, undefined],
  ['scopes that are text', () => ({ id: 'ada', scopes: 'a b' }) as never, 500, undefined],
  [
    'an error of jose',
    () => Promise.reject(new jose.JWTExpired('"exp" claim timestamp check failed', {})),
    401,
    /verify failed: "exp" claim/,
  ],
  [
    'an error of jose that it throws at once',
    () => {
      throw new jose.JWSSignatureVerificationFailed()
    },
    401,
    /verify failed/,
  ],
  ['no key for the token', () => Promise.reject(new jose.JWKSNoMatchingKey()), 401, /verify failed/],
  [
    'an error of jsonwebtoken',
    () => Promise.reject(Object.assign(new Error('jwt expired'), { name: 'TokenExpiredError' })),
    401,
    /jwt expired/,
  ],
  [
    'an error with status 401',
    () => Promise.reject(Object.assign(new Error('no'), { status: 401 })),
    401,
    /verify failed: no/,
  ],
  ['keys that time out', () => Promise.reject(new jose.JWKSTimeout()), 503, /the verifier failed/],
  ['another error', () => Promise.reject(new Error('secret cause')), 503, /the verifier failed/],
  ['an answer that never comes', () => new Promise(() => {}), 503, /verify took more than 30 ms/],
]

for (const [name, verify, status, reason] of answers) {
  test(`a verify that gives ${name} is ${status} [authorization.token-validated]`, async (t) => {
    const { whoami, errors, refusals, ran } = await guarded(t, authOf(verify, 30))
    const reply = await whoami(bearer('token-in-question'))
    assert.equal(reply.status, status, reply.text)
    assert.deepEqual(ran, status === 200 ? ['whoami ada'] : [])
    if (status === 401) assert.equal(challengeOf(reply)['error'], 'invalid_token')
    if (reason !== undefined) assert.match(refusals[0]?.reason ?? '', reason)
    assert.equal(errors.length, status >= 500 ? 1 : 0, 'failures of ours, and no others, are reported')
    const told = JSON.stringify([
      reply.text,
      reply.headers,
      refusals.map(({ reason: why, error }) => [why, error.message]),
    ])
    assert.doesNotMatch(told, /secret cause|token-in-question/)
  })
}

test('verify: (token) => jwtVerify(...) does the right thing, an outage included', async (t) => {
  const key = await makeKey('ES256', 'k')
  const issuer = await startIssuer(t, [key])
  const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`))
  const { whoami, errors } = await guarded(
    t,
    authOf((token) => jwtVerify(token, keys, { issuer: issuer.url })),
  )
  issuer.away = true
  const good = await issuer.token(RESOURCE)
  assert.equal((await whoami(bearer(good))).status, 503)
  assert.equal(errors.length, 1)
  issuer.away = false
  assert.equal((await whoami(bearer(good))).status, 200)
  assert.equal((await whoami(bearer(await issuer.token('https://other.example')))).status, 401)
  assert.equal((await whoami(bearer(await issuer.token(RESOURCE, { exp: now() - 60 })))).status, 401)
  assert.equal(
    (await whoami(bearer(await issuer.token(RESOURCE, {}, {}, await makeKey('ES256', 'k'))))).status,
    401,
  )
  assert.equal((await whoami(bearer('garbage'))).status, 401)
})

const headers: readonly (readonly [
  string,
  string | readonly string[] | undefined,
  number,
  string | undefined,
])[] = [
  ['no header', undefined, 401, undefined],
  ['another scheme', 'Basic YWRhOnB3', 401, undefined],
  ['another scheme alone', 'Negotiate', 401, undefined],
  ['DPoP where it is off', 'DPoP abc', 401, 'invalid_token'],
  ['an empty header', '', 400, 'invalid_request'],
  ['the scheme alone', 'Bearer', 400, 'invalid_request'],
  ['an empty token', 'Bearer ', 400, 'invalid_request'],
  ['two tokens', 'Bearer abc def', 400, 'invalid_request'],
  ['two credentials', 'Bearer abc, Bearer def', 400, 'invalid_request'],
  ['a token in quotes', 'Bearer "abc"', 400, 'invalid_request'],
  ['a parameter', 'Bearer token=abc', 400, 'invalid_request'],
  ['a scheme that is no token', '(Bearer) abc', 400, 'invalid_request'],
  ['a comma at the end', 'Bearer abc,', 400, 'invalid_request'],
  ['a tab in the place of the space', 'Bearer\tabc', 400, 'invalid_request'],
]

for (const [name, authorization, status, error] of headers) {
  test(`an Authorization header with ${name} is ${status}, with every method [authorization.statuses] [rfc9728.resource-metadata-parameter]`, async (t) => {
    const { url, ran, whoami } = await guarded(
      t,
      authOf(() => ({ id: 'ada' })),
    )
    const replies = [await whoami({ authorization } as never), await get(url, { authorization } as never)]
    for (const reply of replies) {
      assert.equal(reply.status, status, reply.text)
      const challenge = challengeOf(reply)
      assert.equal(challenge['error'], error)
      assert.equal(
        challenge['resource_metadata'],
        'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
      )
    }
    assert.deepEqual(ran, [])
  })
}

test('a token in the query is not looked at [authorization.no-query-token]', async (t) => {
  const { url } = await guarded(
    t,
    authOf(() => ({ id: 'ada' })),
  )
  const reply = await post(`${url}?access_token=abc`, statelessRequest('tools/list'), mirrored('tools/list'))
  assert.equal(reply.status, 401)
})
