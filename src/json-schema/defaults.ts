/**
 * Changes to the objects of a value: missing properties are filled in from `default`, and a `null` that an optional
 * property does not allow is removed.
 *
 * Follows `properties`, `items`, `allOf` and references, where it is certain that a subschema applies; never `anyOf`,
 * `oneOf`, `not` or `if`, nor a `$dynamicRef` with several targets. The value's own objects are changed. Each default is
 * copied, so that no two values share it, and is an own member: a property named `__proto__` changes no prototype.
 *
 * Defaults are filled in for every valid value, so this is compiled to closures, which visit nothing else; null is
 * searched for only in values that were invalid.
 */

import { isObject } from '../bounds/is-object.ts'
import type { Run } from './check/run.ts'
import type { Check, ObjectRules, SchemaNode } from './read/node.ts'

/** Fills in the defaults of a value, in place. */
export type Fill = (value: unknown) => void

/** A property that has a default, or whose value may contain one. */
interface Part {
  readonly name: string
  readonly default: SchemaNode['default']
  readonly fill: Fill | undefined
  /** Whether every object inherits a member of this name. */
  readonly inherited: boolean
}

/** Makes what fills in the defaults of one schema. */
export class Filler {
  readonly #run: Run
  readonly #made = new Map<SchemaNode, Fill | undefined>()

  constructor(run: Run) {
    this.#run = run
  }

  /** @returns undefined: there are none */
  of(node: SchemaNode): Fill | undefined {
    if (this.#made.has(node)) return this.#made.get(node)
    const { ref, dynamicRef, allOf = [], array, object } = node
    const fills: (Fill | undefined)[] = [ref, dynamicRef].map((reference) =>
      reference === undefined || reference.dynamic !== undefined ? undefined : this.#behind(reference.target),
    )
    fills.push(...allOf.map((child) => this.of(child)), this.#object(object), this.#array(array))
    const [first, ...more] = fills.filter((fill) => fill !== undefined)
    const all = (value: unknown): void => {
      first?.(value)
      for (const fill of more) fill(value)
    }
    const fill = more.length === 0 ? first : all
    this.#made.set(node, fill)
    return fill
  }

  /** Made when a value is filled: references may be circular, and many in a row. */
  #behind(target: SchemaNode): Fill {
    return (value) => {
      this.#run.charge(1)
      this.of(target)?.(value)
    }
  }

  #object(rules: ObjectRules | undefined): Fill | undefined {
    const parts: Part[] = []
    for (const [name, child] of rules?.properties ?? []) {
      const part = {
        name,
        default: defaultOf(this.#run, child, 0),
        fill: this.of(child),
        inherited: name in {},
      }
      if (part.default !== undefined || part.fill !== undefined) parts.push(part)
    }
    if (parts.length === 0) return undefined
    const run = this.#run
    return (value) => {
      if (!isObject(value)) return
      run.charge(parts.length)
      for (let i = 0; i < parts.length; i++) fillPart(run, parts[i] as Part, value)
    }
  }

  #array({ prefix = [], rest }: NonNullable<SchemaNode['array']> = {}): Fill | undefined {
    const first = prefix.map((child) => this.of(child))
    const others = rest && this.of(rest)
    if (others === undefined && first.every((fill) => fill === undefined)) return undefined
    return (value) => {
      if (!Array.isArray(value)) return
      const end = others === undefined ? Math.min(first.length, value.length) : value.length
      this.#run.charge(end)
      for (let i = 0; i < end; i++) (i < first.length ? first[i] : others)?.(value[i])
    }
  }
}

function fillPart(run: Run, part: Part, value: Record<string, unknown>): void {
  const { name, fill, inherited } = part
  let member = inherited && !Object.hasOwn(value, name) ? undefined : value[name]
  if (member === undefined) {
    if (part.default === undefined) return
    run.charge(part.default.weight)
    member = part.default.value
    if (typeof member === 'object') member = structuredClone(member)
    if (inherited) {
      Object.defineProperty(value, name, {
        value: member,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    } else value[name] = member
  }
  fill?.(member)
}

/**
 * Removes defaults that their own schemas refuse, so that what a handler gets is valid.
 *
 * @param onInvalid - called for each of them, but not for null, which means "no default" in many schemas
 * @returns whether any default is left
 */
export function keepValidDefaults(
  run: Run,
  nodes: Iterable<SchemaNode>,
  onInvalid: (node: SchemaNode) => void,
): boolean {
  let found = false
  for (const node of nodes) {
    // Nodes that nothing refers to are not compiled.
    if (node.default === undefined || node.check === undefined) continue
    if (isValid(run, node, node.check)) found = true
    else {
      if (node.default.value !== null) onInvalid(node)
      node.default = undefined
    }
  }
  return found
}

function isValid(run: Run, node: SchemaNode, check: Check): boolean {
  try {
    run.reset(node.resource)
    return check(node.default?.value)
  } catch {
    return false
  }
}

/**
 * Removes each `null` of an optional property that does not allow it, in place.
 *
 * @param node - compiled
 * @returns whether there was any
 */
export function dropNulls(run: Run, node: SchemaNode, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  run.charge(1)
  let found = false
  for (const reference of [node.ref, node.dynamicRef]) {
    if (reference === undefined || reference.dynamic !== undefined) continue
    if (run.follow(node, reference.target, (target) => dropNulls(run, target, value))) found = true
  }
  for (const child of node.allOf ?? []) if (dropNulls(run, child, value)) found = true
  if (Array.isArray(value)) {
    const { prefix = [], rest } = node.array ?? {}
    for (let i = 0; i < value.length; i++) {
      const child = i < prefix.length ? prefix[i] : rest
      if (child === undefined) break
      if (dropNulls(run, child, value[i])) found = true
    }
  } else if (node.object?.properties !== undefined) {
    if (dropNullMembers(run, node.object, value as Record<string, unknown>)) found = true
  }
  return found
}

function dropNullMembers(run: Run, rules: ObjectRules, value: Record<string, unknown>): boolean {
  const { properties = new Map<string, SchemaNode>(), required = [] } = rules
  run.charge(properties.size)
  let found = false
  for (const [name, child] of properties) {
    // An object's `__proto__` is not its own.
    const member = Object.hasOwn(value, name) ? value[name] : undefined
    if (member !== null) {
      if (dropNulls(run, child, member)) found = true
      continue
    }
    run.charge(child.weight + required.length)
    if (required.includes(name) || child.check?.(null) !== false) continue
    delete value[name]
    found = true
  }
  return found
}

/** The default of a subschema, its own or that of what it refers to. */
function defaultOf(run: Run, node: SchemaNode, depth: number): SchemaNode['default'] {
  if (node.default !== undefined || node.ref === undefined || depth > run.limits.maxRefDepth)
    return node.default
  return defaultOf(run, node.ref.target, depth + 1)
}
