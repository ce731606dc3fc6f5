/**
 * Pagination cursors: where the next page of a list begins.
 *
 * Spec: 2025-11-25 pagination {@link spec.pagination}. A cursor says "after this item", not "from this
 * offset", so that a client that reads all pages gets each lasting item exactly once while others are added and removed:
 *
 *    items     a  b  c  d  e          page 1: a b, cursor "after b"
 *    remove b  a     c  d  e  f       page 2: c d
 *
 * An item is found again by its key (name or URI). When it was removed, or is not visible to this caller, its
 * order decides: a number that grows with each registration and is never given twice; or one that may be the same, such
 * as a time, in a list that is sorted by it and then by the key. Between processes that registered the same items, only
 * the key is the same.
 *
 * Wire form: base64url of the JSON text `[version, kind, order, key]`. It is not sealed: it holds nothing but
 * what the client was shown, and a made-up one only chooses where a page begins.
 * Not here: the error for a bad cursor (-32602, by the caller), what a list contains.
 */

import { Buffer } from 'node:buffer'

const CURSOR_VERSION = 1

/** Characters of a cursor that are read at most; a longer one is malformed. */
const MAX_CURSOR_LENGTH = 4096

/** A longer key (a very long URI) is left out of the cursor, which then has the order alone. */
const MAX_KEY_LENGTH = 512

/** The last item of a page. */
export interface CursorPosition {
  /** The list it belongs to, such as `tools`; a cursor of one list is not valid for another. */
  readonly kind: string
  /** Registration number of the item. */
  readonly order: number
  /** Name or URI of the item. */
  readonly key: string
}

/** @returns the cursor text for "after this item" */
export function encodeCursor({ kind, order, key }: CursorPosition): string {
  const kept = key.length > MAX_KEY_LENGTH ? '' : key
  return Buffer.from(JSON.stringify([CURSOR_VERSION, kind, order, kept])).toString('base64url')
}

/** @returns the position, or `undefined` when the text is not one that `encodeCursor` gives */
export function decodeCursor(text: string): CursorPosition | undefined {
  if (text.length === 0 || text.length > MAX_CURSOR_LENGTH || !/^[\w-]+$/.test(text)) return undefined
  let fields: unknown
  try {
    fields = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!Array.isArray(fields) || fields.length !== 4) return undefined
  const [version, kind, order, key]: unknown[] = fields
  if (version !== CURSOR_VERSION || typeof kind !== 'string' || typeof key !== 'string') return undefined
  if (typeof order !== 'number' || !Number.isSafeInteger(order) || order < 0) return undefined
  const position = { kind, order, key }
  // Lenient base64 decoders accept many spellings of the same bytes; exactly one is ours.
  return encodeCursor(position) === text ? position : undefined
}

/** What `paginate` needs to know of an item. */
export interface PageItem {
  /** Name or URI, unique in the list. */
  readonly key: string
  /**
   * Registration number, growing along the list; where it is the same, the key grows.
   *
   * @defaultValue the index of the item, which is wrong when an earlier item is removed together with the last one
   */
  readonly order?: number | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined
}

/**
 * One page of a list in registration order.
 *
 * @param kind - the list, such as `tools`
 * @param items - the whole list as this caller sees it; all have an `order`, or it is not used
 * @param cursor - as the client sent it; see {@link isFirstPage}
 * @param pageSize - items a page; 0 or `Infinity` gives all of them on one page
 * @returns `undefined` when the cursor is malformed or belongs to another list
 */
export function paginate<T extends PageItem>(
  kind: string,
  items: readonly T[],
  cursor: unknown,
  pageSize: number,
): Page<T> | undefined {
  let start = 0
  if (!isFirstPage(cursor)) {
    const position = typeof cursor === 'string' ? decodeCursor(cursor) : undefined
    if (position === undefined || position.kind !== kind) return undefined
    start = startAfter(items, position)
  }
  const end = pageSize > 0 ? Math.min(items.length, start + pageSize) : items.length
  const page = start === 0 && end === items.length ? items : items.slice(start, end)
  const last = items[end - 1]
  if (end >= items.length || last === undefined) return { items: page }
  const order = isOrdered(items) ? (last.order as number) : end - 1
  return { items: page, nextCursor: encodeCursor({ kind, order, key: last.key }) }
}

/** Clients that have no cursor leave it out, or send null or an empty text. */
export function isFirstPage(cursor: unknown): boolean {
  return cursor === undefined || cursor === null || cursor === ''
}

function isOrdered(items: readonly PageItem[]): boolean {
  return items.every((item) => item.order !== undefined)
}

/** Index of the first item after the position. */
function startAfter(items: readonly PageItem[], { key, order }: CursorPosition): number {
  const found = key === '' ? -1 : items.findIndex((item) => item.key === key)
  if (found !== -1) return found + 1
  if (isOrdered(items)) {
    const isAfter = (item: PageItem) =>
      (item.order as number) > order || (item.order === order && key !== '' && item.key > key)
    const after = items.findIndex(isAfter)
    return after === -1 ? items.length : after
  }
  // The item that followed the removed one has moved into its place; one left out for its length is still there.
  return Math.min(key === '' ? order + 1 : order, items.length)
}
