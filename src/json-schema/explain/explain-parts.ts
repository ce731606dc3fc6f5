/**
 * Errors of the keywords for objects and arrays. See explain.ts.
 */

import { present } from '../check/check-object.ts'
import { findDuplicate } from '../check/equal.ts'
import { checkUnevaluatedItems, checkUnevaluatedProperties } from '../check/evaluated.ts'
import type { Run } from '../check/run.ts'
import type { ArrayRules, ObjectRules, SchemaNode } from '../read/node.ts'
import { passes, type Report } from './report.ts'
import { memberPath, quoteText } from './result.ts'

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** Explains array keywords. `before` is the number of errors when the node was entered. */
export function explainArray(
  report: Report,
  node: SchemaNode,
  rules: ArrayRules,
  value: readonly unknown[],
  path: string,
  before: number,
): void {
  const { minItems = 0, maxItems = Infinity, prefix = [], rest, contains } = rules
  const { length } = value
  if (length < minItems) {
    report.add(path, 'minItems', `expected at least ${counted(minItems, 'item', 'items')}, got ${length}`)
  }
  if (length > maxItems) {
    report.add(path, 'maxItems', `expected at most ${counted(maxItems, 'item', 'items')}, got ${length}`)
  }
  for (let i = 0; i < length && !report.full; i++) {
    const child = i < prefix.length ? prefix[i] : rest
    if (child === undefined) break
    if (child === rest && child.always === false) {
      report.add(
        `${path}/${i}`,
        rules.restKeyword ?? 'items',
        `expected at most ${counted(i, 'item', 'items')}, got ${length}`,
      )
      break
    }
    // Most of many items are valid, and need no path.
    if (!passes(report.run, child, value[i])) report.explain(child, value[i], `${path}/${i}`)
  }
  if (contains !== undefined) {
    const { minContains = 1, maxContains = Infinity } = rules
    let found = 0
    for (const item of value) if (passes(report.run, contains, item)) found++
    if (found < minContains) {
      const keyword = rules.minContains === undefined ? 'contains' : 'minContains'
      report.add(
        path,
        keyword,
        `expected at least ${counted(minContains, 'item', 'items')} of the required form, got ${found}`,
      )
    }
    if (found > maxContains) {
      report.add(
        path,
        'maxContains',
        `expected at most ${counted(maxContains, 'item', 'items')} of one form, got ${found}`,
      )
    }
  }
  if (rules.uniqueItems === true) {
    const pair = findDuplicate(value, report.run)
    if (pair !== undefined) {
      report.add(
        path,
        'uniqueItems',
        `expected different items, got equal items at ${pair[0]} and ${pair[1]}`,
      )
    }
  }
  const { unevaluated } = rules
  if (unevaluated !== undefined && report.errors.length === before) {
    checkUnevaluatedItems(report.run, node, value, (part, i) => {
      if (unevaluated.always === false) {
        report.add(`${path}/${i}`, 'unevaluatedItems', 'unexpected item')
      } else report.explain(unevaluated, part, `${path}/${i}`)
      return !report.full
    })
  }
}

/** Explains object keywords. `before` is the number of errors when the node was entered. */
export function explainObject(
  report: Report,
  node: SchemaNode,
  rules: ObjectRules,
  value: Readonly<Record<string, unknown>>,
  path: string,
  before: number,
): void {
  explainSize(report, rules, value, path)
  for (const name of rules.required ?? []) {
    if (!present(value, name)) report.add(path, 'required', `missing required property ${quoteText(name)}`)
  }
  explainMembers(report, rules, value, path)
  for (const [name, needs] of rules.dependentRequired ?? []) {
    if (!present(value, name)) continue
    for (const need of needs) {
      if (present(value, need)) continue
      report.add(
        path,
        'dependentRequired',
        `missing property ${quoteText(need)}, required because ${quoteText(name)} is present`,
      )
    }
  }
  for (const [name, child] of rules.dependentSchemas ?? []) {
    if (present(value, name)) report.explain(child, value, path)
  }
  const { unevaluated } = rules
  if (unevaluated !== undefined && report.errors.length === before) {
    checkUnevaluatedProperties(report.run, node, value, (part, name) => {
      const at = memberPath(path, name)
      if (unevaluated.always === false) {
        report.add(at, 'unevaluatedProperties', `unexpected property ${quoteText(name)}`)
      } else report.explain(unevaluated, part, at)
      return !report.full
    })
  }
}

function explainSize(report: Report, rules: ObjectRules, value: object, path: string): void {
  const { minProperties = 0, maxProperties = Infinity } = rules
  if (minProperties === 0 && maxProperties === Infinity) return
  const size = report.run.namesOf(value).length
  if (size < minProperties) {
    report.add(
      path,
      'minProperties',
      `expected at least ${counted(minProperties, 'property', 'properties')}, got ${size}`,
    )
  }
  if (size > maxProperties) {
    report.add(
      path,
      'maxProperties',
      `expected at most ${counted(maxProperties, 'property', 'properties')}, got ${size}`,
    )
  }
}

/** The members that the rules apply to: of a large object, only the known ones where that is enough. */
function namesFor(
  run: Run,
  { properties, patterns, additional, names }: ObjectRules,
  value: object,
): Iterable<string> {
  const known = patterns === undefined && additional === undefined && names === undefined
  if (!known || run.large?.has(value) !== true) return run.namesOf(value)
  return [...(properties?.keys() ?? [])].filter((name) => Object.hasOwn(value, name))
}

const MAX_NAMES = 20

/** Steps of explaining one member. */
const EXPLAINING = 5

function explainMembers(
  report: Report,
  rules: ObjectRules,
  value: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const { properties, patterns, additional, names } = rules
  for (const name of namesFor(report.run, rules, value)) {
    if (report.full) return
    report.run.charge(EXPLAINING)
    if (value[name] === undefined) continue
    const part = value[name]
    const child = properties?.get(name)
    let covered = child !== undefined
    const explainPart = (node: SchemaNode): void => {
      if (!passes(report.run, node, part)) report.explain(node, part, memberPath(path, name))
    }
    if (child !== undefined) explainPart(child)
    for (const { pattern, node } of patterns ?? []) {
      if (!pattern.matches(name, report.run)) continue
      covered = true
      explainPart(node)
    }
    if (!covered && additional !== undefined) {
      if (additional.always === false) {
        const at = memberPath(path, name)
        const known = [...(properties?.keys() ?? [])].slice(0, MAX_NAMES).map(quoteText).join(', ')
        const hint = known === '' ? 'no property is allowed here' : `known properties: ${known}`
        report.add(at, 'additionalProperties', `unexpected property ${quoteText(name)}; ${hint}`)
      } else explainPart(additional)
    }
    if (names !== undefined && !passes(report.run, names, name)) {
      const at = memberPath(path, name)
      report.add(at, 'propertyNames', `the property name ${quoteText(name)} is not allowed here`)
    }
  }
}
