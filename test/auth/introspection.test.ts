/** Tokens that the authorization server is asked about: what is sent, what its answers mean, and what is remembered. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type IntrospectionOptions, introspection, protectedResource } from '../../src/auth/index.ts'
import { now } from './issuer.ts'
import { bearer, challengeOf, type Guarded, guarded, RESOURCE } from './serving.ts'

interface Asked {
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly body: string
}

interface Endpoint {
  readonly url: string
  readonly asked: Asked[]
  answer: object | string | undefined
  status: number
}

async function endpoint(t: TestContext): Promise<Endpoint> {
  const state: { asked: Asked[]; answer: Endpoint['answer']; status: number } = {
    asked: [],
    answer: good(),
    status: 200,
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    state.asked.push({
      authorization: request.headers.authorization,
      type: request.headers['content-type'],
      body,
    })
    if (state.answer === undefined) response.destroy()
    else
      response
        .writeHead(state.status)
        .end(typeof state.answer === 'string' ? state.answer : JSON.stringify(state.answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`,
  })
}

const good = (more: object = {}) => ({
  active: true,
  sub: 'ada',
  client_id: 'app',
  aud: RESOURCE,
  scope: 'a b',
  exp: now() + 300,
  ...more,
})

function serveFor(
  t: TestContext,
  { url }: Endpoint,
  more: Partial<IntrospectionOptions> = {},
): Promise<Guarded> {
  const token = introspection({ endpoint: url, clientId: 'mcp:server', clientSecret: 'pass word%', ...more })
  return guarded(
    t,
    protectedResource({ resource: RESOURCE, authorizationServers: ['https://auth.example.com'], token }),
  )
}

test('introspection sends the token in a form, with the id and the secret encoded as RFC 6749 wants it', async (t) => {
  const server = await endpoint(t)
  const { whoami } = await serveFor(t, server)
  const reply = await whoami(bearer('opaque+/~token='))
  assert.deepEqual(JSON.parse(reply.json.result.content[0].text).scopes, ['a', 'b'])
  const [asked] = server.asked
  assert.equal(asked?.body, 'token=opaque%2B%2F%7Etoken%3D&token_type_hint=access_token')
  assert.match(asked?.type ?? '', /^application\/x-www-form-urlencoded/)
  const credentials = Buffer.from((asked?.authorization ?? '').replace('Basic ', ''), 'base64').toString()
  assert.equal(credentials, 'mcp%3Aserver:pass+word%25')
})

const answers: readonly (readonly [string, object | string, number, RegExp | undefined])[] = [
  ['a good one', good(), 200, undefined],
  ['one without exp', good({ exp: undefined }), 200, undefined],
  ['one of client credentials', good({ sub: undefined }), 200, undefined],
  ['inactive', { active: false }, 401, /active failed: expected true, got false/],
  ['active that is text', good({ active: 'true' }), 401, /active failed/],
  ['no active', good({ active: undefined }), 401, /active failed/],
  ['another audience', good({ aud: 'https://other.example' }), 401, /aud failed/],
  ['no audience', good({ aud: undefined }), 401, /aud failed/],
  ['expired', good({ exp: now() - 60 }), 401, /exp failed/],
  ['not valid yet', good({ nbf: now() + 60 }), 401, /nbf failed/],
  ['nobody', good({ sub: undefined, client_id: undefined }), 401, /sub failed/],
  ['bound to a key', good({ cnf: { jkt: 'x'.repeat(43) } }), 401, /cnf failed/],
  ['active twice', '{"active":false,"active":true,"sub":"ada"}', 503, /members occur once/],
  ['no JSON', 'yes', 503, /JSON object/],
]

for (const [name, answer, status, reason] of answers) {
  test(`an introspection answer that is ${name} is ${status}`, async (t) => {
    const server = await endpoint(t)
    server.answer = answer
    const { whoami, refusals } = await serveFor(t, server)
    const reply = await whoami(bearer('opaque'))
    assert.equal(reply.status, status)
    if (status === 401) assert.equal(challengeOf(reply)['error'], 'invalid_token')
    if (reason !== undefined) assert.match(refusals[0]?.reason ?? '', reason)
  })
}

test('with audience: false an answer needs no aud', async (t) => {
  const server = await endpoint(t)
  server.answer = good({ aud: undefined })
  const { whoami } = await serveFor(t, server, { audience: false })
  assert.equal((await whoami(bearer('opaque'))).status, 200)
})

test('an endpoint that is away, or does not know this server, is 503 with the cause in onError', async (t) => {
  const server = await endpoint(t)
  const { whoami, errors } = await serveFor(t, server)
  server.answer = undefined
  assert.equal((await whoami(bearer('opaque'))).status, 503)
  server.answer = { error: 'invalid_client' }
  server.status = 401
  assert.equal((await whoami(bearer('opaque'))).status, 503)
  assert.match(String(errors[1]?.error), /answered 401/)
  assert.ok(!JSON.stringify(errors.map(({ error }) => String(error))).includes('opaque'))
})

test('an answer is remembered for cacheMs, never beyond exp; inactive ones are not', async (t) => {
  const server = await endpoint(t)
  const { whoami } = await serveFor(t, server, { cacheMs: 60_000, clockToleranceMs: 0 })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  server.answer = good({ exp: Math.floor(Date.now() / 1000) + 3600 })
  for (let i = 0; i < 3; i++) await whoami(bearer('long'))
  assert.equal(server.asked.length, 1)
  t.mock.timers.tick(60_001)
  await whoami(bearer('long'))
  assert.equal(server.asked.length, 2)
  server.answer = good({ exp: Math.floor(Date.now() / 1000) + 10 })
  await whoami(bearer('short'))
  t.mock.timers.tick(11_000)
  assert.equal((await whoami(bearer('short'))).status, 401)
  assert.equal(server.asked.length, 4)
  server.answer = { active: false }
  await whoami(bearer('bad'))
  await whoami(bearer('bad'))
  assert.equal(server.asked.length, 6)
})

test('the same token in several requests at once is asked for once', async (t) => {
  const server = await endpoint(t)
  const { whoami } = await serveFor(t, server)
  const replies = await Promise.all([1, 2, 3, 4].map(() => whoami(bearer('opaque'))))
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.equal(server.asked.length, 1)
})

const wrong: readonly (readonly [string, object, RegExp])[] = [
  [
    'an endpoint with http',
    { endpoint: 'http://auth.example.com/introspect' },
    /introspection\.endpoint must be an https URL/,
  ],
  ['no secret', { clientSecret: undefined }, /introspection\.clientSecret must be a string/],
  ['an audience that is true', { audience: true }, /introspection\.audience must be/],
  ['another name', { url: 'https://a.example' }, /no option "introspection\.url"/],
]
for (const [name, more, message] of wrong) {
  test(`introspection refuses ${name} when it is made`, () => {
    const options = {
      endpoint: 'https://auth.example.com/introspect',
      clientId: 'a',
      clientSecret: 'b',
      ...more,
    }
    assert.throws(() => introspection(options as never), { name: 'TypeError', message })
  })
}
