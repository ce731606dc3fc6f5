/**
 * Walks all subschemas of a schema, for the checks and warnings at registration.
 *
 * Not here: which of them apply to a value (check.ts).
 */

/** Members of a schema that hold values, not schemas. */
export const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])
/** Members that hold schemas by name: any name, also one of a keyword. */
export const BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
])
const MAX_DEPTH = 200

type Schema = { readonly [keyword: string]: unknown }

/** Calls `visit` for each schema with its place, such as `/properties/a`. */
export function forEachSchema(
  schema: unknown,
  visit: (schema: Schema, place: string) => void,
  place = '',
  depth = 0,
): void {
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return
  const isArray = Array.isArray(schema)
  if (!isArray) visit(schema as Schema, place)
  for (const key in schema) {
    const member = (schema as Schema)[key]
    if (typeof member !== 'object' || member === null || DATA.has(key)) continue
    if (isArray || !BY_NAME.has(key)) forEachSchema(member, visit, `${place}/${key}`, depth + 1)
    else
      for (const name in member)
        forEachSchema(member[name as never], visit, `${place}/${key}/${name}`, depth + 1)
  }
}
