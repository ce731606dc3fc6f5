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
 * Not here: how it is found out (plan.ts), which patterns a schema has, and the warning about slow ones (features/slow-patterns.ts).
 */

import type { Meter } from '../meter.ts'
import { makePlan, type Plan } from './plan.ts'

/** Steps of calling the platform's engine. */
const ASKING = 5
/** A meter that also limits the length of texts where the time of the engine has no bound. */
export interface PatternMeter extends Meter {
  readonly limits: { readonly maxPatternLength: number }
  /** Ends the validation: the text is too long for a pattern that cannot be matched in linear time. */
  tooLong(): never
}

/**
 * `^`, characters and classes of which only the last one may be repeated, `$`: such as `^[a-z][a-z0-9_]*$`. There is one way
 * to read each text, and nothing to find out, which would take 2 ms of a process start.
 */
const ONE_WAY =
  /^\^(?:[\w. :@#%&=~!,;<>"'-]|\\[dDwWsS./-]|\[\^?(?:[^\\[\]^]|\\[dDwWsS./-])+\])+(?:[*+?]|\{\d\d?(?:,\d{0,2})?\})?\$$/
const SIMPLE: Plan = { steps: 1, short: [], matcher: undefined }

/** In Unicode mode alone: elsewhere a brace may stand for itself. */
export function isSimple({ flags, source }: RegExp): boolean {
  return flags === 'u' && source.length <= 100 && ONE_WAY.test(source)
}

/** Lifecycle: the process. Plans of patterns, since applications that make a server for each client register the same tools again. */
const plans = new Map<string, Plan>()
const MAX_PLANS = 5000

function planOf(native: RegExp): Plan {
  const key = `${native.flags}/${native.source}`
  let plan = plans.get(key)
  if (plan === undefined) {
    if (plans.size >= MAX_PLANS) plans.clear()
    plan = isSimple(native) ? SIMPLE : makePlan(native)
    plans.set(key, plan)
  }
  return plan
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
    return this.#planned.steps === Infinity
  }

  get #planned(): Plan {
    this.#plan ??= planOf(this.native)
    return this.#plan
  }

  /** Whether the pattern matches anywhere in a text. */
  matches(text: string, meter: PatternMeter): boolean {
    const { steps, short, matcher } = this.#planned
    const { length } = text
    if (steps !== Infinity) meter.charge(ASKING + length * steps)
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
