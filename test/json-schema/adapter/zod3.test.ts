import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod/v3'
import { adaptSchema, type SchemaLike } from '../../../src/json-schema/adapter/standard-schema.ts'
import { compile } from '../../../src/json-schema/compile.ts'

const input = { name: 'tool "t" inputSchema', io: 'input' } as const
const output = { name: 'tool "t" outputSchema', io: 'output' } as const
const shown = (schema: SchemaLike, use: typeof input | typeof output = input) => adaptSchema(schema, use).json

/** As TypeScript writes an enum. */
const Level = { low: 1, 1: 'low', high: 'HIGH' } as const

const rows: [z.ZodTypeAny, object][] = [
  [z.string().min(1).max(3), { type: 'string', minLength: 1, maxLength: 3 }],
  [z.string().length(2).email(), { type: 'string', minLength: 2, maxLength: 2, format: 'email' }],
  [z.string().url(), { type: 'string', format: 'uri' }],
  [z.string().datetime(), { type: 'string', format: 'date-time' }],
  [z.string().regex(/^a+$/).trim(), { type: 'string', pattern: '^a+$' }],
  [z.string().regex(/^a+$/i).startsWith('a'), { type: 'string' }],
  [z.number().int().min(1).lt(5), { type: 'integer', minimum: 1, exclusiveMaximum: 5 }],
  [z.coerce.number().positive().multipleOf(2), { type: 'number', exclusiveMinimum: 0, multipleOf: 2 }],
  [z.boolean().describe('Yes or no'), { type: 'boolean', description: 'Yes or no' }],
  [z.null(), { type: 'null' }],
  [z.unknown(), {}],
  [z.literal('a'), { const: 'a' }],
  [z.enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
  [z.nativeEnum(Level), { enum: [1, 'HIGH'] }],
  [z.array(z.string()).min(1), { type: 'array', items: { type: 'string' }, minItems: 1 }],
  [z.array(z.any()).length(2), { type: 'array', items: {}, minItems: 2, maxItems: 2 }],
  [z.record(z.number()), { type: 'object', additionalProperties: { type: 'number' } }],
  [z.tuple([z.string()]), { type: 'array', prefixItems: [{ type: 'string' }], items: false, minItems: 1 }],
  [
    z.tuple([z.string()]).rest(z.number()),
    { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' }, minItems: 1 },
  ],
  [z.union([z.string(), z.number()]), { anyOf: [{ type: 'string' }, { type: 'number' }] }],
  [z.string().nullable(), { anyOf: [{ type: 'string' }, { type: 'null' }] }],
  [z.string().catch('x').brand<'id'>().readonly(), { type: 'string' }],
  [
    z
      .string()
      .refine((text) => text !== 'x')
      .transform(Number),
    { type: 'string' },
  ],
  [z.preprocess(Number, z.number()), { type: 'number' }],
  [z.string().pipe(z.coerce.number()), { type: 'string' }],
  [
    z.object({ a: z.string(), b: z.number().optional(), c: z.string().default('c') }).strict(),
    {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'number' }, c: { type: 'string', default: 'c' } },
      required: ['a'],
      additionalProperties: false,
    },
  ],
  [
    z.object({}).catchall(z.number()),
    { type: 'object', properties: {}, additionalProperties: { type: 'number' } },
  ],
  [
    z.object({ a: z.string() }).and(z.object({ b: z.string() })),
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] },
      ],
    },
  ],
]

test('a zod 3 schema is shown in JSON Schema, whatever its type', () => {
  for (const [schema, expected] of rows) assert.deepEqual(shown(schema), expected, JSON.stringify(expected))
})

test('what is shown of a zod 3 schema accepts what zod accepts, but for what zod coerces', () => {
  const values = ['', 'a', 'aaa', 'HIGH', 0, 1, 2, 1.5, true, null, [], ['a'], ['a', 1], {}, { a: 'a' }]
  for (const [schema, json] of rows) {
    const check = compile(json)
    const coerces = schema.safeParse('1').data === 1 || schema.safeParse(() => 0).success
    for (const value of values) {
      if (coerces || !schema.safeParse(value).success) continue
      assert.ok(check(value).valid, `${JSON.stringify(json)} ${JSON.stringify(value)}`)
    }
  }
})

test('a zod 3 schema that leads back to itself has references, also as a member', () => {
  const node: z.ZodTypeAny = z.object({
    'a/b': z.array(z.lazy(() => node)),
    next: z.lazy(() => node).optional(),
  })
  for (const [schema, wrap] of [
    [node, (value: unknown) => value],
    [{ 'x y': node }, (value: unknown) => ({ 'x y': value })],
  ] as const) {
    const check = compile(shown(schema as SchemaLike))
    assert.ok(check(wrap({ 'a/b': [{ 'a/b': [] }], next: { 'a/b': [] } })).valid)
    assert.equal(check(wrap({ 'a/b': [{ 'a/b': [5] }] })).valid, false)
    assert.equal(check(wrap({ 'a/b': [], next: { next: {} } })).valid, false)
  }
})

test('an object of zod 3 schemas checks, fills in and transforms, and its unions are objects', () => {
  const shape = {
    city: z.string(),
    days: z.number().default(3),
    at: z.string().transform((text) => text.length),
    note: z.string().optional(),
  }
  const adapter = adaptSchema(shape, input)
  assert.deepEqual((adapter.json as { required: unknown }).required, ['city', 'at'])
  assert.deepEqual(adapter.validate({ city: 'Oslo', at: 'four' }), {
    valid: true,
    value: { city: 'Oslo', days: 3, at: 4 },
  })
  const nulls = adaptSchema(shape, { ...input, options: { nullAsAbsent: true } })
  assert.deepEqual(nulls.validate({ city: 'Oslo', at: '', note: null }), {
    valid: true,
    value: { city: 'Oslo', days: 3, at: 0 },
  })
})

test('of an output, defaults are always there, and a transform cannot be shown', () => {
  const schema = z.object({ unit: z.string().default('c'), out: z.string().pipe(z.enum(['a'])) })
  const { required, properties } = shown(schema, output) as {
    required: unknown
    properties: { out: unknown }
  }
  assert.deepEqual([required, properties.out], [['unit', 'out'], { type: 'string', enum: ['a'] }])
  const transformed = z.object({ a: z.string().transform(Number) })
  assert.throws(() => shown(transformed, output), /outputSchema: .*zod.*Transforms cannot be represented/)
})

test('what JSON does not have is refused by its type', () => {
  for (const schema of [z.date(), z.bigint(), z.map(z.string(), z.string()), z.undefined(), z.literal(1n)]) {
    assert.throws(() => shown({ at: schema }), /^TypeError: .*member "at": Zod\w+ cannot be represented/)
  }
})
