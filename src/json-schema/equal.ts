/**
 * Equality of JSON values, as `const`, `enum` and `uniqueItems` mean it (JSON Schema core 2020-12, section
 * 4.2.2): numbers by value, objects by their own members without order, arrays by position.
 *
 * Invariant: the recursion never goes deeper than the shallower of the two values nor deeper than the given
 * depth, and the number of comparisons is charged to the step budget.
 */

import type { Run } from './run.ts'
import { stop } from './run.ts'

const hasOwn = Object.hasOwn

/** Below this many items comparing all pairs is cheaper than a table. */
const PAIRWISE = 12

/** Tells whether two JSON values are equal. */
export function equal(a: unknown, b: unknown, run: Run, depth = 0): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
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
  for (const key in right) if (hasOwn(right, key)) size--
  return size === 0
}

/**
 * Looks for two equal items.
 *
 * Long arrays go through a table by a shallow hash: equal items share a bucket, and only items of one
 * bucket are compared.
 *
 * @returns the positions of the first pair found, or undefined when all items differ
 */
export function findDuplicate(items: readonly unknown[], run: Run): readonly [number, number] | undefined {
  if (items.length <= PAIRWISE) {
    for (let i = 1; i < items.length; i++) {
      for (let j = 0; j < i; j++) if (equal(items[j], items[i], run)) return [j, i]
    }
    return undefined
  }
  run.charge(items.length)
  const seen = new Map<unknown, number[] | number>()
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (typeof item !== 'object' || item === null) {
      const before = seen.get(item)
      if (before !== undefined) return [before as number, i]
      seen.set(item, i)
      continue
    }
    // A bigint key cannot be taken for an item that is a number.
    const hash = BigInt(shallowHash(item, 3))
    const rivals = seen.get(hash) as number[] | undefined
    if (rivals === undefined) {
      seen.set(hash, [i])
      continue
    }
    run.charge(rivals.length)
    for (const j of rivals) if (equal(items[j], item, run)) return [j, i]
    rivals.push(i)
  }
  return undefined
}

function shallowHash(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return hashText(value)
    case 'number':
      // -0 and 0 are one number; the remainder spreads big and fractional values alike.
      return (value === 0 ? 7 : Math.imul(value | 0, 31) ^ ((value % 1) * 1e9)) | 0
    case 'boolean':
      return value ? 11 : 13
    case 'object':
      break
    default:
      return 17
  }
  if (value === null) return 19
  if (Array.isArray(value)) {
    let hash = value.length | 0
    if (depth === 0) return hash
    const end = Math.min(value.length, 16)
    for (let i = 0; i < end; i++) hash = (Math.imul(hash, 31) + shallowHash(value[i], depth - 1)) | 0
    return hash
  }
  // A sum does not depend on the order of members.
  let hash = 23
  const object = value as Record<string, unknown>
  for (const key in object) {
    if (!hasOwn(object, key)) continue
    const member = depth === 0 ? 0 : shallowHash(object[key], depth - 1)
    hash = (hash + Math.imul(hashText(key), 31 + member)) | 0
  }
  return hash
}

function hashText(text: string): number {
  let hash = text.length
  const end = Math.min(text.length, 64)
  for (let i = 0; i < end; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
