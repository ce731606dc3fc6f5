/** What options are when they are given, and when their defaults are filled in. Types only. */

/**
 * Any of the members. Each may also be `undefined`, which is the same as absent: that is what `process.env` or a
 * conditional gives, and it needs no care of those who compile with `exactOptionalPropertyTypes`.
 */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** All of the members, none of them `undefined`. */
export type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }
