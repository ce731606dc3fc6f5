/**
 * Bounds of compiling and validating, and what is thrown when one is reached.
 */

/** Bounds of compiling and validating. `Infinity` disables one. */
export interface Limits {
  /** Errors listed for one value. @defaultValue 10 */
  readonly maxErrors: number
  /** Nesting of subschemas inside each other, references not followed. @defaultValue 128 */
  readonly maxSchemaDepth: number
  /** Subschemas in all documents that the schema uses. @defaultValue 20 000 */
  readonly maxSubschemas: number
  /** References that are followed inside each other, on any level of the value. @defaultValue 1 000 */
  readonly maxRefDepth: number
  /** Nesting of the value, counted where a recursive schema follows it. @defaultValue 250 */
  readonly maxValueDepth: number
  /** Steps of one validation; about one for each application of a subschema to a value. @defaultValue 10 000 000 */
  readonly maxSteps: number
  /**
   * Length, in UTF-16 units, of a string that is matched against a pattern with back-references: no algorithm is known
   * that matches all of them in bounded time. Other patterns are bounded by `maxSteps`. @defaultValue 256
   */
  readonly maxPatternLength: number
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxErrors: 10,
  maxSchemaDepth: 128,
  maxSubschemas: 20_000,
  maxRefDepth: 1_000,
  maxValueDepth: 250,
  maxSteps: 10_000_000,
  maxPatternLength: 256,
})

/** Thrown through a validation when a limit is reached, so that `not` cannot turn it into success. */
export class LimitReached {
  readonly limit: string
  readonly message: string

  constructor(limit: string, message: string) {
    this.limit = limit
    this.message = message
  }
}

const PURPOSE = {
  maxRefDepth: 'the schema follows references too deeply on this value',
  maxValueDepth: 'the value is nested too deeply',
  maxSteps: 'the value takes too many steps to check',
  maxPatternLength: 'a string is too long for its pattern, which has back-references',
} as const

/** Makes the error of a limit. */
export function stop(limit: keyof typeof PURPOSE, bound: number): LimitReached {
  return new LimitReached(limit, `${PURPOSE[limit]} (limit ${bound})`)
}
