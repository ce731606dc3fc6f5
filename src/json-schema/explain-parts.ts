/**
 * Errors of the keywords that see objects and arrays. See explain.ts.
 */

import { present } from './check-object.ts'
import { findDuplicate } from './equal.ts'
import { checkUnevaluatedItems, checkUnevaluatedProperties } from './evaluated.ts'
import type { Report } from './explain.ts'
import { explain, passes } from './explain.ts'
import type { ArrayRules, ObjectRules, SchemaNode } from './node.ts'
import { escapeSegment, quote } from './result.ts'

const hasOwn = Object.hasOwn

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
    explain(report, child, value[i], `${path}/${i}`)
  }
  if (contains !== undefined) {
    const { minContains = 1, maxContains = Infinity } = rules
    report.run.charge(length * contains.weight)
    let found = 0
    for (const item of value) if (passes(contains, item)) found++
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
      } else explain(report, unevaluated, part, `${path}/${i}`)
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
    if (!present(value, name)) report.add(path, 'required', `missing required property ${quote(name)}`)
  }
  explainMembers(report, rules, value, path)
  for (const [name, needs] of rules.dependentRequired ?? []) {
    if (!present(value, name)) continue
    for (const need of needs) {
      if (present(value, need)) continue
      report.add(
        path,
        'dependentRequired',
        `missing property ${quote(need)}, required because ${quote(name)} is present`,
      )
    }
  }
  for (const [name, child] of rules.dependentSchemas ?? []) {
    if (present(value, name)) explain(report, child, value, path)
  }
  const { unevaluated } = rules
  if (unevaluated !== undefined && report.errors.length === before) {
    checkUnevaluatedProperties(report.run, node, value, (part, name) => {
      const at = `${path}/${escapeSegment(name)}`
      if (unevaluated.always === false) {
        report.add(at, 'unevaluatedProperties', `unexpected property ${quote(name)}`)
      } else explain(report, unevaluated, part, at)
      return !report.full
    })
  }
}

function explainSize(report: Report, rules: ObjectRules, value: object, path: string): void {
  const { minProperties = 0, maxProperties = Infinity } = rules
  if (minProperties === 0 && maxProperties === Infinity) return
  const size = Object.keys(value).length
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

const MAX_NAMES = 20

function explainMembers(
  report: Report,
  rules: ObjectRules,
  value: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const { properties, patterns, additional, names } = rules
  for (const name in value) {
    if (!hasOwn(value, name) || value[name] === undefined) continue
    if (report.full) return
    const part = value[name]
    const at = `${path}/${escapeSegment(name)}`
    const child = properties?.get(name)
    let covered = child !== undefined
    if (child !== undefined) explain(report, child, part, at)
    for (const { pattern, node } of patterns ?? []) {
      if (!report.run.matches(pattern, name)) continue
      covered = true
      explain(report, node, part, at)
    }
    if (!covered && additional !== undefined) {
      if (additional.always === false) {
        const known = [...(properties?.keys() ?? [])].slice(0, MAX_NAMES).map(quote).join(', ')
        const hint = known === '' ? 'no property is allowed here' : `known properties: ${known}`
        report.add(at, 'additionalProperties', `unexpected property ${quote(name)}; ${hint}`)
      } else explain(report, additional, part, at)
    }
    if (names !== undefined && !passes(names, name)) {
      report.add(at, 'propertyNames', `the property name ${quote(name)} is not allowed here`)
    }
  }
}
