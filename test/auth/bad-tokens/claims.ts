/** Tokens that are signed well and say the wrong thing. */

import { now } from '../issuer.ts'
import { RESOURCE } from '../serving.ts'
import { type BadToken, claims, head, signRaw, withClaims } from '../token-maker.ts'

export const badClaims: readonly BadToken[] = [
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
  ['expired', withClaims({ exp: now() - 60 }), /exp failed: expired \d+ s ago/],
  ['expired at the beginning of time', withClaims({ exp: 0 }), /exp failed/],
  ['no exp', withClaims({ exp: undefined }), /exp failed: it never expires/],
  ['exp that is text', withClaims({ exp: String(now() + 300) as never }), /exp failed: expected a number/],
  ['exp that is null', withClaims({ exp: null as never }), /exp failed: expected a number/],
  [
    'exp that is infinite',
    (m) => signRaw(m, head(), claims(m).replace(/"exp":\d+/, '"exp":1e999')),
    /exp failed: expected a number/,
  ],
  ['nbf in the future', withClaims({ nbf: now() + 60 }), /nbf failed: \d+ s in the future/],
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
]
