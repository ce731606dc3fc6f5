/**
 * The check of all object keywords of a node, as one closure.
 *
 * `properties` and `required` are one loop over the schema's names, required ones first; `additionalProperties:
 * false` costs a count of the value's members when all are known. Simple types are tested in the loop without
 * a call (bench/micro/json-schema.bench.ts, "flat").
 *
 * Names are read as own members only. For a name that Object.prototype does not have, a plain read of a JSON
 * object says the same and is faster; the others (`constructor`, `__proto__`) take the careful way.
 * A member that is undefined is absent: JSON has no undefined, and serialising drops it.
 */

import type { Compiler } from './check.ts'
import { anything, isObject, kindOf, nothing } from './check-basic.ts'
import type { Check, ObjectRules, SchemaNode } from './node.ts'

type Record_ = Readonly<Record<string, unknown>>
type ObjectCheck = (value: Record_) => boolean

const hasOwn = Object.hasOwn

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
}

/** `properties`, `required`, `patternProperties` and `additionalProperties`. */
function memberChecks(compiler: Compiler, node: SchemaNode, rules: ObjectRules): ObjectCheck[] {
  const { properties, patterns, additional } = rules
  const required = new Set(rules.required)
  const members: Member[] = []
  for (const [name, child] of properties ?? []) {
    members.push({ name, check: compiler.once(node, child), required: required.delete(name) })
  }
  for (const name of required) members.push({ name, check: anything, required: true })
  node.weight += required.size
  const closed = additional !== undefined && additional.always === false && patterns === undefined
  const checks: ObjectCheck[] = []
  if (closed) {
    checks.push(knownMembers(members, new Set(properties?.keys()), true))
  } else {
    if (members.length > 0) checks.push(knownMembers(members, new Set(), false))
    const open = additional === undefined || additional.always === true
    if (patterns !== undefined || !open) checks.push(otherMembers(compiler, rules))
  }
  return checks
}

/** Members that the schema names; with `closed`, no others may be there. */
function knownMembers(
  members: readonly Member[],
  allowed: ReadonlySet<string>,
  closed: boolean,
): ObjectCheck {
  // Required first: the loop then knows by position, and a discriminating constant is met early.
  const sorted = [
    ...members.filter((member) => member.required),
    ...members.filter((member) => !member.required),
  ]
  const names = sorted.map((member) => member.name)
  const kinds = sorted.map((member) => kindOf(member.check))
  const checks = sorted.map((member) => member.check)
  const needed = sorted.filter((member) => member.required).length
  // `required` may name a member that a closed object does not allow: then it is present, but not known.
  const careful =
    names.some((name) => name in Object.prototype) || (closed && names.some((name) => !allowed.has(name)))
  const size = names.length
  return (value) => {
    let found = 0
    for (let i = 0; i < size; i++) {
      const name = names[i] as string
      const part = careful && !hasOwn(value, name) ? undefined : value[name]
      if (part === undefined) {
        if (i < needed) return false
        continue
      }
      found++
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
        default:
          if (!(checks[i] as Check)(part)) return false
      }
    }
    if (!closed) return true
    let present = 0
    for (const name in value) if (hasOwn(value, name)) present++
    return (present === found && !careful) || onlyAllowed(value, allowed)
  }
}

/** The exact test behind the count: finds a member that is not allowed. */
function onlyAllowed(value: Record_, allowed: ReadonlySet<string>): boolean {
  for (const name in value) {
    if (hasOwn(value, name) && value[name] !== undefined && !allowed.has(name)) return false
  }
  return true
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
