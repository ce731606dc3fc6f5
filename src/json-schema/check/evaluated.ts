/**
 * The parts of a value to which `unevaluatedItems` and `unevaluatedProperties` apply (core 2020-12, section 11).
 *
 * Annotations are not collected while a value is checked: hardly any schema needs them. When all other keywords
 * of a node have passed, the subschemas that applied to the same value are found again (a branch of `anyOf`
 * applied if its check passes) and noted in `run.active`; a part of the value is evaluated if one of them
 * has a keyword that covers it. Properties of failed branches never count.
 *
 * Invariant: `run.active` is as long after a call as before, unless a limit ended the validation.
 */

import { isObject } from '../../bounds/is-object.ts'
import type { Check, Reference, SchemaNode } from '../read/node.ts'
import type { Run } from './run.ts'

const hasOwn = Object.hasOwn

/** Notes `node` and every subschema that applied to the same value. The value is known to be valid. */
function collect(run: Run, node: SchemaNode, value: unknown): void {
  run.charge(node.weight + 1)
  run.active.push(node)
  const { ref, dynamicRef, object } = node
  if (ref !== undefined) collectTarget(run, node, ref, value)
  if (dynamicRef !== undefined) collectTarget(run, node, dynamicRef, value)
  for (const child of node.allOf ?? []) collectInner(run, child, value)
  for (const child of node.anyOf ?? []) if (passes(child, value)) collectInner(run, child, value)
  for (const child of node.oneOf ?? []) if (passes(child, value)) collectInner(run, child, value)
  if (node.condition !== undefined) {
    const held = passes(node.condition, value)
    if (held) collectInner(run, node.condition, value)
    const branch = held ? node.consequent : node.alternative
    if (branch !== undefined) collectInner(run, branch, value)
  }
  if (object?.dependentSchemas !== undefined && isObject(value)) {
    for (const [name, child] of object.dependentSchemas) {
      if (hasOwn(value, name)) collectInner(run, child, value)
    }
  }
}

/** An embedded resource is in the dynamic scope while its part is collected. */
function collectInner(run: Run, node: SchemaNode, value: unknown): void {
  if (node.always !== undefined) return
  run.scope.push(node.resource)
  collect(run, node, value)
  run.scope.pop()
}

function collectTarget(run: Run, node: SchemaNode, reference: Reference, value: unknown): void {
  const { dynamic, target } = reference
  const to = dynamic === undefined ? target : run.dynamicTarget(dynamic, target)
  run.follow(node, to, (at) => collect(run, at, value))
}

function passes(node: SchemaNode, value: unknown): boolean {
  return (node.check as Check)(value)
}

/**
 * Applies a check to each property that nothing else evaluated.
 *
 * @param node - the node that has `unevaluatedProperties`; its other keywords have passed
 */
export function checkUnevaluatedProperties(
  run: Run,
  node: SchemaNode,
  value: Readonly<Record<string, unknown>>,
  check: (part: unknown, name: string) => boolean,
): boolean {
  const base = run.active.length
  collect(run, node, value)
  const end = run.active.length
  let valid = true
  for (const name of run.namesOf(value)) {
    run.charge(end - base)
    let evaluated = false
    for (let i = base; i < end && !evaluated; i++) {
      evaluated = coversProperty(run, run.active[i] as SchemaNode, name, i === base)
    }
    if (!evaluated && !check(value[name], name)) {
      valid = false
      break
    }
  }
  run.active.length = base
  return valid
}

function coversProperty(run: Run, node: SchemaNode, name: string, self: boolean): boolean {
  const rules = node.object
  if (rules === undefined) return false
  if (rules.additional !== undefined || (rules.unevaluated !== undefined && !self)) return true
  if (rules.properties?.has(name) === true) return true
  return rules.patterns?.some(({ pattern }) => pattern.matches(name, run)) === true
}

/**
 * Applies a check to each item that nothing else evaluated.
 *
 * @param node - the node that has `unevaluatedItems`; its other keywords have passed
 */
export function checkUnevaluatedItems(
  run: Run,
  node: SchemaNode,
  value: readonly unknown[],
  check: (part: unknown, index: number) => boolean,
): boolean {
  const base = run.active.length
  collect(run, node, value)
  const end = run.active.length
  let valid = true
  for (let index = 0; index < value.length; index++) {
    run.charge(end - base)
    let evaluated = false
    for (let i = base; i < end && !evaluated; i++) {
      evaluated = coversItem(run, run.active[i] as SchemaNode, value, index, i === base)
    }
    if (!evaluated && !check(value[index], index)) {
      valid = false
      break
    }
  }
  run.active.length = base
  return valid
}

function coversItem(
  run: Run,
  node: SchemaNode,
  value: readonly unknown[],
  index: number,
  self: boolean,
): boolean {
  const rules = node.array
  if (rules === undefined) return false
  if (rules.rest !== undefined || (rules.unevaluated !== undefined && !self)) return true
  if (index < (rules.prefix?.length ?? 0)) return true
  if (rules.contains === undefined) return false
  run.charge(rules.contains.weight)
  return passes(rules.contains, value[index])
}
