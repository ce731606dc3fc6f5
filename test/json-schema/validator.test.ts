/** What a validator takes for a member or a number, and how its errors read. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compile } from '../../src/json-schema/compile.ts'
import { keywords, lines } from './validate.ts'

describe('validator, own members', () => {
  const parse = (text: string): unknown => JSON.parse(text)

  test('a validator does not take inherited members for present ones', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      assert.deepEqual(keywords({ required: [name] }, {}), ['required'])
      assert.deepEqual(lines({ properties: parse(`{"${name}":{"type":"string"}}`) }, {}), [])
      assert.deepEqual(lines({ dependentRequired: parse(`{"${name}":["a"]}`) }, {}), [])
      assert.deepEqual(lines({ dependentSchemas: parse(`{"${name}":false}`) }, {}), [])
    }
  })

  test('a validator checks members named like those of Object.prototype', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const schema = parse(
        `{"properties":{"${name}":{"type":"string"}},"required":["${name}"],"additionalProperties":false}`,
      )
      assert.deepEqual(lines(schema, parse(`{"${name}":"a"}`)), [])
      assert.deepEqual(keywords(schema, parse(`{"${name}":1}`)), ['type'])
      assert.deepEqual(keywords({ additionalProperties: false }, parse(`{"${name}":1}`)), [
        'additionalProperties',
      ])
      assert.deepEqual(keywords({ unevaluatedProperties: false }, parse(`{"${name}":1}`)), [
        'unevaluatedProperties',
      ])
      assert.deepEqual(keywords({ const: parse(`{"${name}":1}`) }, {}), ['const'])
    }
  })

  test('a validator is not confused by enumerable members of Object.prototype', (t) => {
    const validate = compile({
      properties: { a: { type: 'integer' } },
      required: ['b'],
      additionalProperties: false,
    })
    const prototype = Object.prototype as unknown as Record<string, unknown>
    t.after(() => {
      delete prototype['a']
      delete prototype['b']
    })
    prototype['a'] = 'not an integer'
    prototype['b'] = 1
    assert.deepEqual(keywords({ properties: { a: { type: 'integer' } } }, {}), [])
    const result = validate({})
    assert.deepEqual(result.valid ? [] : result.errors.map((error) => error.keyword), ['required'])
  })

  test('a name that is required but not allowed makes every object invalid', () => {
    const schema = { required: ['b'], properties: { a: true }, additionalProperties: false }
    assert.deepEqual(keywords(schema, { b: 1 }), ['additionalProperties'])
    assert.deepEqual(keywords(schema, { a: 1 }), ['required'])
  })
})

describe('validator, results', () => {
  test('a validator returns one shared object for every valid value', () => {
    const result = compile({ type: 'string' })('a')
    assert.deepEqual(result, { valid: true })
    assert.equal(compile({ required: ['a'] })({ a: 1 }), result)
    assert.ok(Object.isFrozen(result))
  })

  test('errors say where, what was received and what was expected', () => {
    const person = {
      type: 'object',
      properties: {
        age: { type: 'integer', minimum: 0 },
        name: { type: 'string', minLength: 1 },
        role: { enum: ['admin', 'user'] },
        tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
        'a/b~c': { type: 'null' },
      },
      required: ['name'],
      additionalProperties: false,
    }
    const cases: ReadonlyArray<readonly [value: unknown, line: string]> = [
      ['x', 'expected object, got string "x"'],
      [{}, 'missing required property "name"'],
      [{ name: 'a', age: '12' }, '/age: expected integer, got string "12"'],
      [{ name: 'a', age: -1 }, '/age: expected a number of at least 0, got -1'],
      [{ name: '' }, '/name: expected at least 1 character, got 0: string ""'],
      [{ name: 'a', role: 'root' }, '/role: expected one of "admin", "user", got string "root"'],
      [{ name: 'a', tags: ['x', 5] }, '/tags/1: expected string, got integer 5'],
      [{ name: 'a', tags: ['x', 'y', 'x'] }, '/tags: expected different items, got equal items at 0 and 2'],
      [{ name: 'a', 'a/b~c': 1 }, '/a~1b~0c: expected null, got integer 1'],
      [
        { name: 'a', extra: 1 },
        '/extra: unexpected property "extra"; known properties: "age", "name", "role", "tags", "a/b~c"',
      ],
    ]
    for (const [value, line] of cases) assert.deepEqual(lines(person, value), [line])
  })

  test('an anyOf with a discriminating constant is explained by the branch that was meant', () => {
    const schema = {
      anyOf: [
        {
          type: 'object',
          properties: { kind: { const: 'circle' }, radius: { type: 'number' } },
          required: ['kind', 'radius'],
        },
        {
          type: 'object',
          properties: { kind: { const: 'text' }, text: { type: 'string' } },
          required: ['kind', 'text'],
        },
      ],
    }
    assert.deepEqual(lines(schema, { kind: 'circle', radius: '1' }), [
      '/radius: expected number, got string "1"',
    ])
    assert.deepEqual(lines(schema, { kind: 'text' }), ['missing required property "text"'])
    assert.deepEqual(keywords(schema, { kind: 'star' }), ['anyOf'])
    assert.match(lines(schema, { kind: 'star' })[0] ?? '', /"circle".*"text"/)
  })

  test('oneOf says which alternatives match when too many do', () => {
    assert.match(lines({ oneOf: [{ type: 'string' }, true, false] }, 'a')[0] ?? '', /1, 2/)
  })

  test('maxErrors bounds the list', () => {
    const schema = { items: { type: 'string' } }
    assert.equal(lines(schema, Array(50).fill(1)).length, 10)
    assert.equal(lines(schema, Array(50).fill(1), { maxErrors: 3 }).length, 3)
  })

  test('messages stay short for long values and names', () => {
    const long = 'x'.repeat(100_000)
    for (const [schema, value] of [
      [{ type: 'integer' }, long],
      [{ additionalProperties: false }, { [long]: 1 }],
      [{ required: [long] }, {}],
      [{ enum: Array(1000).fill(0).map(String) }, 'none'],
    ] as const) {
      const result = compile(schema)(value)
      assert.ok(!result.valid)
      for (const { message } of result.errors) assert.ok(message.length < 500, `${message.length} characters`)
    }
  })

  test('NaN and the infinities are not numbers', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      for (const type of ['number', 'integer', ['number', 'null']]) {
        assert.deepEqual(keywords({ type }, value), ['type'])
        assert.deepEqual(keywords({ items: { type } }, [value]), ['type'])
        assert.deepEqual(keywords({ properties: { a: { type } } }, { a: value }), ['type'])
      }
    }
  })
})
