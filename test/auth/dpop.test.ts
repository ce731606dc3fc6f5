/**
 * Proofs of possession: each rule of RFC 9449 section 4.3 with a proof that breaks it alone, nonces, replay, and how the
 * two ways to present a token are kept apart.
 */

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { type DpopSettings, jwt, type ProofStore, protectedResource } from '../../src/auth/index.ts'
import type { HttpReply, RequestHeaders } from '../helpers/wire.ts'
import { type Issuer, makeKey, now, type SigningKey, startIssuer } from './issuer.ts'
import { bearer, challengeOf, type Guarded, guarded, RESOURCE } from './serving.ts'

interface Client extends Guarded {
  readonly issuer: Issuer
  readonly key: SigningKey
  /** Bound to the key. */
  readonly token: string
  /** A good proof, or one with other claims and another header; undefined takes a member out. */
  proof(claims?: JWTPayload, header?: object, key?: SigningKey): Promise<string>
  /** A call with the token and this proof. */
  call(proof: string | readonly string[] | undefined): Promise<HttpReply>
}

async function client(t: TestContext, dpop: DpopSettings = {}, alg = 'ES256'): Promise<Client> {
  const [issuerKey, key] = await Promise.all([makeKey('ES256', 'issuer'), makeKey(alg, 'client')])
  const issuer = await startIssuer(t, [issuerKey])
  const auth = protectedResource({
    resource: `${RESOURCE}?tenant=1`,
    authorizationServers: [issuer.url],
    token: jwt({ issuer: issuer.url }),
    dpop,
  })
  const server = await guarded(t, auth)
  const { kid: _, ...jwk } = key.publicJwk
  const jkt = await calculateJwkThumbprint(jwk as JWK)
  const token = await issuer.token(`${RESOURCE}?tenant=1`, { cnf: { jkt } })
  const proof: Client['proof'] = async (claims = {}, header = {}, signer = key) => {
    const ath = createHash('sha256').update(token).digest('base64url')
    return await new SignJWT({ jti: randomUUID(), htm: 'POST', htu: RESOURCE, iat: now(), ath, ...claims })
      .setProtectedHeader({ alg: signer.alg, typ: 'dpop+jwt', jwk: jwk as JWK, ...header })
      .sign(signer.privateKey)
  }
  const call: Client['call'] = (given) =>
    server.whoami({ authorization: `DPoP ${token}`, dpop: given } as RequestHeaders)
  return { ...server, issuer, key, token, proof, call }
}

function assertProofRefused(
  reply: HttpReply,
  { refusals, ran }: Client,
  reason: RegExp,
  error = 'invalid_dpop_proof',
): void {
  assert.equal(reply.status, 401)
  const challenge = challengeOf(reply, 'DPoP')
  assert.equal(challenge['error'], error)
  assert.ok((challenge['algs'] ?? '').split(' ').includes('ES256'), 'algs says what is accepted')
  assert.match(
    challenge['resource_metadata'] ?? '',
    /^https:\/\/mcp\.example\.com\/\.well-known\/oauth-protected-resource\/mcp/,
  )
  assert.match(refusals.at(-1)?.reason ?? '', reason)
  assert.deepEqual(ran, [])
}

for (const alg of ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA']) {
  test(`a proof with ${alg} is accepted [authorization.dpop-proof-validated]`, async (t) => {
    const { call, proof, ran } = await client(t, {}, alg)
    assert.equal((await call(await proof())).status, 200)
    assert.deepEqual(ran, ['whoami ada'])
  })
}

test('htu may have a query, a fragment, and the host in upper case', async (t) => {
  const { call, proof } = await client(t)
  for (const htu of [
    `${RESOURCE}?a=1`,
    `${RESOURCE}#a`,
    'HTTPS://MCP.EXAMPLE.COM:443/mcp',
    `${RESOURCE}?tenant=1`,
  ]) {
    assert.equal((await call(await proof({ htu }))).status, 200, htu)
  }
})

type Break = (
  client: Client,
) => string | readonly string[] | undefined | Promise<string | readonly string[] | undefined>

const broken: readonly (readonly [string, Break, RegExp])[] = [
  ['no proof', () => undefined, /needs a proof/],
  ['an empty proof', () => '', /3 parts|needs a proof/],
  ['two proofs', async ({ proof }) => [await proof(), await proof()], /3 parts|base64url/],
  ['something that is no JWT', () => 'proof', /3 parts/],
  ['no jti', ({ proof }) => proof({ jti: undefined } as never), /jti failed/],
  ['an empty jti', ({ proof }) => proof({ jti: '' }), /jti failed/],
  ['a jti that is a number', ({ proof }) => proof({ jti: 5 as never }), /jti failed/],
  ['a jti of 600 characters', ({ proof }) => proof({ jti: 'x'.repeat(600) }), /jti failed/],
  ['no htm', ({ proof }) => proof({ htm: undefined }), /htm failed/],
  ['another htm', ({ proof }) => proof({ htm: 'GET' }), /htm failed: expected POST, got "GET"/],
  ['htm in lower case', ({ proof }) => proof({ htm: 'post' }), /htm failed/],
  ['no htu', ({ proof }) => proof({ htu: undefined }), /htu failed/],
  [
    'another htu',
    ({ proof }) => proof({ htu: 'https://other.example.com/mcp' }),
    /htu failed: expected "https:\/\/mcp.example.com\/mcp"/,
  ],
  ['the htu of the socket', ({ proof, url }) => proof({ htu: url }), /htu failed/],
  ['another path', ({ proof }) => proof({ htu: `${RESOURCE}/x` }), /htu failed/],
  ['htu with http', ({ proof }) => proof({ htu: RESOURCE.replace('https', 'http') }), /htu failed/],
  ['htu in full-width letters', ({ proof }) => proof({ htu: 'https://ｍcp.example.com/mcp' }), /htu failed/],
  ['no iat', ({ proof }) => proof({ iat: undefined } as never), /iat failed/],
  ['an old iat', ({ proof }) => proof({ iat: now() - 310 }), /iat failed: expected within 300 s, got -31\d/],
  ['an iat in the future', ({ proof }) => proof({ iat: now() + 310 }), /iat failed/],
  ['an iat that is text', ({ proof }) => proof({ iat: String(now()) as never }), /iat failed/],
  ['no ath', ({ proof }) => proof({ ath: undefined }), /ath failed/],
  [
    'the ath of another token',
    ({ proof }) => proof({ ath: createHash('sha256').update('other').digest('base64url') }),
    /ath failed/,
  ],
  ['no typ', ({ proof }) => proof({}, { typ: undefined }), /typ failed/],
  ['typ JWT', ({ proof }) => proof({}, { typ: 'JWT' }), /typ failed: expected dpop\+jwt, got "jwt"/],
  ['no jwk', ({ proof }) => proof({}, { jwk: undefined }), /jwk failed: expected a public key/],
  [
    'a private jwk',
    async ({ proof, key }) => proof({}, { jwk: await exportJWK(key.privateKey) }),
    /it has a private key/,
  ],
  [
    'a jwk of another kind',
    async ({ proof }) => proof({}, { jwk: (await makeKey('EdDSA', 'x')).publicJwk }),
    /no key for ES256/,
  ],
  ['a symmetric jwk', ({ proof }) => proof({}, { jwk: { kty: 'oct', k: 'AAAA' } }), /private key|no key/],
  [
    'a point that is not on its curve',
    ({ proof, key }) => proof({}, { jwk: { ...key.publicJwk, y: key.publicJwk.x } }),
    /bound to another key/,
  ],
  [
    'another key',
    async ({ proof }) => {
      const other = await makeKey('ES256', 'other')
      return proof({}, { jwk: other.publicJwk }, other)
    },
    /bound to another key/,
  ],
  [
    'the signature of another key',
    async ({ proof }) => proof({}, {}, await makeKey('ES256', 'other')),
    /signature/,
  ],
  ['alg none', async ({ proof }) => withHeader(await proof(), { alg: 'none' }), /alg failed/],
  ['alg HS256', async ({ proof }) => withHeader(await proof(), { alg: 'HS256' }), /alg failed/],
  ['a critical header', async ({ proof }) => withHeader(await proof(), { crit: ['x'] }), /crit/],
  ['a claim twice', async ({ proof }) => twice(await proof()), /members occur once/],
]

function withHeader(proof: string, more: object): string {
  const [header = '', ...rest] = proof.split('.')
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...more }
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
}

function twice(proof: string): string {
  const [header, payload = '', signature] = proof.split('.')
  const text = Buffer.from(payload, 'base64url').toString().replace('{', '{"htm":"GET",')
  return [header, Buffer.from(text).toString('base64url'), signature].join('.')
}

for (const [name, make, reason] of broken) {
  test(`a request with ${name} is 401 [authorization.dpop-proof-401]`, async (t) => {
    const requester = await client(t)
    assertProofRefused(await requester.call(await make(requester)), requester, reason)
  })
}

test('iat may be almost five minutes away, and no more [authorization.dpop-iat-window]', async (t) => {
  const { call, proof } = await client(t)
  for (const iat of [now() - 295, now() + 295]) assert.equal((await call(await proof({ iat }))).status, 200)
})

test('a proof is good once [authorization.dpop-jti]', async (t) => {
  const requester = await client(t)
  const used = await requester.proof()
  assert.equal((await requester.call(used)).status, 200)
  requester.ran.length = 0
  assertProofRefused(await requester.call(used), requester, /jti failed: the proof was used before/)
})

test('used proofs are bounded: above maxProofs the oldest is forgotten', async (t) => {
  const { call, proof } = await client(t, { maxProofs: 2 })
  const proofs = await Promise.all([proof(), proof(), proof()])
  for (const each of proofs) assert.equal((await call(each)).status, 200)
  assert.equal((await call(proofs[2])).status, 401)
  assert.equal((await call(proofs[0])).status, 200, 'forgotten')
})

test('used proofs are shared through a store, which may answer later and may be away', async (t) => {
  const ids = new Map<string, number>()
  let isAway = false
  const store: ProofStore = {
    add: async (id, ttlMs) => {
      if (isAway) throw new Error('the store is away')
      if (ids.has(id)) return false
      ids.set(id, ttlMs)
      return true
    },
  }
  const { call, proof, errors } = await client(t, { store })
  const used = await proof()
  assert.equal((await call(used)).status, 200)
  assert.equal((await call(used)).status, 401)
  const [[id, ttlMs] = ['', 0]] = [...ids]
  assert.match(id, /^[\w-]{43}$/)
  assert.ok(ttlMs > 290_000 && ttlMs <= 300_000)
  isAway = true
  assert.equal((await call(await proof())).status, 503)
  assert.match(String(errors[0]?.error), /the store is away/)
})

test('with nonce a proof needs one that the server gave lately [authorization.dpop-nonce]', async (t) => {
  const requester = await client(t, { nonce: true })
  const { call, proof, ran } = requester
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const first = await call(await proof())
  assertProofRefused(first, requester, /nonce failed: there is none/, 'use_dpop_nonce')
  const nonce = String(first.headers['dpop-nonce'])
  const good = await call(await proof({ nonce }))
  assert.equal(good.status, 200)
  assert.equal(good.headers['dpop-nonce'], undefined, 'it is the one to use')
  t.mock.timers.tick(2 * 60_000)
  const old = await call(await proof({ nonce, iat: Math.floor(Date.now() / 1000) }))
  assert.equal(old.status, 200)
  const next = String(old.headers['dpop-nonce'])
  assert.notEqual(next, nonce, 'a new one comes with the answer')
  t.mock.timers.tick(2 * 60_000)
  ran.length = 0
  const iat = Math.floor(Date.now() / 1000)
  assertProofRefused(
    await call(await proof({ nonce, iat })),
    requester,
    /nonce failed: it is too old/,
    'use_dpop_nonce',
  )
  assert.equal((await call(await proof({ nonce: next, iat }))).status, 200)
})

test('servers with the same secret take the nonces of each other', async (t) => {
  const nonce = 's'.repeat(32)
  const [one, two] = [await client(t, { nonce }), await client(t, { nonce })]
  const given = String((await one.call(await one.proof())).headers['dpop-nonce'])
  assert.equal((await two.call(await two.proof({ nonce: given }))).status, 200)
})

test('a token without a key is a bearer token, and one with a key is not', async (t) => {
  const { whoami, issuer, token, proof, refusals } = await client(t)
  const plain = await issuer.token(`${RESOURCE}?tenant=1`)
  assert.equal((await whoami(bearer(plain))).status, 200)
  const bound = await whoami({ ...bearer(token), dpop: await proof() })
  assert.equal(bound.status, 401)
  assert.equal(challengeOf(bound, 'DPoP')['error'], 'invalid_token')
  assert.match(refusals.at(-1)?.reason ?? '', /cnf failed: a bound token came as a bearer token/)
  const unbound = await whoami({ authorization: `DPoP ${plain}`, dpop: await proof() })
  assert.equal(unbound.status, 401)
  assert.equal(challengeOf(unbound, 'DPoP')['error'], 'invalid_token')
})

test('without a token both schemes are offered; with required only DPoP, and bearer tokens are refused', async (t) => {
  const both = await client(t)
  const reply = await both.whoami()
  assert.equal(challengeOf(reply)['error'], undefined)
  assert.equal(challengeOf(reply, 'DPoP')['error'], undefined)
  assert.match(String(reply.headers['www-authenticate']), /^Bearer .*, DPoP algs="/)
  const strict = await client(t, { required: true })
  const missing = await strict.whoami()
  assert.match(String(missing.headers['www-authenticate']), /^DPoP algs="/)
  const plain = await strict.whoami(bearer(await strict.issuer.token(`${RESOURCE}?tenant=1`)))
  assert.equal(plain.status, 401)
  assert.equal(challengeOf(plain, 'DPoP')['error'], 'invalid_token')
  assert.equal((await strict.call(await strict.proof())).status, 200)
})

test('a bound token is for this resource, too [authorization.dpop-audience]', async (t) => {
  const { whoami, issuer, proof, key, refusals } = await client(t)
  const { kid: _, ...jwk } = key.publicJwk
  const other = await issuer.token('https://other.example.com', {
    cnf: { jkt: await calculateJwkThumbprint(jwk as JWK) },
  })
  const ath = createHash('sha256').update(other).digest('base64url')
  const reply = await whoami({ authorization: `DPoP ${other}`, dpop: await proof({ ath }) })
  assert.equal(reply.status, 401)
  assert.match(refusals.at(-1)?.reason ?? '', /aud failed/)
})

test('only chosen algorithms are accepted for proofs, and symmetric ones cannot be chosen [authorization.dpop-asymmetric]', async (t) => {
  const requester = await client(t, { algorithms: ['ES384', 'ES256'] })
  assert.equal((await requester.call(await requester.proof())).status, 200)
  assert.equal(challengeOf(await requester.whoami(), 'DPoP')['algs'], 'ES384 ES256')
  for (const algorithms of [['HS256'], ['none'], []]) {
    const options = {
      resource: RESOURCE,
      authorizationServers: ['https://a.example'],
      token: () => undefined,
    }
    assert.throws(
      () => protectedResource({ ...options, dpop: { algorithms: algorithms as never } }),
      /dpop\.algorithms must be/,
    )
  }
})
