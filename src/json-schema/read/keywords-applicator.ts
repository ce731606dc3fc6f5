/**
 * Reading the keywords that name or hold subschemas: core, applicator and unevaluated.
 *
 * Spec: JSON Schema 2020-12 core, sections 8, 10 and 11.
 *
 * Invariant: subschemas are read only where a keyword is known to hold one; an `$id` inside `const`, `enum`
 * or an unknown keyword is data.
 *
 * Not here: `$id` and `$schema` (bundle.ts), the tables by dialect (dialect.ts).
 */

import { quoteText, SchemaError } from '../explain/result.ts'
import type { Keyword, Parser, Relation } from './keyword.ts'
import { arrayRules, isText, members, objectRules, refuse, text, toPattern } from './keyword.ts'
import { dependentRequired } from './keywords-validation.ts'
import type { SchemaNode } from './node.ts'

const ANCHOR = /^[A-Za-z_][-A-Za-z0-9._]*$/

type Group = 'allOf' | 'anyOf' | 'oneOf'
const group =
  (field: Group): Keyword =>
  (parser, node, value, name) => {
    node[field] = nodeList(parser, node, value, name, 'in-place')
  }

function nodeList(
  parser: Parser,
  node: SchemaNode,
  value: unknown,
  name: string,
  relation: Relation,
): SchemaNode[] {
  if (!Array.isArray(value) || value.length === 0) refuse(node, name, 'a non-empty array of schemas', value)
  return value.map((raw: unknown, i) => parser.child(node, raw, [name, String(i)], relation))
}

const single =
  (field: 'not' | 'condition' | 'consequent' | 'alternative'): Keyword =>
  (parser, node, value, name) => {
    node[field] = parser.child(node, value, [name], 'in-place')
  }

const definitions: Keyword = (parser, node, value, name) => {
  for (const [key, raw] of members(node, name, value)) parser.child(node, raw, [name, key], 'definition')
}

// Core

const anchor: Keyword = (_parser, node, value, name) => {
  if (!isText(value) || !ANCHOR.test(value)) refuse(node, name, 'a plain name such as "item"', value)
  const { anchors, dynamicAnchors } = node.resource
  const other = anchors.get(value)
  if (other !== undefined && other !== node) {
    throw new SchemaError(
      `${node.place}/${name}`,
      `${quoteText(value)} is already the anchor of ${other.place}`,
    )
  }
  anchors.set(value, node)
  if (name === '$dynamicAnchor') dynamicAnchors.set(value, node)
}

const reference =
  (field: 'ref' | 'dynamicRef'): Keyword =>
  (parser, node, value, name) => {
    if (!isText(value)) refuse(node, name, 'a URI reference', value)
    node[field] = parser.reference(node, name, value)
    node.hasRef = true
  }

const vocabulary: Keyword = (_parser, node, value, name) => {
  for (const [uri, required] of members(node, name, value)) {
    if (typeof required !== 'boolean')
      refuse(node, `${name}/${uri.replaceAll('/', '~1')}`, 'a boolean', required)
  }
}

/** Core keywords. `$id` and `$schema` are read by bundle.ts, before the others. */
export const CORE: Readonly<Record<string, Keyword>> = {
  $anchor: anchor,
  $dynamicAnchor: anchor,
  $ref: reference('ref'),
  $dynamicRef: reference('dynamicRef'),
  $defs: definitions,
  $comment: text,
  $vocabulary: vocabulary,
}

// Applicator

const properties: Keyword = (parser, node, value, name) => {
  const children = new Map<string, SchemaNode>()
  for (const [key, raw] of members(node, name, value)) {
    children.set(key, parser.child(node, raw, [name, key], 'part'))
  }
  objectRules(node).properties = children
}

const patternProperties: Keyword = (parser, node, value, name) => {
  objectRules(node).patterns = members(node, name, value).map(([source, raw]) => ({
    pattern: toPattern(node, name, source),
    node: parser.child(node, raw, [name, source], 'part'),
  }))
}

const objectChild =
  (field: 'additional' | 'names' | 'unevaluated'): Keyword =>
  (parser, node, value, name) => {
    objectRules(node)[field] = parser.child(node, value, [name], 'part')
  }

const dependentSchemas: Keyword = (parser, node, value, name) => {
  const rules = objectRules(node)
  rules.dependentSchemas ??= []
  for (const [key, raw] of members(node, name, value)) {
    rules.dependentSchemas.push([key, parser.child(node, raw, [name, key], 'in-place')])
  }
}

/** Draft-07; 2020-12 lets it be kept for compatibility. */
const dependencies: Keyword = (parser, node, value, name, raw) => {
  for (const [key, needs] of members(node, name, value)) {
    const keyword = Array.isArray(needs) ? dependentRequired : dependentSchemas
    // Not a literal: `{ [key]: needs }` defines an own member, also for the key __proto__.
    keyword(parser, node, { [key]: needs }, name, raw)
  }
}

const prefixItems: Keyword = (parser, node, value, name) => {
  arrayRules(node).prefix = nodeList(parser, node, value, name, 'part')
}

const items: Keyword = (parser, node, value, name) => {
  if (Array.isArray(value)) refuse(node, name, 'a schema (for a list of schemas use prefixItems)', value)
  const rules = arrayRules(node)
  rules.rest = parser.child(node, value, [name], 'part')
  rules.restKeyword = name
}

export const legacyItems: Keyword = (parser, node, value, name, raw) => {
  if (!Array.isArray(value)) return items(parser, node, value, name, raw)
  const rules = arrayRules(node)
  rules.prefix = value.map((item: unknown, i) => parser.child(node, item, [name, String(i)], 'part'))
}

export const additionalItems: Keyword = (parser, node, value, name, raw) => {
  const child = parser.child(node, value, [name], 'part')
  if (!Object.hasOwn(raw, 'items') || !Array.isArray(raw['items'])) return
  const rules = arrayRules(node)
  rules.rest = child
  rules.restKeyword = name
}

const arrayChild =
  (field: 'contains' | 'unevaluated'): Keyword =>
  (parser, node, value, name) => {
    arrayRules(node)[field] = parser.child(node, value, [name], 'part')
  }

/** What 2020-12 and draft-07 have in common. */
export const SHARED_APPLICATOR: Readonly<Record<string, Keyword>> = {
  properties,
  patternProperties,
  additionalProperties: objectChild('additional'),
  propertyNames: objectChild('names'),
  contains: arrayChild('contains'),
  allOf: group('allOf'),
  anyOf: group('anyOf'),
  oneOf: group('oneOf'),
  not: single('not'),
  if: single('condition'),
  // biome-ignore lint/suspicious/noThenProperty: a keyword's name; the table is never awaited
  then: single('consequent'),
  else: single('alternative'),
  definitions,
  dependencies,
}

export const APPLICATOR: Readonly<Record<string, Keyword>> = {
  ...SHARED_APPLICATOR,
  prefixItems,
  items,
  dependentSchemas,
}

export const UNEVALUATED: Readonly<Record<string, Keyword>> = {
  unevaluatedItems: arrayChild('unevaluated'),
  unevaluatedProperties: objectChild('unevaluated'),
}
