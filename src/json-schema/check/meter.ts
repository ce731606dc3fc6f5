/**
 * The meter of a validation, as those parts of it see it whose time depends on what the client sent.
 */

/** Is charged for each step, about ten nanoseconds, and throws when there were too many. */
export interface Meter {
  charge(steps: number): void
}
