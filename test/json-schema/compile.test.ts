import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CompileOptions } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { formatError, SchemaError } from '../../src/json-schema/explain/result.ts'

/** The error lines of a value; empty when it is valid. */
function lines(schema: unknown, value: unknown, options?: CompileOptions): string[] {
  const result = compile(schema, options)(value)
  return result.valid ? [] : result.errors.map(formatError)
}

function keywords(schema: unknown, value: unknown, options?: CompileOptions): string[] {
  const result = compile(schema, options)(value)
  return result.valid ? [] : result.errors.map((error) => error.keyword)
}

function refusal(schema: unknown, options?: CompileOptions): SchemaError {
  try {
    compile(schema, options)
  } catch (error) {
    assert.ok(error instanceof SchemaError, String(error))
    assert.equal(error.code, 'ERR_SCHEMA')
    return error
  }
  throw new assert.AssertionError({ message: `accepted ${JSON.stringify(schema)}` })
}

describe('compile, schemas', () => {
  const wrong: ReadonlyArray<readonly [keyword: string, values: readonly unknown[]]> = [
    ['type', ['text', 1, [], ['string', 'string'], ['string', 1], null]],
    ['enum', ['a', {}, null]],
    ['multipleOf', [0, -1, '2', null]],
    ['minimum', ['1', null]],
    ['maximum', ['1', []]],
    ['exclusiveMinimum', [true, '1']],
    ['exclusiveMaximum', [false, {}]],
    ['minLength', [-1, 1.5, '1']],
    ['maxLength', [-1, 1.5, '1']],
    ['pattern', [1, '(', '[']],
    ['minItems', [-1, 0.5]],
    ['maxItems', [-1, '3']],
    ['uniqueItems', ['true', 1]],
    ['minContains', [-1]],
    ['maxContains', [1.5]],
    ['minProperties', [-1]],
    ['maxProperties', ['1']],
    ['required', ['name', [1], ['a', 'a'], {}]],
    ['dependentRequired', [[], { a: 'b' }, { a: ['b', 'b'] }]],
    ['dependentSchemas', [[], { a: 1 }]],
    ['properties', [[], { a: 1 }, 'a']],
    ['patternProperties', [[], { '(': true }, { a: 3 }]],
    ['additionalProperties', [1, [], 'no']],
    ['propertyNames', [1, null]],
    ['unevaluatedProperties', [0, 'no']],
    ['unevaluatedItems', [0, []]],
    ['prefixItems', [{}, [], [1]]],
    ['items', [[true], 1]],
    ['contains', [[], 1]],
    ['allOf', [[], {}, [1]]],
    ['anyOf', [[], {}, ['x']]],
    ['oneOf', [[], true]],
    ['not', [[], 'x']],
    ['if', [1]],
    ['then', [1]],
    ['else', [1]],
    ['$ref', [1, {}]],
    ['$dynamicRef', [1]],
    ['$anchor', [1, 'a b', '1a']],
    ['$dynamicAnchor', [1, '#a']],
    ['$id', [1, '#a', 'http://[']],
    ['$schema', [1, null]],
    ['$defs', [[], { a: 1 }]],
    ['definitions', [[], { a: 1 }]],
    ['dependencies', [[], { a: 1 }]],
    ['$comment', [1]],
    ['$vocabulary', [[], { a: 1 }]],
    ['format', [1]],
    ['title', [1]],
    ['description', [{}]],
    ['deprecated', ['yes']],
    ['readOnly', [1]],
    ['writeOnly', [1]],
    ['examples', ['a']],
    ['contentEncoding', [1]],
    ['contentMediaType', [1]],
    ['contentSchema', [1]],
  ]
  for (const [keyword, values] of wrong) {
    test(`compile refuses a malformed ${keyword} and names the place`, () => {
      for (const value of values) {
        const { pointer, message } = refusal({ properties: { a: { [keyword]: value } } })
        assert.ok(pointer.startsWith(`#/properties/a/${keyword}`), `${pointer} for ${JSON.stringify(value)}`)
        assert.ok(message.includes(pointer), message)
      }
    })
  }

  test('compile refuses what is neither an object nor a boolean', () => {
    for (const schema of [undefined, null, 1, 'string', [], () => true]) {
      assert.equal(refusal(schema).pointer, '#')
    }
  })

  test('compile refuses a reference to nowhere and names it', () => {
    for (const $ref of ['#/$defs/b', '#b', 'other.json', 'http://127.0.0.1:1/schema.json', '#/%']) {
      const error = refusal({ $defs: { a: { $ref } } })
      assert.equal(error.pointer, '#/$defs/a/$ref')
      assert.ok(error.message.includes($ref), error.message)
    }
  })

  test('compile refuses a reference loop that takes no step into the value', () => {
    const loops = [
      { $ref: '#' },
      { allOf: [{ $ref: '#' }] },
      { $defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [true, { $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
      { dependentSchemas: { a: { $ref: '#' } } },
    ]
    for (const schema of loops) assert.match(refusal(schema).message, /loop/)
    assert.deepEqual(lines({ properties: { a: { $ref: '#' } }, type: 'object' }, { a: { a: {} } }), [])
  })

  test('compile refuses a foreign dialect and names it', () => {
    for (const $schema of [
      'http://json-schema.org/draft-04/schema#',
      'https://json-schema.org/draft/2019-09/schema',
      'https://example.com/mine',
    ]) {
      const { pointer, message } = refusal({ $schema })
      assert.equal(pointer, '#/$schema')
      assert.ok(message.includes($schema) && message.includes('2020-12'), message)
    }
  })

  test('compile refuses a dialect that requires an unknown vocabulary', () => {
    const documents = { 'https://example.com/meta': { $vocabulary: { 'https://example.com/vocab': true } } }
    const { message } = refusal({ $schema: 'https://example.com/meta' }, { documents })
    assert.ok(message.includes('https://example.com/vocab'), message)
  })

  test('compile refuses two resources with one $id and two anchors of one name', () => {
    refusal({ $defs: { a: { $id: 'http://x/a' }, b: { $id: 'http://x/a' } } })
    refusal({ $defs: { a: { $anchor: 'a' }, b: { $anchor: 'a' } } })
  })

  test('compile takes documents from an object and from a Map, and finds resources inside them', () => {
    const document = { $defs: { inner: { $id: 'inner.json', type: 'integer' } }, type: 'string' }
    const uri = 'https://example.com/doc.json'
    for (const documents of [{ [uri]: document }, new Map([[uri, document]])]) {
      assert.deepEqual(keywords({ $ref: uri }, 1, { documents }), ['type'])
      assert.deepEqual(keywords({ $ref: 'https://example.com/inner.json' }, 'a', { documents }), ['type'])
    }
    assert.deepEqual(keywords({ $ref: 'mine.json' }, 1, { documents: { 'mine.json': document } }), ['type'])
  })

  test('compile refuses a wrong limit', () => {
    for (const maxSteps of [0, -1, Number.NaN]) assert.throws(() => compile(true, { maxSteps }), TypeError)
  })
})

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
