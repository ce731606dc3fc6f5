/**
 * Results that may be used again for a while, as the server said with `ttlMs`. One for each client: what is `private`
 * leaves neither the client nor the credentials that it was got with.
 *
 * Invariant: at most MAX_ENTRIES and `maxBytes`; the oldest go first. A result that was on its way when something
 * changed is not kept.
 *
 * Spec: 2026-07-28 caching {@link spec.caching}.
 */

import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Change } from './connection.ts'

const MAX_ENTRIES = 1000
/** Methods whose results may be used again, by what changes them. */
const CHANGED_BY: Readonly<Record<string, Change['kind']>> = {
  [Method.toolsList]: 'tools',
  [Method.promptsList]: 'prompts',
  [Method.resourcesList]: 'resources',
  [Method.resourceTemplatesList]: 'resources',
  [Method.resourcesRead]: 'resource',
}

interface Entry {
  readonly method: string
  readonly params: JsonObject
  readonly result: JsonObject
  readonly bytes: number
  readonly expires: number
}

export class ResponseCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  /** Counts what made entries invalid. */
  #epoch = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  get epoch(): number {
    return this.#epoch
  }

  get(method: string, params: JsonObject): JsonObject | undefined {
    if (this.#entries.size === 0) return undefined
    const key = keyOf(method, params)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (Date.now() < entry.expires) return entry.result
    this.#drop(key, entry)
    return undefined
  }

  /** @param epoch - that at which the request was sent */
  set(method: string, params: JsonObject, result: JsonObject, bytes: number, epoch: number): void {
    const ttlMs = ttlOf(result)
    if (ttlMs === 0 || CHANGED_BY[method] === undefined || epoch !== this.#epoch || bytes > this.#maxBytes)
      return
    const key = keyOf(method, params)
    const old = this.#entries.get(key)
    if (old !== undefined) this.#drop(key, old)
    this.#entries.set(key, { method, params, result, bytes, expires: Date.now() + ttlMs })
    this.#bytes += bytes
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes && this.#entries.size <= MAX_ENTRIES) break
      this.#drop(oldest, entry)
    }
  }

  changed(change: Change): void {
    this.#epoch += 1
    for (const [key, entry] of this.#entries) {
      const kind = CHANGED_BY[entry.method]
      const isMeant = change.kind !== 'resource' || entry.params['uri'] === change.uri
      if (change.kind === 'gap' || (kind === change.kind && isMeant)) this.#drop(key, entry)
    }
  }

  clear(): void {
    this.changed({ kind: 'gap' })
  }

  #drop(key: string, { bytes }: Entry): void {
    this.#entries.delete(key)
    this.#bytes -= bytes
  }
}

/** How long a result stays fresh, in milliseconds. 0: it is stale at once. */
export function ttlOf({ ttlMs }: JsonObject): number {
  return typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0
}

function keyOf(method: string, params: JsonObject): string {
  return `${method} ${JSON.stringify(params)}`
}
