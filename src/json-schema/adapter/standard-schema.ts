/**
 * One adapter over the two ways to give a schema: a JSON Schema literal, or a schema of the user's own library.
 *
 * Spec: Standard Schema v1 and its JSON Schema extension {@link https://standardschema.dev}. A library's schema
 * is recognised by its `~standard` property, and no library is imported:
 *
 *    literal              ->  json: that very object       validate: compile.ts, always synchronous
 *    { '~standard': ... } ->  json: ~standard.jsonSchema   validate: ~standard.validate, perhaps a promise
 *    an object of those   ->  as one of them (schema-members.ts)
 *
 * Direction: the schema of an input describes what clients must send, and a handler gets the validated value. An output
 * is returned by the handler, and the validated value is sent, so its schema describes that. Hence `jsonSchema.input`
 * for the one and `jsonSchema.output` for the other.
 *
 * Invariant: any error of a library at registration becomes a TypeError that names the schema's place.
 * Not here: JSON Schema itself (compile.ts), types of literals (infer.ts), the use of the errors.
 */

import { isObject } from '../../bounds/is-object.ts'
import { isPromise } from '../../bounds/is-promise.ts'
import { kindOf, messageOf } from '../../bounds/quote.ts'
import { warnOnce } from '../../bounds/warn-once.ts'
import { type CompileOptions, compile } from '../compile.ts'
import { memberPath, type ValidationError, type ValidationResult } from '../explain/result.ts'
import type { FilledFromSchema, FromSchema, JsonSchemaObject } from '../infer.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { withoutUndefined } from '../read/without-undefined.ts'
import {
  type MembersInput,
  type MembersOutput,
  type SchemaMember,
  schemaOfMember,
  standardOfMembers,
} from './schema-members.ts'
import {
  dropNulls,
  type StandardIssue,
  type StandardPart,
  type StandardResult,
  type StandardSchemaWithJson,
  standardPart,
  TARGETS,
  usable,
  type Zod3Schema,
} from './standard-part.ts'
import { undescribedPath, undescribedRemedy } from './undescribed.ts'

const NO_MEMBERS: JsonSchemaObject = { type: 'object', properties: {} }

/** The members of an object, each described by a library's schema: `{ city: z.string() }`. */
export type SchemaShape = { readonly [name: string]: SchemaMember }

/** What is accepted wherever a schema is expected. `{}` is an object about whose members nothing is said. */
export type SchemaLike = JsonSchemaObject | StandardSchemaWithJson | Zod3Schema | SchemaShape

/** The value after validation against `S`, as a handler gets it: after defaults and transforms. */
export type InferInput<S> = S extends { readonly '~standard': { readonly types?: infer T | undefined } }
  ? NonNullable<T> extends { readonly output: infer Output }
    ? Output
    : unknown
  : FormOf<S> extends 'shape'
    ? MembersOutput<S>
    : FormOf<S> extends 'empty'
      ? Record<string, never>
      : FilledFromSchema<S>

/** The value before validation against `S`, as it must be given: before defaults and transforms. */
export type InferOutput<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly input: infer Input }
    ? Input
    : unknown
  : FormOf<S> extends 'shape'
    ? MembersInput<S>
    : FormOf<S> extends 'empty'
      ? { [name: string]: unknown }
      : Supplied<FromSchema<S>>

/** What a type is one of: an object of schemas, `{}`, or JSON Schema. A record with any names is the last. */
type FormOf<S> = string extends keyof S
  ? 'literal'
  : string extends S
    ? 'empty'
    : S extends SchemaShape
      ? 'shape'
      : 'literal'

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
   * Checks a value. `value` in the result replaces the argument: a library's schema may have transformed it.
   *
   * @throws what a library's schema throws; it may also reject
   */
  validate(value: unknown): CheckResult | Promise<CheckResult>
}

export interface SchemaUse {
  /** Names the schema in messages, such as `tool "get_weather" inputSchema`. */
  readonly name: string
  /** Whether the value is received or sent. */
  readonly io: 'input' | 'output'
  /** For literals. `maxErrors` and `nullAsAbsent` concern a library's schema, too. */
  readonly options?: CompileOptions | undefined
}

/**
 * Makes the adapter of a schema. Done once, at registration.
 *
 * @param schema - a JSON Schema literal or a Standard Schema with JSON Schema output
 * @param use - the name of the schema for messages, and the direction
 * @throws {TypeError} the schema cannot be used; the message names its place and says what can be used
 */
export function adaptSchema(schema: SchemaLike, use: SchemaUse): SchemaAdapter {
  const standard = standardPart(schema)
  if (standard !== undefined) return new StandardAdapter(usable(standard, schema, use.name), use, schema)
  refuseForeign(schema, use.name)
  const shape = shapeOf(schema, use.name)
  if (shape !== undefined) return new StandardAdapter(shape, use, undefined)
  const literal = withoutUndefined(schema)
  return new LiteralAdapter(Object.keys(literal).length === 0 ? NO_MEMBERS : literal, use)
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
  if (type === undefined && '$ref' in json) {
    throw new TypeError(
      `${name}: must have type "object" at its root, got a "$ref" alone. Write type: "object" and "properties" ` +
        'there; a "$ref" may stand in them.',
    )
  }
  if (type === undefined && 'properties' in json) {
    throw new TypeError(
      `${name}: must have type "object" at its root: add type: "object" beside "properties"`,
    )
  }
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
    const onWrongDefault = (pointer: string) => {
      warnOnce(
        `${use.name}: the default at ${pointer} does not fit its own schema, and is never used`,
        'BAREWIRE_DEFAULT',
      )
    }
    try {
      this.#check = compile(schema, { ...use.options, onWrongDefault })
    } catch (cause) {
      throw new TypeError(`${use.name}: ${messageOf(cause)}`, { cause })
    }
  }

  validate(value: unknown): CheckResult {
    const result = this.#check(value)
    return result.valid ? { valid: true, value } : result
  }
}

class StandardAdapter implements SchemaAdapter {
  readonly json: object
  readonly isStandard = true
  readonly #standard: StandardPart
  readonly #name: string
  readonly #maxErrors: number
  readonly #nullAsAbsent: boolean

  /** @param schema - that the part is of, for messages; undefined: an object of schemas */
  constructor(standard: StandardPart, { name, io, options }: SchemaUse, schema: unknown) {
    this.#standard = standard
    this.#name = name
    this.#maxErrors = options?.maxErrors ?? DEFAULT_LIMITS.maxErrors
    this.#nullAsAbsent = options?.nullAsAbsent ?? false
    this.json = withoutUndefined(describeIn(standard, io, name, schema))
  }

  validate(value: unknown): CheckResult | Promise<CheckResult> {
    const result = this.#validate(value)
    return isPromise(result)
      ? result.then((settled) => this.#retryWithoutNulls(settled, value))
      : this.#retryWithoutNulls(result, value)
  }

  #validate(value: unknown): StandardResult<unknown> | Promise<StandardResult<unknown>> {
    const result = this.#standard.validate(value)
    // The `then` of another library may return something else than a promise.
    return isPromise(result) ? Promise.resolve(result) : result
  }

  #retryWithoutNulls(result: StandardResult<unknown>, value: unknown): CheckResult | Promise<CheckResult> {
    const check = this.#toCheck(result)
    if (check.valid || !this.#nullAsAbsent || !dropNulls(value, result.issues)) return check
    const second = this.#validate(value)
    // Where it is still invalid, the errors of the first check describe what was sent.
    const better = (again: StandardResult<unknown>): CheckResult => {
      const settled = this.#toCheck(again)
      return settled.valid ? settled : check
    }
    return isPromise(second) ? second.then(better) : better(second)
  }

  #toCheck(result: StandardResult<unknown>): CheckResult {
    if (typeof result !== 'object' || result === null) {
      throw new TypeError(
        `${this.#name}: ${this.#standard.vendor} validate() gave ${kindOf(result)}, not a result`,
      )
    }
    // Some libraries leave a partial value beside the issues, so the issues decide.
    if (result.issues === undefined) return { valid: true, value: result.value }
    if (result.issues.length === 0) return { valid: false, errors: [toError({ message: 'not valid' })] }
    return { valid: false, errors: result.issues.slice(0, this.#maxErrors).map(toError) }
  }
}

/** An issue of a Standard Schema names no keyword: the errors have the name of the interface instead. */
function toError({ message, path }: StandardIssue): ValidationError {
  let pointer = ''
  for (const segment of path ?? []) {
    pointer = memberPath(pointer, String(typeof segment === 'object' ? segment.key : segment))
  }
  return { path: pointer, keyword: '~standard', message }
}

/** Asks for 2020-12, and for draft-07 where a library does not support that. The first error explains a failure. */
function describeIn(standard: StandardPart, io: 'input' | 'output', name: string, schema: unknown): object {
  let failure: unknown
  for (const target of TARGETS) {
    try {
      const json: unknown = standard.jsonSchema[io]({ target })
      if (isObject(json)) return json
      failure ??= new TypeError(`expected an object, got ${JSON.stringify(json)}`)
    } catch (error) {
      failure ??= error
    }
  }
  const hint = io === 'output' ? '. The schema must describe the value after its transforms' : ''
  const place = schema === undefined ? '' : undescribedPath(schema, io)
  const remedy = undescribedRemedy(failure) || hint
  throw new TypeError(
    `${name}: the ${standard.vendor} schema cannot describe its ${io} in JSON Schema${place}: ${messageOf(failure)}${remedy}`,
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
      `${name}: ${expected}, got a schema of an old zod. Use zod from 4.2 on, or zod 3 from 3.24 on`,
    )
  }
  if (!isPlain(schema)) throw new TypeError(`${name}: ${expected}, got ${kindOf(schema)}`)
}

/** @returns the schema of a literal object of library schemas; undefined: JSON Schema */
function shapeOf(schema: object, name: string): StandardPart | undefined {
  const parts: (readonly [string, unknown, StandardPart])[] = []
  let other: string | undefined
  for (const [key, member] of Object.entries(schema)) {
    const own = schemaOfMember(member)
    const part = standardPart(own)
    if (part !== undefined) parts.push([key, member, usable(part, own, memberName(name, key))])
    else if (member !== undefined) other ??= key
  }
  if (parts.length > 0 && other === undefined) return standardOfMembers(parts)
  refuseMembers(schema, name, other)
  const properties: unknown = 'properties' in schema ? schema.properties : undefined
  if (isObject(properties)) refuseMembers(properties, `${name} properties`)
  return undefined
}

/** As a member of a JSON Schema, a library's schema would be an unknown keyword, which has no effect. */
function refuseMembers(schema: object, name: string, other?: string): void {
  for (const [key, member] of Object.entries(schema)) {
    const isOld = standardPart(schemaOfMember(member)) === undefined
    if (isOld && !(isObject(member) && '_def' in member)) continue
    const beside = other === undefined || isOld ? '' : ` beside ${JSON.stringify(other)}, which is none`
    throw new TypeError(
      `${name}: expected JSON Schema keywords, got a library's schema as member ${JSON.stringify(key)}${beside}. ` +
        'Give an object of such schemas alone, or one schema of the whole, such as z.object({ ... })',
    )
  }
}

function memberName(name: string, member: string): string {
  return `${name} member ${JSON.stringify(member)}`
}

/** True also for plain objects of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return !Array.isArray(value) && (prototype === null || Object.getPrototypeOf(prototype) === null)
}
