/**
 * Schemas in their JSON form: a member that is undefined is absent.
 *
 *    { type: 'object', required: undefined, properties: { a: {}, b: undefined } }  ->  { type: 'object', properties: { a: {} } }
 */

/** Deeper than a schema may be: it is refused where it is read. */
const MAX_DEPTH = 1000

/** @returns the very same value, where nothing in it is undefined */
export function withoutUndefined<T>(value: T): T {
  return hasUndefined(value, new Set(), 0) ? copyOf(value, new Map(), 0) : value
}

function hasUndefined(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined
  if (seen.has(value) || depth > MAX_DEPTH) return false
  seen.add(value)
  for (const name in value) if (hasUndefined(value[name as never], seen, depth + 1)) return true
  return false
}

function copyOf<T>(value: T, copies: Map<unknown, unknown>, depth: number): T {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  const known = copies.get(value)
  if (known !== undefined) return known as T
  // A value that contains itself is no JSON, and is refused where it is read.
  copies.set(value, value)
  const entries = Object.entries(value)
  const kept = entries.flatMap(([name, member]) =>
    member === undefined && !Array.isArray(value) ? [] : [[name, copyOf(member, copies, depth + 1)] as const],
  )
  const isSame =
    kept.length === entries.length && kept.every(([, member], index) => member === entries[index]?.[1])
  if (isSame) return value
  const copy = Array.isArray(value) ? kept.map(([, member]) => member) : Object.fromEntries(kept)
  copies.set(value, copy)
  return copy as T
}
