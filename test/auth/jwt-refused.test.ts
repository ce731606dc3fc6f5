/**
 * Tokens that must not be accepted, each with the reason that the owner of the server is told. All of them are one step
 * away from a good one, which is tried first.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { exportSPKI, importJWK, SignJWT } from 'jose'
import { jwt, protectedResource } from '../../src/auth/index.ts'
import { makeKey, now, startIssuer } from './issuer.ts'
import { bearer, challengeOf, guarded, RESOURCE } from './serving.ts'

import {
  changed,
  changedOf,
  claims,
  der,
  encode,
  encrypted,
  esWith,
  head,
  hmac,
  keyOf,
  lastBits,
  type Make,
  type Maker,
  pemOf,
  pems,
  rawBytes,
  shortKey,
  shorts,
  signRaw,
  usual,
  withClaims,
} from './token-maker.ts'

const rows: readonly (readonly [name: string, make: Make, reason: RegExp])[] = [
  // Algorithms
  [
    'alg none without signature',
    (m) => `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims(m))}.`,
    /alg failed/,
  ],
  [
    'alg none with a signature',
    changed(([, payload, signature]) => [encode({ alg: 'none', kid: 'rsa' }), payload, signature]),
    /alg failed/,
  ],
  ['alg None', changed(([, payload]) => [encode({ alg: 'None', kid: 'rsa' }), payload, '']), /alg failed/],
  ['alg NONE', changed(([, payload]) => [encode({ alg: 'NONE', kid: 'rsa' }), payload, '']), /alg failed/],
  [
    'alg empty',
    changed(([, payload, signature]) => [encode({ alg: '', kid: 'rsa' }), payload, signature]),
    /alg failed/,
  ],
  ['no alg', changed(([, payload, signature]) => [encode({ kid: 'rsa' }), payload, signature]), /alg failed/],
  [
    'alg that is an array',
    changed(([, payload, signature]) => [encode({ alg: ['RS256'], kid: 'rsa' }), payload, signature]),
    /alg failed/,
  ],
  [
    'alg in lower case',
    changed(([, payload, signature]) => [encode({ alg: 'rs256', kid: 'rsa' }), payload, signature]),
    /alg failed/,
  ],
  [
    'alg that every object inherits',
    changed(([, payload, signature]) => [encode({ alg: 'constructor', kid: 'rsa' }), payload, signature]),
    /alg failed/,
  ],
  [
    'HS256 with the public key (PEM) as the secret',
    async (m) => {
      const secret = await exportSPKI(
        (await importJWK({ ...m.rsa.publicJwk, alg: 'RS256' }, 'RS256')) as never,
      )
      return hmac(secret, m)
    },
    /alg failed/,
  ],
  [
    'HS256 with the modulus as the secret',
    (m) => hmac(Buffer.from(m.rsa.publicJwk.n ?? '', 'base64url'), m),
    /alg failed/,
  ],
  [
    'HS256 with the public key (JWK) as the secret',
    (m) => hmac(JSON.stringify(m.rsa.publicJwk), m),
    /alg failed/,
  ],
  ['HS256 with an empty secret', (m) => hmac('', m), /alg failed/],
  [
    'RS384 where RS256 is chosen',
    (m) =>
      new SignJWT(usual(m.issuer))
        .setProtectedHeader({ alg: 'RS384', kid: 'rsa' })
        .sign(pemOf(m.rsa) as never),
    /alg failed/,
  ],
  ['ES256 that names the RSA key', (m) => m.issuer.token(RESOURCE, {}, { kid: 'rsa' }, m.es), /kid failed/],
  ['RS256 that names the EC key', (m) => m.issuer.token(RESOURCE, {}, { kid: 'es' }, m.rsa), /kid failed/],
  ['EdDSA that names the EC key', (m) => m.issuer.token(RESOURCE, {}, { kid: 'es' }, m.ed), /kid failed/],
  // Signatures
  ['another key under the same kid', (m) => m.issuer.token(RESOURCE, {}, {}, m.thief), /signature/],
  ['no signature', changed(([header, payload]) => [header, payload, '']), /signature/],
  [
    'a signature of another token',
    async (m) =>
      `${(await m.good()).split('.').slice(0, 2).join('.')}.${(await m.issuer.token(RESOURCE, { sub: 'bob' })).split('.')[2]}`,
    /signature/,
  ],
  [
    'a signature that is cut',
    changed(([header, payload, signature]) => [
      header,
      payload,
      Buffer.from(signature, 'base64url').subarray(1).toString('base64url'),
    ]),
    /signature/,
  ],
  [
    'a signature of zeros',
    changed(([header, payload, signature]) => [
      header,
      payload,
      Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url'),
    ]),
    /signature/,
  ],
  [
    'claims changed after signing',
    changed(([header, payload, signature]) => [
      header,
      encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' }),
      signature,
    ]),
    /signature/,
  ],
  [
    'header changed after signing',
    changed(([, payload, signature]) => [
      encode({ alg: 'RS256', kid: 'rsa', typ: 'JWT' }),
      payload,
      signature,
    ]),
    /signature/,
  ],
  ['ES256 in DER form', (m) => der(m), /signature/],
  ['ES256 with r and s zero', (m) => esWith(m, Buffer.alloc(64)), /signature/],
  [
    'ES256 with r and s of the order',
    (m) =>
      esWith(
        m,
        Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'.repeat(2), 'hex'),
      ),
    /signature/,
  ],
  ['ES256 that is too long', (m) => esWith(m, Buffer.alloc(65, 1)), /signature/],
  [
    'Ed25519 with a zero signature',
    (m) => changedOf(m.issuer.token(RESOURCE, {}, {}, m.ed), Buffer.alloc(64)),
    /signature/,
  ],
  [
    'Ed25519 that is too long',
    (m) => changedOf(m.issuer.token(RESOURCE, {}, {}, m.ed), Buffer.alloc(65)),
    /signature/,
  ],
  // Keys in the header
  ['an embedded jwk', (m) => m.issuer.token(RESOURCE, {}, { jwk: m.thief.publicJwk }, m.thief), /signature/],
  [
    'an embedded jwk without kid',
    (m) => m.issuer.token(RESOURCE, {}, { jwk: m.thief.publicJwk, kid: undefined }, m.thief),
    /kid failed: 2 keys/,
  ],
  ['a jku', (m) => m.issuer.token(RESOURCE, {}, { jku: 'https://evil.example/jwks' }, m.thief), /signature/],
  ['an x5u', (m) => m.issuer.token(RESOURCE, {}, { x5u: 'https://evil.example/cert' }, m.thief), /signature/],
  ['an x5c', (m) => m.issuer.token(RESOURCE, {}, { x5c: ['AAAA'] }, m.thief), /signature/],
  // kid
  ['an unknown kid', (m) => m.issuer.token(RESOURCE, {}, { kid: 'unknown' }), /kid failed/],
  ['a kid that is a path', (m) => m.issuer.token(RESOURCE, {}, { kid: '../../dev/null' }), /kid failed/],
  ['a kid that is SQL', (m) => m.issuer.token(RESOURCE, {}, { kid: "x' UNION SELECT 'key" }), /kid failed/],
  ['a kid that is a number', (m) => m.issuer.token(RESOURCE, {}, { kid: 1 }), /kid failed/],
  ['a kid that is null', (m) => m.issuer.token(RESOURCE, {}, { kid: null }), /kid failed/],
  [
    'no kid while several keys fit',
    (m) => m.issuer.token(RESOURCE, {}, { kid: undefined }, m.es),
    /kid failed: 3 keys/,
  ],
  ['a key that is for encryption', (m) => m.issuer.token(RESOURCE, {}, { kid: 'enc' }), /kid failed/],
  ['a key that is too short', (m) => shortKey(m), /too short/],
  [
    'a key that is not on its curve',
    (m) => m.issuer.token(RESOURCE, {}, { kid: 'off-curve' }, m.es),
    /cannot be used/,
  ],
  // Issuer and audience
  ['another issuer', withClaims({ iss: 'https://evil.example' }), /iss failed/],
  ['the issuer with a slash', (m) => m.issuer.token(RESOURCE, { iss: `${m.issuer.url}/` }), /iss failed/],
  [
    'the issuer in upper case',
    (m) => m.issuer.token(RESOURCE, { iss: m.issuer.url.toUpperCase() }),
    /iss failed/,
  ],
  ['no issuer', withClaims({ iss: undefined }), /iss failed/],
  ['issuers in an array', (m) => m.issuer.token(RESOURCE, { iss: [m.issuer.url] as never }), /iss failed/],
  [
    'another audience',
    withClaims({ aud: 'https://other.example.com/mcp' }),
    /aud failed: expected "https:\/\/mcp.example.com\/mcp", got "https:\/\/other/,
  ],
  ['other audiences', withClaims({ aud: ['https://a.example', 'https://b.example'] }), /aud failed/],
  ['no audience', withClaims({ aud: undefined }), /aud failed/],
  ['an empty audience', withClaims({ aud: '' }), /aud failed/],
  ['an empty list of audiences', withClaims({ aud: [] }), /aud failed/],
  ['an audience that is an object', withClaims({ aud: { [RESOURCE]: true } as never }), /aud failed/],
  ['an audience that begins with ours', withClaims({ aud: `${RESOURCE}/admin` }), /aud failed/],
  ['an audience that ours begins with', withClaims({ aud: 'https://mcp.example.com' }), /aud failed/],
  [
    'our audience in another case of the path',
    withClaims({ aud: 'https://mcp.example.com/MCP' }),
    /aud failed/,
  ],
  ['our audience with http', withClaims({ aud: 'http://mcp.example.com/mcp' }), /aud failed/],
  ['our audience in full-width letters', withClaims({ aud: 'https://ｍcp.example.com/mcp' }), /aud failed/],
  [
    'our audience with a Kelvin sign',
    withClaims({ aud: 'https://mcp.example.com/mcp'.replace('c', 'ᴄ') }),
    /aud failed/,
  ],
  ['our audience with a zero-width space', withClaims({ aud: `${RESOURCE}\u200b` }), /aud failed/],
  ['our audience with spaces', withClaims({ aud: ` ${RESOURCE} ` }), /aud failed/],
  ['two audiences in one text', withClaims({ aud: `${RESOURCE} https://other.example.com` }), /aud failed/],
  // Times
  ['expired', withClaims({ exp: now() - 60 }), /exp failed: expired 6\d s ago/],
  ['expired at the beginning of time', withClaims({ exp: 0 }), /exp failed/],
  ['no exp', withClaims({ exp: undefined }), /exp failed: it never expires/],
  ['exp that is text', withClaims({ exp: String(now() + 300) as never }), /exp failed: expected a number/],
  ['exp that is null', withClaims({ exp: null as never }), /exp failed: expected a number/],
  [
    'exp that is infinite',
    (m) => signRaw(m, head(), claims(m).replace(/"exp":\d+/, '"exp":1e999')),
    /exp failed: expected a number/,
  ],
  ['nbf in the future', withClaims({ nbf: now() + 60 }), /nbf failed: [56]\d s in the future/],
  ['nbf that is text', withClaims({ nbf: '0' as never }), /nbf failed/],
  ['iat in the future', withClaims({ iat: now() + 60 }), /iat failed/],
  ['iat that is true', withClaims({ iat: true as never }), /iat failed/],
  // Types
  ['typ of a proof', withClaims({}, { typ: 'dpop+jwt' }), /typ failed/],
  ['typ of a logout token', withClaims({}, { typ: 'logout+jwt' }), /typ failed/],
  ['typ that is a number', withClaims({}, { typ: 1 }), /typ failed/],
  ['typ with a Kelvin sign', withClaims({}, { typ: 'at+jwt'.replace('t', 'ｔ') }), /typ failed/],
  // Critical headers
  ['a critical header', (m) => signRaw(m, head({ crit: ['exp'], exp: 1 }), claims(m)), /"crit"/],
  ['an empty list of critical headers', (m) => signRaw(m, head({ crit: [] }), claims(m)), /"crit"/],
  ['critical b64', (m) => signRaw(m, head({ crit: ['b64'], b64: false }), claims(m)), /"crit" or "b64"/],
  ['b64 that is not critical', (m) => signRaw(m, head({ b64: false }), claims(m)), /"b64"/],
  // Subjects
  ['no sub and no client_id', withClaims({ sub: undefined, client_id: undefined }), /sub failed/],
  ['an empty sub', withClaims({ sub: '' }), /sub failed/],
  ['a sub that is a number', withClaims({ sub: 5 as never }), /sub failed/],
  ['a sub that is null', (m) => signRaw(m, head(), claims(m, { sub: null, client_id: 5 })), /sub failed/],
  ['a scope that is an object', withClaims({ scope: { all: true } }), /scope failed/],
  ['scp with other items', withClaims({ scp: [1] }), /scp failed/],
  // Bound to a key
  [
    'bound to a key, as a bearer token',
    withClaims({ cnf: { jkt: 'x'.repeat(43) } }),
    /cnf failed: the token is bound/,
  ],
  ['bound to a certificate', withClaims({ cnf: { 'x5t#S256': 'x' } }), /cnf failed/],
  ['bound to nothing', withClaims({ cnf: {} }), /cnf failed/],
  ['bound to null', withClaims({ cnf: null }), /cnf failed/],
  // Form
  ['one part', () => 'abc', /3 parts, this one 1/],
  ['two parts', changed(([header, payload]) => [header, payload]), /3 parts, this one 2/],
  [
    'four parts',
    changed(([header, payload, signature]) => [header, payload, signature, 'x']),
    /3 parts, this one 4/,
  ],
  ['an encrypted token', () => encrypted(), /it is encrypted/],
  ['padding', changed(([header, payload, signature]) => [header, payload, `${signature}==`]), /base64url/],
  [
    'base64 in the place of base64url',
    changed(([header, , signature]) => [
      header,
      Buffer.from('{"a":"???>>>"}').toString('base64').replace(/=+$/, ''),
      signature,
    ]),
    /base64url/,
  ],
  [
    'stray bits in the signature',
    changed(([header, payload, signature]) => [header, payload, lastBits(signature)]),
    /base64url/,
  ],
  [
    'a header that is no JSON',
    changed(([, payload, signature]) => [encode('{alg:RS256}'), payload, signature]),
    /header is not a JSON object/,
  ],
  [
    'a header that is an array',
    changed(([, payload, signature]) => [encode('["RS256"]'), payload, signature]),
    /header is not a JSON object/,
  ],
  [
    'an empty header',
    changed(([, payload, signature]) => ['', payload, signature]),
    /header is not a JSON object/,
  ],
  ['claims that are text', (m) => signRaw(m, head(), '"ada"'), /claims are not a JSON object/],
  ['claims that are null', (m) => signRaw(m, head(), 'null'), /claims are not a JSON object/],
  [
    'a header with alg twice',
    (m) => signRaw(m, '{"alg":"none","alg":"RS256","kid":"rsa"}', claims(m)),
    /members occur once/,
  ],
  [
    'claims with aud twice',
    (m) => signRaw(m, head(), claims(m).replace('"aud"', '"aud":"https://other.example","aud"')),
    /members occur once/,
  ],
  [
    'aud twice, once escaped',
    (m) => signRaw(m, head(), claims(m).replace('"aud"', '"\\u0061ud":"https://other.example","aud"')),
    /members occur once/,
  ],
  [
    'a member twice further inside',
    (m) => signRaw(m, head(), claims(m).replace('{', '{"act":{"sub":"a","sub" : "b"},')),
    /members occur once/,
  ],
  [
    'claims that are not UTF-8',
    (m) =>
      rawBytes(
        m,
        Buffer.concat([
          Buffer.from(claims(m).slice(0, -1)),
          Buffer.from(',"x":"'),
          Buffer.of(0xff),
          Buffer.from('"}'),
        ]),
      ),
    /claims are not a JSON object/,
  ],
  [
    'claims with a byte order mark',
    (m) => signRaw(m, head(), `\ufeff${claims(m)}`),
    /claims are not a JSON object/,
  ],
  [
    'a token inside a token',
    async (m) => signRaw(m, head({ cty: 'JWT' }), JSON.stringify(await m.good())),
    /claims are not a JSON object/,
  ],
  ['more than 16 KiB', withClaims({ filler: 'x'.repeat(20_000) }), /16384/],
]

test(`jwt refuses ${rows.length} bad tokens with 401, and says why to the owner alone`, async (t) => {
  assert.ok(rows.length >= 60)
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const rsa = keyOf('RS256', 'rsa', pair)
  pems.set(rsa, pair.privateKey)
  const [es, es2, ed, thief] = await Promise.all([
    makeKey('ES256', 'es'),
    makeKey('ES256', 'es-2'),
    makeKey('EdDSA', 'ed'),
    makeKey('RS256', 'rsa'),
  ])
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const shortRsa = keyOf('RS256', 'short', short)
  pems.set(shortRsa, short.privateKey)
  const issuer = await startIssuer(t, [rsa, es, es2, ed])
  const { kid: _, ...esPublic } = es.publicJwk
  issuer.keys.push(
    shortRsa,
    ...[
      { ...rsa, publicJwk: { ...rsa.publicJwk, kid: 'enc', use: 'enc' } },
      { ...es, publicJwk: { ...esPublic, y: esPublic.x as string, kid: 'off-curve' } },
    ],
  )
  const auth = protectedResource({
    resource: RESOURCE,
    authorizationServers: [issuer.url],
    token: jwt({ issuer: issuer.url, algorithms: ['RS256', 'ES256', 'EdDSA'] }),
  })
  const { whoami, ran, refusals, errors, serving } = await guarded(t, auth)
  serving.server.maxHeadersCount = 100
  const maker: Maker = { issuer, rsa, es, ed, thief, good: () => issuer.token(RESOURCE) }
  shorts.set(maker, shortRsa)
  assert.equal((await whoami(bearer(await maker.good()))).status, 200)
  assert.equal(
    (await whoami(bearer(signRaw(maker, head(), claims(maker))))).status,
    200,
    'what signRaw makes is good',
  )
  assert.equal(
    (await whoami(bearer(await esWith(maker, undefined)))).status,
    200,
    'what esWith makes is good',
  )
  ran.length = 0
  for (const [name, make, reason] of rows) {
    await t.test(name, async () => {
      const token = await make(maker)
      refusals.length = 0
      if (token.length > 16_000) {
        // More than node:http takes: the verifier is asked itself.
        const result = await auth.authenticate(`Bearer ${token}`, { headers: {} } as never)
        assert.match(result.rejection?.reason ?? '', reason)
        assert.equal(result.rejection?.status, 401)
        return
      }
      const reply = await whoami(bearer(token))
      assert.equal(reply.status, /[^\w.~+/=-]/.test(token) ? 400 : 401, reply.text)
      assert.equal(challengeOf(reply)['error'], 'invalid_token')
      assert.match(refusals[0]?.reason ?? 'none', reason)
      const told = JSON.stringify([reply.text, reply.headers, refusals[0]?.reason, refusals[0]?.error])
      for (const part of token.split('.'))
        assert.ok(part.length < 12 || !told.includes(part), 'nothing of it is repeated')
      assert.ok(!told.includes('"ada"'))
    })
  }
  assert.deepEqual(ran, [])
  assert.deepEqual(errors, [])
})
