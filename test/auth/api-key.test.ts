/** API keys: where they are, what a wrong one is told, and that sessions belong to who they stand for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiKey } from '../../src/auth/index.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { challengeOf, guarded, mirrored, statelessRequest } from './serving.ts'

const users = new Map([
  ['key of ada', { id: 'ada', scopes: ['read'] }],
  ['other key of ada', { id: 'ada', scopes: ['write'] }],
  ['key of bob', { id: 'bob' }],
])
const verify = (key: string) => users.get(key)

test('apiKey reads the header, shows the principal, and challenges with its name', async (t) => {
  const { whoami, ran, refusals } = await guarded(t, apiKey({ header: 'X-API-Key', verify }))
  assert.equal((await whoami({ 'x-api-key': 'key of ada' })).status, 200)
  assert.deepEqual(ran, ['whoami ada'])
  for (const headers of [{}, { 'x-api-key': '' }, { authorization: 'Bearer key' }]) {
    const reply = await whoami(headers)
    assert.equal(reply.status, 401)
    assert.deepEqual(challengeOf(reply, 'ApiKey'), {
      header: 'X-API-Key',
      error_description: 'An API key is required, in the header X-API-Key',
    })
  }
  const wrong = await whoami({ 'x-api-key': 'key of eve' })
  assert.equal(wrong.status, 401)
  assert.equal(challengeOf(wrong, 'ApiKey')['error'], 'invalid_token')
  assert.ok(!JSON.stringify([wrong.text, wrong.headers, refusals.at(-1)?.reason]).includes('eve'))
})

test('apiKey reads the query, refuses two keys, and no reply repeats one', async (t) => {
  const { url, refusals } = await guarded(t, apiKey({ query: 'key', verify }))
  const ask = (target: string) =>
    post(target, statelessRequest('tools/call', { name: 'whoami' }), mirrored('tools/call', 'whoami'))
  assert.equal((await ask(`${url}?a=1&key=key%20of+ada`)).status, 200)
  const missing = await ask(url)
  assert.equal(missing.status, 401)
  assert.equal(challengeOf(missing, 'ApiKey')['query'], 'key')
  assert.equal((await ask(`${url}?key=key+of+ada&key=key+of+bob`)).status, 400)
  const elsewhere = await ask(`${url}/other?key=secret`)
  assert.equal(elsewhere.status, 404)
  assert.ok(!elsewhere.text.includes('secret'))
  assert.ok(!refusals.some(({ error }) => error.message.includes('secret')))
})

test('a session belongs to the principal of its key: other keys of the same one go on, others see 404', async (t) => {
  const { url } = await guarded(t, apiKey({ header: 'x-api-key', verify }))
  const session = await TestSession.open(url, { headers: { 'x-api-key': 'key of ada' } })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const as = (key: string) => post(url, ping, { ...session.headers, 'x-api-key': key })
  assert.equal((await as('key of ada')).status, 200)
  assert.equal((await as('other key of ada')).status, 200)
  assert.equal((await as('key of bob')).status, 404)
  assert.equal((await as('key of eve')).status, 401)
})

test('scopes of the endpoint hold for API keys', async (t) => {
  const scopes = { read: 'Read', write: { implies: ['read'] } }
  const auth = apiKey({ header: 'x-api-key', verify, scopes, requiredScopes: ['read'] })
  const { whoami } = await guarded(t, auth)
  assert.equal((await whoami({ 'x-api-key': 'key of ada' })).status, 200)
  assert.equal((await whoami({ 'x-api-key': 'other key of ada' })).status, 200, 'write implies read')
  const reply = await whoami({ 'x-api-key': 'key of bob' })
  assert.equal(reply.status, 403)
  const challenge = challengeOf(reply, 'ApiKey')
  assert.deepEqual([challenge['error'], challenge['scope']], ['insufficient_scope', 'read'])
})

test('a verify that fails, or takes too long, is 503; one that gives no principal is 500', async (t) => {
  const failing = [
    [() => Promise.reject(new Error('database')), 503, /database/],
    [
      () => {
        throw new Error('database')
      },
      503,
      /database/,
    ],
    [() => new Promise(() => {}), 503, /took more than 20 ms/],
    [() => 'ada', 500, /must give \{ id \}/],
    [async () => ({ id: 5 }), 500, /must give \{ id \}/],
    [() => ({ id: 'ada', scopes: 'read' }), 500, /array of strings/],
  ] as const
  for (const [broken, status, cause] of failing) {
    const { whoami, errors } = await guarded(
      t,
      apiKey({ header: 'x-api-key', verify: broken as never, timeoutMs: 20 }),
    )
    assert.equal((await whoami({ 'x-api-key': 'key of ada' })).status, status)
    assert.match(String(errors[0]?.error), cause)
  }
})

test('a page may send the header of the key', async (t) => {
  const { url } = await guarded(t, apiKey({ header: 'X-API-Key', verify }))
  const reply = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:5173',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    },
  })
  assert.match(reply.headers.get('access-control-allow-headers') ?? '', /x-api-key/i)
})

const wrong: readonly (readonly [object, RegExp])[] = [
  [{ verify }, /give one of header and query/],
  [{ verify, header: 'a', query: 'b' }, /give one of header and query/],
  [{ verify, header: 'a b' }, /apiKey\.header must be the name of a header/],
  [{ header: 'a' }, /apiKey\.verify must be of type function/],
  [{ verify, header: 'a', requiredScopes: ['offline_access'] }, /refresh tokens/],
  [
    { verify, header: 'a', scopes: { read: '' }, requiredScopes: ['raed'] },
    /apiKey\.requiredScopes has "raed".*did you mean "read"\?/,
  ],
]
for (const [options, message] of wrong) {
  test(`apiKey refuses ${JSON.stringify(options)} when it is made`, () => {
    assert.throws(() => apiKey(options as never), { name: 'TypeError', message })
  })
}
