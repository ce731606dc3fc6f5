/** Arguments as handlers get them, in both eras: defaults filled in, null taken as absent, text of prompts converted. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type } from 'arktype'
import { z } from 'zod'
import type { McpServer, PromptConfig, ServerOptions } from '../../src/index.ts'
import { define, start } from '../features/offering.ts'
import { clientOf, ERAS } from '../helpers/streamed-call.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'

const echo = (args: unknown) => JSON.stringify(args)

for (const era of ERAS) {
  const opened = async (t: TestContext, server: McpServer) => {
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    return {
      call: async (name: string, args: object): Promise<WireJson> => {
        const { result } = await client.request('tools/call', { name, arguments: args })
        const [{ text }] = result.content
        return result.isError === true ? text : JSON.parse(text)
      },
      get: async (name: string, args: object, check = true): Promise<WireJson> => {
        const { result, error } = await client.request('prompts/get', { name, arguments: args }, { check })
        return error ?? JSON.parse(result.messages[0].content.text)
      },
      client,
    }
  }

  test(`defaults of a literal arrive in tools as they do in prompts, without a part in the verdict, in the ${era} era`, async (t) => {
    const { server } = define()
    const inputSchema = {
      type: 'object',
      $defs: { limit: { type: 'integer', default: 10 } },
      properties: {
        mode: { type: 'string', default: 'fast' },
        limit: { $ref: '#/$defs/limit' },
        tags: {
          type: 'array',
          items: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
        },
        place: { type: 'object', properties: { unit: { type: 'string', default: 'c' } } },
        needed: { type: 'string', default: 'x' },
        unset: { type: 'string', default: null },
      },
      required: ['needed'],
      additionalProperties: false,
    } as const
    server.registerTool('run', { inputSchema }, (args) => echo({ ...args, upper: args.mode.toUpperCase() }))
    server.registerTool(
      'one',
      {
        inputSchema: {
          type: 'object',
          properties: { a: { default: 1 }, b: { type: 'number' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
      },
      echo,
    )
    const { call } = await opened(t, server)
    assert.deepEqual(await call('run', { needed: 'n', place: {}, tags: [{}, { on: false }] }), {
      needed: 'n',
      place: { unit: 'c' },
      tags: [{ on: true }, { on: false }],
      mode: 'fast',
      limit: 10,
      upper: 'FAST',
    })
    assert.equal((await call('run', { needed: 'n', mode: 'slow', limit: 1 })).mode, 'slow')
    // The verdict is that of the schema alone.
    assert.match(await call('run', {}), /needed/)
    assert.deepEqual(await call('one', { b: 2 }), { b: 2, a: 1 })
    assert.match(await call('one', {}), /"a".*"b"/)
  })

  test(`null for an optional argument that does not allow it is taken as absent in the ${era} era`, async (t) => {
    const { server } = define()
    const inputSchema = {
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { type: ['string', 'null'] },
        c: { type: 'number', default: 5 },
        needed: { type: 'string' },
        nested: { type: 'object', properties: { d: { type: 'string' } } },
        list: { type: 'array', items: { type: ['object', 'null'], properties: { e: { enum: ['x'] } } } },
      },
      required: ['needed'],
    } as const
    server.registerTool('literal', { inputSchema }, echo)
    const zod = {
      a: z.string().optional(),
      b: z.string().nullish(),
      c: z.number().default(5),
      needed: z.string(),
      nested: z.object({ d: z.string().optional() }).optional(),
      list: z.array(z.object({ e: z.enum(['x']).optional() }).nullable()).optional(),
    }
    server.registerTool('zod', { inputSchema: zod }, echo)
    server.registerTool('whole', { inputSchema: z.object(zod) }, echo)
    const ark = type({
      'a?': 'string',
      'b?': 'string | null',
      c: 'number = 5',
      needed: 'string',
      'nested?': { 'd?': 'string' },
      'list?': type({ 'e?': "'x'" }).or('null').array(),
    })
    server.registerTool('arktype', { inputSchema: ark }, echo)
    const later = z.object(zod).refine(async () => true)
    server.registerTool('async', { inputSchema: later }, echo)
    const { call } = await opened(t, server)
    const all = { a: null, b: null, c: null, needed: 'n', nested: { d: null }, list: [{ e: null }, null] }
    for (const name of ['literal', 'zod', 'whole', 'arktype', 'async']) {
      const expected = { b: null, c: 5, needed: 'n', nested: {}, list: [{}, null] }
      assert.deepEqual(await call(name, all), expected, name)
      for (const wrong of [{ a: null, needed: null }, { a: null }, { needed: 'n', a: null, c: 'x' }]) {
        assert.match(await call(name, wrong), /^Invalid arguments:\n.*\/(needed|c)|"needed"/s, name)
      }
    }
    // A null that the schema allows is a value.
    assert.deepEqual(await call('literal', { needed: 'n', b: null }), { needed: 'n', b: null, c: 5 })
  })

  test(`nullAsAbsent: false leaves null to the schema in the ${era} era`, async (t) => {
    const { server } = define({ nullAsAbsent: false })
    const literal = { type: 'object', properties: { a: { type: 'string' } } } as const
    server.registerTool('literal', { inputSchema: literal }, echo)
    server.registerTool('zod', { inputSchema: { a: z.string().optional() } }, echo)
    server.registerPrompt('prompt', { argsSchema: literal }, echo)
    const { call, get } = await opened(t, server)
    for (const name of ['literal', 'zod']) assert.match(await call(name, { a: null }), /\/a: .*null/, name)
    assert.match((await get('prompt', { a: null }, false)).message, /"a": expected a string, got null/)
  })

  test(`arguments of prompts are converted where that is unambiguous in the ${era} era`, async (t) => {
    const { server } = define()
    const properties = {
      n: { type: 'number' },
      i: { type: 'integer' },
      b: { type: 'boolean' },
      e: { enum: [1, 2] },
      o: { anyOf: [{ type: 'number' }, { type: 'null' }] },
      s: { type: 'string' },
      u: {},
      either: { type: ['string', 'number'] },
    } as const
    server.registerPrompt(
      'literal',
      { argsSchema: { type: 'object', properties } },
      ({ n = 0, i = 0, b = false, s }) => echo({ n: n + 1, i: i + 1, b: !b, s }),
    )
    server.registerPrompt('plain', { argsSchema: { type: 'object', properties } }, echo)
    const shape = {
      n: z.number().optional(),
      i: z.int().optional(),
      b: z.boolean().optional(),
      e: z.literal([1, 2]).optional(),
      o: z.number().nullish(),
      s: z.string().optional(),
      u: z.unknown().optional(),
      either: z.union([z.string(), z.number()]).optional(),
    }
    server.registerPrompt('zod', { argsSchema: shape }, echo)
    const coerced = { n: z.coerce.number().optional(), b: z.coerce.boolean().optional() }
    server.registerPrompt('coerced', { argsSchema: coerced }, echo)
    const ark = type({
      'n?': 'number',
      'i?': 'number.integer',
      'b?': 'boolean',
      'e?': '1 | 2',
      's?': 'string',
    })
    server.registerPrompt('arktype', { argsSchema: ark }, echo)
    const { get } = await opened(t, server)
    assert.deepEqual(await get('literal', { n: '1.5', i: '-12', b: 'true', s: '7' }), {
      n: 2.5,
      i: -11,
      b: false,
      s: '7',
    })
    const args = { n: '-0.5e3', i: '007', b: 'false', e: '2', s: 'true' }
    const expected = { n: -500, i: 7, b: false, e: 2, s: 'true' }
    for (const name of ['plain', 'zod', 'arktype']) assert.deepEqual(await get(name, args), expected, name)
    const rest = { o: '12', u: '1', either: '5' }
    for (const name of ['plain', 'zod']) assert.deepEqual(await get(name, rest), { ...rest, o: 12 }, name)
    assert.deepEqual(await get('coerced', { n: '12', b: 'false' }), { n: 12, b: false })
    const wrong = {
      n: ['', ' ', 'abc', '0x10', '1e999', 'Infinity', '1-', '12345678901234567890'],
      b: ['', 'yes', '1', 'TRUE'],
      e: ['', 'a'],
    }
    for (const [argument, texts] of Object.entries(wrong)) {
      for (const text of texts) {
        const { code, message } = await get('plain', { [argument]: text })
        assert.deepEqual([code, message.includes(`"${argument}": expected `)], [-32602, true], text)
        if (argument !== 'e') assert.equal((await get('coerced', { [argument]: text })).code, -32602, text)
      }
    }
    assert.match(
      (await get('plain', { n: 'abc' })).message,
      /^Prompt argument "n": expected number as text, got "abc"$/,
    )
    assert.match((await get('plain', { i: '1.5' })).message, /\/i: /)
    assert.match((await get('plain', { e: '3' })).message, /\/e: /)
  })

  test(`null is no argument of a prompt, and a completer gets text in the ${era} era`, async (t) => {
    const { server } = define()
    const complete = { count: (value: string, known: object) => [`${typeof value} ${value}`, echo(known)] }
    const argsSchema = { count: z.number().optional(), tone: z.string().default('kind') }
    server.registerPrompt('p', { argsSchema, complete }, echo)
    const { client, get } = await opened(t, server)
    assert.deepEqual(await get('p', { count: null, tone: null }, false), { tone: 'kind' })
    const { result } = await client.request('completion/complete', {
      ref: { type: 'ref/prompt', name: 'p' },
      argument: { name: 'count', value: '1' },
      context: { arguments: { tone: 'x' } },
    })
    assert.deepEqual(result.completion.values, ['string 1', '{"tone":"x"}'])
  })
}

test('a prompt with an argument that no text can be is refused at registration, with the argument', () => {
  const { server } = define()
  const refused = (argsSchema: unknown) => () =>
    server.registerPrompt('p', { argsSchema } as PromptConfig, () => '')
  const rows: [unknown, RegExp][] = [
    [{ list: z.array(z.string()) }, /"list" must be .*; it accepts array$/],
    [{ place: z.object({ x: z.number() }) }, /"place" .*object$/],
    [z.object({ nothing: z.null() }), /"nothing" .*null$/],
    [type({ items: 'string[]' }), /"items" .*array$/],
    [
      {
        type: 'object',
        properties: { a: { $ref: '#/$defs/o' } },
        $defs: { o: { type: ['object', 'array'] } },
      },
      /"a" .*array or object$/,
    ],
  ]
  for (const [schema, message] of rows) {
    assert.throws(refused(schema), (error: Error) => {
      assert.match(error.message, /^prompt "p" argsSchema: arguments of a prompt are strings/)
      assert.match(error.message, message)
      return error instanceof TypeError
    })
  }
  assert.doesNotThrow(refused({ type: 'object', properties: { a: { type: ['string', 'array'] } } }))
})

test('nullAsAbsent must be true or false', () => {
  const wrong = { nullAsAbsent: 'no' } as unknown as ServerOptions
  assert.throws(() => define(wrong), /^TypeError: nullAsAbsent must be true or false; got "no"/)
})
