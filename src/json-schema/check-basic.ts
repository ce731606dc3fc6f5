/**
 * Checks that need nothing but their own constants: types, numbers, string lengths, and ways to join checks.
 *
 * Not here: anything that applies a subschema or charges the step budget (check.ts and its neighbours).
 */

import type { Check, NumberRules } from './node.ts'
import { TYPE_BITS } from './node.ts'

// Shared by all nodes, and known by identity: `kindOf` lets loops test these types without a call.
export const anything: Check = () => true
export const nothing: Check = () => false
export const isString: Check = (value) => typeof value === 'string'
export const isNumber: Check = (value) => Number.isFinite(value)
export const isInteger: Check = (value) => Number.isInteger(value)
export const isBoolean: Check = (value) => typeof value === 'boolean'
const isNull: Check = (value) => value === null

/** What a loop does with a part: test its type in place, or call the check. */
export const Kind = { any: 0, string: 1, number: 2, integer: 3, boolean: 4, call: 5, never: 6 } as const

/** The kind of a check. */
export function kindOf(check: Check): number {
  switch (check) {
    case anything:
      return Kind.any
    case isString:
      return Kind.string
    case isNumber:
      return Kind.number
    case isInteger:
      return Kind.integer
    case isBoolean:
      return Kind.boolean
    default:
      return Kind.call
  }
}

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

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

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

/** Whether a string's length in code points is within bounds. Counts only when UTF-16 units cannot tell. */
export function hasLength(text: string, min: number, max: number): boolean {
  const units = text.length
  if (units < min || units > max * 2) return false
  if (units <= max && units >= min * 2) return true
  const length = codePoints(text)
  return length >= min && length <= max
}

/** Counts code points; a lone surrogate is one. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--
      i++
    }
  }
  return count
}

/** Bounds that a loop can test without a call. NaN and the infinities are outside all of them. */
export interface NumberRange {
  readonly minimum: number
  readonly maximum: number
  readonly integer: boolean
}

/** The range behind a check that `numberCheck` made, if it is nothing else. */
const ranges = new WeakMap<Check, NumberRange>()

/** The plain range that a check stands for, if any. */
export function rangeOf(check: Check): NumberRange | undefined {
  if (check === isNumber) return { minimum: -Number.MAX_VALUE, maximum: Number.MAX_VALUE, integer: false }
  return ranges.get(check)
}

/**
 * The check of number keywords.
 *
 * @param types - `number` or `integer` alone: the type is tested too; otherwise values of other types pass
 */
export function numberCheck(rules: NumberRules, types: number): Check {
  const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE, multipleOf } = rules
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = rules
  const integer = types === BIT.integer
  const otherwise = !integer && types !== BIT.number
  const test = multipleOf?.test
  const plain = test === undefined && exclusiveMinimum === -Infinity && exclusiveMaximum === Infinity
  if (plain && !otherwise) {
    const check: Check = integer
      ? (value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      : (value) => typeof value === 'number' && value >= minimum && value <= maximum
    ranges.set(check, { minimum, maximum, integer })
    return check
  }
  return (value) => {
    if (typeof value !== 'number') return otherwise
    if (integer && !Number.isInteger(value)) return false
    if (!(value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum))
      return false
    return test === undefined || test(value)
  }
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
