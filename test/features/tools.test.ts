/** Tools: how they are listed, and every form in which a handler may return its result. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ErrorCode, type ToolConfig } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { define, names, open, revisions } from './offering.ts'

const text = (value: string) => ({ type: 'text', text: value }) as const
const pixel = { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' } as const

for (const revision of revisions) {
  test(`a tool may return each form of a result in ${revision} [tools.capability]`, async (t) => {
    const { server } = define()
    const results: [string, () => WireJson, WireJson][] = [
      ['string', () => 'hello', { content: [text('hello')] }],
      ['empty_string', () => '', { content: [text('')] }],
      ['nothing', () => undefined, { content: [] }],
      ['nothing_said', () => {}, { content: [] }],
      ['nothing_later', async () => {}, { content: [] }],
      ['block', () => pixel, { content: [pixel] }],
      ['blocks', () => [text('a'), pixel], { content: [text('a'), pixel] }],
      ['no_blocks', () => [], { content: [] }],
      [
        'result',
        () => ({ content: [text('x')], _meta: { 'com.example/a': 1 } }),
        { content: [text('x')], _meta: { 'com.example/a': 1 } },
      ],
      [
        'own_error',
        () => ({ content: [text('no')], isError: true }),
        { content: [text('no')], isError: true },
      ],
      ['later', async () => 'later', { content: [text('later')] }],
    ]
    for (const [name, handler] of results) server.registerTool(name, {}, handler)
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.capabilities, { tools: { listChanged: true } })
    for (const [name, , expected] of results) {
      const reply = await session.call(name)
      assert.deepEqual([reply.status, reply.kind, reply.result], [200, 'json', expected], name)
    }
  })
}

test('structured content without an output schema is sent with its text mirror [tools.structured-text-mirror]', async (t) => {
  const { server } = define()
  server.registerTool('mirrored', {}, () => ({ structuredContent: { a: [1, 'é'] } }))
  server.registerTool('own', {}, () => ({ structuredContent: { a: 1 }, content: [text('one')] }))
  const session = await open(t, server)
  assert.deepEqual((await session.call('mirrored')).result, {
    structuredContent: { a: [1, 'é'] },
    content: [text('{"a":[1,"é"]}')],
  })
  assert.deepEqual((await session.call('own')).result, {
    structuredContent: { a: 1 },
    content: [text('one')],
  })
})

test('content of every type passes through as the handler gave it', async (t) => {
  const { server } = define()
  const content = [
    { ...text('t'), annotations: { audience: ['user'], priority: 0.5 }, _meta: { 'com.example/k': true } },
    pixel,
    { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' },
    { type: 'resource', resource: { uri: 'memo://1', mimeType: 'text/plain', text: 'memo' } },
    { type: 'resource', resource: { uri: 'memo://2', blob: 'AAE=' } },
    { type: 'resource_link', uri: 'memo://3', name: 'three', description: 'third', mimeType: 'text/plain' },
  ] as const
  server.registerTool('all', {}, () => content)
  const session = await open(t, server)
  assert.deepEqual((await session.call('all')).result.content, content)
})

test('a listed tool has all of its configuration, and its schemas byte for byte [tools.input-schema-object] [tools.no-parameters-schema] [basic.schema-2020-12-recommended]', async (t) => {
  const { server } = define()
  const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48'] }]
  const inputSchema = {
    type: 'object',
    'x-order': ['b', 'a'],
    properties: { b: { type: 'string', description: 'é\u2028"' }, a: { type: 'number', minimum: 1e-7 } },
    $comment: 'kept',
    required: ['b'],
  } as const
  const config = {
    title: 'Everything',
    description: 'Has it all',
    inputSchema,
    outputSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, $defs: {} },
    annotations: { title: 'E', readOnlyHint: true, openWorldHint: false },
    icons,
    _meta: { 'com.example/owner': 'us' },
  } as const
  server.registerTool('all', config, () => ({ structuredContent: { ok: true } }))
  server.registerTool('bare', {}, () => '')
  const session = await open(t, server)
  const reply = await session.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const entry = JSON.stringify({ name: 'all', ...config })
  const bare = '{"name":"bare","inputSchema":{"type":"object","properties":{},"additionalProperties":false}}'
  assert.equal(reply.text, `{"jsonrpc":"2.0","id":1,"result":{"tools":[${entry},${bare}]}}`)
})

test('an input schema that is no object schema is refused at registration, and the tool named [tools.input-schema-object]', () => {
  const { server } = define()
  const noSchemas: WireJson[] = [null, 'object', true, []]
  for (const inputSchema of [...noSchemas, { type: 'string' }, { type: ['object', 'null'] }]) {
    const config = { inputSchema } as ToolConfig
    assert.throws(() => server.registerTool('bad', config, () => ''), /tool "bad" inputSchema/)
  }
  for (const outputSchema of noSchemas) {
    const output = { outputSchema } as ToolConfig
    assert.throws(() => server.registerTool('bad', output, () => 'x'), /tool "bad" outputSchema/)
  }
  assert.equal(server.tools.size, 0)
})

test('names that differ in case are two tools; a name twice is refused [tools.name-case-sensitive] [tools.name-unique]', async (t) => {
  const { server } = define()
  server.registerTool('Get', {}, () => 'upper')
  server.registerTool('get', {}, () => 'lower')
  assert.throws(() => server.registerTool('get', {}, () => ''), /tool called "get" is registered already/)
  const session = await open(t, server)
  assert.equal((await session.call('Get')).result.content[0].text, 'upper')
  assert.equal((await session.call('get')).result.content[0].text, 'lower')
})

test('a name outside of the form is accepted with a warning, one inside without [tools.name-length] [tools.name-characters] [tools.name-no-special]', async () => {
  const { server } = define()
  const warnings: string[] = []
  const listener = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listener)
  server.registerTool('Az09_-', {}, () => '')
  server.registerTool('x'.repeat(64), {}, () => '')
  const odd = ['with space', 'a,b', 'a/b', 'a.b', 'é', 'y'.repeat(65), 'y'.repeat(129)]
  for (const name of odd) server.registerTool(name, {}, () => '').update({ title: 'warned of once' })
  process.emitWarning('the last one')
  while (!warnings.includes('the last one')) await once(process, 'warning')
  process.off('warning', listener)
  assert.equal(warnings.length, odd.length + 1)
  for (const [index, name] of odd.entries())
    assert.ok(warnings[index]?.includes(`tool ${JSON.stringify(name)}`), name)
  assert.throws(() => server.registerTool('', {}, () => ''), /tool name must be a non-empty string/)
})

test('a union at the root of an input schema is accepted with a warning, one below it without', async () => {
  const { server } = define()
  const warnings: string[] = []
  const listener = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listener)
  const union = [{ required: ['a'] }, { required: ['b'] }]
  server.registerTool(
    'below',
    { inputSchema: { type: 'object', properties: { a: { anyOf: [{}] } } } },
    () => '',
  )
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    server.registerTool(keyword, { inputSchema: { type: 'object', [keyword]: union } }, () => '')
  }
  process.emitWarning('the last one')
  while (!warnings.includes('the last one')) await once(process, 'warning')
  process.off('warning', listener)
  const expected = ['anyOf', 'oneOf', 'allOf'].map((keyword) => `tool "${keyword}" inputSchema: `)
  assert.deepEqual(
    warnings.slice(0, -1).map((text) => text.slice(0, text.indexOf('some'))),
    expected,
  )
})

test('wrong options of a tool throw and name it', () => {
  const { server } = define()
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31, '5' as unknown as number]) {
    assert.throws(() => server.registerTool('slow', { timeoutMs }, () => ''), /tool "slow" timeoutMs must be/)
  }
  const nothing = undefined as unknown as () => string
  assert.throws(() => server.registerTool('empty', {}, nothing), /"empty" needs a handler function/)
})

test('an unknown tool, a name that is no string, and arguments that are no object are -32602', async (t) => {
  const { server } = define()
  server.registerTool('known', {}, () => 'ran')
  const session = await open(t, server)
  for (const name of ['nothing', '__proto__', 'constructor', 'toString', 'Known', '']) {
    const { error, status } = await session.call(name)
    assert.deepEqual([status, error.code], [200, ErrorCode.INVALID_PARAMS])
    assert.ok(error.message.includes(JSON.stringify(name)), error.message)
  }
  const long = (await session.call('n'.repeat(5000))).error.message
  assert.ok(long.length < 200)
  const off = { check: false } as const
  assert.equal((await session.request('tools/call', { name: 5 }, off)).error.code, -32602)
  assert.equal((await session.request('tools/call', undefined, off)).error.code, -32602)
  for (const bad of [[], 'x', 5]) {
    const { error } = await session.request('tools/call', { name: 'known', arguments: bad }, off)
    assert.equal(error.code, -32602)
  }
  assert.deepEqual(await names(session, 'tools'), ['known'])
})

test('arguments may be left out, and null stands for none', async (t) => {
  const { server } = define()
  server.registerTool('known', {}, (args) => JSON.stringify(args))
  const session = await open(t, server)
  const without = await session.request('tools/call', { name: 'known' })
  assert.equal(without.result.content[0].text, '{}')
  const withNull = await session.request('tools/call', { name: 'known', arguments: null }, { check: false })
  assert.equal(withNull.result.content[0].text, '{}')
})
