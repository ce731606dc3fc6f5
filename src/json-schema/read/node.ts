/**
 * The parsed form of a schema: one node for each subschema, its keywords grouped by the type of value they apply to.
 *
 * keywords-*.ts fill nodes in; check.ts (closures), explain.ts (errors), evaluated.ts (annotations for `unevaluated*`)
 * and defaults.ts read them.
 *
 * Invariant: once references are resolved a node changes no more, apart from `check`, `isChoice` and
 * `weight`, which check.ts sets once.
 */

import type { MultipleTest } from '../check/decimal.ts'
import type { Pattern } from '../check/pattern/pattern.ts'

/** Returns whether a value is valid. Throws LimitReached when a bound is reached. */
export type Check = (value: unknown) => boolean

/** Bits of {@link SchemaNode.types}. */
export const TYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['null', 1],
  ['boolean', 2],
  ['integer', 4],
  ['number', 8],
  ['string', 16],
  ['array', 32],
  ['object', 64],
])

/** A schema resource: a schema with its own base URI (core 2020-12, section 4.3.5). */
export interface Resource {
  readonly uri: string
  /** Whether `format` asserts in it. */
  readonly assertFormat: boolean
  readonly anchors: Map<string, SchemaNode>
  readonly dynamicAnchors: Map<string, SchemaNode>
  root: SchemaNode
}

/** A `$ref` or `$dynamicRef`. */
export interface Reference {
  readonly keyword: string
  readonly uri: string
  /** Set when references are resolved. */
  target: SchemaNode
  /** The anchor to look up in the dynamic scope; undefined when the target is fixed. */
  dynamic: string | undefined
}

export interface NumberRules {
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  multipleOf?: { readonly value: number; readonly test: MultipleTest }
}

export interface StringRules {
  minLength?: number
  maxLength?: number
  pattern?: Pattern
  format?: { readonly name: string; readonly test: (value: string) => boolean }
}

export interface ArrayRules {
  prefix?: readonly SchemaNode[]
  /** `items`, or draft-07 `additionalItems`: the schema of all items after the prefix. */
  rest?: SchemaNode
  /** The keyword behind `prefix` and `rest`, for messages. */
  restKeyword?: string
  contains?: SchemaNode
  minContains?: number
  maxContains?: number
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  unevaluated?: SchemaNode
}

export interface ObjectRules {
  properties?: ReadonlyMap<string, SchemaNode>
  patterns?: ReadonlyArray<{ readonly pattern: Pattern; readonly node: SchemaNode }>
  additional?: SchemaNode
  names?: SchemaNode
  required?: readonly string[]
  minProperties?: number
  maxProperties?: number
  dependentRequired?: Array<readonly [name: string, needs: readonly string[]]>
  dependentSchemas?: Array<readonly [name: string, node: SchemaNode]>
  unevaluated?: SchemaNode
}

/** One subschema. */
export class SchemaNode {
  /** Document URI and JSON Pointer, for messages and for looking pointers up. */
  readonly place: string
  /** Steps into the value between the document root and this subschema. */
  readonly level: number
  readonly resource: Resource
  /** Subschemas around this one. */
  readonly depth: number
  /** Set for a boolean schema, and for an object without any asserting keyword (true). */
  always: boolean | undefined = undefined
  /** Bit mask of allowed types; 0: any. */
  types = 0
  constant: { readonly value: unknown } | undefined = undefined
  choices: readonly unknown[] | undefined = undefined
  ref: Reference | undefined = undefined
  dynamicRef: Reference | undefined = undefined
  allOf: readonly SchemaNode[] | undefined = undefined
  anyOf: readonly SchemaNode[] | undefined = undefined
  oneOf: readonly SchemaNode[] | undefined = undefined
  not: SchemaNode | undefined = undefined
  /** `if`, with `then` and `else`: a `then` member would make a node look like a promise. */
  condition: SchemaNode | undefined = undefined
  consequent: SchemaNode | undefined = undefined
  alternative: SchemaNode | undefined = undefined
  number: NumberRules | undefined = undefined
  string: StringRules | undefined = undefined
  array: ArrayRules | undefined = undefined
  object: ObjectRules | undefined = undefined
  /** With the steps that a copy of it takes. */
  default: { readonly value: unknown; readonly weight: number } | undefined = undefined
  /** Whether this subschema, or one that it applies, holds a reference. */
  hasRef = false
  /** Steps that one application costs, without loops and followed references. */
  weight = 0
  check: Check | undefined = undefined
  /** The check of `choices` alone. */
  isChoice: Check | undefined = undefined

  constructor(place: string, level: number, depth: number, resource: Resource) {
    this.place = place
    this.level = level
    this.depth = depth
    this.resource = resource
  }
}

/** Calls `visit` with each subschema that `node` applies to the same value, references included. */
export function forEachInPlace(node: SchemaNode, visit: (child: SchemaNode) => void): void {
  if (node.ref !== undefined) visit(node.ref.target)
  if (node.dynamicRef !== undefined && node.dynamicRef.dynamic === undefined) visit(node.dynamicRef.target)
  for (const child of node.allOf ?? []) visit(child)
  for (const child of node.anyOf ?? []) visit(child)
  for (const child of node.oneOf ?? []) visit(child)
  if (node.not !== undefined) visit(node.not)
  if (node.condition !== undefined) visit(node.condition)
  if (node.consequent !== undefined) visit(node.consequent)
  if (node.alternative !== undefined) visit(node.alternative)
  for (const [, child] of node.object?.dependentSchemas ?? []) visit(child)
}
