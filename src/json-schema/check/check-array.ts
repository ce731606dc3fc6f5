/**
 * The check of all array keywords of a node, as one closure.
 */

import type { ArrayRules, Check, SchemaNode } from '../read/node.ts'
import { anything } from './check-basic.ts'
import { findDuplicate } from './equal.ts'
import type { NodeCompiler } from './node-compiler.ts'
import type { Shape } from './shape.ts'
import { Kind, meets, Part } from './shape.ts'

/**
 * Makes the check.
 *
 * @param otherwise - the result for values that are not arrays
 */
export function arrayCheck(
  compiler: NodeCompiler,
  node: SchemaNode,
  rules: ArrayRules,
  otherwise: boolean,
): Check {
  const { run } = compiler
  const { minItems = 0, maxItems = Infinity, uniqueItems = false } = rules
  const prefix = (rules.prefix ?? []).map((child) => compiler.once(node, child))
  const rest = rules.rest === undefined ? anything : compiler.compile(rules.rest)
  const weight = rules.rest?.weight ?? 0
  const loop = restLoop(rest, prefix.length)
  const contains = rules.contains && containsCheck(compiler, rules, rules.contains)
  if (prefix.length === 0 && contains === undefined && !uniqueItems) {
    return (value) => {
      if (!Array.isArray(value)) return otherwise
      const { length } = value
      if (length < minItems || length > maxItems) return false
      run.charge(length * weight)
      return loop(value)
    }
  }
  return (value) => {
    if (!Array.isArray(value)) return otherwise
    const { length } = value
    if (length < minItems || length > maxItems) return false
    const end = Math.min(length, prefix.length)
    for (let i = 0; i < end; i++) if (!(prefix[i] as Check)(value[i])) return false
    run.charge(length * weight)
    if (!loop(value)) return false
    if (contains !== undefined && !contains(value)) return false
    return !uniqueItems || findDuplicate(value, run) === undefined
  }
}

function restLoop(check: Check, start: number): (value: readonly unknown[]) => boolean {
  const part = new Part(check)
  const { kind, min, max } = part
  switch (kind) {
    case Kind.any:
      return () => true
    case Kind.string:
      return (value) => {
        for (let i = start; i < value.length; i++) if (typeof value[i] !== 'string') return false
        return true
      }
    case Kind.number:
    case Kind.integer:
      return rangeLoop(min, max, kind === Kind.integer, start)
    case Kind.object: {
      const shape = part.shape as Shape
      return (value) => {
        for (let i = start; i < value.length; i++) if (!meets(shape, value[i])) return false
        return true
      }
    }
    default:
      return (value) => {
        for (let i = start; i < value.length; i++) if (!check(value[i])) return false
        return true
      }
  }
}

/** Passing a number to a closure would box it: arrays of fractions hold them unboxed. */
function rangeLoop(
  min: number,
  max: number,
  integer: boolean,
  start: number,
): (value: readonly unknown[]) => boolean {
  return (value) => {
    for (let i = start; i < value.length; i++) {
      const item = value[i]
      if (typeof item !== 'number' || !(item >= min && item <= max)) return false
      if (integer && !Number.isInteger(item)) return false
    }
    return true
  }
}

function containsCheck(
  compiler: NodeCompiler,
  rules: ArrayRules,
  child: SchemaNode,
): (value: readonly unknown[]) => boolean {
  const { run } = compiler
  const { minContains = 1, maxContains = Infinity } = rules
  const check = compiler.compile(child)
  return (value) => {
    run.charge(value.length * child.weight)
    let found = 0
    for (let i = 0; i < value.length; i++) {
      if (!check(value[i])) continue
      found++
      if (found > maxContains) return false
      if (found >= minContains && maxContains === Infinity) return true
    }
    return found >= minContains
  }
}
