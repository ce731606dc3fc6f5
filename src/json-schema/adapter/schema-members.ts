/**
 * An object of schemas, such as `{ city: z.string(), days: z.number().optional() }`, as one Standard Schema, as `z.object`
 * would make it, but for any library.
 *
 * A member is optional where it accepts `undefined`. Members that are not declared are removed from the value.
 * Of ArkType, the pairs that `.optional()` and `.default()` return are members, too.
 *
 * Not here: what becomes of the result (standard-schema.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { isPromise } from '../../bounds/is-promise.ts'
import { messageOf } from '../../bounds/quote.ts'
import { describe, escapeSegment } from '../explain/result.ts'
import { BY_NAME, DATA } from '../read/schema-walk.ts'
import type {
  StandardIssue,
  StandardPart,
  StandardResult,
  StandardSchema,
  StandardSchemaWithJson,
  Zod3Schema,
} from './standard-part.ts'

/** What a member may be: a Standard Schema, or ArkType's `[schema, '?']` and `[schema, '=', default]`. */
export type SchemaMember =
  | StandardSchemaWithJson
  | Zod3Schema
  | readonly [StandardSchemaWithJson, '?']
  | readonly [StandardSchemaWithJson, '=', unknown]

type Output<M> = M extends readonly [infer S, '?', ...unknown[]]
  ? Output<S> | undefined
  : M extends readonly [infer S, '=', ...unknown[]]
    ? Output<S>
    : M extends StandardSchema<unknown, infer O>
      ? O
      : never

type Input<M> = M extends readonly [infer S, ...unknown[]]
  ? Input<S> | undefined
  : M extends StandardSchema<infer I, unknown>
    ? I
    : never

/** An object whose members may be left out where they may be undefined. */
type MembersOf<Values> = Flat<
  { [K in keyof Values as MayLack<Values[K]> extends true ? never : K]: Values[K] } & {
    [K in keyof Values as MayLack<Values[K]> extends true ? K : never]?: Values[K]
  }
>
type MayLack<Value> = unknown extends Value ? false : undefined extends Value ? true : false
type Flat<T> = { [K in keyof T]: T[K] }

/** What the members make of a value. */
export type MembersOutput<S> = MembersOf<{ -readonly [K in keyof S]: Output<S[K]> }>
/** What the members accept. */
export type MembersInput<S> = MembersOf<{ -readonly [K in keyof S]: Input<S[K]> }>

interface Member {
  readonly name: string
  readonly standard: StandardPart
  /** Whether the value must have it. */
  readonly required: boolean
  /** Whether the result has it, also where the value does not. */
  readonly supplied: boolean
  /** The result for it where the value does not have it. */
  readonly absent: () => Checked
  /** A default that the schema itself does not describe. */
  readonly more: { readonly default?: unknown }
}

type Checked = StandardResult<unknown> | PromiseLike<StandardResult<unknown>>

/** @returns the schema in an ArkType pair, or what was given */
export function schemaOfMember(member: unknown): unknown {
  return Array.isArray(member) && (member[1] === '?' || member[1] === '=') ? member[0] : member
}

/**
 * Makes one schema of many.
 *
 * @param parts - by name: the member as given, and the usable part of its schema
 */
export function standardOfMembers(
  parts: readonly (readonly [name: string, member: unknown, standard: StandardPart])[],
): StandardPart {
  const members = parts.map(([name, member, standard]) => toMember(name, member, standard))
  const json = (io: 'input' | 'output') => (options: Target) => {
    const described = members.map((member) => [member.name, describeMember(member, io, options)] as const)
    const listed = members.filter(({ required, supplied }) => required || (supplied && io === 'output'))
    const $schema = described[0]?.[1]['$schema']
    return {
      ...($schema !== undefined && { $schema }),
      type: 'object',
      properties: Object.fromEntries(described.map(([name, { $schema: _, ...schema }]) => [name, schema])),
      ...(listed.length > 0 && { required: listed.map(({ name }) => name) }),
    }
  }
  return {
    version: 1,
    vendor: [...new Set(parts.map(([, , { vendor }]) => vendor))].join(' and '),
    jsonSchema: { input: json('input'), output: json('output') },
    validate(value) {
      if (!isObject(value)) return { issues: [{ message: `expected object, got ${describe(value)}` }] }
      const results = members.map(({ name, standard, absent }) => {
        const given = Object.hasOwn(value, name) ? value[name] : undefined
        return given === undefined ? absent() : standard.validate(given)
      })
      return results.some(isPromise)
        ? Promise.all(results).then((settled) => joined(members, settled))
        : joined(members, results as StandardResult<unknown>[])
    },
  }
}

type Target = Parameters<StandardPart['jsonSchema']['input']>[0]

function toMember(name: string, given: unknown, standard: StandardPart): Member {
  if (Array.isArray(given)) {
    const [, kind, value] = given
    const optional = { name, standard, required: false }
    if (kind === '?') return { ...optional, supplied: false, absent: () => ({ value: undefined }), more: {} }
    const isMade = typeof value === 'function'
    const absent = () => standard.validate(isMade ? value() : value)
    return { ...optional, supplied: true, absent, more: isMade ? {} : { default: value } }
  }
  const absence = absenceOf(given, standard)
  const required = absence === undefined
  const absent = required ? () => refused(standard) : () => standard.validate(undefined)
  return { name, standard, required, supplied: absence?.value !== undefined, absent, more: {} }
}

/**
 * What a schema makes of an absent value; undefined: it needs one. zod says so itself, for its coercions accept
 * `undefined`, too.
 */
function absenceOf(schema: unknown, standard: StandardPart): { readonly value?: unknown } | undefined {
  const { _zod: zod } = schema as { readonly _zod?: { readonly optin?: unknown } }
  if (zod !== undefined && zod.optin === undefined) return undefined
  try {
    const result = standard.validate(undefined)
    if (!isPromise(result)) return result.issues === undefined ? { value: result.value } : undefined
    // Its result is not needed.
    result.then(undefined, () => {})
  } catch {
    // The schema throws for undefined.
  }
  return zod === undefined ? undefined : {}
}

/** The schema's own error for an absent value, or ours where it accepts `undefined`. */
function refused(standard: StandardPart): Checked {
  const result = standard.validate(undefined)
  if (isPromise(result)) return result.then(orRequired)
  return orRequired(result)
}

function orRequired(result: StandardResult<unknown>): StandardResult<unknown> {
  return result.issues === undefined ? { issues: [{ message: 'required, but absent' }] } : result
}

function joined(
  members: readonly Member[],
  results: readonly StandardResult<unknown>[],
): StandardResult<unknown> {
  const issues: StandardIssue[] = []
  const values: [string, unknown][] = []
  for (const [index, { name }] of members.entries()) {
    const result = results[index] as StandardResult<unknown>
    if (result.issues !== undefined) {
      // Not spread into a call: there may be more than an argument list holds.
      for (const issue of result.issues) issues.push({ ...issue, path: [name, ...(issue.path ?? [])] })
      if (result.issues.length === 0) issues.push({ message: 'not valid', path: [name] })
    } else if (result.value !== undefined) values.push([name, result.value])
  }
  return issues.length > 0 ? { issues } : { value: Object.fromEntries(values) }
}

/** A member in JSON Schema, as a property of the whole. */
function describeMember(
  { name, standard, more }: Member,
  io: 'input' | 'output',
  options: Target,
): { readonly [keyword: string]: unknown } {
  let json: unknown
  try {
    json = standard.jsonSchema[io](options)
  } catch (cause) {
    throw new TypeError(`member ${JSON.stringify(name)}: ${messageOf(cause)}`, { cause })
  }
  if (!isObject(json)) throw new TypeError(`member ${JSON.stringify(name)}: expected an object`)
  return { ...(rebased(json, `#/properties/${encodeURIComponent(escapeSegment(name))}`) as object), ...more }
}

/** A copy whose references begin at another place: they are relative to the root of the schema. */
function rebased(schema: unknown, base: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => rebased(item, base))
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === '$ref' && typeof value === 'string' && /^#($|\/)/.test(value)) {
        return [key, base + value.slice(1)]
      }
      if (BY_NAME.has(key) && isObject(value)) {
        const schemas = Object.entries(value).map(([name, child]) => [name, rebased(child, base)])
        return [key, Object.fromEntries(schemas)]
      }
      return [key, DATA.has(key) ? value : rebased(value, base)]
    }),
  )
}
