/**
 * Reading keywords: one function for each, which checks the keyword's own form and fills the node in.
 *
 * Spec: JSON Schema 2020-12 core (sections 8, 10, 11) and validation (sections 6 to 9). A keyword whose value
 * the meta-schema would refuse is a SchemaError that names the place.
 *
 * Invariant: subschemas are read only where a keyword is known to hold one; an `$id` inside `const`, `enum`
 * or an unknown keyword is data.
 *
 * Not here: `$id` and `$schema` (bundle.ts), the tables by vocabulary and dialect (dialect.ts).
 */

import { multipleOf } from './decimal.ts'
import { FORMATS } from './formats.ts'
import type { ArrayRules, NumberRules, ObjectRules, Reference, SchemaNode, StringRules } from './node.ts'
import { TYPE_BITS } from './node.ts'
import { describe, quote, SchemaError } from './result.ts'

/** How a subschema relates to the one around it: same value, a part of the value, or only defined there. */
export type Relation = 'in-place' | 'part' | 'definition'

/** What a keyword function may ask for. */
export interface Parser {
  /** Whether `format` asserts although the dialect has it as an annotation. */
  readonly assertFormat: boolean
  readonly maxSchemaDepth: number
  child(parent: SchemaNode, raw: unknown, path: readonly string[], relation: Relation): SchemaNode
  reference(node: SchemaNode, keyword: string, uri: string): Reference
}

/** Reads one keyword of the schema object `raw` into `node`. */
export type Keyword = (
  parser: Parser,
  node: SchemaNode,
  value: unknown,
  name: string,
  raw: Readonly<Record<string, unknown>>,
) => void

/** Refuses a keyword's value. */
export function refuse(node: SchemaNode, keyword: string, expected: string, value: unknown): never {
  throw new SchemaError(`${node.place}/${keyword}`, `expected ${expected}, got ${describe(value)}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** A record's own members. */
function members(node: SchemaNode, keyword: string, value: unknown): Array<[string, unknown]> {
  return isRecord(value) ? Object.entries(value) : refuse(node, keyword, 'an object', value)
}

function uniqueNames(node: SchemaNode, keyword: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(isText) || new Set(value).size !== value.length) {
    refuse(node, keyword, 'an array of different strings', value)
  }
  return value
}

const ANCHOR = /^[A-Za-z_][-A-Za-z0-9._]*$/

/** Compiles a pattern, in Unicode mode where the pattern allows it: many patterns in use are older than it. */
function toPattern(node: SchemaNode, keyword: string, source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    try {
      return new RegExp(source)
    } catch {
      return refuse(node, keyword, 'a regular expression (ECMA-262)', source)
    }
  }
}

// The groups of rules are made on first use.

const numberRules = (node: SchemaNode): NumberRules => {
  node.number ??= {}
  return node.number
}
const stringRules = (node: SchemaNode): StringRules => {
  node.string ??= {}
  return node.string
}
const arrayRules = (node: SchemaNode): ArrayRules => {
  node.array ??= {}
  return node.array
}
const objectRules = (node: SchemaNode): ObjectRules => {
  node.object ??= {}
  return node.object
}

// Shapes that several keywords share.

const text: Keyword = (_parser, node, value, name) => {
  if (!isText(value)) refuse(node, name, 'a string', value)
}
const flag: Keyword = (_parser, node, value, name) => {
  if (typeof value !== 'boolean') refuse(node, name, 'a boolean', value)
}
const list: Keyword = (_parser, node, value, name) => {
  if (!Array.isArray(value)) refuse(node, name, 'an array', value)
}
const annotation: Keyword = () => {}

function count(node: SchemaNode, name: string, value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
    ? value
    : refuse(node, name, 'an integer of 0 or more', value)
}

type Bound = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum'
const bound =
  (field: Bound): Keyword =>
  (_parser, node, value, name) => {
    if (typeof value !== 'number') refuse(node, name, 'a number', value)
    numberRules(node)[field] = value
  }

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
    throw new SchemaError(`${node.place}/${name}`, `${quote(value)} is already the anchor of ${other.place}`)
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

const dependentRequired: Keyword = (_parser, node, value, name) => {
  const rules = objectRules(node)
  rules.dependentRequired ??= []
  for (const [key, needs] of members(node, name, value)) {
    rules.dependentRequired.push([key, uniqueNames(node, `${name}/${key}`, needs)])
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

const legacyItems: Keyword = (parser, node, value, name, raw) => {
  if (!Array.isArray(value)) return items(parser, node, value, name, raw)
  const rules = arrayRules(node)
  rules.prefix = value.map((item: unknown, i) => parser.child(node, item, [name, String(i)], 'part'))
}

const additionalItems: Keyword = (parser, node, value, name, raw) => {
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

const SHARED_APPLICATOR: Readonly<Record<string, Keyword>> = {
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

// Validation

const type: Keyword = (_parser, node, value, name) => {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (names.length === 0 || new Set(names).size !== names.length) {
    refuse(node, name, 'a type, or a non-empty array of different types', value)
  }
  for (const entry of names) {
    const bit = isText(entry) ? TYPE_BITS.get(entry) : undefined
    if (bit === undefined) refuse(node, name, `one of ${[...TYPE_BITS.keys()].join(', ')}`, entry)
    node.types |= bit
  }
}

/** Refuses a constant nested so deeply that comparing with it could exhaust the stack. */
function shallow(parser: Parser, node: SchemaNode, name: string, value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > parser.maxSchemaDepth) {
    throw new SchemaError(
      `${node.place}/${name}`,
      `nested more than maxSchemaDepth (${parser.maxSchemaDepth}) deep`,
    )
  }
  for (const part of Object.values(value)) shallow(parser, node, name, part, depth + 1)
}

const constant: Keyword = (parser, node, value, name) => {
  shallow(parser, node, name, value)
  node.constant = { value }
}

const choices: Keyword = (parser, node, value, name) => {
  if (!Array.isArray(value)) refuse(node, name, 'an array', value)
  shallow(parser, node, name, value)
  node.choices = value
}

const divisor: Keyword = (_parser, node, value, name) => {
  if (typeof value !== 'number' || !(value > 0) || value === Infinity) {
    refuse(node, name, 'a number above 0', value)
  }
  numberRules(node).multipleOf = { value, test: multipleOf(value) }
}

const pattern: Keyword = (_parser, node, value, name) => {
  if (!isText(value)) refuse(node, name, 'a string', value)
  stringRules(node).pattern = toPattern(node, name, value)
}

const required: Keyword = (_parser, node, value, name) => {
  objectRules(node).required = uniqueNames(node, name, value)
}

const uniqueItems: Keyword = (parser, node, value, name, raw) => {
  flag(parser, node, value, name, raw)
  if (value === true) arrayRules(node).uniqueItems = true
}

const SHARED_VALIDATION: Readonly<Record<string, Keyword>> = {
  type,
  const: constant,
  enum: choices,
  multipleOf: divisor,
  minimum: bound('minimum'),
  maximum: bound('maximum'),
  exclusiveMinimum: bound('exclusiveMinimum'),
  exclusiveMaximum: bound('exclusiveMaximum'),
  minLength: (_parser, node, value, name) => {
    stringRules(node).minLength = count(node, name, value)
  },
  maxLength: (_parser, node, value, name) => {
    stringRules(node).maxLength = count(node, name, value)
  },
  pattern,
  minItems: (_parser, node, value, name) => {
    arrayRules(node).minItems = count(node, name, value)
  },
  maxItems: (_parser, node, value, name) => {
    arrayRules(node).maxItems = count(node, name, value)
  },
  uniqueItems,
  minProperties: (_parser, node, value, name) => {
    objectRules(node).minProperties = count(node, name, value)
  },
  maxProperties: (_parser, node, value, name) => {
    objectRules(node).maxProperties = count(node, name, value)
  },
  required,
}

export const VALIDATION: Readonly<Record<string, Keyword>> = {
  ...SHARED_VALIDATION,
  minContains: (_parser, node, value, name) => {
    arrayRules(node).minContains = count(node, name, value)
  },
  maxContains: (_parser, node, value, name) => {
    arrayRules(node).maxContains = count(node, name, value)
  },
  dependentRequired,
}

// Format, meta-data, content

const format: Keyword = (parser, node, value, name) => {
  if (!isText(value)) refuse(node, name, 'a string', value)
  const test = parser.assertFormat || node.resource.dialect.assertFormat ? FORMATS.get(value) : undefined
  if (test !== undefined) stringRules(node).format = { name: value, test }
}

export const FORMAT: Readonly<Record<string, Keyword>> = { format }

export const META_DATA: Readonly<Record<string, Keyword>> = {
  title: text,
  description: text,
  default: (_parser, node, value) => {
    node.default = { value }
  },
  deprecated: flag,
  readOnly: flag,
  writeOnly: flag,
  examples: list,
}

export const CONTENT: Readonly<Record<string, Keyword>> = {
  contentEncoding: text,
  contentMediaType: text,
  contentSchema: (parser, node, value, name) => {
    parser.child(node, value, [name], 'definition')
  },
}

/** Draft-07 (validation draft-handrews-json-schema-validation-01), apart from `$id` and `$schema`. */
export const DRAFT_07: Readonly<Record<string, Keyword>> = {
  ...SHARED_APPLICATOR,
  ...SHARED_VALIDATION,
  $ref: reference('ref'),
  $comment: text,
  items: legacyItems,
  additionalItems,
  format,
  title: text,
  description: text,
  default: META_DATA['default'] ?? annotation,
  readOnly: flag,
  writeOnly: flag,
  examples: list,
  contentEncoding: text,
  contentMediaType: text,
}
