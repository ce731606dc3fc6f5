/**
 * Limits, and the state of the one validation that is running.
 *
 * Lifecycle: one Run for each validator, reset at the start of each call, so that a call allocates nothing.
 * Invariant: between calls `active` and `scope` are of no consequence; within a call every push has its pop.
 *
 * Not here: what is charged, and where (check.ts and its neighbours).
 */

import type { Resource, SchemaNode } from './node.ts'

/** Bounds of compiling and validating. `Infinity` disables one. */
export interface Limits {
  /** Errors listed for one value. @defaultValue 10 */
  readonly maxErrors: number
  /** Nesting of subschemas inside each other, references not followed. @defaultValue 128 */
  readonly maxSchemaDepth: number
  /** Subschemas in all documents that the schema uses. @defaultValue 20 000 */
  readonly maxSubschemas: number
  /** References that are followed inside each other, on any level of the value. @defaultValue 1 000 */
  readonly maxRefDepth: number
  /** Nesting of the value, counted where a recursive schema follows it. @defaultValue 250 */
  readonly maxValueDepth: number
  /** Steps of one validation; about one for each pair of value and subschema that meet. @defaultValue 10 000 000 */
  readonly maxSteps: number
  /** Length, in UTF-16 units, of a string that `pattern` or `patternProperties` may see. @defaultValue 65 536 */
  readonly maxPatternLength: number
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxErrors: 10,
  maxSchemaDepth: 128,
  maxSubschemas: 20_000,
  maxRefDepth: 1_000,
  maxValueDepth: 250,
  maxSteps: 10_000_000,
  maxPatternLength: 65_536,
})

/** Thrown through a validation when a limit is reached, so that `not` cannot turn it into success. */
export class LimitReached {
  readonly limit: string
  readonly message: string

  constructor(limit: string, message: string) {
    this.limit = limit
    this.message = message
  }
}

const PURPOSE = {
  maxRefDepth: 'the schema follows references too deeply on this value',
  maxValueDepth: 'the value is nested too deeply',
  maxSteps: 'the value takes too many steps to check',
  maxPatternLength: 'a string is too long to be matched against a pattern',
} as const

/** Makes the error of a limit. */
export function stop(limit: keyof typeof PURPOSE, bound: number): LimitReached {
  return new LimitReached(limit, `${PURPOSE[limit]} (limit ${bound})`)
}

/** The state of one validation. */
export class Run {
  readonly limits: Limits
  /** Steps left. */
  left = 0
  /** Value depth minus the level of the schema location: see {@link SchemaNode.level}. */
  offset = 0
  /** References being followed now. */
  refs = 0
  /** Schema resources entered, outermost first; kept only when a `$dynamicRef` needs it. */
  readonly scope: Resource[] = []
  /** Schema locations whose annotations an `unevaluated*` keyword is looking at. */
  readonly active: SchemaNode[] = []
  /** Whether somebody gave Object.prototype enumerable members, which every `for in` would see. */
  polluted = false

  constructor(limits: Limits) {
    this.limits = limits
  }

  reset(root: Resource): void {
    this.left = this.limits.maxSteps
    this.offset = 0
    this.refs = 0
    this.polluted = hasMembers(Object.prototype)
    // Setting an array's length is slow: done only where the last validation ended at a limit.
    if (this.active.length !== 0) this.active.length = 0
    if (this.scope.length !== 1) {
      this.scope.length = 1
      this.scope[0] = root
    }
  }

  charge(steps: number): void {
    this.left -= steps
    if (this.left < 0) throw stop('maxSteps', this.limits.maxSteps)
  }

  /** Matches a pattern, unless the string is too long for a backtracking engine. */
  matches(pattern: RegExp, text: string): boolean {
    if (text.length > this.limits.maxPatternLength)
      throw stop('maxPatternLength', this.limits.maxPatternLength)
    return pattern.test(text)
  }

  /** Follows a reference from one schema location to another, on the same value. */
  follow<Result>(from: SchemaNode, to: SchemaNode, visit: (target: SchemaNode) => Result): Result {
    const before = this.offset
    if (before + from.level > this.limits.maxValueDepth)
      throw stop('maxValueDepth', this.limits.maxValueDepth)
    if (++this.refs > this.limits.maxRefDepth) throw stop('maxRefDepth', this.limits.maxRefDepth)
    this.charge(to.weight)
    this.offset = before + from.level - to.level
    this.scope.push(to.resource)
    const result = visit(to)
    this.scope.pop()
    this.offset = before
    this.refs--
    return result
  }

  /** The target of a `$dynamicRef`: the outermost resource in scope that has the anchor decides. */
  dynamicTarget(anchor: string, fallback: SchemaNode): SchemaNode {
    for (const resource of this.scope) {
      const target = resource.dynamicAnchors.get(anchor)
      if (target !== undefined) return target
    }
    return fallback
  }
}

function hasMembers(value: object): boolean {
  for (const _ in value) return true
  return false
}
