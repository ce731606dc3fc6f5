/**
 * One adapter over the two ways to give a schema: a JSON Schema literal, or a schema of the user's own library.
 *
 * Spec: Standard Schema v1 and its JSON Schema extension {@link https://standardschema.dev}. A library's schema
 * is recognised by its `~standard` property, and no library is imported:
 *
 *    literal              ->  json: that very object       validate: compile.ts, always synchronous
 *    { '~standard': ... } ->  json: ~standard.jsonSchema   validate: ~standard.validate, perhaps a promise
 *
 * Direction: an input is shown to clients as what they must send, and a handler receives what validation made
 * of it. An output is supplied by the handler, and what validation made of it is sent; so that is what clients
 * are shown. Hence `jsonSchema.input` for the one and `jsonSchema.output` for the other.
 *
 * Invariant: whatever a library does wrong at registration becomes a TypeError that names the schema's place.
 * Not here: JSON Schema itself (compile.ts), types of literals (infer.ts), what becomes of the errors.
 */

import { type CompileOptions, compile } from './compile.ts'
import type { FromSchema, JsonSchemaObject } from './infer.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { memberPath, type ValidationError, type ValidationResult } from './result.ts'

/** The dialects that are asked for, the preferred one first. */
const TARGETS = ['draft-2020-12', 'draft-07'] as const

/** The part of Standard Schema v1 that is used, as the type of an object that a library made. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | PromiseLike<StandardResult<Output>>
    /** Carries types only; there is no such property at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** A Standard Schema that can describe itself in JSON Schema: zod from 4.2, ArkType, valibot with its converter. */
export interface StandardSchemaWithJson<Input = unknown, Output = Input>
  extends StandardSchema<Input, Output> {
  readonly '~standard': StandardSchema<Input, Output>['~standard'] & {
    readonly jsonSchema: {
      readonly input: (options: { readonly target: (typeof TARGETS)[number] }) => object
      readonly output: (options: { readonly target: (typeof TARGETS)[number] }) => object
    }
  }
}

/** What a Standard Schema's `validate` gives: it failed if there are `issues`. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What is accepted wherever a schema is. */
export type SchemaLike = JsonSchemaObject | StandardSchemaWithJson

/** The value that somebody receives after validation against `S`: after defaults and transforms. */
export type InferInput<S> = S extends { readonly '~standard': { readonly types?: infer T | undefined } }
  ? NonNullable<T> extends { readonly output: infer Output }
    ? Output
    : unknown
  : FromSchema<S>

/** The value that somebody must supply for validation against `S`: before defaults and transforms. */
export type InferOutput<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly input: infer Input }
    ? Input
    : unknown
  : Supplied<FromSchema<S>>

/** JSON has no `undefined`: what may be left out may be `undefined`, too. */
type Supplied<T> = T extends readonly unknown[]
  ? { [I in keyof T]: Supplied<T[I]> }
  : T extends object
    ? {
        [K in keyof T]: NonNullable<unknown> extends Pick<T, K> ? Supplied<T[K]> | undefined : Supplied<T[K]>
      }
    : T

export type CheckResult =
  | { readonly valid: true; readonly value: unknown }
  | { readonly valid: false; readonly errors: readonly ValidationError[] }

export interface SchemaAdapter {
  /** The JSON Schema that clients are shown; for a literal it is the very same object. */
  readonly json: object
  /** Whether this is a library's schema; where it is not, `validate` is synchronous. */
  readonly isStandard: boolean
  /**
   * Checks a value. `value` in the result takes the place of the argument: a library's schema may have
   * transformed it.
   *
   * @throws what a library's schema throws; it may also reject
   */
  validate(value: unknown): CheckResult | Promise<CheckResult>
}

export interface SchemaUse {
  /** Names the schema in messages, such as `tool "get_weather" inputSchema`. */
  readonly name: string
  /** Whether the value comes from the other side, or goes to it. */
  readonly io: 'input' | 'output'
  /** For literals. `maxErrors` bounds the errors of a library's schema, too. */
  readonly options?: CompileOptions | undefined
}

/**
 * Makes the adapter of a schema. Done once, at registration.
 *
 * @param schema - a JSON Schema literal or a Standard Schema with JSON Schema output
 * @param use - where the schema stands, for messages and for the direction
 * @throws {TypeError} the schema cannot be used; the message names its place and says what would do
 */
export function adaptSchema(schema: SchemaLike, use: SchemaUse): SchemaAdapter {
  const standard = standardPart(schema)
  if (standard !== undefined) return new StandardAdapter(standard, use)
  refuseForeign(schema, use.name)
  return new LiteralAdapter(schema, use)
}

/**
 * Asserts that a schema accepts objects only, and says so where clients look for it: in `type` at its root.
 *
 * @param json - a JSON Schema, see {@link SchemaAdapter.json}
 * @param name - names the schema in the message
 * @throws {TypeError} `type` is not `'object'`
 */
export function assertObjectSchema(json: object, name: string): void {
  const type = 'type' in json ? json.type : undefined
  if (type === 'object') return
  const received = type === undefined ? 'none' : JSON.stringify(type)
  throw new TypeError(
    `${name}: must have type "object" at its root, got ${received}. Put a value of another type, or a union, ` +
      'into a property of an object; a union of objects in a literal may stand beside type: "object".',
  )
}

class LiteralAdapter implements SchemaAdapter {
  readonly json: object
  readonly isStandard = false
  readonly #check: (value: unknown) => ValidationResult

  constructor(schema: JsonSchemaObject, use: SchemaUse) {
    this.json = schema
    try {
      this.#check = compile(schema, use.options)
    } catch (cause) {
      throw new TypeError(`${use.name}: ${messageOf(cause)}`, { cause })
    }
  }

  validate(value: unknown): CheckResult {
    const result = this.#check(value)
    return result.valid ? { valid: true, value } : result
  }
}

type StandardPart = StandardSchemaWithJson['~standard']

class StandardAdapter implements SchemaAdapter {
  readonly json: object
  readonly isStandard = true
  readonly #standard: StandardPart
  readonly #name: string
  readonly #maxErrors: number

  constructor(standard: Partial<StandardPart>, { name, io, options }: SchemaUse) {
    if (!isUsable(standard)) throw new TypeError(`${name}: ${whyUnusable(standard)}`)
    this.#standard = standard
    this.#name = name
    this.#maxErrors = options?.maxErrors ?? DEFAULT_LIMITS.maxErrors
    this.json = describeIn(standard, io, name)
  }

  validate(value: unknown): CheckResult | Promise<CheckResult> {
    const result = this.#standard.validate(value)
    // What a foreign `then` returns is not known to be a promise.
    return isThenable(result)
      ? Promise.resolve(result).then((settled) => this.#toCheck(settled))
      : this.#toCheck(result)
  }

  #toCheck(result: StandardResult<unknown>): CheckResult {
    if (typeof result !== 'object' || result === null) {
      throw new TypeError(
        `${this.#name}: ${this.#standard.vendor} validate() gave ${typeof result}, not a result`,
      )
    }
    // Some libraries leave a partial value beside the issues, so the issues decide.
    if (result.issues === undefined) return { valid: true, value: result.value }
    if (result.issues.length === 0) return { valid: false, errors: [toError({ message: 'not valid' })] }
    return { valid: false, errors: result.issues.slice(0, this.#maxErrors).map(toError) }
  }
}

/** A Standard Schema gives no keyword with an issue: the errors carry the name of the interface instead. */
function toError({ message, path }: StandardIssue): ValidationError {
  let pointer = ''
  for (const segment of path ?? []) {
    pointer = memberPath(pointer, String(typeof segment === 'object' ? segment.key : segment))
  }
  return { path: pointer, keyword: '~standard', message }
}

/** @returns the `~standard` member of an object or function (ArkType's schemas are functions) */
function standardPart(schema: unknown): Partial<StandardPart> | undefined {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return undefined
  const standard = '~standard' in schema ? schema['~standard'] : undefined
  return typeof standard === 'object' && standard !== null ? standard : undefined
}

function isUsable(standard: Partial<StandardPart>): standard is StandardPart {
  const { version, validate, jsonSchema } = standard
  return (
    version === 1 &&
    typeof validate === 'function' &&
    typeof jsonSchema?.input === 'function' &&
    typeof jsonSchema.output === 'function'
  )
}

function whyUnusable({ version, vendor, validate }: Partial<StandardPart>): string {
  if (version !== 1) return `expected version 1 of Standard Schema, got ${JSON.stringify(version)}`
  if (typeof validate !== 'function') return 'the Standard Schema has no validate function'
  const missing = `the ${String(vendor)} schema has no JSON Schema output (~standard.jsonSchema). `
  switch (vendor) {
    case 'zod':
      return `${missing}zod has it from 4.2 on: update zod, and import it from "zod", not from "zod/v3"`
    case 'valibot':
      return `${missing}Wrap it: toStandardJsonSchema(schema), from the package @valibot/to-json-schema`
    default:
      return `${missing}Update or wrap it so that it implements Standard JSON Schema, or give a JSON Schema literal`
  }
}

/** Asks for 2020-12, and for draft-07 where a library does not know that; the first answer explains a failure. */
function describeIn(standard: StandardPart, io: 'input' | 'output', name: string): object {
  let failure: unknown
  for (const target of TARGETS) {
    try {
      const json: unknown = standard.jsonSchema[io]({ target })
      if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
      failure ??= new TypeError(`expected an object, got ${JSON.stringify(json)}`)
    } catch (error) {
      failure ??= error
    }
  }
  const hint = io === 'output' ? '. The schema must describe the value after its transforms' : ''
  throw new TypeError(
    `${name}: the ${standard.vendor} schema cannot describe its ${io} in JSON Schema: ${messageOf(failure)}${hint}`,
    { cause: failure },
  )
}

/**
 * A literal is a plain object. Unknown keywords are legal in JSON Schema, so that without this check the
 * schema of some library, taken for a literal, would accept everything.
 */
function refuseForeign(schema: unknown, name: string): asserts schema is JsonSchemaObject {
  const expected = 'expected a JSON Schema object, or a Standard Schema with JSON Schema output'
  if (typeof schema !== 'object' || schema === null)
    throw new TypeError(`${name}: ${expected}, got ${kindOf(schema)}`)
  if ('_def' in schema) {
    throw new TypeError(
      `${name}: ${expected}, got a schema of an old zod. zod has JSON Schema output from 4.2 on`,
    )
  }
  if (!isPlain(schema)) throw new TypeError(`${name}: ${expected}, got ${kindOf(schema)}`)
  const properties: unknown = 'properties' in schema ? schema.properties : undefined
  refuseMembers(schema, name)
  if (isObject(properties)) refuseMembers(properties, `${name} properties`)
}

/** An object of schemas is what some libraries and SDKs take; here it would be a literal of unknown keywords. */
function refuseMembers(schema: object, name: string): void {
  for (const [key, member] of Object.entries(schema)) {
    if (standardPart(member) === undefined && !(isObject(member) && '_def' in member)) continue
    throw new TypeError(
      `${name}: expected JSON Schema keywords, got a library's schema as member ${JSON.stringify(key)}. ` +
        "Make the whole of it one schema with the library's object function, such as z.object({ ... })",
    )
  }
}

/** True also for plain objects of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return !Array.isArray(value) && (prototype === null || Object.getPrototypeOf(prototype) === null)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** A function may have a `then`, too. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object') return typeof value
  const name: unknown = value.constructor?.name
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
