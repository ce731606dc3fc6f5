/**
 * How a pattern is matched: which engine reads a text of which length, and how many steps that counts as.
 *
 * Not here: patterns for which there is nothing to find out (pattern.ts).
 */

import { type Ambiguity, ambiguityOf } from './ambiguity.ts'
import { Matcher } from './matcher.ts'
import { toProgram } from './program.ts'
import { parsePattern } from './tree.ts'

export interface Plan {
  /** Steps that the platform's engine takes at most for each character; Infinity: it takes more than linear time. */
  readonly steps: number
  /** Steps that it takes at most for texts of 0, 1, 2, ... characters, where that is not linear. */
  readonly short: readonly number[]
  /** For longer ones; undefined where the platform's engine takes them, too. */
  readonly matcher: Matcher | undefined
}

/** Ways to read a character that take as long as one step. */
const WAYS = 4

export function makePlan(native: RegExp): Plan {
  const tree = parsePattern(native)
  const unicode = native.flags === 'u'
  const loose = tree && toProgram(tree, unicode, true)
  const { ways, byLength }: Ambiguity = loose ? ambiguityOf(loose) : { ways: Infinity, byLength: [] }
  if (ways !== Infinity) return { steps: Math.ceil(ways / WAYS), short: [], matcher: undefined }
  const program = tree && toProgram(tree, unicode, false)
  let sum = 0
  const short = byLength.map((most) => {
    sum += most
    return Math.ceil(sum / WAYS)
  })
  return { steps: Infinity, short, matcher: program && new Matcher(program) }
}
