/**
 * The check of all object keywords of a node, as one closure.
 *
 * `properties`, `required` and `additionalProperties: false` are one loop over the value's own members. Simple
 * types are tested in it without a call (bench/micro/json-schema.bench.ts, "flat").
 *
 * Invariant: only own enumerable members count, as in JSON; `__proto__` and `constructor` are names like others.
 * A member that is undefined is absent: JSON has no undefined, and serialising drops it.
 */

import type { Compiler } from './check.ts'
import { anything, isObject, Kind, kindOf, nothing } from './check-basic.ts'
import type { Check, ObjectRules, SchemaNode } from './node.ts'

type Record_ = Readonly<Record<string, unknown>>
type ObjectCheck = (value: Record_) => boolean

const hasOwn = Object.hasOwn
const { hasOwnProperty } = Object.prototype

/**
 * Makes the check.
 *
 * @param otherwise - the answer for values that are not objects
 */
export function objectCheck(
  compiler: Compiler,
  node: SchemaNode,
  rules: ObjectRules,
  otherwise: boolean,
): Check {
  const checks = [...sizeChecks(compiler, rules), ...memberChecks(compiler, node, rules)]
  const { dependentRequired, dependentSchemas, names } = rules
  if (dependentRequired !== undefined) {
    checks.push((value) =>
      dependentRequired.every(
        ([name, needs]) => !present(value, name) || needs.every((need) => present(value, need)),
      ),
    )
    node.weight += dependentRequired.length
  }
  if (dependentSchemas !== undefined) {
    const list = dependentSchemas.map(([name, child]) => ({ name, check: compiler.once(node, child) }))
    checks.push((value) => list.every(({ name, check }) => !present(value, name) || check(value)))
  }
  if (names !== undefined) {
    const { run } = compiler
    const check = compiler.compile(names)
    checks.push((value) => {
      for (const name in value) {
        if (!hasOwn(value, name)) continue
        run.charge(names.weight)
        if (!check(name)) return false
      }
      return true
    })
  }
  const [first, second] = checks
  if (first === undefined) return (value) => isObject(value) || otherwise
  if (second === undefined) {
    return (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? first(value as Record_)
        : otherwise
  }
  return (value) => {
    if (!isObject(value)) return otherwise
    for (let i = 0; i < checks.length; i++) if (!(checks[i] as ObjectCheck)(value)) return false
    return true
  }
}

/** Whether an object has a member of its own. */
export function present(value: Record_, name: string): boolean {
  return hasOwn(value, name) && value[name] !== undefined
}

function sizeChecks(compiler: Compiler, rules: ObjectRules): ObjectCheck[] {
  const { minProperties = 0, maxProperties = Infinity } = rules
  if (minProperties === 0 && maxProperties === Infinity) return []
  const { run } = compiler
  return [
    (value) => {
      const size = count(value)
      run.charge(size)
      return size >= minProperties && size <= maxProperties
    },
  ]
}

function count(value: Record_): number {
  let size = 0
  for (const name in value) if (hasOwn(value, name)) size++
  return size
}

interface Member {
  readonly name: string
  readonly check: Check
  readonly required: boolean
  readonly allowed: boolean
}

/** `properties`, `required`, `patternProperties` and `additionalProperties`. */
function memberChecks(compiler: Compiler, node: SchemaNode, rules: ObjectRules): ObjectCheck[] {
  const { properties, patterns, additional } = rules
  const required = new Set(rules.required)
  const members: Member[] = []
  for (const [name, child] of properties ?? []) {
    members.push({ name, check: compiler.once(node, child), required: required.delete(name), allowed: true })
  }
  // Names that are only required: in a closed object nothing can meet them.
  for (const name of required) members.push({ name, check: anything, required: true, allowed: false })
  node.weight += required.size
  const closed = additional !== undefined && additional.always === false && patterns === undefined
  const checks: ObjectCheck[] = []
  if (closed || members.length > 0) checks.push(knownMembers(members, closed))
  const open = additional === undefined || additional.always === true
  if (patterns !== undefined || !(open || closed)) checks.push(otherMembers(compiler, rules))
  return checks
}

/**
 * Members that the schema names; with `closed`, no others may be there.
 *
 * The loop goes over the value, not the schema: engines read a member that `for in` has just named without a
 * lookup. Values mostly list their members in the schema's order, so the next name is guessed before it is
 * looked up.
 */
function knownMembers(members: readonly Member[], closed: boolean): ObjectCheck {
  const names = members.map((member) => member.name)
  const kinds = members.map((member) => (member.allowed || !closed ? kindOf(member.check) : Kind.never))
  const checks = members.map((member) => member.check)
  const needs = members.map((member) => (member.required ? 1 : 0))
  const needed = members.filter((member) => member.required).length
  const index = new Map(names.map((name, i) => [name, i]))
  const last = names.length - 1
  return (value) => {
    let missing = needed
    let guess = 0
    for (const name in value) {
      if (!hasOwnProperty.call(value, name)) continue
      const part = value[name]
      if (part === undefined) continue
      let i = guess
      if (i > last || names[i] !== name) {
        i++
        if (i > last || names[i] !== name) {
          const known = index.get(name)
          if (known === undefined) {
            if (closed) return false
            continue
          }
          i = known
        }
      }
      guess = i + 1
      missing -= needs[i] as number
      switch (kinds[i]) {
        case 0:
          break
        case 1:
          if (typeof part !== 'string') return false
          break
        case 2:
          if (!Number.isFinite(part)) return false
          break
        case 3:
          if (!Number.isInteger(part)) return false
          break
        case 4:
          if (typeof part !== 'boolean') return false
          break
        case 5:
          if (!(checks[i] as Check)(part)) return false
          break
        default:
          return false
      }
    }
    return missing === 0
  }
}

/** `patternProperties`, and `additionalProperties` for what neither names nor patterns cover. */
function otherMembers(compiler: Compiler, rules: ObjectRules): ObjectCheck {
  const { run } = compiler
  const { additional, properties } = rules
  const patterns = (rules.patterns ?? []).map(({ pattern, node }) => ({
    pattern,
    node,
    check: compiler.compile(node),
  }))
  const rest = additional === undefined ? anything : compiler.compile(additional)
  const weight = 1 + patterns.length + (additional?.weight ?? 0)
  return (value) => {
    for (const name in value) {
      if (!hasOwn(value, name)) continue
      const part = value[name]
      if (part === undefined) continue
      run.charge(weight)
      let covered = properties?.has(name) === true
      for (let i = 0; i < patterns.length; i++) {
        const { pattern, check, node } = patterns[i] as (typeof patterns)[number]
        if (!run.matches(pattern, name)) continue
        covered = true
        run.charge(node.weight)
        if (!check(part)) return false
      }
      if (!covered && rest !== anything && (rest === nothing || !rest(part))) return false
    }
    return true
  }
}
