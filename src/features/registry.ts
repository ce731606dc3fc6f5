/**
 * A named set of things a server offers: tools, prompts, resources, resource templates.
 *
 * Entries keep the order of their registration, which is the order of the list. Every entry holds its own JSON
 * text, made once; a list is these texts joined, and is itself kept until something changes, unless an entry
 * is visible only to some callers.
 *
 * Invariant: `#wholeLists` has no list but those of all enabled entries; they are dropped on every change.
 */

import { isPromise } from '../bounds/is-promise.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { JsonText } from '../dispatch/json-text.ts'
import type { CacheHint } from '../dispatch/rpc-exchange.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { isFirstPage, type PageItem, paginate } from './cursor.ts'
import { type AnyScopes, isListed } from './scopes.ts'

/** Decides, for each request, whether an entry is visible to its caller. One that throws, or returns a promise, hides it. */
export type Visible = (ctx: RequestContext) => boolean

export interface Entry {
  /** Name or URI: unique in its registry. */
  readonly key: string
  /** Number of its registration, given by the registry; cursors are positions in this order. */
  order: number
  enabled: boolean
  readonly visible: Visible | undefined
  /** What its use needs. */
  readonly scopes?: AnyScopes | undefined
  /** JSON text of the entry in a list. */
  readonly json: string
  /** The same for revisions that do not support all of its members; undefined: no difference. */
  readonly olderJson?: string | undefined
  /** The same for 2025-11-25, with what it says of tasks; undefined: nothing. */
  readonly taskJson?: string | undefined
  /** Lists further items, in the list of another registry. */
  readonly lists?: unknown
}

/** The members of an entry that its list depends on. */
const LISTED = ['json', 'olderJson', 'taskJson', 'visible', 'scopes', 'lists'] as const

/** The members of which a list is made. */
type ListForm = 'json' | 'olderJson' | 'taskJson'

/** An item of a list, as JSON text. */
export interface ListItem extends PageItem {
  readonly json: string
}

export class Registry<E extends Entry> {
  /** What one entry is called in messages, such as `tool`. */
  readonly noun: string
  /** The member of the list result that holds the entries, such as `tools`. */
  readonly listKey: string
  readonly #changed: () => void
  readonly #entries = new Map<string, E>()
  /** Results of `some` since the last change. */
  readonly #known = new Map<(entry: E) => boolean, boolean>()
  #wholeLists: { [Form in ListForm]?: JsonText } = {}
  #lastOrder = 0
  #version = 0

  constructor(noun: string, listKey: string, changed: () => void) {
    this.noun = noun
    this.listKey = listKey
    this.#changed = changed
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#entries.size
  }

  /** @throws {TypeError} the key is taken */
  add(entry: E): void {
    if (this.#entries.has(entry.key)) {
      throw new TypeError(`A ${this.noun} called ${JSON.stringify(entry.key)} is registered already`)
    }
    this.#lastOrder += 1
    entry.order = this.#lastOrder
    this.#entries.set(entry.key, entry)
    this.#reset(true)
  }

  delete(entry: E): void {
    if (this.#entries.get(entry.key) !== entry) return
    this.#entries.delete(entry.key)
    this.#reset(entry.enabled)
  }

  /** Puts `next` in the place of `entry`, position included. */
  replace(entry: E, next: E): void {
    if (this.#entries.get(entry.key) !== entry) return
    next.order = entry.order
    this.#entries.set(next.key, next)
    this.#reset(entry.enabled && LISTED.some((member) => next[member] !== entry[member]))
  }

  /** Shows or hides an entry. */
  enable(entry: E, enabled: boolean): void {
    if (entry.enabled === enabled) return
    entry.enabled = enabled
    if (this.#entries.get(entry.key) === entry) this.#reset(true)
  }

  /** @param announce - whether the list itself has changed, and not only the handler of an entry */
  #reset(announce: boolean): void {
    this.#wholeLists = {}
    this.#known.clear()
    this.#version += 1
    if (announce) this.#changed()
  }

  /** @returns the entry, if it exists and is visible to this caller */
  find(key: string, ctx: RequestContext): E | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && isVisibleTo(entry, ctx) ? entry : undefined
  }

  /** The entry of a key, visible to the caller or not. */
  get(key: string): E | undefined {
    return this.#entries.get(key)
  }

  /** Every entry, enabled or not. */
  all(): Iterable<E> {
    return this.#entries.values()
  }

  /** Every enabled entry that is visible to this caller, in order. */
  *visibleTo(ctx: RequestContext): Generator<E> {
    for (const entry of this.#entries.values()) if (isVisibleTo(entry, ctx)) yield entry
  }

  /**
   * Whether any entry satisfies the test, enabled or not, so that capabilities do not change when an entry is disabled.
   * Called for each request: the entries are tested once after a change.
   *
   * @param test - always the same function for the same question
   */
  some(test: (entry: E) => boolean): boolean {
    const known = this.#known.get(test)
    if (known !== undefined) return known
    const found = [...this.#entries.values()].some(test)
    this.#known.set(test, found)
    return found
  }

  /** A list that is not the same for everybody MUST NOT be shared, whatever the options say. */
  restrict(hint: CacheHint, ctx: RequestContext): CacheHint {
    if (hint.scope === 'private' || !(this.some(isRestricted) || this.#hides(ctx))) return hint
    return { ...hint, scope: 'private' }
  }

  /** Whether entries are left out of the list for callers who lack scopes. */
  #hides({ access }: RequestContext): boolean {
    return access?.hides === true && this.some(isScoped)
  }

  /**
   * One page of the list, as the result of a list request.
   *
   * @param form - for revisions that do not support all members of an entry, or more than others
   * @throws {RpcError} -32602, the cursor is not one of this list
   */
  list(ctx: RequestContext, cursor: unknown, pageSize: number, form: ListForm = 'json'): JsonText {
    const whole = isFirstPage(cursor) && this.#entries.size <= pageSize && !this.#hides(ctx)
    const kept = this.#wholeLists[form]
    if (whole && kept !== undefined) return kept
    const entries = [...this.visibleTo(ctx)].filter((entry) => isListed(entry, ctx))
    const list = listResult(
      this.listKey,
      form === 'json' ? entries : entries.map((entry) => inForm(entry, form)),
      cursor,
      pageSize,
    )
    if (whole && !this.some(isRestricted)) this.#wholeLists[form] = list
    return list
  }
}

function inForm(
  { key, order, json, olderJson = json, taskJson = olderJson }: Entry,
  form: ListForm,
): ListItem {
  return { key, order, json: form === 'taskJson' ? taskJson : olderJson }
}

/** Makes a list result of items that are JSON text. See {@link Registry.list}. */
export function listResult(
  listKey: string,
  items: readonly ListItem[],
  cursor: unknown,
  pageSize: number,
): JsonText {
  const page = paginate(listKey, items, cursor, pageSize)
  if (page === undefined) {
    throw new RpcError(
      ErrorCode.INVALID_PARAMS,
      `Invalid cursor for ${listKey}: use a nextCursor of this list`,
    )
  }
  const next = page.nextCursor === undefined ? '' : `,"nextCursor":${JSON.stringify(page.nextCursor)}`
  return new JsonText(`{"${listKey}":[${page.items.map((item) => item.json).join(',')}]${next}}`)
}

function isScoped(entry: Entry): boolean {
  return entry.scopes !== undefined
}

function isRestricted(entry: Entry): boolean {
  return entry.visible !== undefined
}

function isVisibleTo(entry: Entry, ctx: RequestContext): boolean {
  return entry.enabled && (entry.visible === undefined || callVisible(entry, entry.visible, ctx))
}

/** A `visible` that fails hides its own entry and no other. */
function callVisible({ key }: Entry, visible: Visible, ctx: RequestContext): boolean {
  try {
    const answer: unknown = visible(ctx)
    if (isPromise(answer)) {
      // Its result, or its failure, is not awaited.
      Promise.resolve(answer).then(undefined, () => {})
      throw new TypeError('visible must return true or false; got a promise')
    }
    // Compared with true, so that an answer of another type hides instead of showing to everybody.
    return answer === true
  } catch (error) {
    ctx.reportHidden(error, key)
    return false
  }
}
