/**
 * Patterns: regular expressions from a schema, matched against text from a client in bounded time, so that the author of
 * the schema need not care.
 *
 *    source --> linear for the platform's engine?  yes -->  the platform's engine: fast, texts of any length
 *               (ambiguity.ts)                     no  -->  the same for short texts, for longer ones a set of threads
 *                                                           (matcher.ts): linear for any pattern
 *                                              cannot  -->  the platform's engine, for short texts alone
 *
 * The result is the same on each way. The last way is for back-references, for which no linear algorithm is known.
 *
 * Not here: which patterns a schema has, and the warning about slow ones (features/slow-patterns.ts).
 */

import type { Meter } from '../meter.ts'
import { type Ambiguity, ambiguityOf } from './ambiguity.ts'
import { Matcher } from './matcher.ts'
import { toProgram } from './program.ts'
import { parsePattern } from './tree.ts'

/** How a pattern is matched. */
interface Plan {
  /** In how many ways a backtracking engine may read each character; Infinity: it takes more than linear time. */
  readonly ways: number
  /** Steps that the platform's engine takes at most for texts of 0, 1, 2, ... characters, where that is not linear. */
  readonly short: readonly number[]
  /** For longer ones; undefined where the platform's engine takes them, too. */
  readonly matcher: Matcher | undefined
}

/** Steps of calling the platform's engine. */
const ASKING = 5
/** Ways to read a character that take as long as one step. */
const WAYS = 4

/** A meter that also limits the length of texts where the time of the engine has no bound. */
export interface PatternMeter extends Meter {
  readonly limits: { readonly maxPatternLength: number }
  /** Ends the validation: the text is too long for a pattern that cannot be matched in linear time. */
  tooLong(): never
}

/** Lifecycle: the process. Plans of patterns, since applications that make a server for each client register the same tools again. */
const plans = new Map<string, Plan>()
const MAX_PLANS = 5000

function planOf(native: RegExp): Plan {
  const key = `${native.flags}/${native.source}`
  let plan = plans.get(key)
  if (plan === undefined) {
    if (plans.size >= MAX_PLANS) plans.clear()
    plan = makePlan(native)
    plans.set(key, plan)
  }
  return plan
}

function makePlan(native: RegExp): Plan {
  const tree = parsePattern(native)
  const unicode = native.flags === 'u'
  const loose = tree && toProgram(tree, unicode, true)
  const { ways, byLength }: Ambiguity = loose ? ambiguityOf(loose) : { ways: Infinity, byLength: [] }
  if (ways !== Infinity) return { ways, short: [], matcher: undefined }
  const program = tree && toProgram(tree, unicode, false)
  let sum = 0
  const short = byLength.map((most) => {
    sum += most
    return Math.ceil(sum / WAYS)
  })
  return { ways, short, matcher: program && new Matcher(program) }
}

export class Pattern {
  readonly native: RegExp
  #plan: Plan | undefined

  /** @throws {SyntaxError} it is no regular expression of ECMA-262 */
  constructor(source: string) {
    this.native = compile(source)
  }

  get source(): string {
    return this.native.source
  }

  /** Whether a backtracking engine may take more than linear time. */
  get slow(): boolean {
    return this.#planned.ways === Infinity
  }

  get #planned(): Plan {
    this.#plan ??= planOf(this.native)
    return this.#plan
  }

  /** Whether the pattern matches anywhere in a text. */
  matches(text: string, meter: PatternMeter): boolean {
    const { ways, short, matcher } = this.#planned
    const { length } = text
    if (ways !== Infinity) meter.charge(ASKING + length * Math.ceil(ways / WAYS))
    else if (length < short.length) meter.charge(ASKING + (short[length] as number))
    else if (matcher !== undefined) return matcher.test(text, meter)
    else if (length > meter.limits.maxPatternLength) meter.tooLong()
    return this.native.test(text)
  }
}

/** In Unicode mode where the pattern allows it: many patterns in use were written before it existed. */
function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    return new RegExp(source)
  }
}
