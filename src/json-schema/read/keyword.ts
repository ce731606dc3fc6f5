/**
 * Keywords: the signature of the functions that read them, what these may use of the parser, and checks that they share.
 *
 * A keyword whose value the meta-schema would refuse is a SchemaError that names the place.
 * Not here: the keywords (keywords-*.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { Pattern } from '../check/pattern/pattern.ts'
import { describe, SchemaError } from '../explain/result.ts'
import type { ArrayRules, NumberRules, ObjectRules, Reference, SchemaNode, StringRules } from './node.ts'

/** How a subschema relates to the one around it: same value, a part of the value, or only defined there. */
export type Relation = 'in-place' | 'part' | 'definition'

/** What a keyword function may use of the parser. */
export interface Parser {
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

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** A record's own members. */
export function members(node: SchemaNode, keyword: string, value: unknown): Array<[string, unknown]> {
  return isObject(value) ? Object.entries(value) : refuse(node, keyword, 'an object', value)
}

export function uniqueNames(node: SchemaNode, keyword: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(isText) || new Set(value).size !== value.length) {
    refuse(node, keyword, 'an array of different strings', value)
  }
  return value
}

export function toPattern(node: SchemaNode, keyword: string, source: string): Pattern {
  try {
    return new Pattern(source)
  } catch {
    return refuse(node, keyword, 'a regular expression (ECMA-262)', source)
  }
}

// The groups of rules are made on first use.

export const numberRules = (node: SchemaNode): NumberRules => {
  node.number ??= {}
  return node.number
}
export const stringRules = (node: SchemaNode): StringRules => {
  node.string ??= {}
  return node.string
}
export const arrayRules = (node: SchemaNode): ArrayRules => {
  node.array ??= {}
  return node.array
}
export const objectRules = (node: SchemaNode): ObjectRules => {
  node.object ??= {}
  return node.object
}

// Shapes that several keywords share.

export const text: Keyword = (_parser, node, value, name) => {
  if (!isText(value)) refuse(node, name, 'a string', value)
}
export const flag: Keyword = (_parser, node, value, name) => {
  if (typeof value !== 'boolean') refuse(node, name, 'a boolean', value)
}
export const list: Keyword = (_parser, node, value, name) => {
  if (!Array.isArray(value)) refuse(node, name, 'an array', value)
}
