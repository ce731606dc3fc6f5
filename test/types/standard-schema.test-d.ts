/**
 * Type tests of what a handler receives and must supply, for literals and for the schemas of real libraries.
 */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { z as zod3 } from 'zod/v3'
import type { InferInput, InferOutput, SchemaLike } from '../../src/json-schema/adapter/standard-schema.ts'
import type { Equal, Expect } from './expect.ts'

declare function register<const I extends SchemaLike, const O extends SchemaLike>(
  config: { inputSchema: I; outputSchema: O },
  handler: (args: InferInput<I>) => InferOutput<O>,
): void

declare function accept<const S extends SchemaLike>(schema: S): InferInput<S>

const zodSchema = z.object({ at: z.string().transform((text) => text.length), unit: z.string().default('c') })
const arkSchema = type({ at: 'string.numeric.parse', 'unit?': 'string' })
const valibotSchema = v.object({
  at: v.pipe(v.string(), v.transform(Number)),
  unit: v.optional(v.string(), 'c'),
})
const wrapped = toStandardJsonSchema(valibotSchema)

export type Received = [
  Expect<Equal<InferInput<typeof zodSchema>, { at: number; unit: string }>>,
  Expect<Equal<InferInput<typeof arkSchema>, { at: number; unit?: string }>>,
  Expect<Equal<InferInput<typeof wrapped>, { at: number; unit: string }>>,
  Expect<Equal<InferInput<{ type: 'object'; properties: { at: { type: 'number' } } }>, { at?: number }>>,
]

export type Supplied = [
  Expect<Equal<InferOutput<typeof zodSchema>, { at: string; unit?: string | undefined }>>,
  Expect<Equal<InferOutput<typeof arkSchema>, { at: string; unit?: string }>>,
  Expect<Equal<InferOutput<typeof wrapped>, { at: string; unit?: string | undefined }>>,
  Expect<
    Equal<
      InferOutput<{ type: 'object'; properties: { at: { type: 'number' } } }>,
      { at?: number | undefined }
    >
  >,
]

// Objects of schemas: optional members, defaults and transforms are those of the library.
const shape = {
  at: z.string().transform((text) => text.length),
  unit: z.string().default('c'),
  days: z.number().optional(),
  any: z.unknown(),
}
const old = {
  at: zod3.string().transform(Number),
  unit: zod3.string().default('c'),
  n: zod3.number().optional(),
}
const oldObject = zod3.object(old)
const pairs = { n: type('number').default(5), s: type('string').optional(), b: type('boolean') }
const wrappedMembers = {
  n: toStandardJsonSchema(v.optional(v.number(), 1)),
  s: toStandardJsonSchema(v.string()),
}
export type Shapes = [
  Expect<
    Equal<InferInput<typeof shape>, { at: number; unit: string; any: unknown; days?: number | undefined }>
  >,
  Expect<
    Equal<
      InferOutput<typeof shape>,
      { at: string; any: unknown; unit?: string | undefined; days?: number | undefined }
    >
  >,
  Expect<Equal<InferInput<typeof old>, { at: number; unit: string; n?: number | undefined }>>,
  Expect<Equal<InferInput<typeof oldObject>, { at: number; unit: string; n?: number | undefined }>>,
  Expect<Equal<InferInput<typeof pairs>, { n: number; b: boolean; s?: string | undefined }>>,
  Expect<Equal<InferInput<typeof wrappedMembers>, { n: number; s: string }>>,
  Expect<Equal<InferInput<typeof mixed>, { title: string; n?: number | undefined }>>,
  // biome-ignore lint/complexity/noBannedTypes: what a tool without parameters has
  Expect<Equal<InferInput<{}>, Record<string, never>>>,
  // biome-ignore lint/suspicious/noExplicitAny: a schema of which nothing is known
  Expect<Equal<InferInput<Record<string, any>>, unknown>>,
]
// Names of keywords are names like others.
const mixed = { title: z.string(), n: type('number').optional() }

// A member with a default is there when the handler gets it, and may be left out by whoever sends it.
const literal = {
  type: 'object',
  properties: {
    mode: { enum: ['fast', 'slow'], default: 'fast' },
    none: { type: 'string', default: null },
    list: {
      type: 'array',
      items: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
    },
    either: {
      anyOf: [{ type: 'object', properties: { n: { type: 'number', default: 1 } } }, { type: 'null' }],
    },
    days: { type: 'integer' },
  },
} as const
export type Defaults = [
  Expect<
    Equal<
      InferInput<typeof literal>,
      {
        mode: 'fast' | 'slow'
        none?: string
        list?: { on: boolean }[]
        either?: { n?: number } | null
        days?: number
      }
    >
  >,
  Expect<Equal<InferOutput<typeof literal>['mode'], 'fast' | 'slow' | undefined>>,
]

register(
  {
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    outputSchema: z.object({ degrees: z.number(), unit: z.enum(['c', 'f']).default('c') }),
  },
  ({ city }) => ({ degrees: city.length }),
)

register(
  {
    inputSchema: z.object({ city: z.string().trim() }),
    outputSchema: { type: 'object', properties: { sky: { enum: ['clear', 'cloudy'] } }, required: ['sky'] },
  },
  // @ts-expect-error 'dark' is not in the enum
  ({ city }) => ({ sky: city === '' ? 'clear' : 'dark' }),
)

// Schemas that come from elsewhere, of which TypeScript knows nothing, are accepted, too.
declare const remote: { readonly type: 'object'; readonly [keyword: string]: unknown }
declare const parsed: Record<string, unknown>
export type Unknowns = [
  Expect<Equal<InferInput<typeof remote>, { [name: string]: unknown }>>,
  Expect<Equal<InferInput<typeof parsed>, unknown>>,
]
accept(remote)
accept(parsed)

// @ts-expect-error valibot's own schema has no JSON Schema output
accept(valibotSchema)
// @ts-expect-error nor has a member
accept({ city: v.string() })
// @ts-expect-error nor is one of library schemas under a keyword
accept({ type: 'object', properties: { city: z.string() } })
// @ts-expect-error `required` is a list
accept({ type: 'object', required: 'city' })
// @ts-expect-error `properties` holds schemas
accept({ type: 'object', properties: { city: 'string' } })
