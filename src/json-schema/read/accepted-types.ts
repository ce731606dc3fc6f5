/**
 * Which JSON types a schema can accept at all, according to `type`, `enum`, `const`, unions and `$ref`: for uses that
 * need one type, such as the arguments of a tool, which are an object.
 *
 * Invariant: a type that is not among the answer is accepted by no value; other keywords may narrow it further.
 */

import { isObject } from '../../bounds/is-object.ts'
import { BIT } from '../check/check-basic.ts'
import { TYPE_BITS } from './node.ts'
import { decodeFragment, pointerSegments } from './uri.ts'

const ALL = 127
/** A number that is whole is an integer, too. */
const NUMBER = BIT.number | BIT.integer
const UNIONS = ['anyOf', 'oneOf'] as const

/**
 * @param root - what `#` in a reference means
 * @returns a mask of {@link TYPE_BITS}
 */
export function acceptedTypes(schema: unknown, root: unknown, known = new Map<object, number>()): number {
  if (schema === false) return 0
  if (!isObject(schema)) return ALL
  const before = known.get(schema)
  if (before !== undefined) return before
  // A schema that refers to itself adds no restriction there.
  known.set(schema, ALL)
  const of = (child: unknown): number => acceptedTypes(child, root, known)
  const { type, $ref, allOf } = schema
  let types = ALL
  if (type !== undefined) types &= union(Array.isArray(type) ? type : [type], typeBits)
  if (Array.isArray(schema['enum'])) types &= union(schema['enum'], valueBits)
  if ('const' in schema) types &= valueBits(schema['const'])
  if (typeof $ref === 'string') types &= of(targetOf($ref, root))
  for (const keyword of UNIONS) {
    const branches = schema[keyword]
    if (Array.isArray(branches)) types &= union(branches, of)
  }
  if (Array.isArray(allOf)) for (const child of allOf) types &= of(child)
  known.set(schema, types)
  return types
}

/** Names the types of a mask for a message. */
export function typeNames(types: number): string {
  const names = [...TYPE_BITS].filter(([name, bit]) => (types & bit) !== 0 && !isCovered(name, types))
  return names.map(([name]) => name).join(' or ') || 'nothing'
}

/** Adds `type: "object"` at the root, where clients expect it, to a schema that implies it: a union of objects. */
export function withObjectType(json: object): object {
  const hasType = 'type' in json && json.type === 'object'
  return hasType || acceptedTypes(json, json) !== BIT.object ? json : { ...json, type: 'object' }
}

/**
 * @param name - names the schema in the message
 * @throws {TypeError} a branch of the union at the root accepts something that is no object
 */
export function refuseOtherBranches(json: object, name: string): void {
  if ('type' in json) return
  for (const keyword of UNIONS) {
    const branches: unknown = json[keyword as never]
    if (!Array.isArray(branches)) continue
    const types = branches.map((branch) => acceptedTypes(branch, json))
    const wrong = types.findIndex((each) => each !== BIT.object)
    if (wrong === -1) continue
    const accepted = types[wrong] === ALL ? 'any type' : typeNames(types[wrong] ?? 0)
    throw new TypeError(
      `${name}: every branch of "${keyword}" at the root must have type "object"; branch ${wrong} accepts ${accepted}`,
    )
  }
}

function union<T>(items: readonly T[], bits: (item: T) => number): number {
  return items.reduce((all, item) => all | bits(item), 0)
}

function typeBits(type: unknown): number {
  return type === 'number' ? NUMBER : (TYPE_BITS.get(type as string) ?? ALL)
}

function valueBits(value: unknown): number {
  if (value === null) return BIT.null
  if (Array.isArray(value)) return BIT.array
  if (typeof value === 'number') return Number.isInteger(value) ? BIT.integer : BIT.number
  return TYPE_BITS.get(typeof value) ?? 0
}

function isCovered(name: string, types: number): boolean {
  return name === 'integer' && (types & BIT.number) !== 0
}

/** Only pointers into the same document are followed; others are read as `true`, which accepts everything. */
function targetOf(ref: string, root: unknown): unknown {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return true
  let at: unknown = root
  for (const segment of pointerSegments(decodeFragment(ref.slice(1)) ?? '')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, segment)) return true
    at = at[segment as never]
  }
  return at
}
