/**
 * Schemas of the application's tools and prompts: a schema of zod 3 or 4, or an object of them, as what is used of it.
 * No library is imported: validation is the schema's own, and JSON Schema comes from it (zod from 4.2) or from its
 * structure (zod3-json.ts, zod4-json.ts), as draft-07.
 *
 * Not here: what is done with it (server/mcp.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { standardOfMembers } from '../json-schema/adapter/schema-members.ts'
import { type StandardPart, type StandardResult, standardPart } from '../json-schema/adapter/standard-part.ts'
import type { AnySchema, ZodRawShapeCompat } from './server/zod-compat.ts'
import { getObjectShape } from './server/zod-compat.ts'
import { zod3Schema } from './zod3-json.ts'
import { zod4Schema } from './zod4-json.ts'

export type Io = 'input' | 'output'
type Checked = StandardResult<unknown> | PromiseLike<StandardResult<unknown>>

export interface AppSchema {
  /** As it was given. */
  readonly given: AnySchema | ZodRawShapeCompat
  /** Members by name; undefined: it is no object schema. */
  readonly shape: Readonly<Record<string, unknown>> | undefined
  validate(value: unknown): Checked
  /** @throws {Error} a type that JSON does not have */
  json(io: Io): object
}

const DRAFT = 'http://json-schema.org/draft-07/schema#'
/** Programs make a server for each session, often of the same schemas. */
const known = new WeakMap<object, AppSchema>()

/**
 * @param use - names the schema in errors
 * @throws {Error} it is no schema, and no object of schemas
 */
export function appSchema(given: AnySchema | ZodRawShapeCompat, use = 'inputSchema'): AppSchema {
  const before = known.get(given)
  if (before !== undefined) return before
  const made = isRawShape(given) ? ofShape(given as ZodRawShapeCompat) : ofSchema(given, use)
  known.set(given, made)
  return made
}

/** Whether a value is a schema of a library that is known here. */
export function isSchema(value: unknown): value is AnySchema {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('_zod' in value || '_def' in value || typeof (value as { parse?: unknown }).parse === 'function')
  )
}

/** Whether a value is an object of schemas; an empty one is. */
export function isRawShape(value: unknown): value is ZodRawShapeCompat {
  if (!isObject(value) || isSchema(value)) return false
  const members = Object.values(value)
  return members.length === 0 || members.some(isSchema)
}

function ofSchema(given: unknown, use: string): AppSchema {
  if (!isSchema(given)) {
    throw new Error(`${use} must be a Zod schema or raw shape, received an unrecognized object`)
  }
  const json = new Map<Io, object>()
  return {
    given,
    shape: getObjectShape(given),
    validate: (value) => validatorOf(given)(value),
    json(io) {
      const made = json.get(io) ?? { $schema: DRAFT, ...jsonOf(given, io) }
      json.set(io, made)
      return made
    },
  }
}

function ofShape(given: ZodRawShapeCompat): AppSchema {
  const members = Object.entries(given).filter(([, member]) => member !== undefined)
  const isOld = members.length > 0 && members.every(([, member]) => '_def' in member && !('_zod' in member))
  let standard: StandardPart | undefined
  const part = () => {
    standard ??= standardOfMembers(members.map(([name, member]) => [name, member, partOf(member)]))
    return standard
  }
  const json = new Map<Io, object>()
  return {
    given,
    shape: given,
    validate: (value) => part().validate(value),
    json(io) {
      const made = json.get(io) ?? {
        $schema: DRAFT,
        ...describe(members, part(), io),
        // As zod describes an object whose other members it removes.
        ...((isOld || io === 'output') && { additionalProperties: false }),
      }
      json.set(io, made)
      return made
    },
  }
}

/** Which members are required, zod says more exactly than what it makes of `undefined`. */
function describe(members: readonly (readonly [string, AnySchema])[], part: StandardPart, io: Io): object {
  const {
    $schema: _,
    required: __,
    ...rest
  } = part.jsonSchema[io]({ target: 'draft-07' }) as {
    readonly $schema?: unknown
    readonly required?: unknown
  }
  const required = members.filter(([, member]) => !mayLack(member, io)).map(([name]) => name)
  return { ...rest, ...(required.length > 0 && { required }) }
}

function mayLack(member: unknown, io: Io): boolean {
  const { _zod: zod, _def: def } = member as {
    readonly _zod?: { readonly optin?: unknown; readonly optout?: unknown }
    readonly _def?: { readonly typeName?: unknown }
    isOptional?(): boolean
  }
  if (zod !== undefined) return (io === 'input' ? zod.optin : zod.optout) !== undefined
  if (def?.typeName === 'ZodDefault') return true
  return (member as { isOptional?(): boolean }).isOptional?.() === true
}

/** One member, with all that a Standard Schema has. */
function partOf(member: AnySchema): StandardPart {
  return {
    version: 1,
    vendor: 'zod',
    validate: validatorOf(member),
    jsonSchema: { input: () => jsonOf(member, 'input'), output: () => jsonOf(member, 'output') },
  }
}

function validatorOf(schema: AnySchema): (value: unknown) => Checked {
  const standard = standardPart(schema)
  if (standard?.validate !== undefined) return standard.validate
  const old = schema as unknown as {
    safeParseAsync(
      value: unknown,
    ): Promise<{ readonly success: boolean; readonly data?: unknown; readonly error?: { issues: [] } }>
  }
  return async (value) => {
    const { success, data, error } = await old.safeParseAsync(value)
    return success ? { value: data } : { issues: error?.issues ?? [] }
  }
}

function jsonOf(schema: AnySchema, io: Io): object {
  const standard = standardPart(schema)
  if (standard?.jsonSchema !== undefined) return withoutDraft(standard.jsonSchema[io]({ target: 'draft-07' }))
  return '_zod' in schema ? zod4Schema(schema, io) : zod3Schema(schema, io)
}

function withoutDraft({ $schema: _, ...rest }: { readonly $schema?: unknown }): object {
  return rest
}
