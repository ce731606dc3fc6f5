/**
 * Checks of option values: types, counts and times. A wrong one throws a `TypeError` that names the option and quotes
 * what was given.
 *
 * Not here: names of options (option-names.ts).
 */

import { MAX_TIMER_MS } from './max-timer.ts'
import { kindOf, shown } from './quote.ts'

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
  if (typeof value === 'number' && value >= 0 && value <= MAX_TIMER_MS) return value
  throw new TypeError(`${name} must be 0 (off) to ${MAX_TIMER_MS} milliseconds; got ${shown(value)}`)
}

export function requireType(name: string, value: unknown, types: readonly string[]): void {
  if (types.includes(typeof value) && value !== null && !Array.isArray(value)) return
  throw new TypeError(`${name} must be of type ${types.join(' or ')}; got ${kindOf(value)}`)
}

export function oneOf(name: string, value: unknown, values: readonly string[]): void {
  if (typeof value === 'string' && values.includes(value)) return
  throw new TypeError(`${name} must be one of ${values.join(', ')}; got ${shown(value)}`)
}
