/**
 * Why a library's schema cannot be described in JSON Schema: which of its members it is, and what can stand in its place.
 *
 * Of zod, whose errors name neither. Members are found by `_zod.def` (zod 4) and by trying each of them.
 */

import { messageOf } from '../../bounds/quote.ts'
import { type StandardPart, standardPart, TARGETS } from './standard-part.ts'

type Direction = 'input' | 'output'
type Definition = { readonly [member: string]: unknown }

/** Deeper members are not named. */
const MAX_DEPTH = 16

/** What to write instead, by what the error begins with. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:Date|ZodDate) cannot/, 'use z.iso.datetime(), the text of a date'],
  [
    /\bTransforms cannot/,
    'say what the transform gives, with .pipe(...): the schema must describe the value after it',
  ],
  [/\b(?:BigInt|ZodBigInt) cannot/, 'use z.int(), or the text of the number'],
  [/\b(?:Map|Set|ZodMap|ZodSet) cannot/, 'use z.record(...) or z.array(...)'],
]

/** @returns ` at a.b`; empty: the schema as a whole, or not known */
export function undescribedPath(schema: unknown, io: Direction): string {
  const path = pathOf(schema, io, 0)
  return path === '' ? '' : ` at ${path.replace(/^\./, '')}`
}

/** @returns the end of a message */
export function undescribedRemedy(failure: unknown): string {
  const message = messageOf(failure)
  const remedy = REMEDIES.find(([error]) => error.test(message))?.[1]
  return remedy === undefined ? '' : `: ${remedy}`
}

function pathOf(schema: unknown, io: Direction, depth: number): string {
  if (depth === MAX_DEPTH) return ''
  for (const [step, member] of membersOf(schema)) {
    const standard = standardPart(member)
    if (standard !== undefined && !isDescribed(standard, io)) return step + pathOf(member, io, depth + 1)
  }
  return ''
}

function membersOf(schema: unknown): readonly (readonly [step: string, member: unknown])[] {
  const { _zod: zod } = schema as { readonly _zod?: { readonly def?: Definition } }
  const { shape, element, innerType, valueType, options } = zod?.def ?? {}
  return [
    ...Object.entries((shape ?? {}) as Definition).map(([name, member]) => [`.${name}`, member] as const),
    ['[]', element],
    ['', innerType],
    ['{}', valueType],
    ...(Array.isArray(options) ? options.map((option) => ['', option] as const) : []),
  ]
}

function isDescribed({ jsonSchema }: Partial<StandardPart>, io: Direction): boolean {
  try {
    const [target] = TARGETS
    return target === undefined || jsonSchema?.[io]({ target }) !== undefined
  } catch {
    return false
  }
}
