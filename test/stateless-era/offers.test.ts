/** Tools, resources, prompts, completion and pages, as a client of the stateless era sees them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { McpServer, RequestContext } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { serving, textOf } from './serving.ts'

const auth = {
  verify: (token: string) => ({ id: token }),
}
const forAdmins = { visible: (ctx: RequestContext) => ctx.auth?.id === 'admin' }
const textSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } as const

test('lists hold what the caller may use, the same on every connection, and what is withheld does not exist [stateless.tools-current] [stateless.tools-same] [stateless.tools-access] [stateless.resources-current] [stateless.resources-same] [stateless.resources-access] [stateless.prompts-current] [stateless.prompts-same] [stateless.completion-access] [stateless.completion-disclosure] [stateless.cache-access]', async (t) => {
  const { client, server } = await serving(t, { handler: { auth } })
  const complete = { a: () => ['secret value'] }
  server.registerTool('secret', forAdmins, () => 'ran')
  server.registerResource('secret', 'memo://secret', forAdmins, () => 'text')
  server.registerPrompt('secret', { ...forAdmins, argsSchema: textSchema, complete }, () => 'prompt')
  const by = (token: string) => client({ headers: { authorization: `Bearer ${token}` } })
  const seen = async (token: string) => {
    const all: string[] = []
    for (const kind of ['tools', 'resources', 'prompts']) {
      const { result } = await by(token).request(`${kind}/list`)
      all.push(...result[kind].map(({ name }: { name: string }) => name))
    }
    return all.filter((name) => name === 'secret').length
  }
  const uses: readonly (readonly [string, object])[] = [
    ['tools/call', { name: 'secret', arguments: {} }],
    ['resources/read', { uri: 'memo://secret' }],
    ['prompts/get', { name: 'secret', arguments: { a: 'x' } }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'secret' }, argument: { name: 'a', value: '' } },
    ],
  ]
  for (let time = 0; time < 2; time++) {
    assert.deepEqual([await seen('admin'), await seen('guest')], [3, 0])
    for (const [method, params] of uses) {
      assert.equal((await by('admin').request(method, params)).error, undefined, method)
      const { status, error } = await by('guest').request(method, params)
      assert.deepEqual([status, error.code], [200, -32602], method)
    }
  }
})

test('names of tools: case counts, a second one is refused, odd ones are warned of [stateless.tools-name-case] [stateless.tools-name-unique] [stateless.tools-name-characters] [stateless.tools-name-length] [stateless.tools-name-special]', async (t) => {
  const { client, server } = await serving(t)
  server.registerTool('Echo', {}, () => 'upper case')
  assert.equal(textOf(await client().call('Echo')), 'upper case')
  assert.equal((await client().call('ECHO')).error.code, -32602)
  assert.throws(() => server.registerTool('Echo', {}, () => ''), /registered already/)
  const warnings: Error[] = []
  const listener = (warning: Error) => void warnings.push(warning)
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  server.registerTool(`a-b_${'9'.repeat(60)}`, {}, () => '')
  for (const name of [`a.b-c_${'9'.repeat(122)}`, 'with space', 'a,b', 'x'.repeat(129)]) {
    const warned = once(process, 'warning')
    server.registerTool(name, {}, () => '')
    await warned
  }
  assert.equal(warnings.filter(({ message }) => message.startsWith('tool "')).length, 4)
  assert.throws(() => server.registerTool('', {}, () => ''), TypeError)
})

test('schemas of tools are objects; arguments and structured results are held against them [stateless.tools-schema] [stateless.tools-input] [stateless.tools-output] [stateless.tools-text]', async (t) => {
  const { client, server, errors } = await serving(t)
  server.registerTool('in', { inputSchema: textSchema }, ({ a }) => a)
  const outputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const
  server.registerTool('good', { outputSchema }, () => ({ structuredContent: { n: 1 } }))
  server.registerTool('bad', { outputSchema }, () => ({ structuredContent: { n: 'hunter2' as never } }))
  server.registerTool('none', {}, () => '')
  assert.throws(() => server.registerTool('null', { inputSchema: null as never }, () => ''))
  const { result } = await client().request('tools/list')
  for (const tool of result.tools) assert.equal(tool.inputSchema.type, 'object')
  const invalid = await client().call('in', { a: 7 })
  assert.equal(invalid.result.isError, true)
  assert.match(textOf(invalid), /^Invalid arguments:\n\/?a/)
  const good = await client().call('good')
  assert.deepEqual([good.result.structuredContent, textOf(good)], [{ n: 1 }, '{"n":1}'])
  const bad = await client().call('bad')
  assert.deepEqual([bad.result.isError, bad.result.structuredContent], [true, undefined])
  assert.doesNotMatch(bad.text, /hunter2/)
  assert.equal(errors.length, 1)
})

test('resources: only what was registered can be read, bytes come in base64, a URI has the form of one [stateless.resources-uri] [stateless.resources-uri-form] [stateless.resources-binary]', async (t) => {
  const { client, server } = await serving(t)
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  server.registerResource('bytes', 'memo://bytes', { mimeType: 'x/y' }, () => bytes)
  for (const uri of ['no scheme', 'memo://a b', 'memo://ключ', 'memo://%zz', '']) {
    assert.throws(() => server.registerResource(`r ${uri}`, uri, {}, () => ''), TypeError, uri)
  }
  const { result } = await client().request('resources/read', { uri: 'memo://bytes' })
  assert.deepEqual(result.contents, [
    { uri: 'memo://bytes', mimeType: 'x/y', blob: Buffer.from(bytes).toString('base64') },
  ])
  for (const uri of ['memo://bytes/..', 'MEMO://bytes', 'memo://bytes?', 'file:///etc/passwd', '']) {
    const { error } = await client().request('resources/read', { uri }, { check: false })
    assert.deepEqual([error.code, error.data], [-32602, { uri }])
  }
  const { error } = await client().request('resources/read', { uri: 7 }, { check: false })
  assert.equal(error.code, -32602)
})

test('prompts: arguments are checked before, messages after the handler [stateless.prompts-errors] [stateless.prompts-arguments] [stateless.prompts-validated] [stateless.prompts-image] [stateless.prompts-audio] [stateless.prompts-embedded]', async (t) => {
  const { client, server, errors } = await serving(t)
  server.registerPrompt('p', { argsSchema: textSchema }, ({ a }) => a)
  const get = async (name: string, args?: object) =>
    await client().request('prompts/get', { name, ...(args && { arguments: args }) }, { check: false })
  assert.equal((await get('p', { a: 'x' })).result.messages[0].content.text, 'x')
  for (const [name, args] of [
    ['none', {}],
    ['p', {}],
    ['p', { a: 7 }],
    ['p', { a: {} }],
  ] as const) {
    assert.equal((await get(name, args)).error.code, -32602)
  }
  const contents: readonly object[] = [
    { type: 'image', data: 'not base64!', mimeType: 'image/png' },
    { type: 'image', data: 'AAAA' },
    { type: 'audio', data: 'ключ', mimeType: 'audio/wav' },
    { type: 'resource', resource: { text: 'x' } },
    { type: 'resource', resource: { uri: 'a:b' } },
  ]
  for (const [n, content] of contents.entries()) {
    server.registerPrompt(`bad ${n}`, {}, () => content as never)
    assert.equal((await get(`bad ${n}`)).error.code, -32603)
  }
  assert.equal(errors.length, contents.length)
})

test('completion: suggestions, an error for wrong requests, and -32601 where nothing is completed [stateless.completion-errors] [stateless.completion-inputs] [stateless.completion-validated] [stateless.completion-method]', async (t) => {
  const { client, server } = await serving(t)
  const ref = { type: 'ref/prompt', name: 'p' }
  const argument = { name: 'a', value: 'x' }
  const complete = async (params: object) =>
    await client().request('completion/complete', params, { check: false })
  const absent = await complete({ ref, argument })
  assert.deepEqual([absent.status, absent.error.code], [404, -32601])
  const completers = {
    a: (value: string) => {
      if (value === 'throw') throw new Error('hunter2')
      return [`${value}1`, `${value}2`]
    },
  }
  server.registerPrompt('p', { argsSchema: textSchema, complete: completers }, () => '')
  const { result } = await complete({ ref, argument })
  assert.deepEqual(result.completion, { values: ['x1', 'x2'], total: 2, hasMore: false })
  const wrong: readonly object[] = [
    {},
    { ref },
    { argument },
    { ref: { ...ref, name: 'none' }, argument },
    { ref: { type: 'ref/tool', name: 'p' }, argument },
    { ref, argument: { name: 'a' } },
    { ref, argument: { name: 'a', value: 7 } },
    { ref, argument, context: { arguments: { b: 7 } } },
  ]
  for (const params of wrong)
    assert.equal((await complete(params)).error.code, -32602, JSON.stringify(params))
  const thrown = await complete({ ref, argument: { name: 'a', value: 'throw' } })
  assert.equal(thrown.error.code, -32603)
  assert.doesNotMatch(thrown.text, /hunter2/)
})

test('pages: cursors stay good while the list changes, and a wrong one is -32602 [stateless.cursors-stable] [stateless.cursors-graceful] [stateless.cursors-invalid]', async (t) => {
  const setup = (server: McpServer) => {
    for (const name of ['a', 'b', 'c', 'd']) server.registerTool(name, {}, () => '')
  }
  const { client, server } = await serving(t, { setup, server: { pageSize: 2 } })
  const page = async (cursor?: string) => {
    const { result } = await client().request('tools/list', cursor === undefined ? {} : { cursor })
    return { names: result.tools.map(({ name }: WireJson) => name), next: result.nextCursor }
  }
  const first = await page()
  assert.deepEqual(first.names, ['echo', 'hold'])
  server.registerTool('e', {}, () => '')
  const second = await page(first.next)
  assert.deepEqual(second.names, ['a', 'b'])
  const third = await page(second.next)
  assert.deepEqual((await page(third.next)).names, ['e'])
  for (const cursor of [' ', 'nonsense', `${first.next}x`, 'ключ', 7, {}]) {
    const { status, error } = await client().request('tools/list', { cursor }, { check: false })
    assert.deepEqual([status, error?.code], [200, -32602], String(cursor))
  }
})

test('schemas: 2020-12 unless they say otherwise, no other document, no dialect that is unknown, no bottomless depth [stateless.schema-2020-12] [stateless.schema-dialect] [stateless.schema-documented] [stateless.schema-valid] [stateless.ref-not-fetched] [stateless.ref-unresolved] [stateless.composition-limits]', async (t) => {
  const { client, server } = await serving(t)
  const prefixed = { prefixItems: [{ type: 'string' }], items: false }
  const register = (name: string, a: object, more: object = {}) =>
    server.registerTool(name, { inputSchema: { type: 'object', properties: { a }, ...more } }, () => 'ran')
  register('current', { type: 'array', ...prefixed })
  register(
    'draft-07',
    { items: [{ type: 'string' }], additionalItems: false },
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
  )
  for (const name of ['current', 'draft-07']) {
    assert.equal(textOf(await client().call(name, { a: ['x'] })), 'ran')
    assert.equal((await client().call(name, { a: ['x', 'y'] })).result.isError, true)
  }
  assert.throws(
    () => register('odd', {}, { $schema: 'https://example.com/dialect' }),
    (error: Error) => /example\.com\/dialect/.test(error.message) && /2020-12/.test(error.message),
  )
  assert.throws(() => register('invalid', { type: 'strin' }), /strin/)
  assert.throws(
    () => register('foreign', { $ref: 'https://example.com/schema.json' }),
    /example\.com\/schema/,
  )
  let deep: object = { type: 'string' }
  for (let i = 0; i < 5000; i++) deep = { allOf: [deep] }
  assert.throws(() => register('deep', deep))
})
