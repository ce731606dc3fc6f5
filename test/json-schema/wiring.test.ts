/** Schemas at work in a server: what reaches handlers, what clients are told, what handlers may send. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { SchemaLike, ToolConfig } from '../../src/index.ts'
import { define, open, revisions } from '../features/offering.ts'

const city = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
  additionalProperties: false,
} as const

for (const revision of revisions) {
  test(`arguments that do not fit are isError with a line for each fault, and the handler does not run, in ${revision} [tools.validates-inputs]`, async (t) => {
    const { server, errors } = define()
    let runs = 0
    server.registerTool('weather', { inputSchema: city }, ({ city, days = 1 }) => {
      runs += 1
      return `${city} ${days + 1}`
    })
    const session = await open(t, server, { protocolVersion: revision })
    assert.equal((await session.call('weather', { city: 'Bern' })).result.content[0].text, 'Bern 2')
    const bad = await session.call('weather', { city: 5, days: 0, extra: true })
    const [head, ...lines] = bad.result.content[0].text.split('\n')
    assert.deepEqual([bad.status, bad.result.isError, head], [200, true, 'Invalid arguments:'])
    assert.equal(lines.length, 3)
    assert.ok(lines.includes('/city: expected string, got integer 5'), bad.result.content[0].text)
    assert.ok(lines.some((line: string) => line.startsWith('/days: ')))
    const missing = await session.call('weather')
    assert.match(missing.result.content[0].text, /city/)
    assert.deepEqual([runs, errors], [1, []])
  })
}

test('a tool with an input schema that allows no other members refuses them [tools.validates-inputs]', async (t) => {
  const { server } = define()
  const inputSchema = { type: 'object', properties: { a: {} }, additionalProperties: false } as const
  server.registerTool('closed', { inputSchema }, () => 'ran')
  const session = await open(t, server)
  assert.equal((await session.call('closed', { any: 1 })).result.isError, true)
  assert.equal((await session.call('closed', { a: 1 })).result.content[0].text, 'ran')
})

test('a schema with and without $schema is read as 2020-12, and draft-07 by its own rules [basic.schema-2020-12-supported] [basic.schema-default-2020-12] [basic.schema-declared-dialect]', async (t) => {
  const { server } = define()
  const tuple = (keywords: object, $schema?: string) =>
    ({
      ...($schema && { $schema }),
      type: 'object',
      properties: { pair: { type: 'array', ...keywords } },
    }) as const
  const of2020 = { prefixItems: [{ type: 'string' }], items: { type: 'number' } }
  const of07 = { items: [{ type: 'string' }], additionalItems: { type: 'number' } }
  const schemas = {
    silent: tuple(of2020),
    named: tuple(of2020, 'https://json-schema.org/draft/2020-12/schema'),
    old: tuple(of07, 'http://json-schema.org/draft-07/schema#'),
  }
  for (const [name, inputSchema] of Object.entries(schemas)) {
    server.registerTool(name, { inputSchema }, () => 'ran')
  }
  const session = await open(t, server)
  for (const name of Object.keys(schemas)) {
    assert.equal((await session.call(name, { pair: ['a', 1, 2] })).result.isError, undefined, name)
    assert.match((await session.call(name, { pair: [1] })).result.content[0].text, /\/pair\/0: /, name)
    assert.match((await session.call(name, { pair: ['a', 'b'] })).result.content[0].text, /\/pair\/1: /, name)
  }
})

test('an invalid schema, a foreign dialect and a reference to nowhere throw at registration and are named [basic.schema-unsupported-dialect] [basic.schema-valid]', () => {
  const { server } = define()
  const wrong: [object, RegExp][] = [
    [{ type: 'object', $schema: 'http://json-schema.org/draft-04/schema#' }, /draft-04/],
    [{ type: 'object', properties: { a: { type: 'strnig' } } }, /\/properties\/a.*strnig/],
    [{ type: 'object', required: 'a' }, /required/],
    [{ type: 'object', properties: { a: { $ref: '#/$defs/none' } } }, /\$defs\/none/],
    [{ type: 'object', properties: { a: { $ref: 'https://example.com/s' } } }, /example\.com/],
    [{ type: 'object', properties: { a: { pattern: '(' } } }, /pattern/],
  ]
  for (const [schema, expected] of wrong) {
    for (const key of ['inputSchema', 'outputSchema']) {
      const config = { [key]: schema } as ToolConfig
      const matches = (error: Error) =>
        expected.test(error.message) && error.message.includes(`tool "t" ${key}`)
      assert.throws(() => server.registerTool('t', config, () => ''), matches)
    }
    const prompt = () => server.registerPrompt('p', { argsSchema: schema as SchemaLike }, () => '')
    assert.throws(prompt, /prompt "p" argsSchema/)
  }
  assert.equal(server.tools.size + server.prompts.size, 0)
})

test('structured content that fits is sent, one that does not or is missing is a concealed error [tools.structured-conforms]', async (t) => {
  const { server, errors } = define()
  const outputSchema = {
    type: 'object',
    properties: { degrees: { type: 'number' } },
    required: ['degrees'],
  } as const
  server.registerTool('good', { outputSchema }, () => ({ structuredContent: { degrees: 21 } }))
  // What the types forbid can still happen.
  const untyped = (value: unknown) => value as { structuredContent: { degrees: number } }
  const bad = [{ structuredContent: { degrees: '21' } }, { structuredContent: null }, { content: [] }, 'text']
  for (const [index, value] of bad.entries()) {
    server.registerTool(`bad${index}`, { outputSchema }, () => untyped(value))
  }
  const session = await open(t, server)
  assert.deepEqual((await session.call('good')).result, {
    structuredContent: { degrees: 21 },
    content: [{ type: 'text', text: '{"degrees":21}' }],
  })
  for (const index of bad.keys()) {
    const { result } = await session.call(`bad${index}`)
    const { error, info } = errors.at(-1) ?? {}
    assert.deepEqual([info?.phase, info?.name], ['output', `bad${index}`])
    assert.equal(error.code, 'ERR_OUTPUT_SCHEMA')
    const text = `Internal error (reference ${info?.correlationId})`
    assert.deepEqual(result, { content: [{ type: 'text', text }], isError: true })
  }
  assert.match(errors[0]?.error.message, /\/degrees: expected number, got string "21"/)
})

test('a failure needs no structured content, and one that is there is not sent', async (t) => {
  const { server, errors } = define()
  const outputSchema = { type: 'object', required: ['a'] } as const
  const content = [{ type: 'text', text: 'failed' } as const]
  server.registerTool('without', { outputSchema }, () => ({ content, isError: true as const }))
  server.registerTool('with', { outputSchema }, () => ({
    content,
    isError: true as const,
    structuredContent: { b: 1 },
  }))
  const session = await open(t, server)
  assert.deepEqual((await session.call('without')).result, { content, isError: true })
  assert.deepEqual((await session.call('with')).result, { content, isError: true })
  assert.deepEqual(errors, [])
})

const libraries = {
  zod: z.object({
    at: z.string().transform((text) => text.length),
    unit: z.string().default('c'),
  }),
  arktype: type({ at: ['string', '=>', (text: string) => text.length], unit: "string = 'c'" }),
  valibot: toStandardJsonSchema(
    v.object({
      at: v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
      unit: v.optional(v.string(), 'c'),
    }),
  ),
}

for (const [name, inputSchema] of Object.entries(libraries)) {
  test(`a ${name} schema checks the arguments, and the handler gets what it made of them`, async (t) => {
    const { server, errors } = define()
    server.registerTool('t', { inputSchema }, ({ at, unit }) => `${at + 1} ${unit.toUpperCase()}`)
    const session = await open(t, server)
    const [tool] = (await session.request('tools/list')).result.tools
    assert.deepEqual(
      [tool.inputSchema.type, tool.inputSchema.properties.at.type, tool.inputSchema.required],
      ['object', 'string', ['at']],
    )
    assert.equal((await session.call('t', { at: 'four' })).result.content[0].text, '5 C')
    const { result } = await session.call('t', { at: 4 })
    assert.match(result.content[0].text, /^Invalid arguments:\n\/at: .*string/)
    assert.equal(result.isError, true)
    assert.deepEqual(errors, [])
  })
}

test('what a Standard Schema makes of structured content is what is sent and mirrored', async (t) => {
  const { server } = define()
  const outputSchema = z.object({ n: z.number(), unit: z.string().default('c') })
  server.registerTool('t', { outputSchema }, () => ({ structuredContent: { n: 1 } }))
  const session = await open(t, server)
  assert.deepEqual((await session.call('t')).result, {
    structuredContent: { n: 1, unit: 'c' },
    content: [{ type: 'text', text: '{"n":1,"unit":"c"}' }],
  })
})

test('asynchronous validation is awaited, of arguments and of structured content', async (t) => {
  const { server, errors } = define()
  const even = z.object({ n: z.number().refine(async (n) => n % 2 === 0, 'must be even') })
  server.registerTool('in', { inputSchema: even }, ({ n }) => `got ${n}`)
  server.registerTool('out', { outputSchema: even, inputSchema: z.object({ n: z.number() }) }, ({ n }) => ({
    structuredContent: { n },
  }))
  const session = await open(t, server)
  assert.equal((await session.call('in', { n: 2 })).result.content[0].text, 'got 2')
  assert.equal(
    (await session.call('in', { n: 3 })).result.content[0].text,
    'Invalid arguments:\n/n: must be even',
  )
  assert.deepEqual((await session.call('out', { n: 2 })).result.structuredContent, { n: 2 })
  assert.match((await session.call('out', { n: 3 })).result.content[0].text, /^Internal error/)
  assert.match(errors[0]?.error.message, /must be even/)
})

test('a validator that throws or rejects is a concealed error, and the handler does not run', async (t) => {
  const { server, errors } = define()
  const failing = (validate: () => never | Promise<never>) =>
    ({
      '~standard': {
        version: 1,
        vendor: 'test',
        validate,
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
      },
    }) as const
  const boom = () => {
    throw new Error('hunter2')
  }
  server.registerTool('sync', { inputSchema: failing(boom) }, () => 'ran')
  server.registerTool('async', { inputSchema: failing(async () => boom()) }, () => 'ran')
  const session = await open(t, server)
  for (const name of ['sync', 'async']) {
    const { result } = await session.call(name)
    assert.equal(result.isError, true)
    assert.match(result.content[0].text, /^Internal error \(reference/)
    assert.deepEqual([errors.at(-1)?.error.message, errors.at(-1)?.info.name], ['hunter2', name])
  }
})

test('a schema without JSON Schema output, alone and as a member, is refused with what to do', () => {
  const { server } = define()
  const bare = v.object({ a: v.string() }) as unknown as SchemaLike
  const member = { a: v.string(), b: z.string() } as unknown as SchemaLike
  for (const inputSchema of [bare, member]) {
    assert.throws(
      () => server.registerTool('t', { inputSchema }, () => ''),
      /tool "t" inputSchema(?: member "a")?: .*@valibot\/to-json-schema/,
    )
  }
})

test('prototype keys in arguments are inert, and refused where additional properties are', async (t) => {
  const { server } = define()
  const inputSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
  server.registerTool('open', { inputSchema }, (args) => {
    const { polluted } = args as { polluted?: unknown }
    return JSON.stringify([polluted ?? null, Object.getPrototypeOf(args) === Object.prototype])
  })
  server.registerTool('zod', { inputSchema: z.looseObject({}) }, (args) => {
    return JSON.stringify([args['polluted'] ?? null])
  })
  server.registerTool('closed', { inputSchema: { ...inputSchema, additionalProperties: false } }, () => 'ran')
  server.registerTool('needs', { inputSchema: { type: 'object', required: ['toString'] } }, () => 'ran')
  const session = await open(t, server)
  const call = async (name: string, args: string) => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`
    return (await session.send(body)).json.result
  }
  for (const args of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}']) {
    assert.equal((await call('open', args)).content[0].text, '[null,true]')
    assert.equal((await call('zod', args)).content[0].text, '[null]')
    assert.equal((await call('closed', args)).isError, true)
  }
  assert.equal((await call('needs', '{}')).isError, true)
  assert.equal((await call('open', '{"A":5}')).isError, undefined)
  assert.equal((await call('open', '{"a":5}')).isError, true)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})
