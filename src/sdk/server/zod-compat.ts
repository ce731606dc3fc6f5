/** `server/zod-compat.js`: what a schema of an application may be, as types. zod itself is not imported. */

import type { Infer } from '../schema.ts'

/** A schema of zod 4, or one of types.js. */
interface Zod4Like {
  readonly _zod: { readonly output: unknown; readonly input: unknown }
}

/** A schema of zod 3. */
interface Zod3Like {
  readonly _output: unknown
  readonly _input: unknown
  readonly _def: unknown
}

export type AnySchema = Zod4Like | Zod3Like
export type AnyObjectSchema = AnySchema
export type ZodRawShapeCompat = Record<string, AnySchema>

export type SchemaOutput<S> = S extends Zod4Like
  ? Infer<S>
  : S extends { readonly _output: infer T }
    ? T
    : never
export type SchemaInput<S> = S extends { readonly _zod: { readonly input: infer T } }
  ? T
  : S extends { readonly _input: infer T }
    ? T
    : never
export type ShapeOutput<Shape extends ZodRawShapeCompat> = {
  [K in keyof Shape]: SchemaOutput<Shape[K]>
}

interface Parsing {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown; readonly error?: unknown }
  safeParseAsync?(value: unknown): Promise<ReturnType<Parsing['safeParse']>>
}

type Result<S> =
  | { readonly success: true; readonly data: SchemaOutput<S> }
  | { readonly success: false; readonly error: unknown }

export function isZ4Schema(schema: AnySchema): schema is Zod4Like {
  return '_zod' in schema
}

export function safeParse<S extends AnySchema>(schema: S, data: unknown): Result<S> {
  return (schema as unknown as Parsing).safeParse(data) as Result<S>
}

export async function safeParseAsync<S extends AnySchema>(schema: S, data: unknown): Promise<Result<S>> {
  const parsing = schema as unknown as Parsing
  return (await (parsing.safeParseAsync?.(data) ?? parsing.safeParse(data))) as Result<S>
}

/** Members of the definition of a schema, where zod 3 and 4 have them. */
interface Definition {
  readonly shape?: unknown
  readonly value?: unknown
  readonly values?: unknown
}

function definitionOf(schema: unknown): Definition | undefined {
  const { _zod, _def } = (schema ?? {}) as {
    readonly _zod?: { readonly def?: Definition }
    readonly _def?: Definition
  }
  return _zod?.def ?? _def
}

/** @returns the members of an object schema; undefined: it is none */
export function getObjectShape(schema: AnySchema | undefined): Record<string, AnySchema> | undefined {
  const shape: unknown = definitionOf(schema)?.shape ?? (schema as { readonly shape?: unknown })?.shape
  return (typeof shape === 'function' ? shape() : shape) as Record<string, AnySchema> | undefined
}

/** @returns the only value that a schema accepts; undefined: there is none */
export function getLiteralValue(schema: AnySchema): unknown {
  const { value, values } = definitionOf(schema) ?? {}
  if (value !== undefined) return value
  return Array.isArray(values) && values.length > 0 ? values[0] : undefined
}

/** @throws {Error} the schema is not one of a request or a notification */
export function methodOf(schema: AnySchema): string {
  const method = getObjectShape(schema)?.['method']
  const value = method === undefined ? undefined : getLiteralValue(method)
  if (typeof value === 'string') return value
  throw new Error(
    method === undefined ? 'Schema is missing a method literal' : 'Schema method literal must be a string',
  )
}

/** @returns what is wrong, a line for each issue */
export function getParseErrorMessage(error: unknown): string {
  const { issues, message } = (error ?? {}) as {
    readonly issues?: readonly { readonly message: string; readonly path?: readonly PathSegment[] }[]
    readonly message?: unknown
  }
  if (!Array.isArray(issues) || issues.length === 0)
    return typeof message === 'string' ? message : String(error)
  return issues
    .map(({ message, path = [] }) => (path.length === 0 ? message : `${message} at ${pathText(path)}`))
    .join('\n')
}

type PathSegment = PropertyKey | { readonly key: PropertyKey }

function pathText(path: readonly PathSegment[]): string {
  return path.reduce<string>((text, segment, index) => {
    const key = typeof segment === 'object' ? segment.key : segment
    if (index === 0) return String(key)
    return typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`
  }, '')
}
