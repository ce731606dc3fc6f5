/**
 * Warnings for typing errors in a schema. JSON Schema allows any keyword and any name in `required`, so that a wrong one
 * has no effect, or the wrong one: with `propertis`, every argument passes.
 */

import { isObject } from '../bounds/is-object.ts'
import { typingErrorOf } from '../bounds/option-names.ts'
import { warnOnce } from '../bounds/warn-once.ts'
import { DIALECTS } from '../json-schema/read/dialect.ts'
import { forEachSchema } from '../json-schema/read/schema-walk.ts'

/** Of 2020-12 and draft-07. */
const KEYWORDS: ReadonlySet<string> = new Set(
  [...DIALECTS.values()].flatMap(({ keywords }) => [...keywords.keys()]),
)
/** Other words that are in use, and have no effect on purpose. */
const IN_USE: ReadonlySet<string> = new Set(['comment', 'example', 'id', 'note', 'schema'])
/** A short keyword is one letter from too many words. */
const MIN_LENGTH = 4
const MEANT = [...KEYWORDS].filter((keyword) => keyword.length >= MIN_LENGTH)

/** @param use - names the schema */
export function warnOfTypos(schema: object, use: string): void {
  let problem: string | undefined
  forEachSchema(schema, (each, place) => {
    problem ??= wrongKeyword(each, place) ?? wrongRequired(each, place)
  })
  if (problem !== undefined) warnOnce(`${use}: ${problem}`, 'BAREWIRE_TOOL_SCHEMA')
}

function wrongKeyword(schema: { readonly [keyword: string]: unknown }, place: string): string | undefined {
  for (const key in schema) {
    if (KEYWORDS.has(key) || IN_USE.has(key)) continue
    const meant = typingErrorOf(key, MEANT)
    if (meant === undefined) continue
    return `${JSON.stringify(key)} at ${place || 'the root'} is no keyword of JSON Schema, and has no effect: did you mean ${JSON.stringify(meant)}?`
  }
  return undefined
}

function wrongRequired(schema: { readonly [keyword: string]: unknown }, place: string): string | undefined {
  const { required, properties, patternProperties, additionalProperties } = schema
  if (!Array.isArray(required) || !isObject(properties)) return undefined
  for (const name of required) {
    if (typeof name !== 'string' || Object.hasOwn(properties, name)) continue
    const meant = typingErrorOf(name, Object.keys(properties))
    const isImpossible = additionalProperties === false && patternProperties === undefined
    if (meant === undefined && !isImpossible) continue
    const hint =
      meant === undefined ? ', so that nothing is valid' : `: did you mean ${JSON.stringify(meant)}?`
    return `"required" at ${place || 'the root'} has ${JSON.stringify(name)}, which is not among the properties${hint}`
  }
  return undefined
}
