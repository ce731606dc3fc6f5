/**
 * Reference-counted entries that sessions share: the peers of equal clients, and the principals that sessions belong to.
 *
 * Lifecycle of an entry: from the first session that uses it to the end of the last one.
 * Invariant: the budget holds the bytes of all entries.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'

export interface Shared {
  readonly key: string
  /** Heap bytes. */
  readonly bytes: number
  /** Number of sessions that use it. 0: it is not in the table. */
  sessions: number
}

export class SharedTable<T extends Shared> {
  readonly #entries = new Map<string, T>()
  readonly #budget: ByteBudget

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)
  }

  /** One more session uses it. */
  acquire(entry: T): void {
    if (entry.sessions === 0) {
      this.#entries.set(entry.key, entry)
      this.#budget.take(entry.bytes)
    }
    entry.sessions += 1
  }

  /** One session less uses it. */
  release(entry: T): void {
    entry.sessions -= 1
    if (entry.sessions > 0) return
    this.#entries.delete(entry.key)
    this.#budget.give(entry.bytes)
  }
}

/** Bytes that one more session with this entry adds to the budget. */
export function bytesAddedBy(entry: Shared | undefined): number {
  return entry === undefined || entry.sessions > 0 ? 0 : entry.bytes
}
