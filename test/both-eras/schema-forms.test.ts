/**
 * The forms in which people bring schemas, in both eras: objects of library schemas, unions of objects, output schemas
 * of any type.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { McpServer, ToolConfig } from '../../src/index.ts'
import { define, start } from '../features/offering.ts'
import type { StatelessClient } from '../helpers/stateless-client.ts'
import { clientOf, ERAS } from '../helpers/streamed-call.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'
import { asking, eras } from './asking.ts'

type Client = TestSession | StatelessClient

const call = async (client: Client, name: string, args: object = {}): Promise<WireJson> =>
  (await client.request('tools/call', { name, arguments: args })).result
const textOf = async (client: Client, name: string, args: object = {}): Promise<string> =>
  (await call(client, name, args)).content[0].text
const toolsOf = async (client: Client): Promise<WireJson[]> =>
  (await client.request('tools/list', {})).result.tools

for (const era of ERAS) {
  const opened = async (t: TestContext, server: McpServer) => {
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    return client
  }

  test(`objects of schemas are taken for the arguments of tools and prompts and for results in the ${era} era`, async (t) => {
    const { server } = define()
    server.registerTool(
      'forecast',
      {
        inputSchema: {
          city: z.string().describe('Where'),
          days: z.number().int().default(3),
          note: z.string().optional(),
        },
        outputSchema: { text: z.string(), unit: z.enum(['c', 'f']).default('c') },
      },
      ({ city, days, note }) => ({
        structuredContent: { text: `${city.trim()} ${days.toFixed()} ${note?.length}` },
      }),
    )
    server.registerTool('empty', { inputSchema: {} }, () => 'ran')
    server.registerPrompt(
      'ask',
      { argsSchema: { city: z.string(), tone: type('string').default('kind') } },
      ({ city, tone }) => `${city} ${tone}`,
    )
    server.registerPrompt('bare', { argsSchema: {} }, () => 'bare')
    const client = await opened(t, server)
    const [forecast, empty] = await toolsOf(client)
    assert.deepEqual(forecast.inputSchema.required, ['city'])
    assert.deepEqual(forecast.inputSchema.properties.city, { type: 'string', description: 'Where' })
    assert.deepEqual(forecast.outputSchema.required, ['text', 'unit'])
    assert.deepEqual(empty.inputSchema, { type: 'object', properties: {} })
    const result = await call(client, 'forecast', { city: ' Bern ', stray: 1 })
    assert.deepEqual(result.structuredContent, { text: 'Bern 3 undefined', unit: 'c' })
    const refused = await call(client, 'forecast', { days: 'x' })
    assert.equal(refused.isError, true)
    assert.match(refused.content[0].text, /\/city: .*\n\/days: /)
    assert.equal(await textOf(client, 'empty'), 'ran')
    const [ask, bare] = (await client.request('prompts/list', {})).result.prompts
    assert.deepEqual(ask.arguments, [{ name: 'city', required: true }, { name: 'tone' }])
    assert.equal(bare.arguments, undefined)
    const prompt = await client.request('prompts/get', { name: 'ask', arguments: { city: 'Bern' } })
    assert.equal(prompt.result.messages[0].content.text, 'Bern kind')
  })

  test(`a union of objects is served as an object beside the union in the ${era} era`, async (t) => {
    const { server } = define()
    const [circle, square] = [
      z.object({ kind: z.literal('circle'), r: z.number() }),
      z.object({ kind: z.literal('square'), a: z.number().default(2) }),
    ]
    const area = (shape: { kind: 'circle'; r: number } | { kind: 'square'; a: number }) =>
      shape.kind === 'circle' ? `circle ${shape.r}` : `square ${shape.a}`
    server.registerTool('zod', { inputSchema: z.discriminatedUnion('kind', [circle, square]) }, area)
    server.registerTool('zodUnion', { inputSchema: z.union([circle, square]) }, area)
    const variants = v.variant('kind', [
      v.object({ kind: v.literal('circle'), r: v.number() }),
      v.object({ kind: v.literal('square'), a: v.optional(v.number(), 2) }),
    ])
    server.registerTool('valibot', { inputSchema: toStandardJsonSchema(variants) }, area)
    const ark = type({ kind: "'circle'", r: 'number' }).or({ kind: "'square'", a: 'number = 2' })
    server.registerTool('arktype', { inputSchema: ark }, area)
    const branch = (kind: 'circle' | 'square', member: 'r' | 'a') => ({
      type: 'object',
      properties: { kind: { const: kind }, [member]: { type: 'number' } },
      required: ['kind', member],
    })
    const oneOf = [branch('circle', 'r'), branch('square', 'a')]
    const $defs = { circle: oneOf[0], square: oneOf[1] }
    const text = (args: unknown) => area(args as Parameters<typeof area>[0])
    server.registerTool('literal', { inputSchema: { oneOf } } as ToolConfig, text)
    const references = [{ $ref: '#/$defs/circle' }, { $ref: '#/$defs/square' }]
    server.registerTool('references', { inputSchema: { anyOf: references, $defs } } as ToolConfig, text)
    const client = await opened(t, server)
    const tools = await toolsOf(client)
    for (const { name, inputSchema } of tools) {
      assert.equal(inputSchema.type, 'object', name)
      assert.equal((inputSchema.oneOf ?? inputSchema.anyOf).length, 2, name)
      assert.equal(await textOf(client, name, { kind: 'circle', r: 1 }), 'circle 1', name)
      assert.equal(await textOf(client, name, { kind: 'square', a: 3 }), 'square 3', name)
      assert.equal((await call(client, name, { kind: 'circle' })).isError, true, name)
      assert.equal((await call(client, name, { kind: 'star' })).isError, true, name)
    }
    for (const name of ['zod', 'zodUnion', 'valibot', 'arktype']) {
      assert.equal(await textOf(client, name, { kind: 'square' }), 'square 2', name)
    }
  })

  test(`output schemas of any type are served and checked where the revision has them, in the ${era} era`, async (t) => {
    const { server, errors } = define()
    const results: Record<string, [ToolConfig['outputSchema'], unknown, unknown]> = {
      list: [z.array(z.number().default(1)), [1, 2], ['x']],
      text: [{ type: 'string', minLength: 2 }, 'text', 't'],
      nothing: [{ type: ['object', 'null'] }, null, 5],
      flag: [z.boolean(), false, 0],
      either: [z.union([z.object({ a: z.number() }), z.number()]), 7, 'seven'],
      objects: [z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]), { b: 1 }, { c: 1 }],
    }
    for (const [name, [outputSchema, fits, fails]] of Object.entries(results)) {
      const inputSchema = { type: 'object', additionalProperties: true }
      server.registerTool(name, { inputSchema, outputSchema } as ToolConfig, (args) => {
        return { structuredContent: 'wrong' in (args as object) ? fails : fits } as never
      })
    }
    server.registerTool('plain', { outputSchema: { type: 'object' } }, () => ({ structuredContent: {} }))
    const client = await opened(t, server)
    const schemas = Object.fromEntries(
      (await toolsOf(client)).map(({ name, outputSchema }) => [name, outputSchema]),
    )
    assert.deepEqual(schemas['plain'], { type: 'object' })
    assert.equal(schemas['objects'].type, 'object')
    const listed = Object.keys(schemas).filter((name) => schemas[name] !== undefined)
    assert.deepEqual(listed, era === 'session' ? ['objects', 'plain'] : [...Object.keys(results), 'plain'])
    if (era === 'stateless') assert.deepEqual(schemas['text'], { type: 'string', minLength: 2 })
    for (const [name, [, fits]] of Object.entries(results)) {
      const { isError, structuredContent, content } = await call(client, name)
      assert.notEqual(isError, true, name)
      const isSent = era === 'stateless' || name === 'objects'
      assert.deepEqual(structuredContent, isSent ? fits : undefined, name)
      assert.equal(content[0].text, JSON.stringify(fits), name)
      const before = errors.length
      assert.equal((await call(client, name, { wrong: true })).isError, true, name)
      assert.match(errors.slice(before)[0]?.error.message, /does not fit outputSchema/, name)
    }
  })
}

for (const era of eras) {
  test(`an object of schemas is a form in the ${era} era`, async (t) => {
    const { server, call } = await asking(t, era)
    const requestedSchema = {
      name: z.string().describe('Yours'),
      age: z.number().optional(),
      unit: z.enum(['c']).default('c'),
    }
    server.registerTool('ask', {}, async (_args, ctx) => {
      const { content } = await ctx.elicit('q', { message: 'q', requestedSchema })
      const { action } = await ctx.elicit('sure', { message: 'sure', requestedSchema: {} })
      return `${content?.name.trim()} ${content?.age?.toFixed()} ${content?.unit} ${action}`
    })
    const sent: WireJson[] = []
    const { result } = await call('ask', {}, (_method, params) => {
      sent.push(params.requestedSchema)
      return { action: 'accept', content: sent.length === 1 ? { name: ' Ada ', age: 36 } : {} }
    })
    assert.equal(result.content[0].text, 'Ada 36 c accept')
    assert.deepEqual(sent[0].properties.name, { type: 'string', description: 'Yours' })
    assert.deepEqual(sent[0].required, ['name'])
    assert.deepEqual(sent[1], { type: 'object', properties: {} })
  })
}

test('an update of a tool, and pages, keep the two forms of the list apart', async (t) => {
  const { server } = define({ pageSize: 1 })
  const handle = server.registerTool('a', { outputSchema: { type: 'string' } }, () => ({
    structuredContent: 'x',
  }))
  server.registerTool('b', { outputSchema: { type: 'number' } }, () => ({ structuredContent: 1 }))
  const url = await start(t, server)
  const session = await TestSession.open(url)
  t.after(() => session.close())
  const stateless = await clientOf(url, 'stateless')
  const shown = async (client: Client) => {
    const all: WireJson[] = []
    for (let cursor: string | undefined; ; ) {
      const { result } = await client.request('tools/list', cursor === undefined ? {} : { cursor })
      all.push(...result.tools.map((tool: WireJson) => tool.outputSchema?.type ?? null))
      cursor = result.nextCursor
      if (cursor === undefined) return all
    }
  }
  for (const round of [1, 2]) {
    assert.deepEqual(await shown(session), [null, null], `round ${round}`)
    assert.deepEqual(await shown(stateless), ['string', 'number'], `round ${round}`)
  }
  handle.update({ outputSchema: { type: 'object' } })
  assert.deepEqual(await shown(session), ['object', null])
  assert.deepEqual(await shown(stateless), ['object', 'number'])
})

test('a union that is not of objects alone is refused at registration, with the branch', () => {
  const { server } = define()
  const refused = (inputSchema: WireJson) => () => server.registerTool('t', { inputSchema }, () => '')
  const mixed = z.union([z.object({ a: z.string() }), z.string()])
  assert.throws(refused(mixed), /^TypeError: tool "t" inputSchema: .*"anyOf".*branch 1 accepts string$/)
  assert.throws(refused({ oneOf: [{ type: 'null' }] }), /"oneOf".*branch 0 accepts null/)
  assert.throws(refused(z.array(z.string())), /tool "t" inputSchema: .*got "array"/)
})

test('a union at the root is warned of once, however often its tool is registered', async () => {
  const warnings: string[] = []
  const listener = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listener)
  const inputSchema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])
  for (let i = 0; i < 3; i++) {
    const handle = define().server.registerTool('once', { inputSchema }, () => '')
    handle.update({ title: 'again' })
  }
  process.emitWarning('the last one')
  while (!warnings.includes('the last one')) await once(process, 'warning')
  process.off('warning', listener)
  assert.equal(warnings.filter((text) => text.startsWith('tool "once" inputSchema: ')).length, 1)
})
