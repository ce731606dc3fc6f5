import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../../src/json-schema/compile.ts'
import { SchemaError } from '../../../src/json-schema/explain/result.ts'

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'
const DRAFT_2020_12 = 'https://json-schema.org/draft/2020-12/schema'

function accepts(schema: unknown, value: unknown, documents: Record<string, unknown> = {}): boolean {
  return compile(schema, { documents })(value).valid
}

const old = (schema: object): object => ({ $schema: DRAFT_07, ...schema })

test('draft-07: $schema is known with and without the empty fragment', () => {
  for (const $schema of [DRAFT_07, 'http://json-schema.org/draft-07/schema']) {
    assert.equal(accepts({ $schema, items: [{ type: 'string' }] }, [1]), false)
  }
})

test('draft-07: items may be a list, and additionalItems holds for what follows it', () => {
  const schema = old({ items: [{ type: 'string' }, true], additionalItems: { type: 'integer' } })
  assert.equal(accepts(schema, ['a', null, 1]), true)
  assert.equal(accepts(schema, ['a', null, 'b']), false)
  assert.equal(accepts(old({ items: {}, additionalItems: false }), [1, 2]), true)
})

test('draft-07: $ref hides its siblings, $id included', () => {
  const schema = old({
    definitions: { short: { maxLength: 2 }, other: { $id: 'http://x/other', definitions: { short: false } } },
    properties: {
      a: { $id: 'http://x/other', $ref: '#/definitions/short', type: 'integer', minimum: 'wrong' },
    },
  })
  assert.equal(accepts(schema, { a: 'xx' }), true)
  assert.equal(accepts(schema, { a: 'xxx' }), false)
  const modern = { $defs: { short: { maxLength: 2 } }, $ref: '#/$defs/short', type: 'integer' }
  assert.equal(accepts(modern, 'xx'), false)
})

test('draft-07: dependencies takes names and schemas', () => {
  const schema = old({ dependencies: { a: ['b'], c: { required: ['d'] } } })
  assert.equal(accepts(schema, { a: 1 }), false)
  assert.equal(accepts(schema, { a: 1, b: 1 }), true)
  assert.equal(accepts(schema, { c: 1 }), false)
  assert.equal(accepts(schema, { c: 1, d: 1 }), true)
})

test('draft-07: a plain-name $id is an anchor', () => {
  const schema = old({
    definitions: { a: { $id: '#short', maxLength: 1 } },
    properties: { a: { $ref: '#short' } },
  })
  assert.equal(accepts(schema, { a: 'x' }), true)
  assert.equal(accepts(schema, { a: 'xx' }), false)
})

test('draft-07: keywords of later drafts are data', () => {
  for (const later of [
    { prefixItems: [false] },
    { unevaluatedItems: false },
    { dependentRequired: { a: ['b'] } },
    { dependentSchemas: { a: false } },
    { unevaluatedProperties: false },
    { contains: true, minContains: 9 },
    { $defs: 'anything' },
  ]) {
    assert.equal(accepts(old(later), [1]), true)
    assert.equal(accepts(old(later), { a: 1 }), true)
  }
})

test('draft-07: if, then, else, const, contains, propertyNames and exclusive bounds work', () => {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of the schema under test
  const branch = old({ if: { const: 1 }, then: false, else: { type: 'string' } })
  assert.deepEqual(
    [1, 'a', 2].map((value) => accepts(branch, value)),
    [false, true, false],
  )
  assert.equal(accepts(old({ contains: { exclusiveMinimum: 1 } }), [1]), false)
  assert.equal(accepts(old({ propertyNames: { maxLength: 1 } }), { ab: 1 }), false)
})

test('each dialect keeps its own rules across references, both ways', () => {
  const documents = {
    'http://x/old': old({ items: [{ type: 'string' }], dependentRequired: { a: ['b'] } }),
    'http://x/new': {
      $schema: DRAFT_2020_12,
      prefixItems: [{ type: 'string' }],
      dependentRequired: { a: ['b'] },
    },
  }
  assert.equal(accepts({ $ref: 'http://x/old' }, [1], documents), false)
  assert.equal(accepts({ $ref: 'http://x/old' }, { a: 1 }, documents), true)
  assert.equal(accepts(old({ $ref: 'http://x/new' }), [1], documents), false)
  assert.equal(accepts(old({ $ref: 'http://x/new' }), { a: 1 }, documents), false)
})

test('an embedded resource may name another dialect', () => {
  const schema = {
    $defs: { old: old({ $id: 'http://x/old', items: [{ type: 'string' }] }) },
    properties: { a: { $ref: 'http://x/old' } },
  }
  assert.equal(accepts(schema, { a: [1] }), false)
  assert.throws(() => compile({ ...schema, items: [] }), SchemaError)
})

test('the draft-07 and 2020-12 meta-schemas can be referred to, and judge schemas', () => {
  for (const $ref of [DRAFT_07, DRAFT_2020_12]) {
    for (const good of [{}, true, { properties: { a: { type: ['string', 'null'], minLength: 1 } } }]) {
      assert.equal(accepts({ $ref }, good), true)
    }
    for (const bad of [1, { type: 'text' }, { properties: { a: { allOf: [] } } }, { required: ['a', 'a'] }]) {
      assert.equal(accepts({ $ref }, bad), false)
    }
  }
})

test('format asserts by option, or by the vocabulary of a custom meta-schema', () => {
  assert.equal(compile({ format: 'ipv4' })('x').valid, true)
  assert.equal(compile({ format: 'ipv4' }, { formats: true })('x').valid, false)
  assert.equal(compile({ format: 'no-such-format' }, { formats: true })('x').valid, true)
})
