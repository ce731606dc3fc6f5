/** The two options with which a validator changes a value: `defaults` and `nullAsAbsent`. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compile } from '../../src/json-schema/compile.ts'
import { keywords } from './validate.ts'

describe('validator, defaults', () => {
  const schema = {
    type: 'object',
    $defs: { limit: { type: 'integer', default: 10 } },
    properties: {
      mode: { type: 'string', default: 'fast' },
      limit: { $ref: '#/$defs/limit' },
      nested: { type: 'object', default: {}, properties: { deep: { default: [1] } } },
      list: { items: { properties: { on: { default: true } } } },
    },
    required: ['mode'],
    anyOf: [{ properties: { never: { default: 1 } } }, true],
  }

  test('defaults fills in missing properties before it checks', () => {
    const value = { list: [{}, { on: false }] }
    assert.deepEqual(compile(schema, { defaults: true })(value), { valid: true })
    assert.deepEqual(value, {
      mode: 'fast',
      limit: 10,
      nested: { deep: [1] },
      list: [{ on: true }, { on: false }],
    })
  })

  test('a validator changes nothing unless asked', () => {
    const value = { mode: 'slow' }
    compile(schema)(value)
    assert.deepEqual(value, { mode: 'slow' })
    assert.deepEqual(keywords(schema, {}), ['required'])
  })

  test('two values share no default', () => {
    const validate = compile(schema, { defaults: true })
    const [first, second] = [{}, {}] as Array<{ nested?: { deep: number[] } }>
    validate(first)
    validate(second)
    first?.nested?.deep.push(2)
    assert.deepEqual(second?.nested?.deep, [1])
  })

  test('a default for __proto__ changes no prototype', () => {
    const properties: unknown = JSON.parse('{"__proto__":{"default":{"polluted":true}}}')
    const value: Record<string, unknown> = {}
    compile({ properties }, { defaults: true })(value)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(value['polluted'], undefined)
    assert.ok(Object.hasOwn(value, '__proto__'))
  })

  test('defaults below a property named __proto__ that is absent change no prototype', () => {
    const properties: unknown = JSON.parse('{"__proto__":{"properties":{"polluted":{"default":true}}}}')
    for (const defaults of [true, 'afterwards'] as const) {
      assert.ok(compile({ properties }, { defaults })({}).valid)
      assert.equal('polluted' in {}, false)
    }
  })

  test("defaults: 'afterwards' fills in what the check has not seen", () => {
    const validate = compile(schema, { defaults: 'afterwards' })
    assert.deepEqual(validate({}).valid, false)
    const value = { mode: 'slow', list: [{}] }
    assert.ok(validate(value).valid)
    assert.deepEqual(value, { mode: 'slow', limit: 10, nested: { deep: [1] }, list: [{ on: true }] })
  })

  test('a default that its own schema refuses is not used, and its place is told, but for null', () => {
    const properties = {
      a: { type: 'string', default: null },
      b: { type: 'integer', minimum: 1, default: 0 },
      c: { $ref: '#/$defs/c', default: 'c' },
      d: { type: 'boolean', default: true },
    }
    for (const defaults of [true, 'afterwards'] as const) {
      const places: string[] = []
      const $defs = { c: { type: 'number' }, unused: { type: 'null', default: 1 } }
      const onWrongDefault = (place: string) => void places.push(place)
      const validate = compile({ properties, $defs }, { defaults, onWrongDefault })
      const value = {}
      assert.ok(validate(value).valid)
      assert.deepEqual(value, { d: true })
      assert.deepEqual(places, ['#/properties/b', '#/properties/c'])
    }
  })
})

describe('validator, nullAsAbsent', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      free: {},
      needed: { type: 'string' },
      deep: { $ref: '#/$defs/deep' },
    },
    allOf: [{ properties: { all: { type: 'boolean' } } }],
    anyOf: [{ properties: { maybe: { type: 'string' } } }],
    required: ['needed'],
    $defs: { deep: { type: 'object', properties: { deep: { $ref: '#/$defs/deep' }, x: { enum: [1] } } } },
  }

  test('takes null away where a property is optional and does not allow it', () => {
    const value = {
      a: null,
      free: null,
      needed: '',
      all: null,
      deep: { x: null, deep: { deep: null, x: 1 } },
    }
    assert.ok(compile(schema, { nullAsAbsent: true })(value).valid)
    assert.deepEqual(value, { free: null, needed: '', deep: { deep: { x: 1 } } })
  })

  test('changes nothing that is valid, and nothing unless asked', () => {
    const value = { free: null, needed: '' }
    assert.ok(compile(schema, { nullAsAbsent: true })(value).valid)
    assert.deepEqual(value, { free: null, needed: '' })
    assert.deepEqual(keywords(schema, { a: null, needed: '' }), ['type'])
  })

  test('leaves null in a required property, in an array, and where only an alternative speaks of it', () => {
    const validate = compile(schema, { nullAsAbsent: true })
    const paths = (value: unknown) => {
      const result = validate(value)
      return result.valid ? [] : result.errors.map(({ path }) => path)
    }
    assert.deepEqual(paths({ a: null, needed: null }), ['/needed'])
    assert.equal(paths({ needed: '', maybe: null }).length, 1)
    assert.equal(compile({ items: { type: 'string' } }, { nullAsAbsent: true })([null]).valid, false)
  })

  test('ends at the step budget like any validation', () => {
    const value = Array.from({ length: 10_000 }, () => ({ x: null }))
    const items = { properties: { x: { type: 'string' } } }
    const result = compile({ items }, { nullAsAbsent: true, maxSteps: 20_000 })(value)
    assert.deepEqual(result.valid || result.errors[0]?.keyword, 'maxSteps')
    assert.ok(compile({ items }, { nullAsAbsent: true })(value).valid)
  })
})
