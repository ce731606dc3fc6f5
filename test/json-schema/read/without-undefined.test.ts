/** Schemas as JSON has them, without members that are undefined. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adaptSchema } from '../../../src/json-schema/adapter/standard-schema.ts'
import { compile } from '../../../src/json-schema/compile.ts'
import { withoutUndefined } from '../../../src/json-schema/read/without-undefined.ts'

test('withoutUndefined gives the very same schema where nothing is undefined, else a copy of what changes', () => {
  const shared = { type: 'string' }
  const whole = { type: 'object', properties: { a: shared, b: shared }, enum: [{ a: null }, [1]] }
  assert.equal(withoutUndefined(whole), whole)
  const given = { ...whole, required: undefined, anyOf: [{ title: undefined }, shared] }
  const cleaned: object = withoutUndefined(given)
  assert.deepEqual(cleaned, { ...whole, anyOf: [{}, shared] })
  assert.equal(Object.hasOwn(given, 'required'), true)
  assert.equal((cleaned as typeof whole).properties, whole.properties)
  assert.equal(JSON.stringify(cleaned), JSON.stringify(given))
})

test('withoutUndefined leaves what contains itself, or is nested very deeply, to those who read it', () => {
  const loop: { [key: string]: unknown } = { type: 'object' }
  loop['properties'] = { loop }
  assert.equal(withoutUndefined(loop), loop)
  let deep: object = { x: undefined }
  for (let i = 0; i < 20_000; i++) deep = { not: deep }
  assert.throws(() => compile(withoutUndefined(deep)), /maxSchemaDepth/)
})

test('adaptSchema takes keywords and properties that are undefined for absent ones, each of them', () => {
  const keywords = `$schema $id $anchor $ref $dynamicRef $defs definitions $comment title description default examples
    deprecated readOnly enum const allOf anyOf oneOf not if then else patternProperties additionalProperties
    propertyNames required dependentRequired dependentSchemas minProperties maxProperties format x-mcp-header`
  for (const keyword of keywords.split(/\s+/)) {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', [keyword]: undefined }, b: undefined },
      [keyword]: undefined,
    }
    const { json, validate } = adaptSchema(schema, { name: 'schema', io: 'input' })
    assert.deepEqual(json, { type: 'object', properties: { a: { type: 'string' } } }, keyword)
    assert.equal(typeof validate, 'function')
  }
})
