/**
 * What a caller may do, as far as scopes say it. Where nobody has to say who is calling, there is none.
 *
 * Types only. Not here: which scopes an operation needs (features/scopes.ts), how a token comes by scopes (auth/).
 */

import type { Rejection } from './rejection.ts'

/** As far as it is looked at here. */
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
  /** What a caller who lacks some of these scopes is told. */
  rejection(principal: Scoped | undefined, scopes: readonly string[]): Rejection
}
