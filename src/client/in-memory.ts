/**
 * Servers in the same process, recognised by structure: what they are reached by is a `fetch` of their own. Nothing of
 * the server is imported.
 */

import type { FetchLike } from './fetch-like.ts'

/** Under this symbol a server of barewire, and its handler, give a `fetch` that reaches them without a socket. */
const FETCH = Symbol.for('barewire.fetch')

/** An `McpServer`, the result of `createMcpHandler`, or anything with a `fetch` that takes a `Request`. */
export type InMemoryTarget = object

export function fetchOf(target: unknown): FetchLike | undefined {
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null) return undefined
  const { [FETCH]: own, fetch } = target as { readonly [FETCH]?: unknown; readonly fetch?: unknown }
  const found = own ?? fetch
  if (typeof found !== 'function') return undefined
  return async (url, init) => await found.call(target, new Request(url, init))
}
