/** Annotations of tool parameters: found at any depth of `properties`, and refused when they break a rule. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer } from '../../src/index.ts'
import { findHeaderParameters } from '../../src/json-schema/header-parameters.ts'

const annotated = (name: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': name })
const schema = (properties: object, more: object = {}) => ({
  type: 'object' as const,
  properties: properties as { readonly [name: string]: object },
  ...more,
})
const find = (value: object) => findHeaderParameters(value, 'tool "t"')

test('findHeaderParameters finds annotations at any depth, with the path of their values', () => {
  const found = find(
    schema({
      a: annotated('A'),
      b: annotated('b-2', 'integer'),
      c: schema({ properties: schema({ 'd/e': annotated("!#$%&'*+.^_`|~0", 'boolean') }) }),
    }),
  )
  assert.deepEqual(found, [
    { name: 'A', path: ['a'], type: 'string' },
    { name: 'b-2', path: ['b'], type: 'integer' },
    { name: "!#$%&'*+.^_`|~0", path: ['c', 'properties', 'd/e'], type: 'boolean' },
  ])
  assert.deepEqual(find({ type: 'object' }), [])
})

test('findHeaderParameters takes no data and no property name for an annotation', () => {
  const data = { 'x-mcp-header': 'not one' }
  const found = find(
    schema(
      {
        'x-mcp-header': { type: 'string' },
        a: { const: data, default: data, enum: [data], examples: [data] },
      },
      { $defs: { d: schema({ 'x-mcp-header': { type: 'string' } }) } },
    ),
  )
  assert.deepEqual(found, [])
})

interface Row {
  readonly what: string
  readonly requirements?: readonly string[]
  readonly schema: object
  readonly says: RegExp
}

const name = /must be an HTTP token.*got/
const elsewhere = /must be on a property that is reached by "properties" alone/
const inner = annotated('A')

const rows: readonly Row[] = [
  {
    what: 'empty',
    requirements: ['stateless.annotation-empty'],
    schema: schema({ a: annotated('') }),
    says: name,
  },
  {
    what: 'not a token',
    requirements: ['stateless.annotation-token'],
    schema: schema({ a: annotated('My Region') }),
    says: /"My Region"/,
  },
  {
    what: 'no string, and below items',
    schema: schema({ list: { type: 'array', items: { type: 'string', 'x-mcp-header': 5 } } }),
    says: elsewhere,
  },
  { what: 'a name with a colon', schema: schema({ a: annotated('A:B') }), says: name },
  { what: 'a name beyond ASCII', schema: schema({ a: annotated('Größe') }), says: name },
  {
    what: 'a name with CR and LF',
    requirements: ['stateless.annotation-control'],
    schema: schema({ a: annotated('A\r\nX: y') }),
    says: name,
  },
  { what: 'a name that ends in LF', schema: schema({ a: annotated('A\n') }), says: name },
  { what: 'not a string', schema: schema({ a: annotated(7) }), says: name },
  {
    what: 'used twice',
    requirements: ['stateless.annotation-unique'],
    schema: schema({ a: annotated('Region'), b: schema({ c: annotated('REGION') }) }),
    says: /\/properties\/b\/properties\/c must be unique/,
  },
  {
    what: 'on a number',
    requirements: ['stateless.annotation-primitive'],
    schema: schema({ a: annotated('A', 'number') }),
    says: /got type "number"/,
  },
  { what: 'on an object', schema: schema({ a: annotated('A', 'object') }), says: /got type "object"/ },
  { what: 'on an array', schema: schema({ a: annotated('A', 'array') }), says: /got type "array"/ },
  { what: 'on null', schema: schema({ a: annotated('A', 'null') }), says: /got type "null"/ },
  {
    what: 'on a union',
    schema: schema({ a: annotated('A', ['string', 'null']) }),
    says: /got type \["string","null"\]/,
  },
  { what: 'on no type', schema: schema({ a: { 'x-mcp-header': 'A' } }), says: /got type undefined/ },
  {
    what: 'on the whole schema',
    schema: { ...schema({}), 'x-mcp-header': 'A' },
    says: /not on the whole schema/,
  },
  ...(
    [
      ['items', schema({ a: { type: 'array', items: inner } })],
      ['prefixItems', schema({ a: { type: 'array', prefixItems: [inner] } })],
      ['contains', schema({ a: { type: 'array', contains: inner } })],
      ['oneOf', schema({ a: { oneOf: [inner] } })],
      ['anyOf', schema({}, { anyOf: [schema({ a: inner })] })],
      ['allOf', schema({}, { allOf: [schema({ a: inner })] })],
      ['not', schema({ a: { not: inner } })],
      ['if', schema({}, { if: schema({ a: inner }) })],
      ['then', schema({}, Object.fromEntries([['then', schema({ a: inner })]]))],
      ['else', schema({}, { else: schema({ a: inner }) })],
      ['$defs', schema({ a: { $ref: '#/$defs/d' } }, { $defs: { d: inner } })],
      ['additionalProperties', schema({}, { additionalProperties: inner })],
      ['patternProperties', schema({}, { patternProperties: { '^a': inner } })],
      ['dependentSchemas', schema({}, { dependentSchemas: { a: schema({ b: inner }) } })],
      ['properties below items', schema({ a: { type: 'array', items: schema({ b: inner }) } })],
    ] as const
  ).map(([keyword, value]) => ({
    what: `below ${keyword}`,
    requirements: ['stateless.annotation-reachable'],
    schema: value,
    says: elsewhere,
  })),
]

for (const { what, schema: value, says } of rows) {
  test(`findHeaderParameters refuses an annotation that is ${what}`, () => {
    assert.throws(() => find(value), { name: 'TypeError', message: says })
    assert.throws(() => find(value), { message: /^tool "t": x-mcp-header at \// })
  })
}

test('a tool with an invalid annotation is not registered, and an update to one changes nothing', () => {
  const server = new McpServer({ name: 's', version: '1' })
  const bad = schema({ a: annotated('A', 'number') })
  assert.throws(() => server.registerTool('t', { inputSchema: bad }, () => ''), {
    name: 'TypeError',
    message: /tool "t": x-mcp-header at \/properties\/a/,
  })
  assert.equal(server.tools.size, 0)
  const handle = server.registerTool('t', { inputSchema: schema({ a: annotated('A') }) }, () => '')
  assert.throws(() => handle.update({ inputSchema: bad }), TypeError)
  assert.equal(
    server.tools.some(({ headerParameters }) => headerParameters.length === 1),
    true,
  )
})
