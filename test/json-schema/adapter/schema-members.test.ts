import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import {
  adaptSchema,
  type CheckResult,
  type SchemaLike,
} from '../../../src/json-schema/adapter/standard-schema.ts'
import { compile } from '../../../src/json-schema/compile.ts'

const input = { name: 'tool "t" inputSchema', io: 'input' } as const
const output = { name: 'tool "t" outputSchema', io: 'output' } as const

function made(result: CheckResult | Promise<CheckResult>): unknown {
  assert.ok(!(result instanceof Promise), 'expected a synchronous result')
  assert.ok(result.valid, JSON.stringify(result))
  return result.value
}

function pathsOf(result: CheckResult | Promise<CheckResult>): readonly string[] {
  assert.ok(!(result instanceof Promise) && !result.valid, 'expected the value to be refused')
  return result.errors.map(({ path }) => path)
}

const shapes = {
  zod: {
    city: z.string().min(1),
    days: z.number().int().default(3),
    note: z.string().optional(),
    at: z.string().transform((text) => text.length),
  },
  ArkType: {
    city: type('string > 0'),
    days: type('number.integer').default(3),
    note: type('string').optional(),
    at: type('string').pipe((text) => text.length),
  },
  valibot: {
    city: toStandardJsonSchema(v.pipe(v.string(), v.minLength(1))),
    days: toStandardJsonSchema(v.optional(v.pipe(v.number(), v.integer()), 3)),
    note: toStandardJsonSchema(v.optional(v.string())),
    at: toStandardJsonSchema(
      v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
    ),
  },
  'three libraries': {
    city: z.string().min(1),
    days: type('number.integer').default(3),
    note: toStandardJsonSchema(v.optional(v.string())),
    at: z.string().transform((text) => text.length),
  },
}

for (const [library, shape] of Object.entries(shapes)) {
  describe(`an object of ${library} schemas`, () => {
    const adapter = adaptSchema(shape as SchemaLike, input)

    test('is shown as an object schema of its members', () => {
      const json = adapter.json as { properties: Record<string, Record<string, unknown>> }
      const { properties, ...rest } = json
      assert.deepEqual(rest, {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        required: ['city', 'at'],
      })
      assert.deepEqual(Object.keys(properties), ['city', 'days', 'note', 'at'])
      assert.deepEqual(properties['city'], { type: 'string', minLength: 1 })
      assert.equal(properties['days']?.['default'], 3)
      assert.deepEqual(properties['note'], { type: 'string' })
    })

    test('fills in defaults, transforms, and leaves out what is not declared', () => {
      const value = made(adapter.validate({ city: 'Oslo', at: 'four', stray: 1 }))
      assert.deepEqual(value, { city: 'Oslo', days: 3, at: 4 })
      const whole = { city: 'Oslo', days: 1, note: 'n', at: '' }
      assert.deepEqual(made(adapter.validate(whole)), { ...whole, at: 0 })
    })

    test('refuses absent and wrong members by their paths, all at once', () => {
      assert.deepEqual(pathsOf(adapter.validate({ days: 'x', note: 5 })), ['/city', '/days', '/note', '/at'])
      for (const value of [null, [], 'x', 5]) assert.deepEqual(pathsOf(adapter.validate(value)), [''])
    })
  })
}

test('an object of zod schemas agrees with z.object about absent members, also for coercions', () => {
  const members: Record<string, z.ZodType> = {
    coerced: z.coerce.string(),
    boolean: z.coerce.boolean(),
    any: z.any(),
    caught: z.string().catch('c'),
    nullish: z.string().nullish(),
    inner: z
      .string()
      .optional()
      .transform((text) => text ?? 'none'),
    prefault: z.string().prefault('p'),
    required: z.string(),
  }
  for (const [name, member] of Object.entries(members)) {
    for (const io of ['input', 'output'] as const) {
      const use = { name, io }
      const [own, whole] = [
        adaptSchema({ [name]: member }, use),
        adaptSchema(z.object({ [name]: member }), use),
      ]
      const [shown, expected] = [own.json, whole.json] as { required?: unknown }[]
      // zod says of a member that catches everything that it must be sent, and accepts its absence.
      if (name !== 'caught') assert.deepEqual(shown?.required, expected?.required, `${name} ${io}`)
      for (const value of [{}, { [name]: 'text' }, { [name]: null }]) {
        const [result, expected] = [own.validate(value), whole.validate(value)] as CheckResult[]
        assert.equal(result?.valid, expected?.valid, `${name} ${JSON.stringify(value)}`)
        if (result?.valid && expected?.valid) assert.deepEqual(result.value, expected.value)
      }
      // What its transform gives cannot be shown.
      if (name === 'inner') break
    }
  }
})

test('references of a member are relative to the whole, and data that looks like one stays', () => {
  const node: z.ZodType = z.object({
    name: z.string(),
    get children() {
      return z.array(node)
    },
  })
  const named = z.object({ x: z.number() }).meta({ id: 'Named' })
  const adapter = adaptSchema(
    {
      'a/b~c d': node,
      list: z.array(named),
      $ref: z.object({ default: named, enum: named }).default({ default: { x: 1 }, enum: { x: 2 } }),
      data: z.literal('#').meta({ examples: [{ $ref: '#/x' }] }),
    } as SchemaLike,
    input,
  )
  const check = compile(adapter.json)
  const tree = (name: unknown) => ({ name: 'r', children: [{ name, children: [] }] })
  const rest = { list: [{ x: 1 }], data: '#' }
  assert.equal(check({ 'a/b~c d': tree('leaf'), ...rest }).valid, true)
  assert.equal(check({ 'a/b~c d': tree(5), ...rest }).valid, false)
  assert.equal(check({ 'a/b~c d': tree('leaf'), ...rest, list: [{ x: '1' }] }).valid, false)
  assert.equal(
    check({ 'a/b~c d': tree('leaf'), ...rest, $ref: { default: { x: '' }, enum: { x: 1 } } }).valid,
    false,
  )
  const { properties } = adapter.json as { properties: Record<string, { examples?: unknown }> }
  assert.deepEqual(properties['data']?.examples, [{ $ref: '#/x' }])
})

test('one asynchronous member makes the check of all asynchronous', async () => {
  const known = async (city: string): Promise<boolean> => city === 'Oslo'
  const adapter = adaptSchema(
    { city: z.string().refine(known, 'unknown'), days: z.number().default(1) },
    input,
  )
  assert.deepEqual(await adapter.validate({ city: 'Oslo' }), {
    valid: true,
    value: { city: 'Oslo', days: 1 },
  })
  const refused = await adapter.validate({ city: 'Atlantis', days: 'x' })
  assert.ok(!refused.valid)
  assert.deepEqual(
    refused.errors.map(({ path }) => path),
    ['/city', '/days'],
  )
})

test('of an output, members with a default are always there', () => {
  const adapter = adaptSchema({ unit: z.string().default('c'), n: type('number').optional() }, output)
  assert.deepEqual((adapter.json as { required: unknown }).required, ['unit'])
  assert.deepEqual(made(adapter.validate({})), { unit: 'c' })
})

test('a default of ArkType that is a function is called for each value', () => {
  const adapter = adaptSchema({ list: type('number[]').default(() => [1]) } as SchemaLike, input)
  const [first, second] = [made(adapter.validate({})), made(adapter.validate({}))] as {
    list: number[]
  }[]
  assert.deepEqual(first, { list: [1] })
  assert.notEqual(first?.list, second?.list)
})

test('names like __proto__ are members like others', () => {
  const shape = JSON.parse('{"__proto__":0,"constructor":0}')
  const members = Object.fromEntries(Object.keys(shape).map((name) => [name, z.string()]))
  const adapter = adaptSchema(members, input)
  assert.deepEqual(pathsOf(adapter.validate({})), ['/__proto__', '/constructor'])
  const value = made(adapter.validate(JSON.parse('{"__proto__":"a","constructor":"b"}'))) as object
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(JSON.stringify(value), '{"__proto__":"a","constructor":"b"}')
})

test('an empty object is an object schema without properties, and members that are undefined are none', () => {
  for (const schema of [{}, { city: undefined }]) {
    const adapter = adaptSchema(schema as SchemaLike, input)
    assert.deepEqual(adapter.json, { type: 'object', properties: {} })
    assert.deepEqual(made(adapter.validate({ a: 1 })), { a: 1 })
  }
  const shape = { city: z.string(), days: undefined } as unknown as SchemaLike
  assert.deepEqual(made(adaptSchema(shape, input).validate({ city: 'Oslo' })), { city: 'Oslo' })
})

test('a member that cannot be described, or used, is named', () => {
  const refused = (schema: object, use: typeof input | typeof output = input): string => {
    try {
      adaptSchema(schema as SchemaLike, use)
    } catch (error) {
      assert.ok(error instanceof TypeError)
      return error.message
    }
    return assert.fail('expected the schema to be refused')
  }
  assert.match(refused({ a: z.string(), at: z.date() }), /^tool "t" inputSchema: .*member "at": .*Date/)
  assert.match(refused({ a: v.string() }), /^tool "t" inputSchema member "a": .*toStandardJsonSchema/)
  assert.match(
    refused({ a: z.string().transform(Number) }, output),
    /outputSchema: .*member "a": .*Transforms/,
  )
})
