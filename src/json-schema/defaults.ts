/**
 * What a value's objects lack or have too much: missing properties are filled in from `default`, and a `null` that an
 * optional property does not allow is taken away.
 *
 * Looks at `properties`, `items`, `allOf` and `$ref`, where it is certain that a subschema applies; never
 * inside `anyOf`, `oneOf`, `not` or `if`. The value's own objects are changed. Each default is copied, so that
 * no two values share it, and defined as an own member: a property named `__proto__` changes no prototype.
 */

import { isObject } from './check-basic.ts'
import type { Check, ObjectRules, SchemaNode } from './node.ts'
import type { Run } from './run.ts'

/** Is called with each declared property of each object. @returns whether it changed the object */
type Visit = (
  run: Run,
  child: SchemaNode,
  value: Record<string, unknown>,
  name: string,
  rules: ObjectRules,
) => boolean

/** Fills in defaults, in place. */
export function fillDefaults(run: Run, root: SchemaNode, value: unknown): void {
  forEachProperty(run, root, value, fillMember)
}

/**
 * Takes away each `null` of an optional property that does not allow it, in place.
 *
 * @param root - compiled
 * @returns whether there was any
 */
export function dropNulls(run: Run, root: SchemaNode, value: unknown): boolean {
  return forEachProperty(run, root, value, dropNull)
}

/**
 * Leaves out defaults that their own schemas refuse: what a handler gets is valid.
 *
 * @param use - called for each of them, but not for null, which stands for no default in many a schema
 * @returns whether any default is left
 */
export function keepValidDefaults(
  run: Run,
  nodes: Iterable<SchemaNode>,
  use: (node: SchemaNode) => void,
): boolean {
  let found = false
  for (const node of nodes) {
    // Nodes that nothing leads to are not compiled.
    if (node.default === undefined || node.check === undefined) continue
    if (isValid(run, node, node.check)) found = true
    else {
      if (node.default.value !== null) use(node)
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

function forEachProperty(run: Run, node: SchemaNode, value: unknown, visit: Visit): boolean {
  if (typeof value !== 'object' || value === null) return false
  run.charge(1)
  const { ref, dynamicRef, array, object } = node
  let changed = false
  const descend = (child: SchemaNode, part: unknown): void => {
    if (forEachProperty(run, child, part, visit)) changed = true
  }
  run.scope.push(node.resource)
  for (const reference of [ref, dynamicRef]) {
    if (reference === undefined) continue
    const { dynamic, target } = reference
    const to = dynamic === undefined ? target : run.dynamicTarget(dynamic, target)
    run.follow(node, to, (at) => descend(at, value))
  }
  for (const child of node.allOf ?? []) descend(child, value)
  if (Array.isArray(value)) {
    const { prefix = [], rest } = array ?? {}
    for (let i = 0; i < value.length; i++) {
      const child = i < prefix.length ? prefix[i] : rest
      if (child === undefined) break
      descend(child, value[i])
    }
  } else if (object?.properties !== undefined && isObject(value)) {
    run.charge(object.properties.size)
    for (const [name, child] of object.properties) {
      if (visit(run, child, value, name, object)) changed = true
      // An object's `__proto__` is not its own.
      if (typeof value[name] === 'object' && Object.hasOwn(value, name)) descend(child, value[name])
    }
  }
  run.scope.pop()
  return changed
}

const fillMember: Visit = (run, child, value, name) => {
  if (Object.hasOwn(value, name) && value[name] !== undefined) return false
  const found = defaultOf(run, child, 0)
  if (found === undefined) return false
  run.charge(found.weight)
  Object.defineProperty(value, name, {
    value: typeof found.value === 'object' ? structuredClone(found.value) : found.value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
  return true
}

const dropNull: Visit = (run, child, value, name, { required = [] }) => {
  if (value[name] !== null || !Object.hasOwn(value, name)) return false
  run.charge(child.weight + required.length)
  if (required.includes(name) || child.check?.(null) !== false) return false
  return delete value[name]
}

/** The default of a subschema, its own or that of what it refers to. */
function defaultOf(run: Run, node: SchemaNode, depth: number): SchemaNode['default'] {
  if (node.default !== undefined || node.ref === undefined || depth > run.limits.maxRefDepth)
    return node.default
  return defaultOf(run, node.ref.target, depth + 1)
}
