/** Lists that come in pages: fetched as they are iterated, or all at once. */

import { kindOf } from '../bounds/quote.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { invalidResponse } from './errors.ts'

/** A server that goes on for longer than this will not come to an end. */
const MAX_PAGES = 10_000
/** Cursors that are remembered, so that pages that lead in a circle are noticed: of how many characters together. */
const MAX_SEEN_LENGTH = 1_000_000

/** A list of a server. Iterate it (`for await`), which asks for each page when it is reached, or take all at once. */
export class Listing<T> implements AsyncIterable<T> {
  readonly #pages: () => AsyncIterable<readonly T[]>

  /** @internal */
  constructor(pages: () => AsyncIterable<readonly T[]>) {
    this.#pages = pages
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.#pages()) yield* page
  }

  /** All items, in the order of the server. */
  async toArray(): Promise<T[]> {
    const all: T[] = []
    for await (const page of this.#pages()) for (const item of page) all.push(item)
    return all
  }
}

/**
 * @param fetchPage - sends one request
 * @param member - of the result that holds the items
 * @param name - member of an item that it must have, a string
 */
export async function* pagesOf<T>(
  fetchPage: (params: JsonObject) => Promise<JsonObject>,
  method: string,
  member: string,
  name: string,
): AsyncGenerator<readonly T[], void, undefined> {
  let cursor: unknown
  const seen = new Set<string>()
  let seenLength = 0
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const result = await fetchPage(cursor === undefined ? {} : { cursor })
    const items = result[member]
    if (!Array.isArray(items)) {
      throw invalidResponse(`The result of ${method} needs "${member}", an array; got ${kindOf(items)}`)
    }
    for (const item of items) {
      if (typeof item?.[name] === 'string') continue
      throw invalidResponse(`An item of ${method} needs "${name}", a string; got ${kindOf(item?.[name])}`)
    }
    yield items as readonly T[]
    const { nextCursor } = result
    // An empty cursor is one like any other.
    if (nextCursor === undefined || nextCursor === null) return
    const key = JSON.stringify(nextCursor)
    if (nextCursor === cursor || seen.has(key))
      throw invalidResponse(`The server gave the same cursor of ${method} twice`)
    seenLength += key.length
    if (seenLength <= MAX_SEEN_LENGTH) seen.add(key)
    cursor = nextCursor
  }
  throw invalidResponse(`The server has more than ${MAX_PAGES} pages of ${method}`)
}
