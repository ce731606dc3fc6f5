/**
 * The check of all object keywords of a node.
 *
 * `properties`, `required` and `additionalProperties: false` are one loop over the value's own members. Simple
 * types are tested in it without a call (bench/micro/json-schema.bench.ts, "flat").
 *
 * A value is JSON: a plain object, whose members are all its own; `__proto__` and `constructor` are names like
 * others. A test of ownership for each member would double the cost, so it is made only while somebody has
 * given Object.prototype enumerable members (Run.polluted).
 * A member that is undefined is absent: JSON has no undefined, and serialising drops it.
 */

import type { Compiler } from './check.ts'
import { anything, isObject, Kind, kindOf, nothing } from './check-basic.ts'
import type { Check, ObjectRules, SchemaNode } from './node.ts'
import type { Run } from './run.ts'

type Members = Readonly<Record<string, unknown>>
type ObjectCheck = (value: Members) => boolean

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
  const { run } = compiler
  const members = knownMembersOf(compiler, node, rules)
  const checks = [...sizeChecks(run, rules), ...otherChecks(compiler, node, rules)]
  if (checks.length === 0) {
    return members === undefined ? (value) => isObject(value) || otherwise : members(run, otherwise)
  }
  if (members !== undefined) checks.unshift(members(run, true))
  return (value) => {
    if (!isObject(value)) return otherwise
    const own = run.polluted ? ownMembers(value) : value
    for (let i = 0; i < checks.length; i++) if (!(checks[i] as ObjectCheck)(own)) return false
    return true
  }
}

/** Whether an object has a member of its own. */
export function present(value: Members, name: string): boolean {
  return hasOwn(value, name) && value[name] !== undefined
}

/** A copy that inherits nothing. */
function ownMembers(value: Members): Members {
  return Object.assign(Object.create(null), value)
}

function sizeChecks(run: Run, rules: ObjectRules): ObjectCheck[] {
  const { minProperties = 0, maxProperties = Infinity } = rules
  if (minProperties === 0 && maxProperties === Infinity) return []
  return [
    (value) => {
      let size = 0
      for (const _ in value) size++
      run.charge(size)
      return size >= minProperties && size <= maxProperties
    },
  ]
}

interface Member {
  readonly name: string
  readonly check: Check
  readonly required: boolean
  readonly allowed: boolean
}

/** `properties` and `required`, and `additionalProperties` where it is false and stands alone. */
function knownMembersOf(
  compiler: Compiler,
  node: SchemaNode,
  rules: ObjectRules,
): ((run: Run, otherwise: boolean) => Check) | undefined {
  const required = new Set(rules.required)
  const members: Member[] = []
  for (const [name, child] of rules.properties ?? []) {
    members.push({ name, check: compiler.once(node, child), required: required.delete(name), allowed: true })
  }
  // Names that are only required: in a closed object nothing can meet them.
  for (const name of required) members.push({ name, check: anything, required: true, allowed: false })
  node.weight += required.size
  const closed = isClosed(rules)
  if (members.length === 0 && !closed) return undefined
  return (run, otherwise) => knownMembers(run, members, closed, otherwise)
}

function isClosed({ additional, patterns }: ObjectRules): boolean {
  return additional?.always === false && patterns === undefined
}

/** Lies beyond the last name; a member that has it by accident is treated as unknown, which it is. */
const BEYOND = '\0beyond'

/**
 * The loop goes over the value, not the schema: engines read a member that `for in` has just named without a
 * lookup. Values mostly list their members in the schema's order, so the next name is guessed before it is
 * looked up.
 */
function knownMembers(run: Run, members: readonly Member[], closed: boolean, otherwise: boolean): Check {
  const last = members.length
  const names = [...members.map((member) => member.name), BEYOND, BEYOND]
  const checks = members.map((member) => member.check)
  // One number says both how to test a member and whether it was needed.
  const codes = members.map(({ check, required, allowed }) => {
    const kind = allowed || !closed ? kindOf(check) : Kind.never
    return required ? kind + NEEDED : kind
  })
  const needed = members.filter((member) => member.required).length
  const index = new Map(members.map(({ name }, i) => [name, i]))
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return otherwise
    const own = (run.polluted ? ownMembers(value as Members) : value) as Members
    let missing = needed
    let at = 0
    for (const name in own) {
      const part = own[name]
      if (part === undefined) continue
      const guess = at
      if (names[at] !== name && names[++at] !== name) {
        at = index.get(name) ?? last
      }
      if (at >= last) {
        if (closed) return false
        at = guess
        continue
      }
      let code = codes[at] as number
      if (code >= NEEDED) {
        code -= NEEDED
        missing--
      }
      if (code === 1) {
        if (typeof part !== 'string') return false
      } else if (code === 5) {
        if (!(checks[at] as Check)(part)) return false
      } else if (!hasKind(part, code)) return false
      at++
    }
    return missing === 0
  }
}

const NEEDED = 8

function hasKind(value: unknown, kind: number): boolean {
  switch (kind) {
    case 0:
      return true
    case 2:
      return Number.isFinite(value)
    case 3:
      return Number.isInteger(value)
    case 4:
      return typeof value === 'boolean'
    default:
      return false
  }
}

/** Everything but the known members. */
function otherChecks(compiler: Compiler, node: SchemaNode, rules: ObjectRules): ObjectCheck[] {
  const { run } = compiler
  const { additional, patterns, dependentRequired, dependentSchemas, names } = rules
  const checks: ObjectCheck[] = []
  const open = additional === undefined || additional.always === true
  if (patterns !== undefined || !(open || isClosed(rules))) checks.push(otherMembers(compiler, rules))
  if (dependentRequired !== undefined) {
    for (const [name, needs] of dependentRequired) {
      node.weight += needs.length + 1
      checks.push((value) => !present(value, name) || needs.every((need) => present(value, need)))
    }
  }
  if (dependentSchemas !== undefined) {
    for (const [name, child] of dependentSchemas) {
      const check = compiler.once(node, child)
      checks.push((value) => !present(value, name) || check(value))
    }
  }
  if (names !== undefined) {
    const check = compiler.compile(names)
    checks.push((value) => {
      for (const name in value) {
        run.charge(names.weight)
        if (!check(name)) return false
      }
      return true
    })
  }
  return checks
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
