/**
 * Values in messages: what came, in few words, whatever it was. `null` and an array are not called objects, and "5" is
 * not mistaken for 5.
 *
 * Not here: values that a schema refused, which have words of their own (json-schema/explain/result.ts).
 */

/** As much of a string as is repeated. */
const MAX_SHOWN = 60

/** Names a value: `null`, `the number 5`, `a string`, `an array`, `a Date`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name}` : 'an object'
}

/** Writes a value down as it stands in a program, where it is short; otherwise names it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value)
  }
  return value === null || !/^(object|function|symbol)$/.test(typeof value) ? String(value) : kindOf(value)
}
