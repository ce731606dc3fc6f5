import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  acceptedTypes,
  refuseOtherBranches,
  typeNames,
  withObjectType,
} from '../../../src/json-schema/read/accepted-types.ts'
import type { WireJson } from '../../helpers/wire.ts'

const object = { type: 'object' }
const named = (schema: WireJson): string => typeNames(acceptedTypes(schema, schema))

test('acceptedTypes reads type, enum, const, unions and references', () => {
  const rows: [WireJson, string][] = [
    [{ type: 'string' }, 'string'],
    [{ type: 'number' }, 'number'],
    [{ type: 'integer' }, 'integer'],
    [{ type: ['string', 'null'] }, 'null or string'],
    [{ enum: [1, 2.5] }, 'number'],
    [{ enum: ['a', null, [], {}] }, 'null or string or array or object'],
    [{ const: true }, 'boolean'],
    [{ anyOf: [object, { oneOf: [object, { const: {} }] }] }, 'object'],
    [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, 'null or number'],
    [{ allOf: [{ type: ['object', 'string'] }, { type: ['object', 'null'] }] }, 'object'],
    [{ allOf: [{ type: 'number' }, { type: 'integer' }] }, 'integer'],
    [{ $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { $ref: '#/$defs/d' }, d: object } }, 'object'],
    [{ type: 'string', const: 5 }, 'nothing'],
    [false, 'nothing'],
  ]
  for (const [schema, expected] of rows) assert.equal(named(schema), expected, JSON.stringify(schema))
})

test('acceptedTypes is all types where a schema does not say, or leads back to itself or elsewhere', () => {
  const all = 'null or boolean or number or string or array or object'
  const rows: WireJson[] = [
    {},
    true,
    { properties: {} },
    { anyOf: [object, {}] },
    { $ref: 'https://example.com/' },
    { $ref: '#/nowhere' },
    { $ref: '#/%' },
    { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, object] } } },
  ]
  for (const schema of rows) assert.equal(named(schema), all, JSON.stringify(schema))
})

test('acceptedTypes takes time in proportion to a schema whose references double at every step', () => {
  const $defs: Record<string, object> = { d0: object }
  for (let i = 1; i < 60; i++) {
    const $ref = `#/$defs/d${i - 1}`
    $defs[`d${i}`] = { anyOf: [{ $ref }, { $ref }] }
  }
  assert.equal(named({ $ref: '#/$defs/d59', $defs }), 'object')
})

test('withObjectType adds the type where all branches are objects, and gives others as they are', () => {
  const union = { description: 'd', oneOf: [object, { $ref: '#/$defs/b' }], $defs: { b: object } }
  assert.deepEqual(withObjectType(union), { ...union, type: 'object' })
  assert.deepEqual(withObjectType({ type: ['object'] }), object)
  for (const schema of [
    object,
    { ...object, anyOf: [{}] },
    { type: 'string' },
    { anyOf: [object, {}] },
    {},
  ]) {
    assert.equal(withObjectType(schema), schema)
  }
})

test('refuseOtherBranches names the branch that is no object, and what it accepts', () => {
  const refused = (schema: object) => () => refuseOtherBranches(schema, 'tool "t" inputSchema')
  assert.throws(refused({ anyOf: [object, { type: ['string', 'null'] }] }), {
    name: 'TypeError',
    message:
      'tool "t" inputSchema: every branch of "anyOf" at the root must have type "object"; branch 1 accepts null or string',
  })
  assert.throws(refused({ oneOf: [{ required: ['a'] }] }), /"oneOf".*branch 0 accepts any type/)
  assert.doesNotThrow(refused({ type: 'object', anyOf: [{ required: ['a'] }] }))
  assert.doesNotThrow(refused({ oneOf: [object] }))
})
