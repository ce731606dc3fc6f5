/**
 * The most common mistake in a schema of arguments: its members are written where the schema of the object belongs.
 *
 *    { city: { type: 'string' } }                   members without the object around them
 *    { city: 'string' }                             the same, with a type in place of a schema
 *    { properties: { city: { type: 'string' } } }   no type
 *
 * To JSON Schema, the first two are unknown keywords, which have no effect.
 */

import { isObject } from '../../bounds/is-object.ts'
import { TYPE_BITS } from './node.ts'

/** Keywords whose value is a schema, and those that hold any value. */
const WITH_ANY: ReadonlySet<string> = new Set(
  'additionalItems additionalProperties const contains contentSchema default else if items not propertyNames then unevaluatedItems unevaluatedProperties'.split(
    ' ',
  ),
)
/** A member that has one of these is a schema. */
const TELLING = ['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref']

/**
 * @param schema - as it was given
 * @param name - names the schema in the message
 * @throws {TypeError} members that are not in an object
 */
export function refuseUnwrapped(schema: unknown, name: string): void {
  if (!isObject(schema) || typeof schema['type'] === 'string' || 'properties' in schema) return
  const members = Object.entries(schema)
  const first = members.find(([key]) => !WITH_ANY.has(key))
  if (first === undefined || !members.every(([, member]) => isType(member) || isSchema(member))) return
  const [key, member] = first
  const inside = isType(member) ? `{ type: ${JSON.stringify(member)} }` : '...'
  const label = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)
  throw new TypeError(
    `${name}: ${JSON.stringify(key)} is no keyword of JSON Schema; for a member of an object, wrap it: ` +
      `{ type: 'object', properties: { ${label}: ${inside} } }`,
  )
}

function isType(member: unknown): boolean {
  return typeof member === 'string' && TYPE_BITS.has(member)
}

function isSchema(member: unknown): boolean {
  return (
    isObject(member) &&
    !('~standard' in member) &&
    !('_def' in member) &&
    TELLING.some((key) => key in member)
  )
}
