/**
 * The part of a library's schema that is used: its `~standard` member, found and checked.
 *
 * Spec: Standard Schema v1 and its JSON Schema extension {@link https://standardschema.dev}.
 */

import { isZod3, zod3Json } from './zod3.ts'

/** A dialect, as the JSON Schema extension of Standard Schema names it. */
export type JsonSchemaTarget = 'draft-2020-12' | 'draft-07'

/** The dialects that are asked for, the preferred one first. */
export const TARGETS: readonly JsonSchemaTarget[] = ['draft-2020-12', 'draft-07']

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
      readonly input: (options: { readonly target: JsonSchemaTarget }) => object
      readonly output: (options: { readonly target: JsonSchemaTarget }) => object
    }
  }
}

/** A schema of zod 3, whose JSON Schema is derived (zod3.ts). */
export interface Zod3Schema<Input = unknown, Output = Input> extends StandardSchema<Input, Output> {
  readonly _def: object
  isOptional(): boolean
}

/** What a Standard Schema's `validate` returns: it failed if there are `issues`. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export type StandardPart = StandardSchemaWithJson['~standard']

/** @returns the `~standard` member of an object or function (ArkType's schemas are functions) */
export function standardPart(schema: unknown): Partial<StandardPart> | undefined {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return undefined
  const standard = '~standard' in schema ? schema['~standard'] : undefined
  return typeof standard === 'object' && standard !== null ? standard : undefined
}

/** @throws {TypeError} it lacks something that is needed; `name` names the schema */
export function usable(standard: Partial<StandardPart>, schema: unknown, name: string): StandardPart {
  if (isUsable(standard)) return standard
  if (standard.vendor === 'zod' && standard.jsonSchema === undefined && isZod3(schema)) {
    const jsonSchema = { input: () => zod3Json(schema, 'input'), output: () => zod3Json(schema, 'output') }
    return usable({ ...standard, jsonSchema }, undefined, name)
  }
  throw new TypeError(`${name}: ${whyUnusable(standard)}`)
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
      return `${missing}zod has it from 4.2 on: update zod`
    case 'valibot':
      return `${missing}Wrap it: toStandardJsonSchema(schema), from the package @valibot/to-json-schema`
    default:
      return `${missing}Update or wrap it so that it implements Standard JSON Schema, or give a JSON Schema literal`
  }
}

/**
 * Removes each null that an issue points at from the value's own objects: a schema in which the member is optional then
 * accepts the value.
 *
 * @returns whether there was any
 */
export function dropNulls(value: unknown, issues: readonly StandardIssue[] = []): boolean {
  let found = false
  for (const { path = [] } of issues) {
    const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment))
    const last = keys.pop()
    const owner = keys.reduce<unknown>((at, key) => ownMember(at, key), value)
    if (last === undefined || Array.isArray(owner) || ownMember(owner, last) !== null) continue
    delete (owner as Record<PropertyKey, unknown>)[last]
    found = true
  }
  return found
}

function ownMember(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? value[key as never]
    : undefined
}
