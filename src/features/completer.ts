/**
 * Completers: the functions of the application that suggest values for an argument of a prompt or a variable of a
 * resource template. Types only; completion.ts calls them.
 */

import type { RequestContext } from '../dispatch/context.ts'

/** The values that match, best first; optionally with their total number, or that there are more. */
export type Suggestions =
  | readonly string[]
  | {
      readonly values: readonly string[]
      readonly total?: number | undefined
      readonly hasMore?: boolean | undefined
    }

/**
 * @param value - what the user has typed so far
 * @param args - the arguments that are known already (2025-06-18 and later)
 */
export type Completer = (
  value: string,
  args: Readonly<Record<string, string>>,
  ctx: RequestContext,
) => Suggestions | PromiseLike<Suggestions>
