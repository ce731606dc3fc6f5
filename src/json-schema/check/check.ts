/**
 * Checks: closures that return whether a value is valid against a node, and nothing more.
 *
 * This is the path of valid values: no allocation once it is warm, no generated code (it runs under a strict
 * CSP). A keyword becomes a closure over its own constants; keywords for objects or arrays are fused into one loop
 * (check-object.ts, check-array.ts), because a call through a closure costs more than most tests.
 *
 * Invariant: time is bounded by the step budget. What a node does once is part of its static `weight`; a loop
 * charges its length times the weight of what it applies; a followed reference charges its target's weight.
 *
 * Not here: the errors (explain.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { stop } from '../limits.ts'
import type { Bundle } from '../read/bundle.ts'
import type { Check, Reference, SchemaNode, StringRules } from '../read/node.ts'
import { arrayCheck } from './check-array.ts'
import {
  all,
  any,
  anything,
  BIT,
  exactlyOne,
  hasType,
  nothing,
  numberCheck,
  typeCheck,
} from './check-basic.ts'
import { objectCheck } from './check-object.ts'
import { hasLength } from './code-points.ts'
import { equal, isOneOf } from './equal.ts'
import { checkUnevaluatedItems, checkUnevaluatedProperties } from './evaluated.ts'
import type { NodeCompiler } from './node-compiler.ts'
import type { Run } from './run.ts'
import { Kind, note } from './shape.ts'

/** Steps of a test of `format`, and the characters that it reads in one step. */
const FORMAT = 20
const FORMAT_CHARACTERS = 2

/** Whether all choices have an allowed type, so that the type needs no test of its own. */
function impliedByChoices({ choices, constant, types }: SchemaNode): boolean {
  const values = constant === undefined ? choices : [constant.value]
  return values?.every((value) => hasType(value, types)) === true
}

/** Makes the checks of one bundle. */
export class Compiler implements NodeCompiler {
  readonly bundle: Bundle
  readonly run: Run
  /** Targets of references, compiled when the node that names them is done: recursion ends here. */
  readonly #queue: SchemaNode[] = []

  constructor(bundle: Bundle, run: Run) {
    this.bundle = bundle
    this.run = run
  }

  /** Compiles the root and everything it can reach. */
  compileAll(): Check {
    const check = this.compile(this.bundle.root)
    for (let node = this.#queue.pop(); node !== undefined; node = this.#queue.pop()) this.compile(node)
    return check
  }

  compile(node: SchemaNode): Check {
    if (node.check !== undefined) return node.check
    node.weight = 1
    const check = this.#scoped(node, this.#build(node))
    node.check = check
    return check
  }

  once(node: SchemaNode, child: SchemaNode): Check {
    const check = this.compile(child)
    node.weight += child.weight
    return check
  }

  #build(node: SchemaNode): Check {
    if (node.always !== undefined) return node.always ? anything : nothing
    const checks: Check[] = []
    // Where the node allows only the type of a group of keywords, the check of the group tests that type itself.
    const { types } = node
    const only = (bit: number, rules: unknown): boolean => types === bit && rules !== undefined
    const fused =
      only(BIT.object, node.object) ||
      only(BIT.array, node.array) ||
      only(BIT.string, node.string) ||
      only(BIT.number, node.number) ||
      only(BIT.integer, node.number)
    if (types !== 0 && !fused && !impliedByChoices(node)) checks.push(typeCheck(types))
    if (node.constant !== undefined) checks.push(this.#equals(node, node.constant.value))
    if (node.choices !== undefined) {
      node.isChoice = this.#oneOfChoices(node.choices)
      checks.push(node.isChoice)
    }
    if (node.number !== undefined) checks.push(numberCheck(node.number, types, this.run))
    if (node.string !== undefined) checks.push(this.#stringCheck(node.string, types !== BIT.string))
    if (node.array !== undefined) checks.push(arrayCheck(this, node, node.array, types !== BIT.array))
    if (node.object !== undefined) checks.push(objectCheck(this, node, node.object, types !== BIT.object))
    if (node.ref !== undefined) checks.push(this.#reference(node, node.ref))
    if (node.dynamicRef !== undefined) checks.push(this.#reference(node, node.dynamicRef))
    this.#combine(node, checks)
    // Last: they depend on what all others evaluated.
    const { array, object } = node
    if (array?.unevaluated !== undefined) checks.push(this.unevaluatedItems(node, array.unevaluated))
    if (object?.unevaluated !== undefined) checks.push(this.unevaluatedProperties(node, object.unevaluated))
    return all(checks)
  }

  #combine(node: SchemaNode, checks: Check[]): void {
    const list = (nodes: readonly SchemaNode[]): Check[] => nodes.map((child) => this.once(node, child))
    if (node.allOf !== undefined) checks.push(all(list(node.allOf)))
    if (node.anyOf !== undefined) checks.push(any(list(node.anyOf)))
    if (node.oneOf !== undefined) checks.push(exactlyOne(list(node.oneOf)))
    if (node.not !== undefined) {
      const not = this.once(node, node.not)
      checks.push((value) => !not(value))
    }
    if (node.condition !== undefined) {
      const condition = this.once(node, node.condition)
      const consequent = node.consequent === undefined ? anything : this.once(node, node.consequent)
      const alternative = node.alternative === undefined ? anything : this.once(node, node.alternative)
      checks.push((value) => (condition(value) ? consequent(value) : alternative(value)))
    }
  }

  #equals(node: SchemaNode, constant: unknown): Check {
    if (typeof constant !== 'object' || constant === null) {
      return note((value) => value === constant, Kind.choice, { choices: [constant] })
    }
    const { run } = this
    node.weight++
    return (value) => equal(constant, value, run)
  }

  #oneOfChoices(choices: readonly unknown[]): Check {
    if (choices.length > 8 || choices.some((choice) => typeof choice === 'object' && choice !== null)) {
      return isOneOf(choices, this.run)
    }
    const check: Check = (value) => {
      for (let i = 0; i < choices.length; i++) if (choices[i] === value) return true
      return false
    }
    return note(check, Kind.choice, { choices })
  }

  #stringCheck(rules: StringRules, otherwise: boolean): Check {
    const { run } = this
    const { minLength = 0, maxLength = Infinity, pattern, format } = rules
    const bounded = minLength > 0 || maxLength !== Infinity
    const test = format?.test
    const check: Check = (value) => {
      if (typeof value !== 'string') return otherwise
      if (bounded && !hasLength(value, minLength, maxLength, run)) return false
      if (pattern !== undefined && !pattern.matches(value, run)) return false
      if (test === undefined) return true
      run.charge(FORMAT + Math.floor(value.length / FORMAT_CHARACTERS))
      return test(value)
    }
    if (otherwise || pattern !== undefined || test !== undefined) return check
    return note(check, Kind.text, { min: minLength, max: maxLength })
  }

  #reference(node: SchemaNode, reference: Reference): Check {
    const { run } = this
    const { target, dynamic } = reference
    const follow = (to: SchemaNode, value: unknown): boolean =>
      run.follow(node, to, (at) => (at.check as Check)(value))
    if (dynamic !== undefined) {
      for (const candidate of this.bundle.dynamicTargets(dynamic)) this.#queue.push(candidate)
      this.#queue.push(target)
      return (value) => follow(run.dynamicTarget(dynamic, target), value)
    }
    // A target without references of its own cannot recurse: it is applied like any subschema.
    if (!target.hasRef) return this.once(node, target)
    this.#queue.push(target)
    if (this.bundle.dynamic) return (value) => follow(target, value)
    const { maxRefDepth, maxValueDepth, maxSteps } = run.limits
    const { level } = node
    const shift = level - target.level
    return (value) => {
      const before = run.offset
      if (before + level > maxValueDepth) throw stop('maxValueDepth', maxValueDepth)
      if (++run.refs > maxRefDepth) throw stop('maxRefDepth', maxRefDepth)
      run.left -= target.weight
      if (run.left < 0) throw stop('maxSteps', maxSteps)
      run.offset = before + shift
      const valid = (target.check as Check)(value)
      run.offset = before
      run.refs--
      return valid
    }
  }

  /** Keeps the dynamic scope while a resource's root is applied. */
  #scoped(node: SchemaNode, check: Check): Check {
    if (!this.bundle.dynamic || !node.hasRef || node.resource.root !== node) return check
    const { scope } = this.run
    return (value) => {
      scope.push(node.resource)
      const valid = check(value)
      scope.pop()
      return valid
    }
  }

  unevaluatedItems(node: SchemaNode, child: SchemaNode): Check {
    const check = this.compile(child)
    const { run } = this
    return (value) => !Array.isArray(value) || checkUnevaluatedItems(run, node, value, check)
  }

  unevaluatedProperties(node: SchemaNode, child: SchemaNode): Check {
    const check = this.compile(child)
    const { run } = this
    return (value) => !isObject(value) || checkUnevaluatedProperties(run, node, value, check)
  }
}
