/** Texts that are no JWT, or not one to be read in one way only. */

import {
  type BadToken,
  changed,
  claims,
  encode,
  encrypted,
  head,
  lastBits,
  rawBytes,
  signRaw,
  withClaims,
} from '../token-maker.ts'

export const badForms: readonly BadToken[] = [
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
