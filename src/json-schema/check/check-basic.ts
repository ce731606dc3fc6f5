/**
 * Checks that need nothing but their own constants: types, numbers, string lengths, and ways to join checks.
 *
 * Not here: anything that applies a subschema or charges the step budget (check.ts and its neighbours).
 */

import type { Check, NumberRules } from '../read/node.ts'
import { TYPE_BITS } from '../read/node.ts'
import type { Meter } from './meter.ts'
import { Kind, note } from './shape.ts'

// Shared by all nodes. Each is recorded as data too, so that loops can test it without a call (shape.ts).
export const anything: Check = note(() => true, Kind.any)
export const nothing: Check = () => false
const isString: Check = note((value) => typeof value === 'string', Kind.string)
const FINITE = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE }
const isNumber: Check = note((value) => Number.isFinite(value), Kind.number, FINITE)
const isInteger: Check = note((value) => Number.isInteger(value), Kind.integer, FINITE)
const isBoolean: Check = note((value) => typeof value === 'boolean', Kind.boolean)
const isNull: Check = (value) => value === null

export const BIT = Object.fromEntries(TYPE_BITS) as Readonly<
  Record<'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object', number>
>

const SIMPLE: ReadonlyMap<number, Check> = new Map([
  [BIT.string, isString],
  [BIT.number, isNumber],
  [BIT.number | BIT.integer, isNumber],
  [BIT.integer, isInteger],
  [BIT.boolean, isBoolean],
  [BIT.null, isNull],
])

/** Whether the type of a value is among those of a mask. NaN and the infinities have no JSON type. */
export function hasType(value: unknown, types: number): boolean {
  switch (typeof value) {
    case 'string':
      return (types & BIT.string) !== 0
    case 'number':
      if ((types & BIT.number) !== 0) return Number.isFinite(value)
      return (types & BIT.integer) !== 0 && Number.isInteger(value)
    case 'boolean':
      return (types & BIT.boolean) !== 0
    case 'object':
      if (value === null) return (types & BIT.null) !== 0
      return (types & (Array.isArray(value) ? BIT.array : BIT.object)) !== 0
    default:
      return false
  }
}

/** The check of a type mask. */
export function typeCheck(types: number): Check {
  return SIMPLE.get(types) ?? ((value) => hasType(value, types))
}

/** The smallest double above a number: `exclusiveMinimum: x` is `minimum: nextUp(x)`. */
function nextUp(x: number): number {
  if (x === 0) return Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  view.setBigInt64(0, view.getBigInt64(0) + (x > 0 ? 1n : -1n))
  return view.getFloat64(0)
}

/**
 * The check of number keywords. NaN and the infinities are outside all bounds.
 *
 * @param types - `number` or `integer` alone: the type is tested too; otherwise values of other types pass
 */
export function numberCheck(rules: NumberRules, types: number, meter: Meter): Check {
  const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE, multipleOf } = rules
  const { exclusiveMinimum, exclusiveMaximum } = rules
  const min = exclusiveMinimum === undefined ? minimum : Math.max(minimum, nextUp(exclusiveMinimum))
  const max = exclusiveMaximum === undefined ? maximum : Math.min(maximum, -nextUp(-exclusiveMaximum))
  const integer = types === BIT.integer
  const otherwise = !integer && types !== BIT.number
  const test = multipleOf?.test
  const check: Check = (value) => {
    if (typeof value !== 'number') return otherwise
    if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) return false
    return test === undefined || test(value, meter)
  }
  if (otherwise || test !== undefined) return check
  return note(check, integer ? Kind.integer : Kind.number, { min, max })
}

/** All checks, in order. */
export function all(checks: readonly Check[]): Check {
  const [first, second, third] = checks
  if (first === undefined) return anything
  if (second === undefined) return first
  if (third === undefined) return (value) => first(value) && second(value)
  if (checks.length === 3) return (value) => first(value) && second(value) && third(value)
  return (value) => {
    for (let i = 0; i < checks.length; i++) if (!(checks[i] as Check)(value)) return false
    return true
  }
}

/** At least one check. */
export function any(checks: readonly Check[]): Check {
  const [first, second] = checks
  if (first !== undefined && second !== undefined && checks.length === 2) {
    return (value) => first(value) || second(value)
  }
  return (value) => {
    for (let i = 0; i < checks.length; i++) if ((checks[i] as Check)(value)) return true
    return false
  }
}

/** Exactly one check. */
export function exactlyOne(checks: readonly Check[]): Check {
  return (value) => {
    let found = false
    for (let i = 0; i < checks.length; i++) {
      if (!(checks[i] as Check)(value)) continue
      if (found) return false
      found = true
    }
    return found
  }
}
