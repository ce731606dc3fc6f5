/**
 * Slow patterns: those that take a backtracking engine more than linear time. A tool or a prompt whose schema has one is
 * registered with a warning, or refused.
 *
 * For a JSON Schema literal this server needs no such care: it matches every pattern in linear time. But clients check
 * arguments too, with the engine of their platform, and the schema of a library is checked by that library, here, in
 * a way that nothing can bound.
 *
 * Not here: what makes a pattern slow (json-schema/check/pattern/ambiguity.ts).
 */

import { quote } from '../bounds/quote.ts'
import { warnOnce } from '../bounds/warn-once.ts'
import type { SchemaAdapter } from '../json-schema/adapter/standard-schema.ts'
import { Pattern } from '../json-schema/check/pattern/pattern.ts'
import { forEachSchema } from '../json-schema/read/schema-walk.ts'

export type SlowPatterns = 'warn' | 'refuse' | 'allow'

/**
 * Checks all patterns of a schema.
 *
 * @param use - names the schema in messages
 * @throws {TypeError} one is slow, and `mode` is `'refuse'`
 */
export function checkPatterns({ json, isStandard }: SchemaAdapter, use: string, mode: SlowPatterns): void {
  const slow = patternsIn(json).filter((source) => isSlow(source))
  const [first] = slow
  if (first === undefined || mode === 'allow') return
  const more = slow.length === 1 ? '' : ` (and ${slow.length - 1} more)`
  const where = isStandard ? 'the library that checks it here, and clients' : 'clients'
  const problem =
    `${use}: the pattern ${quote(first)}${more} can take ${where} time that grows faster than the text. ` +
    'Anchor it, and let no two repetitions beside or inside each other accept the same character; ' +
    "or say slowPatterns: 'allow'"
  if (mode === 'refuse') throw new TypeError(problem)
  warnOnce(problem, 'BAREWIRE_PATTERN')
}

function patternsIn(schema: object): string[] {
  const found: string[] = []
  forEachSchema(schema, ({ pattern, patternProperties }) => {
    if (typeof pattern === 'string') found.push(pattern)
    if (typeof patternProperties === 'object' && patternProperties !== null)
      found.push(...Object.keys(patternProperties))
  })
  return found
}

/** Also analyses the pattern now, so that the first call does not wait for it. */
function isSlow(source: string): boolean {
  try {
    return new Pattern(source).slow
  } catch {
    // Not a regular expression of ECMA-262: the library may use those of another language.
    return false
  }
}
