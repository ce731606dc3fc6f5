/**
 * Reading the keywords that assert or annotate without subschemas: validation, format, meta-data and content.
 *
 * Spec: JSON Schema 2020-12 validation, sections 6 to 9.
 * Not here: the tables by dialect (dialect.ts).
 */

import { multipleOf } from '../check/decimal.ts'
import { SchemaError } from '../explain/result.ts'
import { FORMATS } from '../formats/formats.ts'
import type { Keyword, Parser } from './keyword.ts'
import {
  arrayRules,
  flag,
  isText,
  list,
  members,
  numberRules,
  objectRules,
  refuse,
  stringRules,
  text,
  toPattern,
  uniqueNames,
} from './keyword.ts'
import type { SchemaNode } from './node.ts'
import { TYPE_BITS } from './node.ts'

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

export const dependentRequired: Keyword = (_parser, node, value, name) => {
  const rules = objectRules(node)
  rules.dependentRequired ??= []
  for (const [key, needs] of members(node, name, value)) {
    rules.dependentRequired.push([key, uniqueNames(node, `${name}/${key}`, needs)])
  }
}

const required: Keyword = (_parser, node, value, name) => {
  objectRules(node).required = uniqueNames(node, name, value)
}

const uniqueItems: Keyword = (parser, node, value, name, raw) => {
  flag(parser, node, value, name, raw)
  if (value === true) arrayRules(node).uniqueItems = true
}

/** What 2020-12 and draft-07 have in common. */
export const SHARED_VALIDATION: Readonly<Record<string, Keyword>> = {
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

const format: Keyword = (_parser, node, value, name) => {
  if (!isText(value)) refuse(node, name, 'a string', value)
  const test = node.resource.assertFormat ? FORMATS.get(value) : undefined
  if (test !== undefined) stringRules(node).format = { name: value, test }
}

export const FORMAT: Readonly<Record<string, Keyword>> = { format }

export const META_DATA: Readonly<Record<string, Keyword>> = {
  title: text,
  description: text,
  default: (_parser, node, value) => {
    node.default = { value, weight: JSON.stringify(value)?.length ?? 1 }
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
