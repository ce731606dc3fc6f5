import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { adaptSchema, assertObjectSchema } from '../../../src/json-schema/adapter/standard-schema.ts'

const input = { name: 'tool "t" inputSchema', io: 'input' } as const

describe('assertObjectSchema', () => {
  test('accepts type "object" at the root, with or without a union beside it', () => {
    assert.doesNotThrow(() => assertObjectSchema({ type: 'object' }, 'x'))
    assert.doesNotThrow(() => assertObjectSchema({ type: 'object', anyOf: [{ required: ['a'] }] }, 'x'))
  })

  test('refuses another type, a list of types and none, and says which schema it is', () => {
    const rows: [object, RegExp][] = [
      [{ type: 'string' }, /^tool "t": .*got "string"/],
      [{ type: ['object', 'null'] }, /^tool "t": .*got \["object","null"\]/],
      [{}, /^tool "t": .*got none/],
    ]
    for (const [json, message] of rows) {
      assert.throws(() => assertObjectSchema(json, 'tool "t"'), { name: 'TypeError', message })
    }
  })

  test('refuses what a zod union of objects gives', () => {
    const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])
    assert.throws(() => assertObjectSchema(adaptSchema(schema, input).json, input.name), /got none.*union/)
  })
})
