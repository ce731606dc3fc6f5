/**
 * The state of the one validation that is running.
 *
 * Lifecycle: one Run for each validator, reset at the start of each call, so that a call allocates nothing.
 * Invariant: between calls `active` and `scope` have no meaning; within a call every push has its pop.
 *
 * Not here: the bounds (limits.ts), what is charged, and where (check.ts and the checks that it compiles).
 */

import { type Limits, stop } from '../limits.ts'
import type { Resource, SchemaNode } from '../read/node.ts'

/** Members that make an object large. */
export const MANY = 64

/** Steps for each member of a large object: to list its name, and to use the list again. */
const NAMING = 10
const READING = 5

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
  /** Schema locations that an `unevaluated*` keyword depends on. */
  readonly active: SchemaNode[] = []
  /** Whether Object.prototype has enumerable members, which every `for in` would list. */
  polluted = false
  /**
   * Objects with many members that occurred, with their names once all of them were needed. To list the names of such an
   * object takes 0.3 µs for each member, so it is done twice at most, however many keywords apply to it.
   * Lifecycle: one validation; the map is weak and keeps no value in memory.
   */
  large: WeakMap<object, readonly string[] | undefined> | undefined = undefined

  constructor(limits: Limits) {
    this.limits = limits
  }

  reset(root: Resource): void {
    this.left = this.limits.maxSteps
    this.offset = 0
    this.refs = 0
    this.polluted = hasMembers(Object.prototype)
    this.large = undefined
    // Setting an array's length is slow, and needed only where the last validation ended at a limit.
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

  /** The names of an object's own members. */
  namesOf(value: object): readonly string[] {
    const known = this.large?.get(value)
    if (known !== undefined) {
      this.charge(known.length * READING)
      return known
    }
    const names = Object.keys(value)
    if (names.length > MANY) {
      this.large ??= new WeakMap()
      this.large.set(value, names)
      this.charge(names.length * NAMING)
    }
    return names
  }

  /** Ends the validation: a string is too long for a pattern that cannot be matched in linear time. */
  tooLong(): never {
    throw stop('maxPatternLength', this.limits.maxPatternLength)
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
      this.charge(1)
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
