/**
 * Helpers for the type tests: a file named `*.test-d.ts` is a test that `tsc --noEmit` runs. Types only.
 */

/** True where `A` and `B` are the same type: same members, same optionality, same `readonly`. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** A compile error where `T` is not `true`. */
export type Expect<T extends true> = T
