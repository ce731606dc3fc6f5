import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challenge, parseBearer } from '../../src/http/bearer.ts'

test('parseBearer reads the token, with the scheme in any case', () => {
  for (const value of ['Bearer abc.DEF-1_~+/==', 'bearer abc.DEF-1_~+/==', 'BEARER   abc.DEF-1_~+/==']) {
    assert.deepEqual(parseBearer(value), { kind: 'token', token: 'abc.DEF-1_~+/==' }, value)
  }
})

test('parseBearer gives none for an absent header and for other schemes', () => {
  for (const value of [undefined, '', 'Basic abc', 'Bearerabc', 'DPoP abc', 'Bearer-x abc']) {
    assert.deepEqual(parseBearer(value), { kind: 'none' }, String(value))
  }
})

test('parseBearer gives malformed for a Bearer without exactly one token', () => {
  for (const value of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer =',
    'Bearer a=b',
    'Bearer é',
    'Bearer a ',
  ]) {
    assert.deepEqual(parseBearer(value), { kind: 'malformed' }, value)
  }
})

test('challenge writes the parameters it is given', () => {
  assert.equal(challenge({}), 'Bearer')
  assert.equal(
    challenge({
      realm: 'mcp',
      error: 'invalid_token',
      errorDescription: 'The token expired',
      scope: 'a b:c',
      resourceMetadata: 'https://example.com/.well-known/oauth-protected-resource/mcp',
    }),
    'Bearer realm="mcp", error="invalid_token", error_description="The token expired", scope="a b:c", ' +
      'resource_metadata="https://example.com/.well-known/oauth-protected-resource/mcp"',
  )
})

test('challenge cannot be broken out of', () => {
  assert.equal(challenge({ realm: 'a"b\\c' }), 'Bearer realm="a\\"b\\\\c"')
  const text = challenge({ errorDescription: 'say "hi"\\\r\nSet-Cookie: x=é' })
  assert.equal(text, `Bearer error_description="say 'hi'???Set-Cookie: x=?"`)
})

test('challenge throws a TypeError that names a parameter with a character that no header can hold', () => {
  assert.throws(() => challenge({ scope: 'a\r\nb' }), { name: 'TypeError', message: /scope/ })
  assert.throws(() => challenge({ resourceMetadata: 'https://exämple.com' }), {
    name: 'TypeError',
    message: /resource_metadata/,
  })
})
