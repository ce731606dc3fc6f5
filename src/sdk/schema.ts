/**
 * Schema objects: what types.js exports for `setRequestHandler`, `request` and `parse`, made without a schema library.
 *
 *    object({ method: literal('ping') })   check: unknown -> value, or issues
 *
 * They have the members that programs use of such objects (`parse`, `safeParse`, `extend`, `shape`, `~standard`), and of
 * zod's the part by which it embeds a schema in another one (`_zod`), so that `z.object({ tool: ToolSchema })` and
 * `z.infer<typeof ToolSchema>` work with zod 4. Members that a schema does not name are kept, except where it is strict.
 *
 * Not here: the schemas of the protocol (types/), schemas of the application (app-schema.ts).
 */

import { kindOf } from '../bounds/quote.ts'

export interface Issue {
  readonly code: 'custom'
  readonly message: string
  readonly path: PropertyKey[]
}

/** What `parse` throws. */
export class SchemaError extends Error {
  override readonly name = 'ZodError'
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(JSON.stringify(issues, null, 2))
    this.issues = issues
  }
}

/** @returns the value, or another one in its place; adds to `issues` what is wrong, with paths from this value */
type Check = (value: unknown, issues: Issue[]) => unknown

export type SafeParseResult<T> =
  | { readonly success: true; readonly data: T; readonly error?: undefined }
  | { readonly success: false; readonly error: SchemaError; readonly data?: undefined }

interface Definition {
  readonly type: string
  readonly shape?: Shape | undefined
  readonly values?: readonly unknown[] | undefined
}

/** zod's own view of a schema. */
interface ZodPart<Output> {
  readonly output: Output
  readonly input: Output
  readonly def: Definition
}

// biome-ignore lint/suspicious/noExplicitAny: any schema, whatever its type
type Any = any
export type Shape = { readonly [name: string]: Schema<Any> }
export type Infer<S> = S extends { readonly _zod: { readonly output: infer T } } ? T : never

type Flat<T> = { [K in keyof T]: T[K] } & {}
type OptionalNames<S> = { [K in keyof S]: undefined extends Infer<S[K]> ? K : never }[keyof S]
/** Of an object with this shape; an unknown member may be absent. */
export type Members<S> = Flat<
  { -readonly [K in Exclude<keyof S, OptionalNames<S>>]: Infer<S[K]> } & {
    -readonly [K in OptionalNames<S>]?: Infer<S[K]>
  }
>

export class Schema<Output> {
  declare readonly '~types': Output
  readonly _zod: ZodPart<Output>
  readonly '~standard'
  readonly #check: Check

  constructor(check: Check, def: Definition, isOptional = false) {
    this.#check = check
    const run = (payload: { value: unknown; issues: Issue[] }) => {
      payload.value = check(payload.value, payload.issues)
      return payload
    }
    const optin = isOptional ? 'optional' : undefined
    const parts = {
      def,
      run,
      optin,
      optout: optin,
      traits: new Set(),
      bag: {},
      deferred: [],
      parent: undefined,
    }
    this._zod = parts as unknown as ZodPart<Output>
    this['~standard'] = {
      version: 1,
      vendor: 'barewire',
      validate: (value: unknown) => {
        const result = this.safeParse(value)
        return result.success ? { value: result.data } : { issues: result.error.issues }
      },
    } as const
  }

  /** @throws {SchemaError} what is wrong, as JSON */
  parse(value: unknown): Output {
    const result = this.safeParse(value)
    if (result.success) return result.data
    throw result.error
  }

  safeParse(value: unknown): SafeParseResult<Output> {
    const issues: Issue[] = []
    const data = this.#check(value, issues)
    return issues.length === 0
      ? { success: true, data: data as Output }
      : { success: false, error: new SchemaError(issues) }
  }

  async parseAsync(value: unknown): Promise<Output> {
    return this.parse(value)
  }

  async safeParseAsync(value: unknown): Promise<SafeParseResult<Output>> {
    return this.safeParse(value)
  }

  /** For schemas that contain this one. */
  check(value: unknown, issues: Issue[]): unknown {
    return this.#check(value, issues)
  }

  optional(): Schema<Output | undefined> {
    return new Schema(
      (value, issues) => (value === undefined ? undefined : this.#check(value, issues)),
      { type: 'optional' },
      true,
    )
  }

  nullable(): Schema<Output | null> {
    return new Schema((value, issues) => (value === null ? null : this.#check(value, issues)), {
      type: 'nullable',
    })
  }

  default(fallback: Exclude<Output, undefined>): Schema<Output> {
    return new Schema(
      (value, issues) => (value === undefined ? structuredClone(fallback) : this.#check(value, issues)),
      { type: 'default' },
      true,
    )
  }

  array(): Schema<Output[]> {
    return array(this)
  }

  or<T>(other: Schema<T>): Schema<Output | T> {
    return union([this, other])
  }

  describe(_text: string): this {
    return this
  }
}

export class ObjectSchema<S extends Shape, Output = Members<S>> extends Schema<Output> {
  readonly shape: S
  readonly #strict: boolean

  constructor(shape: S, strict = false) {
    super(checkObject(shape, strict), { type: 'object', shape })
    this.shape = shape
    this.#strict = strict
  }

  extend<const T extends Shape>(
    more: T,
  ): ObjectSchema<Omit<S, keyof T> & T, Members<Omit<S, keyof T> & T> & Rest<Output>> {
    return new ObjectSchema({ ...this.shape, ...more } as Omit<S, keyof T> & T, this.#strict) as Any
  }

  merge<T extends Shape, O>(other: ObjectSchema<T, O>): ObjectSchema<S & T, Output & O> {
    return new ObjectSchema({ ...this.shape, ...other.shape }) as Any
  }

  strict(): ObjectSchema<S, Members<S>> {
    return new ObjectSchema(this.shape, true)
  }

  loose(): ObjectSchema<S, Members<S> & { [name: string]: unknown }> {
    return new ObjectSchema(this.shape) as Any
  }

  passthrough(): ObjectSchema<S, Members<S> & { [name: string]: unknown }> {
    return this.loose()
  }

  pick<K extends keyof S>(names: { readonly [N in K]: true }): ObjectSchema<Pick<S, K>> {
    const kept = Object.entries(this.shape).filter(([name]) => Object.hasOwn(names, name))
    return new ObjectSchema(Object.fromEntries(kept)) as Any
  }

  omit<K extends keyof S>(names: { readonly [N in K]: true }): ObjectSchema<Omit<S, K>> {
    const kept = Object.entries(this.shape).filter(([name]) => !Object.hasOwn(names, name))
    return new ObjectSchema(Object.fromEntries(kept)) as Any
  }

  partial(): ObjectSchema<{ readonly [K in keyof S]: Schema<Infer<S[K]> | undefined> }> {
    const each = Object.entries(this.shape).map(([name, schema]) => [name, schema.optional()])
    return new ObjectSchema(Object.fromEntries(each)) as Any
  }
}

/** Of a type with any members: that it has. */
type Rest<Output> = string extends keyof Output ? { [name: string]: unknown } : unknown

function checkObject(shape: Shape, strict: boolean): Check {
  const members = Object.entries(shape).map(([name, schema]) => [name, checkOf(schema)] as const)
  return (value, issues) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return wrong('object', value, issues)
    }
    let result = value as Record<string, unknown>
    for (const [name, check] of members) {
      const given = (value as Record<string, unknown>)[name]
      const checked = within(name, check, given, issues)
      if (checked === given) continue
      if (result === value) result = { ...result }
      result[name] = checked
    }
    if (!strict) return result
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(shape, name)) issue(`Unrecognized key: ${JSON.stringify(name)}`, issues)
    }
    return result
  }
}

/** A member may be a schema of zod, where a program extends one of ours. */
function checkOf(schema: Schema<unknown>): Check {
  if (schema instanceof Schema) return (value, issues) => schema.check(value, issues)
  const foreign = schema as { safeParse(value: unknown): SafeParseResult<unknown> }
  return (value, issues) => {
    const result = foreign.safeParse(value)
    if (result.success) return result.data
    for (const each of result.error.issues) issues.push({ ...each, path: [...each.path] })
    return value
  }
}

/** Checks a member, and puts its name in front of the paths of what is wrong with it. */
function within(name: PropertyKey, check: Check, value: unknown, issues: Issue[]): unknown {
  const before = issues.length
  const checked = check(value, issues)
  for (let index = before; index < issues.length; index++) issues[index]?.path.unshift(name)
  return checked
}

function issue(message: string, issues: Issue[]): void {
  issues.push({ code: 'custom', message, path: [] })
}

function wrong(expected: string, value: unknown, issues: Issue[]): unknown {
  issue(`Invalid input: expected ${expected}, received ${kindOf(value)}`, issues)
  return value
}

function of<T>(expected: string, type: string, fits: (value: unknown) => boolean): Schema<T> {
  return new Schema((value, issues) => (fits(value) ? value : wrong(expected, value, issues)), { type })
}

export const string = (): Schema<string> => of('string', 'string', (value) => typeof value === 'string')
export const number = (): Schema<number> => of('number', 'number', (value) => Number.isFinite(value))
export const int = (): Schema<number> => of('int', 'number', (value) => Number.isSafeInteger(value))
export const boolean = (): Schema<boolean> => of('boolean', 'boolean', (value) => typeof value === 'boolean')
export const unknown = (): Schema<unknown> => new Schema((value) => value, { type: 'unknown' }, true)
/** Any object, whose members are not known. */
export const anyObject = (): Schema<object> =>
  of('object', 'custom', (value) => typeof value === 'object' && value !== null)

export function literal<const T extends string | number | boolean | null>(expected: T): Schema<T> {
  const check: Check = (value, issues) =>
    value === expected ? value : wrong(JSON.stringify(expected), value, issues)
  return new Schema(check, { type: 'literal', values: [expected] })
}

export class EnumSchema<const T extends string> extends Schema<T> {
  readonly options: readonly T[]

  constructor(options: readonly T[]) {
    const known: ReadonlySet<unknown> = new Set(options)
    const expected = `one of ${options.join('|')}`
    super((value, issues) => (known.has(value) ? value : wrong(expected, value, issues)), {
      type: 'enum',
      values: options,
    })
    this.options = options
  }
}

export const enumOf = <const T extends string>(...options: readonly T[]): EnumSchema<T> =>
  new EnumSchema(options)

export function array<T>(item: Schema<T>): Schema<T[]> {
  const checkItem = checkOf(item)
  const check: Check = (value, issues) => {
    if (!Array.isArray(value)) return wrong('array', value, issues)
    let result = value
    for (const [index, given] of value.entries()) {
      const checked = within(index, checkItem, given, issues)
      if (checked === given) continue
      if (result === value) result = [...value]
      result[index] = checked
    }
    return result
  }
  return new Schema(check, { type: 'array' })
}

export function record<T>(item: Schema<T>): Schema<Record<string, T>> {
  const checkItem = checkOf(item)
  return new Schema(
    (value, issues) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return wrong('record', value, issues)
      }
      for (const [name, given] of Object.entries(value)) within(name, checkItem, given, issues)
      return value
    },
    { type: 'record' },
  )
}

export function object<const S extends Shape>(shape: S): ObjectSchema<S> {
  return new ObjectSchema(shape)
}

/** Its type has any other members, too. */
export function loose<const S extends Shape>(
  shape: S,
): ObjectSchema<S, Members<S> & { [name: string]: unknown }> {
  return new ObjectSchema(shape) as Any
}

export function union<const T extends readonly Schema<Any>[]>(options: T): Schema<Infer<T[number]>> {
  return new Schema(
    (value, issues) => {
      let closest: Issue[] | undefined
      for (const option of options) {
        const found: Issue[] = []
        const checked = option.check(value, found)
        if (found.length === 0) return checked
        if (closest === undefined || found.length < closest.length) closest = found
      }
      issues.push(...(closest ?? []))
      return value
    },
    { type: 'union' },
  )
}
