/**
 * Tokens that must not be accepted, each with the reason that the owner of the server is told. All of them are one step
 * away from a good one, which is tried first. The tokens are in bad-tokens/.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { jwt, protectedResource } from '../../src/auth/index.ts'
import { badClaims } from './bad-tokens/claims.ts'
import { badForms } from './bad-tokens/forms.ts'
import { badSignatures } from './bad-tokens/signatures.ts'
import { makeKey, startIssuer } from './issuer.ts'
import { bearer, challengeOf, guarded, RESOURCE } from './serving.ts'
import { claims, esWith, head, keyOf, type Maker, pems, shorts, signRaw } from './token-maker.ts'

const rows = [...badSignatures, ...badClaims, ...badForms]

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
