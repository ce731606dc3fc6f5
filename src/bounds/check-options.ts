/**
 * Checks of options, whatever they are for: names, types, counts and times. What is wrong throws a `TypeError` that
 * names the option and quotes what came.
 */

/** Timers of Node fire at once above this. */
const MAX_MS = 2 ** 31 - 1

export function checkNames(options: object, known: readonly string[], prefix: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${prefix.slice(0, -1) || 'options'} must be an object; got ${shown(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`There is no option ${JSON.stringify(prefix + name)}`)
  }
}

export function checkAll<T extends { [name: string]: number }>(
  given: object,
  defaults: T,
  prefix: string,
  check: (name: string, value: unknown) => number,
): T {
  const checked: { [name: string]: number } = {}
  for (const [name, fallback] of Object.entries(defaults)) {
    const { [name]: value = fallback } = given as { readonly [name: string]: unknown }
    checked[name] = check(prefix + name, value)
  }
  return checked as T
}

export function checkCount(name: string, value: unknown): number {
  if (
    typeof value === 'number' &&
    value > 0 &&
    (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
  ) {
    return value
  }
  throw new TypeError(`${name} must be a positive integer, or Infinity for no limit; got ${shown(value)}`)
}

export function checkTime(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_MS) return value
  throw new TypeError(`${name} must be 0 (off) to ${MAX_MS} milliseconds; got ${shown(value)}`)
}

/** A wrong value in a message: '5' must not be taken for 5. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

export function requireType(name: string, value: unknown, types: readonly string[]): void {
  if (types.includes(typeof value)) return
  throw new TypeError(`${name} must be of type ${types.join(' or ')}; got ${typeof value}`)
}

export function oneOf(name: string, value: unknown, values: readonly string[]): void {
  if (typeof value === 'string' && values.includes(value)) return
  throw new TypeError(`${name} must be one of ${values.join(', ')}; got ${shown(value)}`)
}
