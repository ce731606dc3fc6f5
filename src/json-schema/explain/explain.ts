/**
 * Errors: walks the value and the schema again, once a check has failed, and reports why.
 *
 * Messages are written for the reader who has to correct the value, often a language model: what was received, what
 * was expected, one line each. For `anyOf` and `oneOf` the branch that was probably meant is explained, if only one is
 * possible.
 *
 * Invariant: `explain` adds an error exactly when the node's check fails, up to the maximum number of errors.
 * Not here: the check itself (check.ts); keywords for objects and arrays (explain-parts.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { hasType } from '../check/check-basic.ts'
import { codePoints } from '../check/code-points.ts'
import { equal } from '../check/equal.ts'
import {
  type NumberRules,
  type Reference,
  type SchemaNode,
  type StringRules,
  TYPE_BITS,
} from '../read/node.ts'
import { explainArray, explainObject } from './explain-parts.ts'
import { passes, Report } from './report.ts'
import { describe, literal, type ValidationError } from './result.ts'

/** Steps of explaining one value: it takes that much longer than a check. */
const EXPLAINING = 5

/** Explains why a value does not meet a node; adds nothing when it does. */
export function explain(report: Report, node: SchemaNode, value: unknown, path: string): void {
  if (report.full) return
  const { run } = report
  run.charge(EXPLAINING)
  if (node.always !== undefined) {
    if (!node.always) report.add(path, 'false', `no value is allowed here, got ${describe(value)}`)
    return
  }
  const before = report.errors.length
  // The dynamic scope, as check.ts keeps it.
  run.scope.push(node.resource)
  if (node.types !== 0 && !hasType(value, node.types)) {
    // Errors of other keywords would only repeat it.
    report.add(path, 'type', `expected ${typeNames(node.types)}, got ${describe(value)}`)
  } else {
    explainKeywords(report, node, value, path)
    if (Array.isArray(value) && node.array !== undefined) {
      explainArray(report, node, node.array, value, path, before)
    } else if (isObject(value) && node.object !== undefined) {
      explainObject(report, node, node.object, value, path, before)
    }
  }
  run.scope.pop()
}

function explainKeywords(report: Report, node: SchemaNode, value: unknown, path: string): void {
  const { run } = report
  if (node.constant !== undefined && !equal(node.constant.value, value, run)) {
    report.add(path, 'const', `expected ${literal(node.constant.value)}, got ${describe(value)}`)
  }
  if (node.choices !== undefined && node.isChoice?.(value) === false) {
    report.add(path, 'enum', `expected one of ${choiceList(node.choices)}, got ${describe(value)}`)
  }
  if (typeof value === 'number' && node.number !== undefined) explainNumber(report, node.number, value, path)
  if (typeof value === 'string' && node.string !== undefined) explainString(report, node.string, value, path)
  if (node.ref !== undefined) explainTarget(report, node, node.ref, value, path)
  if (node.dynamicRef !== undefined) explainTarget(report, node, node.dynamicRef, value, path)
  for (const child of node.allOf ?? []) explain(report, child, value, path)
  if (node.anyOf !== undefined && !node.anyOf.some((child) => passes(run, child, value))) {
    explainBranches(report, node.anyOf, value, path, 'anyOf')
  }
  if (node.oneOf !== undefined) {
    const matching = node.oneOf.flatMap((child, i) => (passes(run, child, value) ? [i] : []))
    if (matching.length === 0) explainBranches(report, node.oneOf, value, path, 'oneOf')
    else if (matching.length > 1) {
      const numbers = matching.map((i) => i + 1).join(', ')
      report.add(
        path,
        'oneOf',
        `expected exactly one alternative to match, got matches for alternatives ${numbers}`,
      )
    }
  }
  if (node.not !== undefined && passes(run, node.not, value)) {
    report.add(path, 'not', `${describe(value)} is of a form that is not allowed here`)
  }
  if (node.condition !== undefined) {
    const branch = passes(run, node.condition, value) ? node.consequent : node.alternative
    if (branch !== undefined) explain(report, branch, value, path)
  }
}

function explainTarget(
  report: Report,
  node: SchemaNode,
  reference: Reference,
  value: unknown,
  path: string,
): void {
  const { dynamic, target } = reference
  const to = dynamic === undefined ? target : report.run.dynamicTarget(dynamic, target)
  report.run.follow(node, to, (at) => explain(report, at, value, path))
}

const MAX_BRANCHES = 5
const MAX_BRANCH_ERRORS = 5

/** No branch matched: explains the one that was meant, or lists what each of them expects. */
function explainBranches(
  report: Report,
  branches: readonly SchemaNode[],
  value: unknown,
  path: string,
  keyword: string,
): void {
  const attempts = branches.map((branch) => {
    const attempt = new Report(report.run, MAX_BRANCH_ERRORS, explain)
    explain(attempt, branch, value, path)
    return attempt.errors
  })
  // A branch was not meant when the value has another type, or when a constant (a discriminating property) differs.
  const meant = attempts.filter((errors) => !errors.some((error) => isMismatch(error, path)))
  const [only] = meant
  if (only !== undefined && meant.length === 1) {
    for (const error of only) report.add(error.path, error.keyword, error.message)
    return
  }
  const shown = (meant.length > 0 ? meant : attempts).slice(0, MAX_BRANCHES).map((errors) => {
    const error = errors.find((one) => isMismatch(one, path)) ?? errors[0]
    if (error === undefined) return ''
    const at = error.path.slice(path.length)
    return at === '' ? error.message : `${at} ${error.message}`
  })
  const more = branches.length > shown.length ? `; and ${branches.length - shown.length} more` : ''
  const unique = [...new Set(shown)]
  report.add(path, keyword, `no alternative matches: ${unique.join('; or ')}${more}`)
}

function isMismatch({ keyword, path }: ValidationError, base: string): boolean {
  if (keyword === 'type') return path === base
  // Directly at the value, or at one of its own properties.
  return (keyword === 'const' || keyword === 'enum') && path.indexOf('/', base.length + 1) === -1
}

function explainNumber(report: Report, rules: NumberRules, value: number, path: string): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules
  const got = `got ${value}`
  if (minimum !== undefined && !(value >= minimum)) {
    report.add(path, 'minimum', `expected a number of at least ${minimum}, ${got}`)
  }
  if (maximum !== undefined && !(value <= maximum)) {
    report.add(path, 'maximum', `expected a number of at most ${maximum}, ${got}`)
  }
  if (exclusiveMinimum !== undefined && !(value > exclusiveMinimum)) {
    report.add(path, 'exclusiveMinimum', `expected a number above ${exclusiveMinimum}, ${got}`)
  }
  if (exclusiveMaximum !== undefined && !(value < exclusiveMaximum)) {
    report.add(path, 'exclusiveMaximum', `expected a number below ${exclusiveMaximum}, ${got}`)
  }
  if (multipleOf !== undefined && !multipleOf.test(value)) {
    report.add(path, 'multipleOf', `expected a multiple of ${multipleOf.value}, ${got}`)
  }
}

function explainString(report: Report, rules: StringRules, value: string, path: string): void {
  const { minLength, maxLength, pattern, format } = rules
  const got = `got ${describe(value)}`
  const length = codePoints(value)
  if (minLength !== undefined && length < minLength) {
    report.add(
      path,
      'minLength',
      `expected at least ${characters(minLength)}, got ${length}: ${describe(value)}`,
    )
  }
  if (maxLength !== undefined && length > maxLength) {
    report.add(
      path,
      'maxLength',
      `expected at most ${characters(maxLength)}, got ${length}: ${describe(value)}`,
    )
  }
  if (pattern !== undefined && !pattern.matches(value, report.run)) {
    report.add(
      path,
      'pattern',
      `expected a string that matches the pattern ${literal(pattern.source)}, ${got}`,
    )
  }
  if (format !== undefined && !format.test(value)) {
    report.add(path, 'format', `expected a string of format ${format.name}, ${got}`)
  }
}

const characters = (count: number): string => (count === 1 ? '1 character' : `${count} characters`)

function typeNames(types: number): string {
  const names = [...TYPE_BITS].filter(([, bit]) => (types & bit) !== 0).map(([name]) => name)
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`
}

const MAX_CHOICES = 20

function choiceList(choices: readonly unknown[]): string {
  const shown = choices.slice(0, MAX_CHOICES).map(literal).join(', ')
  return choices.length > MAX_CHOICES ? `${shown} and ${choices.length - MAX_CHOICES} more` : shown
}
