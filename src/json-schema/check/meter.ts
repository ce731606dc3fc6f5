/**
 * The meter of a validation: what checks charge whose time depends on the value that the client sent.
 */

/** Counts steps of about ten nanoseconds, and throws when there are too many. */
export interface Meter {
  charge(steps: number): void
}
