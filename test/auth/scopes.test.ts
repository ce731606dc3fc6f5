/**
 * Scopes of operations, in both eras: what a call without them is told, that nothing of it is run, and that the same holds
 * in batches, tasks, subscriptions, on resumed streams and in the rounds of a question.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ProtectedResourceOptions, protectedResource } from '../../src/auth/index.ts'
import { McpServer, type ServeOptions, serve } from '../../src/index.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { type HttpReply, openSse, post, TestSession } from '../helpers/wire.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { challengeOf, type Guarded, guarded, mirrored, RESOURCE, statelessRequest } from './serving.ts'

/** `Bearer ada~notes-read~admin`: who it is, and the scopes. */
const as = (...parts: string[]) => ({ authorization: `Bearer ${parts.join('~').replaceAll(':', '-')}` })

const resourceOf = (more: Partial<ProtectedResourceOptions> = {}) =>
  protectedResource({
    resource: RESOURCE,
    authorizationServers: ['https://auth.example.com'],
    scopes: {
      'notes:read': 'Read notes',
      'notes:write': { description: 'Write notes', implies: ['notes:read'] },
      'notes:all': { implies: ['notes:write'] },
      'admin:all': {},
    },
    token: (token) => {
      const [id = '', ...scopes] = token.split('~')
      return id === 'bad'
        ? undefined
        : {
            id,
            scopes: scopes.map((scope) =>
              scope.replace(/^(notes|admin|offline)-/, '$1:').replace('offline:', 'offline_'),
            ),
          }
    },
    ...more,
  })

const path = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } as const

function define(server: McpServer, ran: string[]): void {
  const note = (what: string) => {
    ran.push(what)
    return what
  }
  server.registerTool('read', { scopes: ['notes:read'] }, () => note('read'))
  server.registerTool('write', { scopes: ['notes:write', 'admin:all'] }, () => note('write'))
  server.registerTool(
    'by_path',
    { inputSchema: path, scopes: (args) => (args.path.startsWith('/etc') ? ['admin:all'] : ['notes:read']) },
    () => note('by_path'),
  )
  server.registerTool('by_undeclared', { scopes: () => ['notes:raed'] }, () => note('by_undeclared'))
  server.registerTool('by_failure', { scopes: async () => Promise.reject(new Error('secret cause')) }, () =>
    note('by_failure'),
  )
  server.registerTool('by_nothing', { scopes: (() => 'notes:read') as never }, () => note('by_nothing'))
  server.registerTool('talk', { scopes: ['notes:read'] }, async (_args, ctx) => {
    await ctx.log.info('one')
    return note('talk')
  })
  server.registerResource('secret', 'note://secret', { subscribe: true, scopes: ['notes:read'] }, () =>
    note('secret'),
  )
  server.registerResourceTemplate(
    'note',
    'note://all/{owner}',
    {
      subscribe: true,
      scopes: ({ owner }) => (owner === 'root' ? ['admin:all'] : ['notes:read']),
      complete: { owner: () => [note('completed owner')] },
      list: () => [{ uri: 'note://all/ada', name: 'ada' }],
    },
    () => note('note'),
  )
  server.registerPrompt(
    'summary',
    { argsSchema: path, scopes: ['notes:read'], complete: { path: () => [note('completed path')] } },
    () => note('summary'),
  )
  server.registerPrompt(
    'count',
    {
      argsSchema: { type: 'object', properties: { n: { type: 'integer' } } },
      scopes: ({ n = 0 }) => (n > 9 ? ['admin:all'] : ['notes:read']),
    },
    () => note('count'),
  )
}

async function start(
  t: TestContext,
  more: Partial<ProtectedResourceOptions> = {},
  options: ServeOptions = {},
): Promise<Guarded & { readonly ran: string[]; readonly passed: string[] }> {
  const ran: string[] = []
  const passed: string[] = []
  const server = await guarded(
    t,
    resourceOf(more),
    (definition) => {
      define(definition, ran)
      definition.use((ctx, next) => {
        if (ctx.method !== 'initialize') passed.push(ctx.method)
        return next()
      })
    },
    options,
  )
  return { ...server, ran, passed }
}

/** One request of the session era: in a session of its own. */
async function inSession(url: string, headers: object, method: string, params: object): Promise<HttpReply> {
  const session = await TestSession.open(url, { headers: as('ada', 'notes:all', 'admin:all') })
  return await post(url, { jsonrpc: '2.0', id: 1, method, params }, { ...session.headers, ...headers })
}

function inStateless(
  url: string,
  headers: object,
  method: string,
  params: { name?: string; uri?: string },
): Promise<HttpReply> {
  return post(url, statelessRequest(method, params), {
    ...mirrored(method, params.name ?? params.uri),
    ...headers,
  })
}

const complete = (ref: object, name: string) => ({ ref, argument: { name, value: '' } })

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
      ['by_undeclared', /"notes:raed", which auth does not declare: did you mean "notes:read"/],
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

test('a batch with one request that lacks scopes is one 403 with all that it needs, and nothing of it runs', async (t) => {
  const { url, ran } = await start(t)
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26', headers: as('ada') })
  const call = (id: number, name: string, args: object = {}) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args },
  })
  const send = (messages: object[], headers: object) =>
    post(url, JSON.stringify(messages), { ...session.headers, ...headers }, { check: 'none' })
  const messages = [
    call(1, 'whoami'),
    call(2, 'read'),
    call(3, 'write'),
    call(4, 'by_path', { path: '/etc' }),
  ]
  const refused = await send(messages, as('ada', 'notes:read'))
  assert.equal(refused.status, 403, refused.text)
  assert.equal(challengeOf(refused)['scope'], 'notes:read notes:write admin:all')
  assert.deepEqual(ran, [])
  const allowed = await send(messages, as('ada', 'notes:all', 'admin:all'))
  assert.equal(allowed.status, 200)
  assert.equal(allowed.json.length, 4)
  const failing = await send([call(1, 'by_failure'), call(2, 'read')], as('ada', 'notes:read'))
  assert.equal(failing.status, 200, 'what fails is the answer to its own request')
  assert.equal(failing.json.length, 2)
})

test('subscriptions/listen for a resource or a task without its scope is 403', async (t) => {
  const { url, server } = await start(t)
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, async (_args, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    return 'never'
  })
  const listen = (headers: object, filter: object) =>
    post(url, statelessRequest('subscriptions/listen', { notifications: filter }), {
      ...mirrored('subscriptions/listen'),
      accept: 'application/json, text/event-stream',
      ...headers,
    })
  const uris = ['note://secret', 'note://all/root']
  const refused = await listen(as('ada', 'notes:read'), { resourceSubscriptions: uris })
  assert.equal(refused.status, 403)
  assert.equal(challengeOf(refused)['scope'], 'notes:read admin:all')
  const client = new StatelessClient(url, { headers: as('ada', 'notes:read', 'admin:all') })
  const stream = await client.stream('subscriptions/listen', {
    notifications: { resourceSubscriptions: uris },
  })
  t.after(() => stream.close())
  const acknowledged = await stream.nextMessage()
  assert.deepEqual(acknowledged.params.notifications.resourceSubscriptions, uris)
  server.notifyResourceUpdated('note://secret')
  assert.equal((await stream.nextMessage()).params.uri, 'note://secret')

  const tasks = new TaskClient(url, { headers: as('ada', 'notes:write') })
  const taskId = await tasks.begin('job')
  const narrow = new TaskClient(url, { headers: as('ada', 'notes:read') })
  const narrowed = await narrow.request('subscriptions/listen', { notifications: { taskIds: [taskId] } })
  assert.equal(narrowed.status, 403)
  await tasks.cancel(taskId)
})

test('tasks/* asks for the scopes of the call again, and for the same principal', async (t) => {
  const { url, server } = await start(t)
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, () => 'done')
  const refused = await new TaskClient(url, { headers: as('ada', 'notes:read') }).call('job')
  assert.equal(refused.status, 403, 'no task is begun')
  const tasks = new TaskClient(url, { headers: as('ada', 'notes:write') })
  const taskId = await tasks.begin('job')
  const narrow = new TaskClient(url, { headers: as('ada', 'notes:read') })
  for (const reply of [
    await narrow.get(taskId),
    await narrow.cancel(taskId),
    await narrow.update(taskId, {}),
  ]) {
    assert.equal(reply.status, 403)
    assert.match(String(reply.headers['www-authenticate']), /scope="notes:write notes:read"/)
  }
  const bob = await new TaskClient(url, { headers: as('bob', 'notes:all') }).get(taskId)
  assert.notEqual(bob.error, undefined)
  assert.notEqual(bob.status, 403, 'it does not exist for others')
  const wider = new TaskClient(url, { headers: as('ada', 'notes:all') })
  assert.equal((await wider.until(taskId, 'completed')).status, 'completed')
})

test('tasks of a session ask for the scopes of the call again, and a list leaves out those that a token may not know', async (t) => {
  const { url, server } = await start(t)
  let finish: (text: string) => void = () => {}
  const job = () => new Promise<string>((resolve) => (finish = resolve))
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, job)
  server.registerTool('open', { task: true }, () => 'open')
  const open = (...scopes: string[]) => TestSession.open(url, { headers: as('ada', ...scopes) })
  const [wide, narrow] = [await open('notes:write'), await open('notes:read')]
  const begin = (name: string) => ({ name, arguments: {}, task: {} })
  const refused = await narrow.request('tools/call', begin('job'))
  assert.equal(refused.status, 403, 'no task is begun')
  const { taskId } = (await wide.request('tools/call', begin('job'))).result.task
  const free = (await narrow.request('tools/call', begin('open'))).result.task.taskId

  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    const reply = await narrow.request(method, { taskId })
    assert.equal(reply.status, 403, method)
    assert.match(String(reply.headers['www-authenticate']), /scope="notes:write notes:read"/)
  }
  const listed = async (session: TestSession) =>
    (await session.request('tasks/list')).result.tasks.map((task: { taskId: string }) => task.taskId)
  assert.deepEqual(await listed(wide), [taskId, free])
  assert.deepEqual(await listed(narrow), [free])

  // The stream of the session tells the states of its tasks, as long as they are not over.
  const get = (scope: string) => openSse(url, { headers: { ...wide.headers, ...as('ada', scope) } })
  await assert.rejects(get('notes:read'), /403/)
  const waiting = wide.request('tasks/result', { taskId })
  finish('done')
  assert.equal((await waiting).result.content[0].text, 'done')
  const stream = await get('notes:read')
  await stream.close()
})

test('a resumed stream asks for the scopes of its call, and for the same principal', async (t) => {
  const ran: string[] = []
  const server = new McpServer({ name: 'a', version: '1' }, { logging: true })
  define(server, ran)
  const { url, close } = await serve(server, { port: 0, auth: resourceOf() })
  t.after(() => close({ drainMs: 0 }))
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  const reply = await session.call('talk')
  assert.equal(reply.kind, 'sse')
  const first = reply.events.find(({ id }) => id !== undefined)?.id as string
  const resume = (headers: object) =>
    openSse(url, { headers: { ...session.headers, 'last-event-id': first, ...headers } })
  await assert.rejects(resume(as('ada', 'admin:all')), /403/)
  await assert.rejects(resume(as('bob', 'notes:read')), /404/)
  const stream = await resume(as('ada', 'notes:write'))
  t.after(() => stream.close())
  assert.ok((await stream.next()) !== undefined)
})

test('the stream of a session asks for the scopes of what it subscribes to', async (t) => {
  const { url, server } = await start(t)
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  await session.request('resources/subscribe', { uri: 'note://secret' })
  const listen = (headers: object) => openSse(url, { headers: { ...session.headers, ...headers } })
  await assert.rejects(listen(as('ada')), /403/)
  const stream = await listen(as('ada', 'notes:read'))
  server.notifyResourceUpdated('note://secret')
  assert.equal((await stream.nextMessage()).params.uri, 'note://secret')
  await stream.close()
  await session.request('resources/unsubscribe', { uri: 'note://secret' })
  const free = await listen(as('ada'))
  await free.close()
})

test('an elicitation keeps the principal: with fewer scopes the next round is 403, for another principal it is refused [elicitation.user-from-credentials]', async (t) => {
  const { url, server, ran } = await start(t)
  server.registerTool('ask', { scopes: ['notes:write'] }, async (_args, ctx) => {
    const { action } = await ctx.elicit('sure', {
      message: 'Sure?',
      requestedSchema: { type: 'object', properties: {} },
    })
    ran.push(`${ctx.auth?.id} ${action}`)
    return action
  })
  const capabilities = { elicitation: { form: {} } }
  const client = (...parts: string[]) => new StatelessClient(url, { capabilities, headers: as(...parts) })
  const asked = await client('ada', 'notes:write').call('ask')
  const { requestState } = asked.result
  const answer = { inputResponses: { sure: { action: 'accept', content: {} } }, requestState }
  const again = (...parts: string[]) =>
    client(...parts).request('tools/call', { name: 'ask', arguments: {}, ...answer }, { check: 'none' })
  assert.equal((await again('ada', 'notes:read')).status, 403)
  const other = await again('bob', 'notes:write')
  assert.notEqual(other.error, undefined)
  assert.deepEqual(ran, [])
  const done = await again('ada', 'notes:all')
  assert.equal(done.result.content[0].text, 'accept')
  assert.deepEqual(ran, ['ada accept'])
})

test('a session goes on with another token of the same subject, and is 404 for another one [elicitation.identity-best-practices]', async (t) => {
  const { url } = await start(t)
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  assert.equal((await post(url, ping, { ...session.headers, ...as('ada', 'admin:all') })).status, 200)
  assert.equal((await post(url, ping, { ...session.headers, ...as('bob', 'notes:read') })).status, 404)
  assert.equal((await post(url, ping, { ...session.headers, ...as('bad') })).status, 401)
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
  assert.throws(() => server.registerTool('u', { scopes: ['x'] }, () => ''), /asks for the scope "x"/)
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
