/**
 * Tools and prompts without parameters.
 *
 * Some hosts refuse a schema without `properties`, and some send members that no schema has: `_meta`, `toolCallId`, a
 * placeholder because their model must send something. So `properties` is always listed, and all arguments are ignored.
 */

/** The specification recommends this for a tool without parameters. */
export const NO_ARGUMENTS = { type: 'object', properties: {}, additionalProperties: false } as const

/** Keywords that may constrain members which `properties` does not list. */
const MEMBER_KEYWORDS: readonly string[] = [
  '$ref $dynamicRef allOf anyOf oneOf not if enum const required minProperties',
  'patternProperties propertyNames dependentRequired dependentSchemas dependencies',
].flatMap((line) => line.split(' '))

export function withProperties(schema: object): object {
  return 'properties' in schema ? schema : { ...schema, properties: {} }
}

/**
 * Whether a schema says that there are no members: by empty `properties`, or by `additionalProperties: false` without
 * any. One that says nothing about members, `{ type: 'object' }`, takes any.
 */
export function takesNothing(schema: object): boolean {
  const { properties, additionalProperties, unevaluatedProperties = false } = schema as Schema
  if ((properties ?? additionalProperties) === undefined || Object.keys(properties ?? {}).length > 0)
    return false
  if ((additionalProperties ?? false) !== false || unevaluatedProperties !== false) return false
  const constrains = ([name, value]: [string, unknown]) => {
    return MEMBER_KEYWORDS.includes(name) && !(Array.isArray(value) && value.length === 0)
  }
  return !Object.entries(schema).some(constrains)
}

interface Schema {
  readonly properties?: object
  readonly additionalProperties?: unknown
  readonly unevaluatedProperties?: unknown
}
