/**
 * Type tests of `FromSchema`: each line is a schema literal and the type that comes of it.
 */
import type { FromSchema, JsonSchemaObject } from '../../src/json-schema/infer.ts'
import type { Equal, Expect } from './expect.ts'

/** Infers as `registerTool` does: from a literal in an argument, with no `as const`. */
declare function schema<const S extends JsonSchemaObject>(literal: S): FromSchema<S>

// Scalars
export type Scalars = [
  Expect<Equal<FromSchema<{ type: 'string' }>, string>>,
  Expect<Equal<FromSchema<{ type: 'number' }>, number>>,
  Expect<Equal<FromSchema<{ type: 'integer' }>, number>>,
  Expect<Equal<FromSchema<{ type: 'boolean' }>, boolean>>,
  Expect<Equal<FromSchema<{ type: 'null' }>, null>>,
  Expect<Equal<FromSchema<{ readonly type: readonly ['string', 'null'] }>, string | null>>,
  Expect<Equal<FromSchema<{ type: ['integer', 'string', 'boolean'] }>, number | string | boolean>>,
  Expect<Equal<FromSchema<true>, unknown>>,
  Expect<Equal<FromSchema<false>, never>>,
  Expect<Equal<FromSchema<Record<never, never>>, unknown>>,
  Expect<Equal<FromSchema<{ type: string }>, unknown>>,
  Expect<Equal<FromSchema<JsonSchemaObject>, unknown>>,
]

// const and enum
export type Literals = [
  Expect<Equal<FromSchema<{ const: 7 }>, 7>>,
  Expect<Equal<FromSchema<{ const: null }>, null>>,
  Expect<Equal<FromSchema<{ type: 'string'; const: 'a' }>, 'a'>>,
  Expect<Equal<FromSchema<{ enum: ['a', 'b', 3, null] }>, 'a' | 'b' | 3 | null>>,
  Expect<Equal<FromSchema<{ readonly type: 'string'; readonly enum: readonly ['a', 'b'] }>, 'a' | 'b'>>,
  Expect<Equal<FromSchema<{ type: 'string'; enum: string[] }>, string>>,
]

// Objects
const forecast = schema({
  type: 'object',
  description: 'One day',
  properties: {
    city: { type: 'string', minLength: 1 },
    unit: { type: 'string', enum: ['c', 'f'], default: 'c' },
    days: { type: 'integer', minimum: 1 },
    place: {
      type: 'object',
      properties: { lat: { type: 'number' }, lon: { type: 'number' } },
      required: ['lat', 'lon'],
      additionalProperties: false,
    },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['city', 'place'],
})
export type Forecast = Expect<
  Equal<
    typeof forecast,
    { city: string; unit?: 'c' | 'f'; days?: number; place: { lat: number; lon: number }; tags?: string[] }
  >
>
// @ts-expect-error `city` is a string
forecast.city satisfies number
// @ts-expect-error there is no such property
forecast.town

type A = { a: { type: 'string' } }
export type Objects = [
  Expect<Equal<FromSchema<{ type: 'object' }>, { [name: string]: unknown }>>,
  Expect<
    Equal<FromSchema<{ type: 'object'; properties: Record<never, never> }>, { [name: string]: unknown }>
  >,
  Expect<Equal<FromSchema<{ type: 'object'; additionalProperties: false }>, { [name: string]: never }>>,
  Expect<Equal<FromSchema<{ type: 'object'; properties: A }>, { a?: string }>>,
  Expect<Equal<FromSchema<{ type: 'object'; properties: A; required: readonly ['a'] }>, { a: string }>>,
  Expect<Equal<FromSchema<{ type: 'object'; properties: A; required: string[] }>, { a?: string }>>,
  Expect<
    Equal<FromSchema<{ type: 'object'; properties: A; required: ['a', 'b'] }>, { a: string; b: unknown }>
  >,
  Expect<Equal<FromSchema<{ type: 'object'; required: ['b'] }>, { b: unknown }>>,
  Expect<Equal<FromSchema<{ type: 'object'; properties: A; additionalProperties: false }>, { a?: string }>>,
  Expect<
    Equal<
      FromSchema<{ type: 'object'; properties: A; required: ['a']; additionalProperties: true }>,
      { [name: string]: unknown; a: string }
    >
  >,
  Expect<
    Equal<
      FromSchema<{ type: 'object'; additionalProperties: { type: 'number' } }>,
      { [name: string]: number }
    >
  >,
  Expect<
    Equal<
      FromSchema<{
        type: 'object'
        properties: A
        required: ['a']
        additionalProperties: { type: 'number' }
      }>,
      { [name: string]: string | number; a: string }
    >
  >,
  Expect<
    Equal<
      FromSchema<{
        type: 'object'
        properties: A
        patternProperties: { '^x-': { type: 'number' } }
        additionalProperties: false
      }>,
      { [name: string]: unknown; a?: string }
    >
  >,
  // Without `type` the schema accepts strings and numbers too.
  Expect<Equal<FromSchema<{ properties: A; required: ['a'] }>, unknown>>,
  Expect<Equal<FromSchema<{ type: ['object', 'null']; properties: A }>, { a?: string } | null>>,
  Expect<
    Equal<FromSchema<{ type: 'object'; properties: { a: true; b: false } }>, { a?: unknown; b?: never }>
  >,
  // What the literal says `readonly` about is the schema, not the value.
  Expect<
    Equal<
      FromSchema<{
        readonly type: 'object'
        readonly properties: { readonly a: { readonly type: 'string' } }
      }>,
      { a?: string }
    >
  >,
]

// Arrays and tuples
type Pair = [{ type: 'string' }, { type: 'number' }]
export type Arrays = [
  Expect<Equal<FromSchema<{ type: 'array' }>, unknown[]>>,
  Expect<Equal<FromSchema<{ type: 'array'; items: { type: 'string' } }>, string[]>>,
  Expect<Equal<FromSchema<{ type: 'array'; items: false }>, never[]>>,
  Expect<Equal<FromSchema<{ items: { type: 'string' } }>, unknown>>,
  Expect<Equal<FromSchema<{ type: 'array'; prefixItems: Pair }>, [string?, number?, ...unknown[]]>>,
  Expect<Equal<FromSchema<{ type: 'array'; prefixItems: Pair; items: false }>, [string?, number?]>>,
  Expect<
    Equal<FromSchema<{ type: 'array'; prefixItems: Pair; items: false; minItems: 1 }>, [string, number?]>
  >,
  Expect<
    Equal<FromSchema<{ type: 'array'; prefixItems: Pair; items: false; minItems: 2 }>, [string, number]>
  >,
  Expect<Equal<FromSchema<{ type: 'array'; prefixItems: Pair; minItems: 2; maxItems: 2 }>, [string, number]>>,
  Expect<
    Equal<
      FromSchema<{ type: 'array'; prefixItems: Pair; items: { type: 'boolean' }; minItems: 2 }>,
      [string, number, ...boolean[]]
    >
  >,
  Expect<
    Equal<FromSchema<{ type: 'array'; prefixItems: Pair; minItems: 5 }>, [string, number, ...unknown[]]>
  >,
  Expect<
    Equal<
      FromSchema<{ type: 'array'; prefixItems: Pair; items: false; minItems: number }>,
      [string?, number?]
    >
  >,
  Expect<Equal<FromSchema<{ type: 'array'; prefixItems: { type: 'string' }[]; items: false }>, unknown[]>>,
  Expect<
    Equal<FromSchema<{ type: 'array'; items: Pair; additionalItems: false; minItems: 2 }>, [string, number]>
  >,
]

// Combining
type B = { type: 'object'; properties: { b: { type: 'number' } }; required: ['b'] }
export type Combining = [
  Expect<Equal<FromSchema<{ anyOf: [{ type: 'string' }, { type: 'number' }] }>, string | number>>,
  Expect<Equal<FromSchema<{ oneOf: [{ const: 'a' }, { const: 'b' }] }>, 'a' | 'b'>>,
  Expect<Equal<FromSchema<{ anyOf: [{ type: 'string' }, true] }>, unknown>>,
  Expect<Equal<FromSchema<{ anyOf: [{ type: 'string' }, { type: 'null' }] }>, string | null>>,
  Expect<
    Equal<
      FromSchema<{ allOf: [{ type: 'object'; properties: A; required: ['a'] }, B] }>,
      { a: string; b: number }
    >
  >,
  Expect<Equal<FromSchema<{ type: 'object'; properties: A; allOf: [B] }>, { a?: string; b: number }>>,
  Expect<
    Equal<
      FromSchema<{
        type: 'object'
        properties: A
        required: ['a']
        oneOf: [B, { type: 'object'; properties: { c: { type: 'null' } } }]
      }>,
      { a: string; b: number } | { a: string; c?: null }
    >
  >,
  // A branch without `type` belongs to the object around it.
  Expect<
    Equal<
      FromSchema<{
        type: 'object'
        properties: A & { b: { type: 'number' } }
        anyOf: [{ required: ['a'] }, { required: ['b'] }]
      }>,
      { a: string; b?: number } | { a?: string; b: number }
    >
  >,
  Expect<Equal<FromSchema<{ allOf: [{ type: 'string' }, { minLength: 1 }] }>, string>>,
  Expect<Equal<FromSchema<{ type: 'string'; not: { const: 'a' } }>, string>>,
  Expect<
    Equal<
      FromSchema<{ type: 'object'; properties: A; if: B; then: { required: ['a'] }; else: false }>,
      { a?: string }
    >
  >,
]

// References
interface Node {
  name: string
  children?: Node[]
}
type TreeSchema = {
  $ref: '#/$defs/node'
  $defs: {
    node: {
      type: 'object'
      properties: { name: { type: 'string' }; children: { type: 'array'; items: { $ref: '#/$defs/node' } } }
      required: ['name']
    }
  }
}
declare const tree: FromSchema<TreeSchema>
tree satisfies Node
export const sameTree: FromSchema<TreeSchema> = {} as Node
// @ts-expect-error a recursive type keeps its members at every depth
tree.children?.[0]?.children?.[0]?.children?.[0]?.children?.[0]?.name satisfies number | undefined

const list = schema({
  type: 'object',
  properties: { value: { type: 'number' }, next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
  required: ['value'],
})
export const fourth: number | undefined = list.next?.next?.next?.next?.value

declare const json: FromSchema<{
  $ref: '#/$defs/json'
  $defs: {
    json: {
      anyOf: [
        { type: ['string', 'number', 'boolean', 'null'] },
        { type: 'array'; items: { $ref: '#/$defs/json' } },
        { type: 'object'; additionalProperties: { $ref: '#/$defs/json' } },
      ]
    }
  }
}>
// @ts-expect-error a JSON value may be a string, too
json satisfies unknown[]
if (Array.isArray(json)) json[0] satisfies unknown

export type References = [
  Expect<Equal<FromSchema<{ $ref: '#/$defs/s'; $defs: { s: { type: 'string' } } }>, string>>,
  Expect<Equal<FromSchema<{ $ref: '#/definitions/s'; definitions: { s: { type: 'string' } } }>, string>>,
  Expect<Equal<FromSchema<{ $ref: '#/$defs/other'; $defs: { s: { type: 'string' } } }>, unknown>>,
  Expect<Equal<FromSchema<{ $ref: 'https://example.com/schema' }>, unknown>>,
  Expect<Equal<FromSchema<{ $ref: '#' }>, unknown>>,
  Expect<Equal<FromSchema<{ allOf: [{ $ref: '#' }] }>, unknown>>,
  Expect<
    Equal<
      FromSchema<{ $ref: '#/$defs/a'; $defs: { a: { $ref: '#/$defs/b' }; b: { $ref: '#/$defs/a' } } }>,
      unknown
    >
  >,
  // `#` inside a schema with an `$id` of its own is that schema.
  Expect<
    Equal<
      FromSchema<{
        type: 'object'
        properties: {
          v: { $id: 'https://example.com/inner'; $ref: '#/$defs/x'; $defs: { x: { type: 'null' } } }
        }
        $defs: { x: { type: 'string' } }
      }>,
      { v?: null }
    >
  >,
]

// What is undefined is absent
const partly = schema({
  type: 'object',
  title: undefined,
  properties: { a: { type: 'string', const: undefined, $ref: undefined }, b: undefined },
  required: undefined,
  additionalProperties: undefined,
  patternProperties: undefined,
  anyOf: undefined,
})
export type Partly = Expect<Equal<typeof partly, { a?: string; b?: never }>>
declare const isProduction: boolean
const perhaps = schema({
  type: 'object',
  description: isProduction ? 'x' : undefined,
  properties: {
    a: isProduction ? { type: 'string' } : undefined,
    list: { type: 'array', items: undefined, minItems: undefined },
  },
  required: isProduction ? ['a'] : undefined,
})
export type Perhaps = Expect<Equal<typeof perhaps, { a?: string; list?: unknown[] }>>
