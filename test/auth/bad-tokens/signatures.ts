/** Tokens with the wrong algorithm, signature or key. */

import { exportSPKI, importJWK, SignJWT } from 'jose'
import { RESOURCE } from '../serving.ts'
import {
  type BadToken,
  changed,
  changedOf,
  claims,
  der,
  encode,
  esWith,
  hmac,
  pemOf,
  shortKey,
  usual,
} from '../token-maker.ts'

export const badSignatures: readonly BadToken[] = [
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
]
