/**
 * Equality of JSON values, as `const`, `enum` and `uniqueItems` mean it (JSON Schema core 2020-12, section
 * 4.2.2): numbers by value, objects by their own members without order, arrays by position.
 *
 * Invariant: the recursion never goes deeper than the shallower of the two values nor deeper than the given
 * depth, and what is compared is charged to the step budget.
 */

import { stop } from '../limits.ts'
import type { Check } from '../read/node.ts'
import { hashOf } from './hash.ts'
import type { Run } from './run.ts'

const hasOwn = Object.hasOwn

/** Below this many items comparing all pairs is cheaper than a table. */
const PAIRWISE = 12

/** Characters of two strings that are compared in one step. */
const CHARACTERS = 64

/** Whether two JSON values are equal. */
export function equal(a: unknown, b: unknown, run: Run, depth = 0): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) {
      run.charge(Math.floor(a.length / CHARACTERS))
    }
    return a === b
  }
  if (a === b) return true
  if (depth > run.limits.maxValueDepth) throw stop('maxValueDepth', run.limits.maxValueDepth)
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    run.charge(a.length + 1)
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i], run, depth + 1)) return false
    return true
  }
  if (Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  let size = 0
  for (const key in left) {
    if (!hasOwn(left, key)) continue
    size++
    run.charge(1)
    if (!hasOwn(right, key) || !equal(left[key], right[key], run, depth + 1)) return false
  }
  const names = run.namesOf(right)
  run.charge(names.length)
  return names.length === size
}

/**
 * Makes the check of an `enum`. A value is compared only with choices of the same hash, so a check takes one pass over the
 * value, however many choices there are.
 */
export function isOneOf(choices: readonly unknown[], run: Run): Check {
  const simple = new Set(choices)
  const structured = choices.filter((choice) => typeof choice === 'object' && choice !== null)
  if (structured.length === 0) return (value) => simple.has(value)
  let byHash: Map<number, unknown[]> | undefined
  return (value) => {
    if (typeof value !== 'object' || value === null) return simple.has(value)
    byHash ??= table(structured, run)
    return byHash.get(hashOf(value, run))?.some((choice) => equal(choice, value, run)) === true
  }
}

function table(values: readonly unknown[], run: Run): Map<number, unknown[]> {
  const byHash = new Map<number, unknown[]>()
  for (const value of values) {
    const hash = hashOf(value, run)
    const same = byHash.get(hash)
    if (same === undefined) byHash.set(hash, [value])
    else same.push(value)
  }
  return byHash
}

/**
 * Looks for two equal items.
 *
 * Long arrays go through a table by hash, and only items of one hash are compared.
 *
 * @returns the positions of the first pair found, or undefined when all items differ
 */
export function findDuplicate(items: readonly unknown[], run: Run): readonly [number, number] | undefined {
  run.charge(items.length * 2)
  if (items.length <= PAIRWISE) {
    for (let i = 1; i < items.length; i++) {
      for (let j = 0; j < i; j++) if (equal(items[j], items[i], run)) return [j, i]
    }
    return undefined
  }
  // Open addressing: a place holds an item's position, and is found by its hash or is one of those behind.
  const mask = 2 ** (32 - Math.clz32(items.length * 2)) - 1
  const places = new Int32Array(mask + 1).fill(-1)
  const hashes = new Int32Array(items.length)
  for (let i = 0; i < items.length; i++) {
    const hash = hashOf(items[i], run)
    hashes[i] = hash
    let place = hash & mask
    for (let j = places[place] as number; j !== -1; j = places[place] as number) {
      run.charge(1)
      if (hashes[j] === hash && equal(items[j], items[i], run)) return [j, i]
      place = (place + 1) & mask
    }
    places[place] = i
  }
  return undefined
}
