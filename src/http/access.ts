/**
 * What the scopes of a caller allow. There is no `Access` where callers are not authenticated.
 *
 * Types only. Not here: which scopes an operation needs (features/scopes.ts), how a token comes by scopes (auth/).
 */

import type { Rejection } from './rejection.ts'

/** The part of a principal that is read here. */
export interface Scoped {
  /** As the token has them. */
  readonly scopes?: readonly string[] | undefined
}

export interface Access {
  /** The scopes that there are. */
  readonly declared: ReadonlySet<string>
  /** Whether lists leave out what a caller lacks scopes for. */
  readonly hides: boolean
  /** Whether a caller has all of these scopes, or ones that imply them. */
  allows(principal: Scoped | undefined, scopes: readonly string[]): boolean
  /** The refusal of a caller who lacks some of these scopes. */
  rejection(principal: Scoped | undefined, scopes: readonly string[]): Rejection
}
