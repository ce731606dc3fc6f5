/**
 * Pagination cursors: where the next page of a list begins.
 *
 * Spec: 2025-11-25 pagination {@link spec.pagination}. A cursor says "after this item", not "from this
 * offset", so that a walk over the pages sees each lasting item exactly once while others come and go:
 *
 *    items     a  b  c  d  e          page 1: a b, cursor "after b"
 *    remove b  a     c  d  e  f       page 2: c d
 *
 * An item is found again by its key (name or URI). When it was removed, or is not visible to this caller, its
 * order decides: a number that grows with each registration and is never given twice. Across processes that
 * registered the same items, the key is what holds.
 *
 * Wire form: base64url of the JSON text `[version, kind, order, key]`. It is not sealed: it holds nothing but
 * what the client was shown, and a made-up one only chooses where a page begins.
 * Not here: the error for a bad cursor (-32602, by the caller), what a list contains.
 */

const CURSOR_VERSION = 1

/** Characters of a cursor that are read at most; a longer one is malformed. */
const MAX_CURSOR_LENGTH = 4096

/** A longer key (a very long URI) is left out of the cursor, which then goes by order alone. */
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

/** What `paginate` needs to know of a list. */
export interface PageRequest<T> {
  /** The list, such as `tools`. */
  readonly kind: string
  /** Name or URI of an item, unique in the list. */
  readonly key: (item: T) => string
  /**
   * Registration number of an item, growing along the list.
   *
   * @defaultValue the index, which is exact only while no earlier item is removed together with the last one
   */
  readonly order?: (item: T) => number
  /** As the client sent it; `undefined` asks for the first page. */
  readonly cursor: string | undefined
  /** Items a page; 0 or `Infinity` gives all of them on one page. */
  readonly pageSize: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent on the last page. */
  readonly nextCursor?: string
}

/**
 * One page of a list in registration order.
 *
 * @param items - the whole list as this caller sees it
 * @returns `undefined` when the cursor is malformed or belongs to another list
 */
export function paginate<T>(items: readonly T[], request: PageRequest<T>): Page<T> | undefined {
  const { kind, key, cursor, pageSize } = request
  const orderAt = (index: number) => {
    const item = items[index] as T
    return request.order === undefined ? index : request.order(item)
  }
  let start = 0
  if (cursor !== undefined) {
    const position = decodeCursor(cursor)
    if (position === undefined || position.kind !== kind) return undefined
    start = startAfter(items, position, key, orderAt, request.order === undefined)
  }
  const end = pageSize > 0 ? Math.min(items.length, start + pageSize) : items.length
  const page = start === 0 && end === items.length ? items : items.slice(start, end)
  if (end >= items.length || end === start) return { items: page }
  const last = items[end - 1] as T
  return { items: page, nextCursor: encodeCursor({ kind, order: orderAt(end - 1), key: key(last) }) }
}

/** Index of the first item after the position. */
function startAfter<T>(
  items: readonly T[],
  position: CursorPosition,
  key: (item: T) => string,
  orderAt: (index: number) => number,
  orderIsIndex: boolean,
): number {
  if (position.key !== '') {
    const found = items.findIndex((item) => key(item) === position.key)
    if (found !== -1) return found + 1
  }
  // With an index for an order, the item that followed the removed one has moved into its place.
  if (orderIsIndex && position.key !== '') return Math.min(position.order, items.length)
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (orderAt(middle) > position.order) high = middle
    else low = middle + 1
  }
  return low
}
