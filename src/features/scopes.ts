/**
 * The scopes that an operation needs, asked before anything of it is run: of a tool, a prompt, a resource, and of what
 * completes an argument of one.
 *
 *    scopes: ['notes:write']                      always the same
 *    scopes: (args, ctx) => scopesFor(args.path)  by the arguments, after they were checked
 *
 * Middleware runs after this check, so that what it answers by itself goes only to callers who have the scopes.
 *
 * A server may be served by several handlers, each with scopes of its own; an entry that asks for a scope which one of
 * them does not have could be called by nobody there, so it is refused when it is registered, or else when it is served.
 *
 * Spec: 2026-07-28 authorization {@link spec.authorization}, "Scope Challenge Handling".
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { suggestion } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { Access } from '../dispatch/rpc-exchange.ts'

/**
 * The scopes that an operation needs, or a function that says it. All of them, those that a function gives too, must be
 * declared in the `scopes` of `protectedResource` or `apiKey`. The function gets the arguments of the operation: for
 * completion, those that are known so far.
 */
export type Scopes<Args> =
  | readonly string[]
  // A method, so that a configuration with known arguments is one with any.
  | { of(args: Args, ctx: RequestContext): readonly string[] | PromiseLike<readonly string[]> }['of']

// biome-ignore lint/suspicious/noExplicitAny: what the arguments are is between the schema and the function
export type AnyScopes = Scopes<any>

/** Something whose use may need scopes. */
export interface Guarded {
  /** For messages: `tool "add"`. */
  readonly use: string
  readonly scopes?: AnyScopes | undefined
}

type Awaitable<T> = T | PromiseLike<T>

/** What the handlers of a server know of scopes, and the entries that need some. */
export class ScopeRegistry {
  /** Of each handler that serves; undefined: one that authenticates no callers. */
  readonly #served: (Access | undefined)[] = []
  #any = false

  /** Whether any entry needs, or needed, scopes. */
  get any(): boolean {
    return this.#any
  }

  /** @throws {TypeError} what an entry has at `scopes` is none, or a scope that nobody declared */
  check(entry: Guarded): void {
    const { scopes, use } = entry
    if (scopes === undefined) return
    if (typeof scopes !== 'function' && !isTexts(scopes)) {
      throw new TypeError(`${use} scopes must be an array of scopes or a function; got ${shown(scopes)}`)
    }
    for (const access of this.#served) checkDeclared(entry, access)
    this.#any = true
  }

  /**
   * Serves the entries to callers with these scopes.
   *
   * @returns what ends it
   * @throws {TypeError} an entry needs a scope that is not among them
   */
  attach(access: Access | undefined, entries: Iterable<Guarded>): () => void {
    for (const entry of entries) checkDeclared(entry, access)
    this.#served.push(access)
    return () => {
      const index = this.#served.indexOf(access)
      if (index !== -1) this.#served.splice(index, 1)
    }
  }
}

function checkDeclared({ use, scopes }: Guarded, access: Access | undefined): void {
  if (scopes === undefined) return
  if (access === undefined) {
    const asked = typeof scopes === 'function' ? 'scopes' : `the scope ${shown(scopes[0])}`
    const problem = `${use} asks for ${asked}, and no scopes are declared`
    throw new TypeError(`${problem}: give auth a protectedResource, or an apiKey, that has them`)
  }
  if (typeof scopes !== 'function') requireDeclared(scopes, use, access, false)
}

/**
 * @param isGiven - whether a function gave the scopes
 * @throws {TypeError}
 */
function requireDeclared(
  scopes: readonly string[],
  use: string,
  { declared }: Access,
  isGiven: boolean,
): void {
  const unknown = scopes.find((scope) => !declared.has(scope))
  if (unknown === undefined) return
  const near = suggestion(unknown, [...declared])
  const remedy = `${near === '' ? ': declare' : ' Otherwise declare'} it in the scopes of protectedResource or apiKey`
  const ofFunction = isGiven ? ', where all that a function of scopes may give must be' : ''
  throw new TypeError(
    `${use} asks for the scope ${shown(unknown)}, which auth does not declare${near}${remedy}${ofFunction}`,
  )
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/**
 * The scopes that one use of an entry needs.
 *
 * @throws what the function throws; {TypeError} it gives something that is no list of declared scopes
 */
export function neededScopes(
  { scopes, use }: Guarded,
  args: unknown,
  ctx: RequestContext,
): Awaitable<readonly string[]> {
  if (scopes === undefined) return []
  if (typeof scopes !== 'function') return scopes
  const read = (given: unknown) => {
    if (!isTexts(given))
      throw new TypeError(`${use} scopes must give an array of scopes; got ${kindOf(given)}`)
    if (ctx.access !== undefined) requireDeclared(given, use, ctx.access, true)
    return given
  }
  const given = scopes(args, ctx)
  return isPromise(given) ? Promise.resolve(given).then(read) : read(given)
}

/** Whether a list shows an entry to a caller: what it needs by its arguments is not known there. */
export function isListed({ scopes }: Pick<Guarded, 'scopes'>, { access, auth }: RequestContext): boolean {
  if (access === undefined || !access.hides || scopes === undefined || typeof scopes === 'function')
    return true
  return access.allows(auth, scopes)
}

/** Arguments of a request, as a copy, since to check them may change them; undefined: they are none. */
export function copyOfArguments(args: unknown): { [name: string]: unknown } | undefined {
  if (args === undefined || args === null) return {}
  return isObject(args) ? structuredClone(args as { [name: string]: unknown }) : undefined
}
