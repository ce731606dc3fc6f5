/**
 * Scopes of operations, in both eras: what a call without them is told, that nothing of it is run, and what lists show.
 * What holds for later requests of a call or a session is in scopes-later.test.ts.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer, serve } from '../../src/index.ts'
import { post } from '../helpers/wire.ts'
import { as, complete, define, inSession, inStateless, resourceOf, start } from './scoped-serving.ts'
import { challengeOf, mirrored, statelessRequest } from './serving.ts'

/** [name, method, params, what it needs, what runs] */
const operations: readonly (readonly [
  string,
  string,
  object,
  string,
  string,
  ('session' | 'stateless')[],
])[] = [
  ['a tool', 'tools/call', { name: 'read' }, 'notes:read', 'read', ['session', 'stateless']],
  [
    'a tool by its arguments',
    'tools/call',
    { name: 'by_path', arguments: { path: '/home' } },
    'notes:read',
    'by_path',
    ['session', 'stateless'],
  ],
  [
    'a resource',
    'resources/read',
    { uri: 'note://secret' },
    'notes:read',
    'secret',
    ['session', 'stateless'],
  ],
  [
    'a template by its variables',
    'resources/read',
    { uri: 'note://all/ada' },
    'notes:read',
    'note',
    ['session', 'stateless'],
  ],
  [
    'a prompt',
    'prompts/get',
    { name: 'summary', arguments: { path: 'x' } },
    'notes:read',
    'summary',
    ['session', 'stateless'],
  ],
  [
    'a prompt by its arguments',
    'prompts/get',
    { name: 'count', arguments: { n: '5' } },
    'notes:read',
    'count',
    ['session', 'stateless'],
  ],
  [
    'completion of a prompt',
    'completion/complete',
    complete({ type: 'ref/prompt', name: 'summary' }, 'path'),
    'notes:read',
    'completed path',
    ['session', 'stateless'],
  ],
  [
    'completion of a template',
    'completion/complete',
    complete({ type: 'ref/resource', uri: 'note://all/{owner}' }, 'owner'),
    'notes:read',
    'completed owner',
    ['session', 'stateless'],
  ],
  ['a subscription', 'resources/subscribe', { uri: 'note://secret' }, 'notes:read', '', ['session']],
]

for (const [name, method, params, needed, runs, eras] of operations) {
  for (const era of eras) {
    const ask = era === 'session' ? inSession : inStateless
    test(`${name} without its scope is 403 with all that is needed and there, and nothing runs (${era} era) [authorization.insufficient-scope] [authorization.scope-parameter]`, async (t) => {
      const { url, ran, passed, refusals } = await start(t)
      const reply = await ask(url, as('ada', 'admin:all', 'offline_access'), method, params)
      assert.equal(reply.status, 403, reply.text)
      const challenge = challengeOf(reply)
      assert.deepEqual(
        [challenge['error'], challenge['scope'], challenge['resource_metadata']],
        [
          'insufficient_scope',
          `${needed} admin:all`,
          'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
        ],
      )
      assert.match(challenge['error_description'] ?? '', /lacks the scope notes:read/)
      assert.equal(reply.json.id, 1)
      assert.equal(reply.json.error.code, -32_000)
      assert.match(
        refusals.at(-1)?.reason ?? '',
        /scope failed: expected notes:read, got admin:all offline_access/,
      )
      assert.deepEqual([ran, passed], [[], []])
      for (const scope of ['notes:read', 'notes:write', 'notes:all']) {
        ran.length = 0
        const allowed = await ask(url, as('ada', scope), method, params)
        assert.equal(allowed.status, 200, `${scope} is enough: ${allowed.text}`)
        assert.deepEqual(ran, runs === '' ? [] : [runs])
      }
    })
  }
}

for (const [era, ask] of [
  ['session', inSession],
  ['stateless', inStateless],
] as const) {
  test(`an operation that needs several scopes names them all at once (${era} era) [authorization.single-challenge]`, async (t) => {
    const { url, ran } = await start(t)
    const lacking = await ask(url, as('ada'), 'tools/call', { name: 'write' })
    assert.equal(lacking.status, 403)
    assert.equal(challengeOf(lacking)['scope'], 'notes:write admin:all')
    const half = await ask(url, as('ada', 'notes:all'), 'tools/call', { name: 'write' })
    assert.equal(challengeOf(half)['scope'], 'notes:write admin:all notes:all')
    assert.equal(
      (await ask(url, as('ada', 'notes:all', 'admin:all'), 'tools/call', { name: 'write' })).status,
      200,
    )
    assert.deepEqual(ran, ['write'])
  })

  test(`a function of the arguments is asked after they were checked, and decides (${era} era)`, async (t) => {
    const { url, ran } = await start(t)
    const call = (args: object) =>
      ask(url, as('ada', 'notes:read'), 'tools/call', { name: 'by_path', arguments: args } as never)
    const lacking = await call({ path: '/etc/passwd' })
    assert.equal(lacking.status, 403)
    assert.equal(challengeOf(lacking)['scope'], 'admin:all notes:read')
    const wrong = await call({ path: 5 })
    assert.equal(wrong.json.result.isError, true)
    assert.match(wrong.text, /Invalid arguments/)
    const prompt = await ask(url, as('ada', 'notes:read'), 'prompts/get', {
      name: 'count',
      arguments: { n: '10' },
    } as never)
    assert.equal(prompt.status, 403)
    const template = await ask(url, as('ada', 'notes:read'), 'resources/read', { uri: 'note://all/root' })
    assert.equal(template.status, 403)
    assert.deepEqual(ran, [])
  })

  test(`a function that gives an undeclared scope, or fails, is an error of the handler (${era} era)`, async (t) => {
    const { url, ran, errors } = await start(t)
    for (const [name, cause] of [
      [
        'by_undeclared',
        /"notes:raed", which auth does not declare: did you mean "notes:read"\? Otherwise declare it in the scopes of protectedResource or apiKey, where all that a function of scopes may give must be$/,
      ],
      ['by_failure', /secret cause/],
      ['by_nothing', /must give an array of scopes; got a string/],
    ] as const) {
      errors.length = 0
      const reply = await ask(url, as('ada', 'notes:all'), 'tools/call', { name })
      assert.equal(reply.status, 200)
      assert.equal(reply.json.result.isError, true)
      assert.doesNotMatch(reply.text, /secret|raed/)
      assert.equal(errors[0]?.phase, 'handler')
      assert.match(String(errors[0]?.error), cause)
    }
    assert.deepEqual(ran, [])
  })

  test(`lists show what the caller lacks scopes for, or hide it, and are private then (${era} era)`, async (t) => {
    for (const lists of ['show', 'hide'] as const) {
      const { url } = await start(t, { lists })
      const names = async (headers: object, method: string, member: string) => {
        const reply = await ask(url, headers, method, {})
        return (reply.json.result[member] as { name: string }[]).map(({ name }) => name)
      }
      const all = await names(as('ada', 'notes:all', 'admin:all'), 'tools/list', 'tools')
      const few = await names(as('ada', 'notes:read'), 'tools/list', 'tools')
      assert.ok(all.includes('write') && all.includes('read'))
      assert.equal(few.includes('write'), lists === 'show')
      assert.ok(
        few.includes('read') && few.includes('by_path') && few.includes('whoami'),
        'what is computed is shown',
      )
      assert.deepEqual(await names(as('ada', 'notes:all', 'admin:all'), 'tools/list', 'tools'), all)
      assert.equal(
        (await names(as('ada'), 'resources/list', 'resources')).includes('secret'),
        lists === 'show',
      )
      assert.equal((await names(as('ada'), 'prompts/list', 'prompts')).includes('summary'), lists === 'show')
      const hidden = await ask(url, as('ada'), 'tools/call', { name: 'read' })
      assert.equal(hidden.status, 403, 'to hide it is not to forbid it otherwise')
    }
  })
}

test('lists that hide entries, and resources that need scopes, are never shared between callers', async (t) => {
  const ran: string[] = []
  const server = new McpServer(
    { name: 'a', version: '1' },
    { cache: { tools: { ttlMs: 1000, scope: 'public' }, read: { ttlMs: 1000, scope: 'public' } } },
  )
  define(server, ran)
  for (const lists of ['show', 'hide'] as const) {
    const { url, close } = await serve(server, { port: 0, auth: resourceOf({ lists }) })
    t.after(() => close({ drainMs: 0 }))
    const tools = await inStateless(url, as('ada', 'notes:all'), 'tools/list', {})
    assert.equal(tools.json.result.cacheScope, lists === 'show' ? 'public' : 'private')
    const read = await inStateless(url, as('ada', 'notes:all'), 'resources/read', { uri: 'note://secret' })
    assert.equal(read.json.result.cacheScope, 'private')
  }
})

test('scopes of the endpoint are asked of everybody, with what the token has', async (t) => {
  const { url, whoami } = await start(t, { requiredScopes: ['notes:read'] })
  const missing = await post(url, statelessRequest('tools/list'), mirrored('tools/list'))
  assert.equal(missing.status, 401)
  assert.equal(challengeOf(missing)['scope'], 'notes:read')
  assert.equal(challengeOf(missing)['error'], undefined)
  const lacking = await whoami(as('ada', 'admin:all'))
  assert.equal(lacking.status, 403)
  assert.equal(challengeOf(lacking)['scope'], 'notes:read admin:all')
  assert.equal((await whoami(as('ada', 'notes:all'))).status, 200)
})

test('scopes of a token that cannot stand in a header are left out of the challenge', async (t) => {
  const odd = {
    id: 'ada',
    scopes: ['a"b', 'a\\b', 'a b', 'é', '', 'x\r\ny', 'offline_access', 'fine', 'z'.repeat(5000)],
  }
  const { url } = await start(t, { token: () => odd })
  const reply = await inStateless(url, as('ada'), 'tools/call', { name: 'read' })
  assert.equal(reply.status, 403)
  assert.equal(challengeOf(reply)['scope'], 'notes:read fine')
})
test('an undeclared scope throws at registerTool when serve came first, otherwise at serve, and at update()', async (t) => {
  const server = new McpServer({ name: 'a', version: '1' })
  const handle = server.registerTool('t', { scopes: ['notes:raed'] }, () => '')
  const message =
    /tool "t" asks for the scope "notes:raed", which auth does not declare: did you mean "notes:read"\?/
  await assert.rejects(serve(server, { port: 0, auth: resourceOf() }), { name: 'TypeError', message })
  handle.update({ scopes: ['notes:read'] })
  const { close } = await serve(server, { port: 0, auth: resourceOf() })
  t.after(() => close({ drainMs: 0 }))
  assert.throws(() => handle.update({ scopes: ['notes:raed'] }), { name: 'TypeError', message })
  assert.throws(
    () => server.registerTool('u', { scopes: ['x'] }, () => ''),
    /asks for the scope "x", which auth does not declare: declare it in the scopes of protectedResource or apiKey$/,
  )
  assert.throws(
    () => server.registerPrompt('p', { scopes: ['x'] }, () => ''),
    /prompt "p" asks for the scope "x"/,
  )
  assert.throws(() => server.registerResource('r', 'a://b', { scopes: ['x'] }, () => ''), /Resource "r" asks/)
  assert.throws(
    () => server.registerResourceTemplate('r', 'a://{b}', { scopes: ['x'] }, () => ''),
    /Resource template "r" asks/,
  )
  await close()
  server.registerTool('later', { scopes: ['x'] }, () => '')
})

test('a scope without anybody who declares scopes throws, and so does one that is no list', async (t) => {
  const server = new McpServer({ name: 'a', version: '1' })
  assert.throws(
    () => server.registerTool('t', { scopes: 'notes:read' as never }, () => ''),
    /tool "t" scopes must be an array of scopes or a function; got "notes:read"/,
  )
  assert.throws(() => server.registerTool('t', { scopes: [5] as never }, () => ''), /scopes must be an array/)
  const { close } = await serve(server, { port: 0 })
  t.after(() => close({ drainMs: 0 }))
  assert.throws(
    () => server.registerTool('t', { scopes: ['a'] }, () => ''),
    /asks for the scope "a", and no scopes are declared: give auth a protectedResource/,
  )
  const other = new McpServer({ name: 'a', version: '1' })
  other.registerTool('t', { scopes: () => ['a'] }, () => '')
  await assert.rejects(
    serve(other, { port: 0, auth: { verify: () => ({ id: 'a' }) } }),
    /asks for scopes, and no scopes are declared/,
  )
})
