import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import {
  adaptSchema,
  assertObjectSchema,
  type CheckResult,
  type SchemaLike,
} from '../../../src/json-schema/adapter/standard-schema.ts'

const input = { name: 'tool "t" inputSchema', io: 'input' } as const
const output = { name: 'tool "t" outputSchema', io: 'output' } as const

/** Asserts that the answer was synchronous. */
function now(result: CheckResult | Promise<CheckResult>): CheckResult {
  assert.ok(!(result instanceof Promise), 'expected a synchronous result')
  return result
}

/** The error of the one place where the value is wrong. */
function onlyError(result: CheckResult): { path: string; keyword: string; message: string } {
  assert.ok(!result.valid, 'expected the value to be refused')
  assert.equal(result.errors.length, 1)
  const [error] = result.errors
  assert.ok(error !== undefined)
  return error
}

function refusal(schema: unknown, use: { name: string; io: 'input' | 'output' } = input): string {
  try {
    adaptSchema(schema as SchemaLike, use)
  } catch (error) {
    assert.ok(error instanceof TypeError, `expected a TypeError, got ${String(error)}`)
    return error.message
  }
  return assert.fail('expected the schema to be refused')
}

/** A hand-made Standard Schema, to play libraries that behave oddly. */
function standard(validate: (value: unknown) => unknown, jsonSchema?: unknown): SchemaLike {
  const json = () => ({ type: 'object' })
  return {
    '~standard': {
      version: 1,
      vendor: 'acme',
      validate,
      jsonSchema: jsonSchema ?? { input: json, output: json },
    },
  } as unknown as SchemaLike
}

describe('adaptSchema of a literal', () => {
  const literal = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] } as const

  test('shows clients the very same object', () => {
    const adapter = adaptSchema(literal, input)
    assert.equal(adapter.json, literal)
    assert.equal(adapter.isStandard, false)
  })

  test('validates synchronously and passes the value through', () => {
    const value = { age: 3, extra: true }
    const result = now(adaptSchema(literal, input).validate(value))
    assert.ok(result.valid)
    assert.equal(result.value, value)
  })

  test('gives errors with JSON pointers', () => {
    const error = onlyError(now(adaptSchema(literal, input).validate({ age: 'twelve' })))
    assert.equal(error.path, '/age')
    assert.equal(error.keyword, 'type')
  })

  test('hands the compile options on', () => {
    const schema = { type: 'object', properties: { a: { type: 'null' }, b: { type: 'null' } } }
    const result = now(adaptSchema(schema, { ...input, options: { maxErrors: 1 } }).validate({ a: 1, b: 1 }))
    assert.ok(!result.valid)
    assert.equal(result.errors.length, 1)
  })

  test('that is not valid JSON Schema throws a TypeError with its name, the place and the cause', () => {
    const schema = { type: 'object', properties: { age: { type: 'integr' } } }
    assert.throws(
      () => adaptSchema(schema, input),
      (error: TypeError) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, /^tool "t" inputSchema: .*properties\/age.*integr/)
        assert.ok(error.cause instanceof Error)
        return true
      },
    )
  })

  test('accepts plain objects of another realm and objects without a prototype', () => {
    for (const schema of [
      runInNewContext('({ type: "object", required: ["a"] })'),
      Object.assign(Object.create(null), { type: 'object', required: ['a'] }),
    ]) {
      assert.equal(now(adaptSchema(schema, input).validate({})).valid, false)
    }
  })
})

const zodSchema = z.object({
  city: z.string().min(1),
  days: z.number().int().default(3),
  stops: z.array(z.object({ 'a/b~c': z.number() })).optional(),
})
const arkSchema = type({
  city: 'string > 0',
  days: 'number.integer = 3',
  'stops?': type({ 'a/b~c': 'number' }).array(),
})
const valibotSchema = toStandardJsonSchema(
  v.object({
    city: v.pipe(v.string(), v.minLength(1)),
    days: v.optional(v.pipe(v.number(), v.integer()), 3),
    stops: v.optional(v.array(v.object({ 'a/b~c': v.number() }))),
  }),
)

for (const [library, schema] of [
  ['zod', zodSchema],
  ['ArkType', arkSchema],
  ['valibot', valibotSchema],
] as const) {
  describe(`adaptSchema of a ${library} schema`, () => {
    const adapter = adaptSchema(schema, input)

    test('shows clients what they must send, as JSON Schema', () => {
      const json = adapter.json as { type: string; required: string[]; properties: Record<string, object> }
      assert.equal(json.type, 'object')
      assert.deepEqual(json.required, ['city'])
      assert.deepEqual(json.properties['city'], { type: 'string', minLength: 1 })
      assert.equal(adapter.isStandard, true)
      assert.doesNotThrow(() => assertObjectSchema(json, input.name))
    })

    test('shows a schema that this library can compile, and that agrees with the validation', () => {
      const again = adaptSchema(adapter.json, input)
      assert.equal(now(again.validate({ city: 'Oslo', days: 2 })).valid, true)
      assert.equal(onlyError(now(again.validate({ city: 7 }))).path, '/city')
    })

    test('passes on the value that the library made, defaults filled in', () => {
      assert.deepEqual(now(adapter.validate({ city: 'Oslo' })), {
        valid: true,
        value: { city: 'Oslo', days: 3 },
      })
    })

    test('turns the path of an issue into an escaped JSON pointer', () => {
      const error = onlyError(
        now(adapter.validate({ city: 'Oslo', stops: [{ 'a/b~c': 1 }, { 'a/b~c': 'x' }] })),
      )
      assert.equal(error.path, '/stops/1/a~1b~0c')
      assert.match(error.message, /number/i)
    })

    test('points at the root when the value itself is wrong', () => {
      assert.equal(onlyError(now(adapter.validate('Oslo'))).path, '')
    })
  })
}

describe('adaptSchema and what only some libraries do', () => {
  test('a zod refinement that is async is awaited, and can refuse', async () => {
    const known = async (city: string): Promise<boolean> => city === 'Oslo'
    const adapter = adaptSchema(z.object({ city: z.string().refine(known, 'unknown city') }), input)
    const accepted = adapter.validate({ city: 'Oslo' })
    assert.ok(accepted instanceof Promise)
    assert.deepEqual(await accepted, { valid: true, value: { city: 'Oslo' } })
    const refused = onlyError(await adapter.validate({ city: 'Atlantis' }))
    assert.deepEqual(refused, { path: '/city', keyword: '~standard', message: 'unknown city' })
  })

  test('an input with transforms is shown as sent and received as transformed', () => {
    const schemas: SchemaLike[] = [
      z.object({ at: z.string().transform((text) => text.length) }),
      toStandardJsonSchema(
        v.object({
          at: v.pipe(
            v.string(),
            v.transform((text) => text.length),
          ),
        }),
      ),
      type({ at: type('string').pipe((text) => text.length) }),
    ]
    for (const schema of schemas) {
      const adapter = adaptSchema(schema, input)
      const { properties } = adapter.json as { properties: { at: object } }
      assert.deepEqual(properties.at, { type: 'string' })
      assert.deepEqual(now(adapter.validate({ at: 'four' })), { valid: true, value: { at: 4 } })
    }
  })

  test('an output is shown as sent, after defaults and transforms', () => {
    const ark = adaptSchema(type({ at: 'string.numeric.parse' }), output)
    assert.deepEqual((ark.json as { properties: object }).properties, { at: { type: 'number' } })
    assert.deepEqual(now(ark.validate({ at: '12' })), { valid: true, value: { at: 12 } })

    const zod = adaptSchema(z.object({ unit: z.string().default('c') }), output)
    assert.deepEqual((zod.json as { required: string[] }).required, ['unit'])
    // What is sent satisfies what is shown, although the handler supplied less and more.
    const sent = now(zod.validate({ secret: 1 }))
    assert.ok(sent.valid)
    assert.deepEqual(now(adaptSchema(zod.json, output).validate(sent.value)), {
      valid: true,
      value: { unit: 'c' },
    })
  })

  test('an output that cannot be described is refused with the reason', () => {
    const message = refusal(z.object({ at: z.string().transform((text) => text.length) }), output)
    assert.equal(
      message,
      'tool "t" outputSchema: the zod schema cannot describe its output in JSON Schema at at: Transforms cannot be represented in JSON Schema: say what the transform gives, with .pipe(...): the schema must describe the value after it',
    )
  })
})

describe('adaptSchema of what it cannot use', () => {
  test('a valibot schema as it comes is refused, with the wrapper to use', () => {
    const message = refusal(v.object({ city: v.string() }))
    assert.match(message, /^tool "t" inputSchema: the valibot schema has no JSON Schema output/)
    assert.match(message, /toStandardJsonSchema.*@valibot\/to-json-schema/)
  })

  test('a schema of a zod 4 that does not describe itself is refused, with the version to use', () => {
    const schema = { _def: { type: 'object' }, '~standard': { version: 1, vendor: 'zod', validate() {} } }
    assert.match(refusal(schema), /^tool "t" inputSchema: the zod schema .*4\.2/)
  })

  test('a schema of zod before it knew Standard Schema is refused, with the version to use', () => {
    assert.match(refusal({ _def: {}, parse() {} }), /^tool "t" inputSchema: .*zod.*4\.2/)
  })

  test('library schemas among the keywords of JSON Schema are refused, with both members', () => {
    const mixed = { city: z.string(), days: { type: 'number' } }
    assert.match(refusal(mixed), /^tool "t" inputSchema: .*"city" beside "days".*z\.object/)
    assert.match(refusal({ type: 'object', city: type('string') }), /"city" beside "type"/)
    assert.match(refusal({ type: 'object', properties: { city: z.string() } }), /properties: .*"city"/)
    assert.match(refusal({ city: { _def: {}, parse() {} } }), /"city"/)
  })

  test('a Standard Schema of an unknown library without JSON Schema output is refused by its name', () => {
    const schema = { '~standard': { version: 1, vendor: 'acme', validate() {} } }
    assert.match(refusal(schema), /^tool "t" inputSchema: the acme schema has no JSON Schema output/)
  })

  test('a Standard Schema of another version, or without validate, is refused', () => {
    assert.match(
      refusal({ '~standard': { version: 2, vendor: 'acme' } }),
      /version 1 of Standard Schema, got 2/,
    )
    assert.match(refusal({ '~standard': { version: 1, vendor: 'acme' } }), /no validate function/)
  })

  test('values that are no schemas are refused by their kind', () => {
    class Joi {}
    const rows: [unknown, string][] = [
      [null, 'null'],
      [undefined, 'undefined'],
      [true, 'a boolean'],
      ['{}', 'a string'],
      [() => true, 'a function'],
      [[], 'an array'],
      [new Joi(), 'a Joi'],
      [new Map(), 'a Map'],
    ]
    for (const [schema, kind] of rows) {
      const message = refusal(schema)
      assert.ok(message.startsWith('tool "t" inputSchema: expected a JSON Schema object'), message)
      assert.ok(message.endsWith(`got ${kind}`), message)
    }
  })
})

describe('adaptSchema and a library that behaves oddly', () => {
  test('asks for draft-07 where 2020-12 is not known', () => {
    const converter = ({ target }: { target: string }): object => {
      if (target !== 'draft-07') throw new Error(`unsupported target ${target}`)
      return { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
    }
    const adapter = adaptSchema(
      standard((value) => ({ value }), { input: converter, output: converter }),
      input,
    )
    assert.deepEqual(adapter.json, { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' })
  })

  test('refuses JSON Schema output that is not an object', () => {
    const converter = (): unknown => true
    const schema = standard((value) => ({ value }), { input: converter, output: converter })
    assert.match(
      refusal(schema),
      /the acme schema cannot describe its input in JSON Schema: expected an object, got true/,
    )
  })

  test('takes issues for a failure also where they are empty or stand beside a value', () => {
    assert.equal(
      onlyError(
        now(
          adaptSchema(
            standard(() => ({ issues: [] })),
            input,
          ).validate(1),
        ),
      ).path,
      '',
    )
    const both = standard(() => ({ value: 1, issues: [{ message: 'no' }] }))
    assert.equal(onlyError(now(adaptSchema(both, input).validate(1))).message, 'no')
  })

  test('reads path segments that are keys, objects with a key, numbers and symbols', () => {
    const path = ['a', { key: 'b/c' }, 0, { key: 1 }, Symbol('s')]
    const schema = standard(() => ({ issues: [{ message: 'no', path }] }))
    assert.equal(onlyError(now(adaptSchema(schema, input).validate(1))).path, '/a/b~1c/0/1/Symbol(s)')
  })

  test('awaits a thenable that is not a Promise of this realm', async () => {
    const schema = standard((value) => runInNewContext('Promise.resolve({ value })', { value }))
    assert.deepEqual(await adaptSchema(schema, input).validate(5), { valid: true, value: 5 })
  })

  test('bounds the number of errors', () => {
    const issues = Array.from({ length: 1000 }, () => ({ message: 'no' }))
    const schema = standard(() => ({ issues }))
    for (const [options, count] of [
      [undefined, 10],
      [{ maxErrors: 2 }, 2],
    ] as const) {
      const result = now(adaptSchema(schema, { ...input, ...(options && { options }) }).validate(1))
      assert.ok(!result.valid)
      assert.equal(result.errors.length, count)
    }
  })

  test('lets a throw or a rejection of the library through', async () => {
    const bug = new Error('bug')
    const throwing = standard(() => {
      throw bug
    })
    assert.throws(() => adaptSchema(throwing, input).validate(1), bug)
    await assert.rejects(
      async () =>
        adaptSchema(
          standard(() => Promise.reject(bug)),
          input,
        ).validate(1),
      bug,
    )
  })

  test('throws a TypeError that names the schema when the library gives no result', () => {
    assert.throws(
      () =>
        adaptSchema(
          standard(() => undefined),
          input,
        ).validate(1),
      {
        name: 'TypeError',
        message: 'tool "t" inputSchema: acme validate() gave undefined, not a result',
      },
    )
  })
})
