/** Results: their kind, who made them, how long they may be kept and for whom; and errors under codes of this era. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type McpServer,
  type Middleware,
  RpcError,
  resourceNotFound,
  UrlElicitationRequiredError,
} from '../../src/index.ts'
import { serving, textOf } from './serving.ts'

const serverInfo = 'io.modelcontextprotocol/serverInfo'

/** A definition with everything that has a cache hint. */
const offer = (server: McpServer) => {
  server.registerPrompt('p', {}, () => 'prompt')
  server.registerResource('r', 'memo://r', {}, () => 'text')
  server.registerResourceTemplate('t', 'note://{id}', {}, () => 'note')
}

const cacheable = [
  ['server/discover', {}, 'discover'],
  ['tools/list', {}, 'tools'],
  ['prompts/list', {}, 'prompts'],
  ['resources/list', {}, 'resources'],
  ['resources/templates/list', {}, 'resourceTemplates'],
  ['resources/read', { uri: 'memo://r' }, 'read'],
  ['resources/read', { uri: 'note://1' }, 'read'],
] as const

const others = [
  ['tools/call', { name: 'echo' }],
  ['prompts/get', { name: 'p' }],
] as const

test('every result is complete and says which server made it [stateless.result-type] [stateless.result-type-known] [stateless.server-info] [stateless.meta-keys]', async (t) => {
  const { client } = await serving(t, { setup: offer })
  for (const [method, params] of [...cacheable, ...others]) {
    const { result } = await client().request(method, params)
    assert.equal(result.resultType, 'complete', method)
    assert.deepEqual(result._meta, { [serverInfo]: { name: 'stateless', version: '1.0.0' } }, method)
  }
})

test('serverInfo: false leaves it out, and nothing else', async (t) => {
  const { client } = await serving(t, { setup: offer, handler: { serverInfo: false } })
  for (const [method, params] of [...cacheable, ...others]) {
    const { result } = await client().request(method, params)
    assert.deepEqual([result.resultType, result._meta], ['complete', undefined], method)
  }
})

test('a _meta of the handler is kept beside the server info, and may replace it', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('m', {}, () => ({ content: [], _meta: { 'com.example/x': 1 } }))
  server.registerTool('n', {}, () => ({ content: [], _meta: { [serverInfo]: { name: 'n', version: '' } } }))
  const { result } = await client().call('m')
  assert.deepEqual(result._meta, {
    'com.example/x': 1,
    [serverInfo]: { name: 'stateless', version: '1.0.0' },
  })
  assert.equal((await client().call('n')).result._meta[serverInfo].name, 'n')
})

test('lists, reads and discovery say by default that nobody may keep them; other results say nothing [stateless.ttl]', async (t) => {
  const { client } = await serving(t, { setup: offer })
  for (const [method, params] of cacheable) {
    const { result } = await client().request(method, params)
    assert.deepEqual([result.ttlMs, result.cacheScope], [0, 'private'], method)
  }
  for (const [method, params] of others) {
    const { result } = await client().request(method, params)
    assert.deepEqual([result.ttlMs, result.cacheScope], [undefined, undefined], method)
  }
})

test('each kind of answer has its own hint', async (t) => {
  const kinds = ['discover', 'tools', 'prompts', 'resources', 'resourceTemplates', 'read'] as const
  const cache = Object.fromEntries(kinds.map((kind, n) => [kind, { ttlMs: n + 1, scope: 'public' as const }]))
  const { client } = await serving(t, { setup: offer, server: { cache } })
  for (const [method, params, kind] of cacheable) {
    const { result } = await client().request(method, params)
    assert.deepEqual([result.ttlMs, result.cacheScope], [kinds.indexOf(kind) + 1, 'public'], method)
  }
})

test('a resource or a template with a hint of its own overrides the member that it gives', async (t) => {
  const { client, server } = await serving(t, { server: { cache: { read: { ttlMs: 5, scope: 'public' } } } })
  server.registerResource('a', 'memo://a', { cache: { ttlMs: 60_000 } }, () => '')
  server.registerResourceTemplate('b', 'note://{x}', { cache: { scope: 'private' } }, () => '')
  const hintOf = async (uri: string) => {
    const { result } = await client().request('resources/read', { uri })
    return [result.ttlMs, result.cacheScope]
  }
  assert.deepEqual(await hintOf('memo://a'), [60_000, 'public'])
  assert.deepEqual(await hintOf('note://1'), [5, 'private'])
})

test('what only some callers may see is private, whatever the options and the handler say [stateless.public-shared] [stateless.cache-no-reliance]', async (t) => {
  const scope = 'public' as const
  const every = { scope, ttlMs: 9 }
  const cache = { tools: every, prompts: every, resources: every, resourceTemplates: every, read: every }
  const { client, server } = await serving(t, { setup: offer, server: { cache } })
  const scopeOf = async (method: string, params = {}) => {
    const { result } = await client().request(method, params)
    return result.cacheScope
  }
  const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']
  for (const method of lists) assert.equal(await scopeOf(method), 'public', method)
  const visible = () => true
  server.registerTool('some', { visible }, () => '')
  server.registerPrompt('some', { visible }, () => '')
  const answer = { contents: [], cacheScope: 'public', ttlMs: 5 }
  server.registerResource('some', 'memo://some', { visible, cache: { scope } }, () => answer)
  server.registerResourceTemplate('some', 'some://{x}', { visible, cache: { scope } }, () => 'x')
  for (const method of lists) assert.equal(await scopeOf(method), 'private', method)
  assert.equal(await scopeOf('resources/read', { uri: 'some://1' }), 'private')
  const read = await client().request('resources/read', { uri: 'memo://some' })
  assert.deepEqual([read.result.cacheScope, read.result.ttlMs], ['private', 9])
  assert.equal(read.text.split('cacheScope').length, 2, 'the member occurs once')
  assert.equal(await scopeOf('resources/read', { uri: 'memo://r' }), 'public')
})

test('all pages of a list have one scope, also those without a withheld entry [stateless.one-scope]', async (t) => {
  const cache = { tools: { scope: 'public' as const, ttlMs: 5 } }
  const { client, server } = await serving(t, { server: { pageSize: 1, cache } })
  server.registerTool('last', { visible: () => false }, () => '')
  let cursor: string | undefined
  let pages = 0
  do {
    const { result } = await client().request('tools/list', cursor === undefined ? {} : { cursor })
    assert.equal(result.cacheScope, 'private')
    cursor = result.nextCursor
    pages += 1
  } while (cursor !== undefined)
  assert.ok(pages >= 2)
})

test('lists are serialised when they change, not when they are asked for, and keep their order [stateless.tools-order]', async (t) => {
  let serialised = 0
  const counted = {
    'com.example/counted': {
      toJSON: () => {
        serialised += 1
        return 1
      },
    },
  }
  const { client, server } = await serving(t)
  const handles = ['c', 'a', 'b'].map((name) => server.registerTool(name, { _meta: counted }, () => ''))
  const names = async () =>
    (await client().request('tools/list')).result.tools.map(({ name }: { name: string }) => name)
  const atFirst = serialised
  for (let i = 0; i < 3; i++) assert.deepEqual(await names(), ['echo', 'hold', 'c', 'a', 'b'])
  assert.equal(serialised, atFirst)
  handles[0]?.update({ title: 'C' })
  for (let i = 0; i < 3; i++) assert.deepEqual(await names(), ['echo', 'hold', 'c', 'a', 'b'])
  assert.equal(serialised, atFirst + 1)
})

test('an unknown resource is -32602 with its URI, from the library and from a handler [stateless.resources-not-found] [stateless.resources-not-empty] [stateless.codes-earlier]', async (t) => {
  const { client, server } = await serving(t)
  server.registerResourceTemplate('t', 'note://{id}', {}, (uri) => {
    throw resourceNotFound(uri)
  })
  for (const uri of ['memo://nothing', 'note://7']) {
    const { status, error, result } = await client().request('resources/read', { uri })
    assert.deepEqual([status, error.code, error.data, result], [200, -32602, { uri }, undefined])
  }
})

const codes: readonly (readonly [number, number])[] = [
  [-32002, -32602],
  [-32042, -32603],
  [-32023, -32603],
  [-32099, -32603],
  [-32020, -32020],
  [-32019, -32019],
  [-32100, -32100],
  [-32603, -32603],
  [7, 7],
]

test('codes that this revision does not give out are not sent, whatever a handler throws [stateless.codes-reserved] [stateless.codes-earlier]', async (t) => {
  const { client, server } = await serving(t)
  let code = 0
  server.registerTool('fail', {}, () => {
    throw new RpcError(code, 'the message')
  })
  server.registerTool('url', {}, () => {
    throw new UrlElicitationRequiredError([{ message: 'm', url: 'https://example.com/' }])
  })
  for (const [thrown, sent] of codes) {
    code = thrown
    const { status, error } = await client().call('fail')
    const prefix = thrown === -32042 ? undefined : /the message/
    assert.deepEqual([status, error.code], [200, sent], String(thrown))
    if (prefix !== undefined) assert.match(error.message, prefix)
  }
  const { error } = await client().call('url')
  assert.equal(error.code, -32603)
  assert.match(error.message, /ask with ctx\.elicit/)
})

test('a result that cannot be JSON, or is no object, becomes an error with the id of its request', async (t) => {
  let answer: unknown
  const setup = (server: McpServer) => {
    const middleware: Middleware = (_ctx, next) => (answer === next ? next() : answer)
    server.use(middleware)
  }
  const { client, errors } = await serving(t, { setup })
  const circular: { self?: unknown } = {}
  circular.self = circular
  const wrong = ['text', 7, [1], { toJSON: () => 'x' }, { toJSON: () => undefined }, { n: 1n }, circular]
  for (answer of wrong) {
    const { status, error, id } = await client().request('tools/list', {}, { id: 'own' })
    assert.deepEqual([status, error.code, id], [200, -32603, 'own'])
  }
  assert.deepEqual(
    errors.map(({ phase }) => phase),
    wrong.map(() => 'output'),
  )
  answer = { tools: [], ttlMs: 7, cacheScope: 'private' }
  assert.equal((await client().request('tools/list')).status, 200)
})

test('what a handler throws is concealed, what it cannot know is an error of the protocol [stateless.tools-sanitized] [stateless.resources-internal]', async (t) => {
  const { client, server, errors } = await serving(t)
  const boom = () => {
    throw new Error('hunter2')
  }
  server.registerTool('boom', {}, boom)
  server.registerResource('boom', 'memo://boom', {}, boom)
  const called = await client().call('boom')
  assert.equal(called.result.isError, true)
  assert.match(textOf(called), /^Internal error \(reference [0-9a-f-]{36}\)$/)
  const read = await client().request('resources/read', { uri: 'memo://boom' })
  assert.equal(read.error.code, -32603)
  assert.doesNotMatch(read.text, /hunter2/)
  assert.equal(errors.length, 2)
  const unknown = await client().call('nothing')
  assert.deepEqual([unknown.status, unknown.error.code], [200, -32602])
})

test('a function of the owner that throws while a request is admitted gives 500, with its id', async (t) => {
  const { client, server, errors } = await serving(t)
  const subscribe = () => {
    throw new Error('hunter2')
  }
  server.registerResource('r', 'memo://r', { subscribe }, () => '')
  const notifications = { resourceSubscriptions: ['memo://r'] }
  const { status, error, id, text } = await client().request(
    'subscriptions/listen',
    { notifications },
    { id: 7 },
  )
  assert.deepEqual([status, error.code, id], [500, -32603, 7])
  assert.doesNotMatch(text, /hunter2/)
  assert.equal(errors.length, 1)
})
