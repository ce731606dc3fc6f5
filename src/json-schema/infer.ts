/**
 * Types from schema literals: `FromSchema<S>` is the TypeScript type of the values a JSON Schema accepts.
 *
 * Spec: JSON Schema 2020-12 {@link https://json-schema.org/draft/2020-12/json-schema-validation}.
 *
 *    { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] }
 *      -> { city: string; days?: number }
 *
 * Invariant: the type is never narrower than what validation accepts. What TypeScript cannot say, or what
 * is not modelled (`if`, `not`, `dependentSchemas`, a `pattern`, a `$ref` to elsewhere), widens to `unknown`
 * or is left out of the intersection. Hence two results that may surprise:
 * - `properties` without `type: 'object'` is `unknown`, because such a schema also accepts a string;
 * - tuple items are optional unless `minItems` asks for them, because `prefixItems` does not.
 *
 * Cost: a schema of one plain `type` takes one test before its own branch (`keyof S & Combining`), and the
 * members of an object are evaluated only when they are used. That laziness also makes `$ref` cycles through objects
 * truly recursive types; a cycle with no object in it ends in `unknown`.
 * Types only. Not here: validation (compile.ts), types of Standard Schemas (standard-schema.ts).
 */

/** The values of the keyword `type`. */
export type JsonSchemaType = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string'

/** A JSON Schema: an object of keywords, `true` (accepts everything) or `false` (accepts nothing). */
export type JsonSchema = boolean | JsonSchemaObject

/** Schemas by name, as `properties` and `$defs` hold them. */
export type JsonSchemas = { readonly [name: string]: JsonSchema | undefined }

/**
 * The keywords that editors complete and whose shape is checked early. Others are allowed wherever a literal is
 * inferred (`registerTool`); compile.ts checks all of them at run time. An undefined keyword is absent.
 *
 * It has no index signature on purpose: an object that shares no keyword with it, such as a record of zod
 * schemas, is then a compile error.
 */
export interface JsonSchemaObject {
  readonly $schema?: string | undefined
  readonly $id?: string | undefined
  readonly $anchor?: string | undefined
  readonly $ref?: string | undefined
  readonly $defs?: JsonSchemas | undefined
  readonly $comment?: string | undefined
  readonly definitions?: JsonSchemas | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly default?: unknown
  readonly examples?: unknown
  readonly deprecated?: boolean | undefined
  readonly readOnly?: boolean | undefined
  readonly writeOnly?: boolean | undefined
  /** `string` is allowed because that is what TypeScript sees in an imported `.json` file. */
  readonly type?: JsonSchemaType | (string & {}) | readonly (JsonSchemaType | (string & {}))[] | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown
  readonly allOf?: readonly JsonSchema[] | undefined
  readonly anyOf?: readonly JsonSchema[] | undefined
  readonly oneOf?: readonly JsonSchema[] | undefined
  readonly not?: JsonSchema | undefined
  readonly if?: JsonSchema | undefined
  readonly then?: JsonSchema | undefined
  readonly else?: JsonSchema | undefined
  readonly properties?: JsonSchemas | undefined
  readonly patternProperties?: JsonSchemas | undefined
  readonly additionalProperties?: JsonSchema | undefined
  readonly unevaluatedProperties?: JsonSchema | undefined
  readonly propertyNames?: JsonSchema | undefined
  readonly required?: readonly string[] | undefined
  readonly dependentRequired?: { readonly [name: string]: readonly string[] } | undefined
  readonly dependentSchemas?: JsonSchemas | undefined
  readonly minProperties?: number | undefined
  readonly maxProperties?: number | undefined
  /** An array of schemas is draft-07's spelling of `prefixItems`. */
  readonly items?: JsonSchema | readonly JsonSchema[] | undefined
  readonly additionalItems?: JsonSchema | undefined
  readonly prefixItems?: readonly JsonSchema[] | undefined
  readonly unevaluatedItems?: JsonSchema | undefined
  readonly contains?: JsonSchema | undefined
  readonly minContains?: number | undefined
  readonly maxContains?: number | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly uniqueItems?: boolean | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly pattern?: string | undefined
  readonly format?: string | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly exclusiveMinimum?: number | undefined
  readonly exclusiveMaximum?: number | undefined
  readonly multipleOf?: number | undefined
  readonly contentEncoding?: string | undefined
  readonly contentMediaType?: string | undefined
  readonly contentSchema?: JsonSchema | undefined
  /** A Standard Schema is not a literal, although some of them have a `type` of their own. */
  readonly '~standard'?: undefined
}

/**
 * The TypeScript type of the values that the schema `S` accepts.
 *
 * `S` is the type of a literal: an argument of a `const` type parameter, or `typeof schema` where `schema`
 * was declared `as const`. A property with a `default` stays optional, since a value is valid without it. `nullable`
 * is not a JSON Schema keyword and is ignored here as it is in validation; write `type: ['string', 'null']`.
 *
 * @example
 * ```ts
 * const schema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } as const
 * type Value = FromSchema<typeof schema>   // { id: number }
 * ```
 */
export type FromSchema<S> = Infer<S, S, MaxRefs, false>

/**
 * The value that a handler gets: a member with a `default` is present. Not within `anyOf` and `oneOf`, where no default
 * is filled in, nor where the default clearly does not fit its own schema, such as null for a string.
 */
export type FilledFromSchema<S> = Infer<S, S, MaxRefs, true>

/** How many `$ref`s are followed in a row, with no object between them, before the answer is `unknown`. */
type MaxRefs = 6
type OneLess = [never, 0, 1, 2, 3, 4, 5]

/** Keywords that say something beside `type`, or in its place. */
type Combining = '$id' | '$ref' | 'allOf' | 'anyOf' | 'const' | 'enum' | 'oneOf'

/** `Root` is the schema that `#` in a `$ref` means; `Refs` counts down from {@link MaxRefs}; `Fill`: with defaults. */
type Infer<S, Root, Refs extends number, Fill> = S extends boolean | undefined
  ? S extends true
    ? unknown
    : never
  : Undefined extends S[keyof S]
    ? Infer<Defined<S>, Root, Refs, Fill>
    : [keyof S & Combining] extends [never]
      ? Typed<S, Root, Refs, Fill>
      : S extends { readonly $id: string }
        ? Combined<S, S, Refs, Fill>
        : Combined<S, Root, Refs, Fill>

/** In a form that, as `undefined` itself without `strictNullChecks`, is not assignable to everything. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is the type that nothing but itself takes
type Undefined = undefined extends 0 ? void : undefined

/** Without the keywords that may be undefined: they may be absent, and say nothing for certain. */
type Defined<T> = { readonly [K in keyof T as Undefined extends T[K] ? never : K]: T[K] }

/** A `$ref`, `const` or `enum` alone is precise enough; the rest is what all the keywords have in common. */
type Combined<S, Root, Refs extends number, Fill> = S extends { readonly $ref: infer P }
  ? Referenced<P, Root, Refs, Fill>
  : S extends { readonly const: infer C }
    ? C
    : S extends { readonly enum: readonly (infer E)[] }
      ? E
      : Both<
          Typed<S, Root, Refs, Fill>,
          Both<
            S extends { readonly anyOf: readonly (infer B)[] } ? Branch<B, S, Root, Refs, false> : unknown,
            Both<
              S extends { readonly oneOf: readonly (infer B)[] } ? Branch<B, S, Root, Refs, false> : unknown,
              S extends { readonly allOf: infer All } ? Every<All, S, Root, Refs, Fill> : unknown
            >
          >
        >

/** A union of branches `B`, each read as an object where the schema around it says that it is one. */
type Branch<B, S, Root, Refs extends number, Fill> = B extends boolean
  ? Infer<B, Root, Refs, Fill>
  : S extends { readonly type: 'object' }
    ? B extends { readonly type: unknown }
      ? Infer<B, Root, Refs, Fill>
      : Both<Infer<B & { readonly type: 'object' }, Root, Refs, Fill>, Present<S, RequiredNames<B>>>
    : Infer<B, Root, Refs, Fill>

/** Members that `S` declares and a branch requires: present, so not `undefined`. */
type Present<S, Names> = S extends { readonly properties: infer P }
  ? [Names & keyof P] extends [never]
    ? unknown
    : { [K in Names & keyof P]: NonNullable<unknown> | null }
  : unknown

type Every<All, S, Root, Refs extends number, Fill> = All extends readonly [infer First, ...infer Rest]
  ? Both<Branch<First, S, Root, Refs, Fill>, Every<Rest, S, Root, Refs, Fill>>
  : unknown

/** `A & B`, written as one object type where both are objects. */
type Both<A, B> = unknown extends A ? B : unknown extends B ? A : Tidy<A & B>

/** The mapped type is written in a branch, without a name of its own, so that editors show its members. */
type Tidy<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]: T[K] } : T

type Referenced<P, Root, Refs extends number, Fill> = Refs extends 0
  ? unknown
  : P extends '#'
    ? Infer<Root, Root, OneLess[Refs], Fill>
    : P extends `#/${infer Table extends '$defs' | 'definitions'}/${infer Name}`
      ? Root extends { readonly [K in Table]: { readonly [N in Name]: infer Target } }
        ? Infer<Target, Root, OneLess[Refs], Fill>
        : unknown
      : unknown

interface Primitives {
  string: string
  number: number
  integer: number
  boolean: boolean
  null: null
}

type Typed<S, Root, Refs extends number, Fill> = S extends { readonly type: infer T }
  ? T extends keyof Primitives
    ? Primitives[T]
    : OfType<T extends readonly (infer Each)[] ? Each : T, S, Root, Refs, Fill>
  : unknown

type OfType<T, S, Root, Refs extends number, Fill> = T extends keyof Primitives
  ? Primitives[T]
  : T extends 'object'
    ? ObjectOf<S, Root, Fill>
    : T extends 'array'
      ? ArrayOf<S, Root, Refs, Fill>
      : unknown

type ObjectOf<S, Root, Fill> = S extends { readonly patternProperties: unknown }
  ? Tidy<Declared<S, Root, Fill> & Index<unknown>>
  : S extends { readonly additionalProperties: infer A }
    ? Additional<A, Declared<S, Root, Fill>, Root>
    : S extends { readonly properties: infer P }
      ? [keyof P | RequiredNames<S>] extends [never]
        ? Index<unknown>
        : Tidy<Declared<S, Root, Fill>>
      : Tidy<[RequiredNames<S>] extends [never] ? Index<unknown> : Declared<S, Root, Fill>>

/** Members are read with a full count of `$ref`s: they are evaluated lazily, so a cycle through them ends. */
type Declared<S, Root, Fill> = S extends { readonly properties: infer P }
  ? Members<P, RequiredNames<S> | Filled<P, Root, Fill>, Root, Fill>
  : { [K in RequiredNames<S>]: unknown }

type Members<P, R, Root, Fill> = [R] extends [keyof P]
  ? RequiredMembers<P, keyof P & R, Root, Fill> & OptionalMembers<P, Exclude<keyof P, R>, Root, Fill>
  : RequiredMembers<P, keyof P & R, Root, Fill> &
      OptionalMembers<P, Exclude<keyof P, R>, Root, Fill> & { [K in Exclude<R, keyof P> & string]: unknown }

type RequiredMembers<P, K extends keyof P, Root, Fill> = {
  -readonly [N in K]: Infer<P[N], Root, MaxRefs, Fill>
}
type OptionalMembers<P, K extends keyof P, Root, Fill> = {
  -readonly [N in K]?: Infer<P[N], Root, MaxRefs, Fill>
}

/** Names of the members that a default is filled in for. One that is an object or array is assumed to be valid. */
type Filled<P, Root, Fill> = Fill extends true
  ? {
      [K in keyof P]: P[K] extends { readonly default: infer D }
        ? D extends object | Infer<P[K], Root, MaxRefs, false>
          ? K
          : never
        : never
    }[keyof P]
  : never

/** A list of names that is not a literal says nothing about any of them. */
type RequiredNames<S> = S extends { readonly required: readonly (infer R extends string)[] }
  ? string extends R
    ? never
    : R
  : never

/** The index signature covers the declared members too, or no value could be assigned to it. */
type Additional<A, D, Root> = A extends false
  ? [keyof D] extends [never]
    ? Index<never>
    : Tidy<D>
  : A extends true
    ? Tidy<D & Index<unknown>>
    : [keyof D] extends [never]
      ? { [name: string]: Infer<A, Root, MaxRefs, false> }
      : Tidy<D & { [name: string]: Infer<A, Root, MaxRefs, false> | D[keyof D] }>

type Index<V> = { [name: string]: V }

type ArrayOf<S, Root, Refs extends number, Fill> = S extends { readonly prefixItems: infer P }
  ? Tuple<P, MinItems<S>, Tail<S, 'items', P, Root, Refs, Fill>, Root, Refs, Fill>
  : S extends { readonly items: infer I }
    ? I extends readonly unknown[]
      ? Tuple<I, MinItems<S>, Tail<S, 'additionalItems', I, Root, Refs, Fill>, Root, Refs, Fill>
      : Infer<I, Root, Refs, Fill>[]
    : unknown[]

type MinItems<S> = S extends { readonly minItems: infer M } ? M : 0

/** What may follow the items that a tuple `P` lists, by the keyword `K`. */
type Tail<S, K extends string, P, Root, Refs extends number, Fill> = S extends { readonly maxItems: infer M }
  ? P extends { readonly length: M }
    ? []
    : unknown[]
  : S extends { readonly [N in K]: infer I }
    ? I extends false
      ? []
      : Infer<I, Root, Refs, Fill>[]
    : unknown[]

/** The first `Min` items are required, the rest of `P` is optional, `After` follows. */
type Tuple<
  P,
  Min,
  After extends unknown[],
  Root,
  Refs extends number,
  Fill,
  Done extends unknown[] = [],
> = P extends readonly [infer First, ...infer More]
  ? Done['length'] extends Min
    ? [...Done, ...Partial<Items<P, Root, Refs, Fill>>, ...After]
    : Tuple<More, Min, After, Root, Refs, Fill, [...Done, Infer<First, Root, Refs, Fill>]>
  : P extends readonly []
    ? [...Done, ...After]
    : unknown[]

type Items<P extends readonly unknown[], Root, Refs extends number, Fill> = {
  -readonly [I in keyof P]: Infer<P[I], Root, Refs, Fill>
}
