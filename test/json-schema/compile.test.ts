/** Which schemas compile refuses, the place that it names, and where it finds the documents of a schema. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CompileOptions } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { SchemaError } from '../../src/json-schema/explain/result.ts'
import { keywords, lines } from './validate.ts'

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
