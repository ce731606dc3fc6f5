/**
 * Type tests of what a handler receives and must supply, for literals and for the schemas of real libraries.
 */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { InferInput, InferOutput, SchemaLike } from '../../src/json-schema/standard-schema.ts'
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
// @ts-expect-error an object of schemas is not a schema
accept({ city: z.string() })
// @ts-expect-error nor is one of library schemas under a keyword
accept({ type: 'object', properties: { city: z.string() } })
// @ts-expect-error `required` is a list
accept({ type: 'object', required: 'city' })
// @ts-expect-error `properties` holds schemas
accept({ type: 'object', properties: { city: 'string' } })
