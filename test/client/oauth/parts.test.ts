/** The small parts: challenges, scopes, client authentication, keys, shared work. */
import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { parseChallenges, tokenChallenge } from '../../../src/client/oauth/challenge.ts'
import { authenticate, type Client } from '../../../src/client/oauth/client-auth.ts'
import { DpopSigner } from '../../../src/client/oauth/dpop.ts'
import { parseScope, selectScopes } from '../../../src/client/oauth/scopes.ts'
import type { AuthorizationServer } from '../../../src/client/oauth/server-metadata.ts'
import { SharedWork } from '../../../src/client/oauth/shared-work.ts'
import { algorithmOf, importPrivateKey, SIGNING_ALGORITHMS } from '../../../src/client/oauth/signing-keys.ts'
import { sha256, signJwt } from '../../../src/client/oauth/web-crypto.ts'

const plain = (header: string | null) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

test('parseChallenges reads one, several, quoted and plain parameters, and token68', () => {
  for (const [header, expected] of [
    [null, []],
    ['', []],
    ['Bearer', [['bearer', {}]]],
    ['Bearer realm="a"', [['bearer', { realm: 'a' }]]],
    ['BEARER Error=invalid_token , Scope = "a b"', [['bearer', { error: 'invalid_token', scope: 'a b' }]]],
    [
      String.raw`Bearer realm="a \"quoted\", b\\c", scope="x"`,
      [['bearer', { realm: 'a "quoted", b\\c', scope: 'x' }]],
    ],
    [
      'Basic realm="x", Bearer scope="y"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { scope: 'y' }],
      ],
    ],
    [
      'Negotiate abc==, DPoP algs="ES256 PS256"',
      [
        ['negotiate', {}],
        ['dpop', { algs: 'ES256 PS256' }],
      ],
    ],
    [
      'Bearer, DPoP',
      [
        ['bearer', {}],
        ['dpop', {}],
      ],
    ],
    ['Bearer scope="one", scope="two"', [['bearer', { scope: 'one' }]]],
    ['Bearer scope="never closed', [['bearer', {}]]],
    ['"nonsense"', []],
  ] as const) {
    deepEqual(plain(header), expected, String(header))
  }
})

test('parseChallenges takes a long header in time that grows with its length', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `p${index}="${'\\"'.repeat(3)}"`).join(', ')
  equal(parseChallenges(`Bearer ${many}`)[0]?.parameters.size, 20_000)
  equal(parseChallenges(`Bearer ${' ,'.repeat(100_000)}"`).length, 1)
})

test('tokenChallenge takes the challenge that says most', () => {
  const of = (header: string) =>
    tokenChallenge(new Response(null, { headers: { 'www-authenticate': header } }))
  equal(of('Basic realm="x"'), undefined)
  equal(of('Bearer, DPoP error="use_dpop_nonce"')?.scheme, 'dpop')
  equal(of('Basic realm="x", Bearer')?.scheme, 'bearer')
})

test('selectScopes: challenge and earlier ones, what is configured, what the resource lists', () => {
  const none = { requested: new Set<string>(), challenged: [], configured: [], supported: [] }
  deepEqual(selectScopes(none), [])
  deepEqual(selectScopes({ ...none, supported: ['s'] }), ['s'])
  deepEqual(selectScopes({ ...none, supported: ['s'], configured: ['c'] }), ['c'])
  deepEqual(selectScopes({ ...none, supported: ['s'], challenged: ['x'] }), ['x'])
  deepEqual(selectScopes({ ...none, requested: new Set(['r', 'x']), challenged: ['x', 'y'] }), [
    'r',
    'x',
    'y',
  ])
  const many = Array.from({ length: 501 }, (_, index) => `s${index}`)
  throws(() => selectScopes({ ...none, challenged: many }), /501 scopes, expected at most 500/)
  deepEqual(parseScope('a  b a "c" d\\e é'), ['a', 'b'])
})

const server = (authMethods?: string[]): AuthorizationServer => ({
  issuer: 'https://auth.example',
  tokenEndpoint: 'https://auth.example/token',
  authMethods,
  sendsIssuer: false,
  takesMetadataUrl: false,
  isDescribed: true,
})

async function authenticated(client: Client, methods?: string[]) {
  const form = new URLSearchParams()
  const headers = await authenticate(client, server(methods), form)
  return { headers, form: Object.fromEntries(form) }
}

test('authenticate uses the strongest method of both sides, Basic where the server does not say', async () => {
  const secret = { clientId: 'a:b', clientSecret: 'ü %' }
  const basic = { headers: { authorization: `Basic ${btoa('a%3Ab:%C3%BC+%25')}` }, form: {} }
  const post = { headers: {}, form: { client_id: 'a:b', client_secret: 'ü %' } }
  deepEqual(await authenticated(secret), basic)
  deepEqual(await authenticated(secret, ['client_secret_post', 'client_secret_basic']), basic)
  deepEqual(await authenticated(secret, ['client_secret_post']), post)
  deepEqual(await authenticated({ ...secret, authMethod: 'client_secret_post' }), post)
  deepEqual(await authenticated({ ...secret, authMethod: 'none' }), {
    headers: {},
    form: { client_id: 'a:b' },
  })
  deepEqual(await authenticated({ clientId: 'public' }, ['none']), {
    headers: {},
    form: { client_id: 'public' },
  })
  await rejects(
    authenticated(secret, ['private_key_jwt']),
    /takes the client authentication "private_key_jwt"/,
  )
  await rejects(authenticated({ clientId: 'x', authMethod: 'private_key_jwt' }), /without a key/)
})

test('authenticate: an assertion is for the issuer alone, for a minute, and never the same', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const client: Client = { clientId: 'robot', key: { key: privateKey, algorithm: 'ES256', keyId: 'k1' } }
  const { form } = await authenticated(client, ['private_key_jwt'])
  const { payload, protectedHeader } = await jwtVerify(String(form['client_assertion']), publicKey)
  equal(protectedHeader.kid, 'k1')
  deepEqual([payload.iss, payload.sub, payload.aud], ['robot', 'robot', 'https://auth.example'])
  equal((payload.exp ?? 0) - (payload.iat ?? 0), 60)
  equal('client_id' in form, false)
  const again = await jwtVerify(String((await authenticated(client)).form['client_assertion']), publicKey)
  equal(again.payload.jti === payload.jti, false)
})

test('sha256 gives the challenge of RFC 7636 appendix B', async () => {
  equal(
    await sha256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'),
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  )
})

for (const algorithm of SIGNING_ALGORITHMS) {
  test(`signJwt with ${algorithm}: keys in both written forms, verified by another library`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    for (const form of [await exportPKCS8(privateKey), { ...(await exportJWK(privateKey)) }]) {
      const key = await importPrivateKey(form, algorithm)
      equal(algorithmOf(key), algorithm)
      equal(key.extractable, false)
      const jwt = await signJwt(key, algorithm, { typ: 'JWT' }, { text: 'grün' })
      equal((await jwtVerify(jwt, publicKey, { algorithms: [algorithm] })).payload['text'], 'grün')
    }
    const signer = await DpopSigner.of({ publicKey, privateKey })
    equal(signer.thumbprint, await calculateJwkThumbprint(await exportJWK(publicKey)))
  })
}

test('DpopSigner: a proof names method and URL without query, and the nonce of its origin', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const signer = await DpopSigner.of({ publicKey, privateKey })
  const headers = new Headers({ 'dpop-nonce': 'n-1' })
  equal(signer.noteNonce('https://a.example/mcp', headers), true)
  equal(signer.noteNonce('https://a.example/other', headers), false)
  equal(signer.noteNonce('https://a.example/mcp', new Headers({ 'dpop-nonce': 'with space' })), false)
  const claims = async (url: string) =>
    (await jwtVerify(await signer.proof({ method: 'GET', url }), publicKey, { typ: 'dpop+jwt' })).payload
  const proof = await claims('https://a.example/mcp?x=1#y')
  deepEqual([proof['htm'], proof['htu'], proof['nonce']], ['GET', 'https://a.example/mcp', 'n-1'])
  equal('nonce' in (await claims('https://b.example/mcp')), false)
  for (let index = 0; index < 300; index++) signer.noteNonce(`https://h${index}.example`, headers)
  equal('nonce' in (await claims('https://a.example/mcp')), false)
  equal((await claims('https://h299.example/'))['nonce'], 'n-1')
})

test('SharedWork: those who come together share, those who come later start anew', async () => {
  const work = new SharedWork<number>()
  let runs = 0
  const run = async () => ++runs
  deepEqual(await Promise.all([work.join(undefined, run), work.join(undefined, run)]), [1, 1])
  equal(await work.join(undefined, run), 2)
  await rejects(
    work.join(undefined, () => Promise.reject(new Error('no'))),
    /no/,
  )
  equal(await work.join(undefined, run), 3)
  await rejects(work.join(AbortSignal.abort(new Error('early')), run), /early/)
  equal(runs, 3)
})

test('SharedWork: after the last one gave up, the next one does not get the old failure', async () => {
  const work = new SharedWork<string>()
  const controller = new AbortController()
  const waits = (signal: AbortSignal) =>
    new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const only = work.join(controller.signal, waits)
  controller.abort(new Error('enough'))
  await rejects(only, /enough/)
  equal(await work.join(undefined, async () => 'new'), 'new')
})

test('importPrivateKey says no to what is no key', async () => {
  await rejects(importPrivateKey('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'ES256'))
})
