/**
 * The check of all object keywords of a node.
 *
 * `properties`, `required` and `additionalProperties: false` become one shape (shape.ts: also what an object is
 * here); every other keyword is a loop or a look-up of its own.
 */

import { isObject } from '../../bounds/is-object.ts'
import type { Check, ObjectRules, SchemaNode } from '../read/node.ts'
import { anything, nothing } from './check-basic.ts'
import type { NodeCompiler } from './node-compiler.ts'
import type { Run } from './run.ts'
import { Kind, type Members, meets, note, ownMembers, Part, Shape } from './shape.ts'

type ObjectCheck = (value: Members) => boolean

const hasOwn = Object.hasOwn

/** The name of the part after the last one. */
const BEYOND = '\0beyond'

/**
 * Makes the check.
 *
 * @param otherwise - the result for values that are not objects
 */
export function objectCheck(
  compiler: NodeCompiler,
  node: SchemaNode,
  rules: ObjectRules,
  otherwise: boolean,
): Check {
  const { run } = compiler
  const shape = shapeOf(compiler, node, rules)
  const checks = [...sizeChecks(run, rules), ...otherChecks(compiler, node, rules)]
  if (checks.length === 0) {
    if (shape === undefined) return (value) => isObject(value) || otherwise
    if (otherwise) return (value) => !isObject(value) || meets(shape, value)
    return note((value) => meets(shape, value), Kind.object, { shape })
  }
  if (shape !== undefined) checks.unshift((value) => meets(shape, value))
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

function sizeChecks(run: Run, rules: ObjectRules): ObjectCheck[] {
  const { minProperties = 0, maxProperties = Infinity } = rules
  if (minProperties === 0 && maxProperties === Infinity) return []
  return [
    (value) => {
      const size = run.namesOf(value).length
      run.charge(size)
      return size >= minProperties && size <= maxProperties
    },
  ]
}

/** `properties` and `required`, and `additionalProperties: false` where there is no `patternProperties`. */
function shapeOf(compiler: NodeCompiler, node: SchemaNode, rules: ObjectRules): Shape | undefined {
  const required = new Set(rules.required)
  const closed = isClosed(rules)
  const parts: Part[] = []
  let before = 0
  for (const [name, child] of rules.properties ?? []) {
    const needed = required.delete(name) ? 1 : 0
    parts.push(new Part(compiler.once(node, child), name, needed, before))
    before += needed
  }
  // Names that are only required: in a closed object no member can satisfy them.
  for (const name of required) parts.push(new Part(anything, name, 1, before++, !closed))
  node.weight += required.size
  if (parts.length === 0 && !closed) return undefined
  return new Shape(compiler.run, parts, new Part(anything, BEYOND, 0, before, !closed), closed)
}

function isClosed({ additional, patterns }: ObjectRules): boolean {
  return additional?.always === false && patterns === undefined
}

/** Everything but the known members. */
function otherChecks(compiler: NodeCompiler, node: SchemaNode, rules: ObjectRules): ObjectCheck[] {
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
      for (const name of run.namesOf(value)) {
        run.charge(names.weight)
        if (!check(name)) return false
      }
      return true
    })
  }
  return checks
}

/** `patternProperties`, and `additionalProperties` for what neither names nor patterns cover. */
function otherMembers(compiler: NodeCompiler, rules: ObjectRules): ObjectCheck {
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
    for (const name of run.namesOf(value)) {
      const part = value[name]
      if (part === undefined) continue
      run.charge(weight)
      let covered = properties?.has(name) === true
      for (let i = 0; i < patterns.length; i++) {
        const { pattern, check, node } = patterns[i] as (typeof patterns)[number]
        if (!pattern.matches(name, run)) continue
        covered = true
        run.charge(node.weight)
        if (!check(part)) return false
      }
      if (!covered && rest !== anything && (rest === nothing || !rest(part))) return false
    }
    return true
  }
}
