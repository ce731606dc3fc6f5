/** What options are when they are given, and when their defaults are filled in. Types only. */

/**
 * Any of the members. Each may also be `undefined`, which is the same as absent, as `process.env` or a conditional
 * gives it: users who compile with `exactOptionalPropertyTypes` need no special case.
 */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** All of the members, none of them `undefined`. */
export type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }
