/**
 * Defaults: fills missing properties of a value from `default`, before it is checked.
 *
 * Looks at `properties`, `items`, `allOf` and `$ref`, where it is certain that a subschema applies; never
 * inside `anyOf`, `oneOf`, `not` or `if`. The value's own objects are changed. Each default is copied, so that
 * no two values share it, and defined as an own member: a property named `__proto__` changes no prototype.
 */

import { isObject } from './check-basic.ts'
import type { SchemaNode } from './node.ts'
import type { Run } from './run.ts'

/** Fills in defaults, in place. */
export function fillDefaults(run: Run, node: SchemaNode, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  run.charge(1)
  const { ref, dynamicRef, array, object } = node
  run.scope.push(node.resource)
  for (const reference of [ref, dynamicRef]) {
    if (reference === undefined) continue
    const { dynamic, target } = reference
    const to = dynamic === undefined ? target : run.dynamicTarget(dynamic, target)
    run.follow(node, to, (at) => fillDefaults(run, at, value))
  }
  for (const child of node.allOf ?? []) fillDefaults(run, child, value)
  if (Array.isArray(value)) {
    const { prefix = [], rest } = array ?? {}
    for (let i = 0; i < value.length; i++) {
      const child = i < prefix.length ? prefix[i] : rest
      if (child === undefined) break
      fillDefaults(run, child, value[i])
    }
  } else if (object?.properties !== undefined && isObject(value)) {
    run.charge(object.properties.size)
    for (const [name, child] of object.properties) fillMember(run, child, value, name)
  }
  run.scope.pop()
}

function fillMember(run: Run, child: SchemaNode, value: Record<string, unknown>, name: string): void {
  const present = Object.hasOwn(value, name) && value[name] !== undefined
  if (!present) {
    const found = defaultOf(run, child, 0)
    if (found === undefined) return
    run.charge(found.weight)
    Object.defineProperty(value, name, {
      value: structuredClone(found.value),
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  fillDefaults(run, child, value[name])
}

/** The default of a subschema, its own or that of what it refers to. */
function defaultOf(run: Run, node: SchemaNode, depth: number): SchemaNode['default'] {
  if (node.default !== undefined || node.ref === undefined || depth > run.limits.maxRefDepth)
    return node.default
  return defaultOf(run, node.ref.target, depth + 1)
}
