/** Schemas: those of applications as JSON Schema, with the SDK's own output as the reference; and those of types.js. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z as z4 } from 'zod'
import { z as z3 } from 'zod/v3'
import { z as z41 } from 'zod-4-1'
import { appSchema } from '../../src/sdk/app-schema.ts'
import {
  CallToolRequestSchema,
  CallToolResultSchema,
  isInitializeRequest,
  RequestSchema,
  ToolSchema,
} from '../../src/sdk/types.ts'

// Not exported by name: what the SDK's McpServer lists a tool with.
const compat = '@modelcontextprotocol/sdk/server/zod-json-schema-compat.js'
const { toJsonSchemaCompat } = (await import(compat)) as {
  toJsonSchemaCompat(schema: unknown, options: object): object
}
const reference = (schema: unknown, io: 'input' | 'output') =>
  toJsonSchemaCompat(schema, { strictUnions: true, pipeStrategy: io })

const Level = { low: 'low', high: 'high' } as const
const shapes3: Record<string, z3.ZodRawShape> = {
  strings: {
    plain: z3.string(),
    short: z3.string().min(1).max(9).describe('short'),
    email: z3.string().email(),
    url: z3.string().url(),
    uuid: z3.string().uuid(),
    time: z3.string().datetime(),
    pattern: z3.string().regex(/^a+$/),
    starts: z3.string().startsWith('a.b'),
  },
  numbers: {
    any: z3.number(),
    int: z3.number().int().min(1).max(10),
    open: z3.number().gt(0).lt(1),
    step: z3.number().multipleOf(5),
    big: z3.bigint(),
  },
  optional: {
    maybe: z3.string().optional(),
    fallback: z3.number().default(3),
    nothing: z3.string().nullable(),
    nullish: z3.array(z3.string()).nullish(),
  },
  choices: {
    one: z3.enum(['a', 'b']),
    native: z3.nativeEnum(Level),
    literal: z3.literal('x'),
    primitives: z3.union([z3.string(), z3.number()]),
    literals: z3.union([z3.literal('a'), z3.literal(1)]),
    objects: z3.union([z3.object({ a: z3.string() }), z3.string().min(1)]),
    kinds: z3.discriminatedUnion('kind', [
      z3.object({ kind: z3.literal('a'), a: z3.string() }),
      z3.object({ kind: z3.literal('b') }),
    ]),
  },
  nested: {
    list: z3
      .array(z3.object({ a: z3.boolean() }))
      .min(1)
      .max(3),
    record: z3.record(z3.number()),
    tuple: z3.tuple([z3.string(), z3.number()]),
    strict: z3.object({ a: z3.string() }).strict(),
    open: z3.object({ a: z3.string() }).passthrough(),
    rest: z3.object({ a: z3.string() }).catchall(z3.number()),
    set: z3.set(z3.string()),
    any: z3.any(),
  },
  changed: {
    effects: z3.string().transform((value) => value.length),
    refined: z3.string().refine((value) => value !== ''),
    piped: z3.string().pipe(z3.coerce.number()),
    branded: z3.string().brand('id'),
    caught: z3.number().catch(1),
    date: z3.date(),
  },
}
for (const [name, shape] of Object.entries(shapes3)) {
  test(`zod 3, ${name}: the JSON Schema is that of the SDK`, () => {
    for (const io of ['input', 'output'] as const) {
      assert.deepEqual(appSchema(shape as never).json(io), reference(z3.object(shape), io), io)
      assert.deepEqual(appSchema(z3.object(shape) as never).json(io), reference(z3.object(shape), io), io)
    }
  })
}

/** The same shapes, made with a version of zod 4. */
const shapes4 = (z: typeof z4): Record<string, z4.ZodRawShape> => ({
  strings: {
    a: z.string().describe('text'),
    b: z.email(),
    c: z.string().min(2).max(3),
    d: z.string().regex(/^a/),
  },
  numbers: { a: z.number(), b: z.int().min(1), c: z.number().gt(1).lt(3), d: z.number().multipleOf(2) },
  optional: { a: z.string().optional(), b: z.number().default(2), c: z.string().nullable() },
  choices: { a: z.enum(['x', 'y']), b: z.literal('z'), c: z.union([z.string(), z.number()]) },
  nested: {
    a: z.array(z.object({ b: z.boolean() })).min(1),
    c: z.record(z.string(), z.number()),
    d: z.strictObject({ e: z.string() }),
    f: z.looseObject({ g: z.string() }),
    h: z.tuple([z.string(), z.number()]),
    i: z
      .string()
      .pipe(z.transform((value: string) => value.length))
      .optional(),
  },
})
for (const [name, shape] of Object.entries(shapes4(z4))) {
  test(`zod 4, ${name}: the JSON Schema is that of the SDK`, () => {
    for (const io of name === 'nested' ? (['input'] as const) : (['input', 'output'] as const)) {
      const expected = reference(z4.object(shape), io)
      assert.deepEqual(appSchema(shape as never).json(io), expected, io)
      assert.deepEqual(appSchema(z4.object(shape) as never).json(io), expected, io)
    }
  })
}
for (const [name, shape] of Object.entries(shapes4(z41 as never))) {
  test(`zod 4.1, ${name}: the JSON Schema that it cannot give itself is what its toJSONSchema gives`, () => {
    for (const io of name === 'nested' ? (['input'] as const) : (['input', 'output'] as const)) {
      const whole = z41.object(shape as never)
      const expected = z41.toJSONSchema(whole, { target: 'draft-7', io })
      assert.deepEqual(plain(appSchema(shape as never).json(io)), plain(expected), io)
      assert.deepEqual(plain(appSchema(whole as never).json(io)), plain(expected), io)
    }
  })
}

/** Without what zod adds to its schemas for its own use. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema))
}

test('what is neither a schema nor an object of schemas is refused', () => {
  assert.throws(
    () => appSchema({ type: 'object', properties: {} } as never),
    /inputSchema must be a Zod schema/,
  )
})

describe('schema objects of types.js', () => {
  const request = { method: 'tools/call', params: { name: 'x', arguments: { a: 1 } } }

  test('parse gives what fits, fills in defaults, and names what does not fit', () => {
    assert.deepEqual(CallToolRequestSchema.parse(request), request)
    assert.deepEqual(CallToolResultSchema.parse({}), { content: [] })
    const result = CallToolRequestSchema.safeParse({ method: 'tools/call', params: { name: 7 } })
    assert.equal(result.success, false)
    assert.deepEqual(result.error?.issues[0]?.path, ['params', 'name'])
    assert.throws(() => ToolSchema.parse({ name: 'x', inputSchema: { type: 'array' } }), /expected .*object/)
  })

  test('they can be extended with zod, be part of a schema of zod, and infer', () => {
    const Custom = RequestSchema.extend({ method: z4.literal('custom/x') as never })
    assert.equal(Custom.safeParse({ method: 'custom/x' }).success, true)
    assert.equal(Custom.safeParse({ method: 'other' }).success, false)
    const Whole = z4.object({ tools: z4.array(ToolSchema as never) })
    assert.equal(Whole.safeParse({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] }).success, true)
    const wrong = Whole.safeParse({ tools: [{ inputSchema: { type: 'object' } }] })
    assert.deepEqual(wrong.error?.issues[0]?.path, ['tools', 0, 'name'])
    type Inferred = z4.infer<typeof CallToolRequestSchema>
    const typed: Inferred = { method: 'tools/call', params: { name: 'x' } }
    assert.equal(typed.params.name, 'x')
  })

  test('isInitializeRequest knows the handshake', () => {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    }
    assert.equal(isInitializeRequest({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), true)
    assert.equal(isInitializeRequest({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }), false)
    assert.equal(isInitializeRequest(request), false)
  })
})
