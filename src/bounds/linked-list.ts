/**
 * A list in which the oldest entry is found, and any entry taken out, in one step, whatever its length.
 *
 *    oldest <-> ... <-> newest        appended at the end, in the order in which they will be removed
 *
 * A `Map` keeps the order too, but leaves the place of a deleted entry empty, and searches all empty places for its oldest
 * entry: 9 µs in a queue of 10 000.
 *
 * Invariant: an entry is in at most one list at a time, and one that is in none has no neighbours.
 */

/** An entry, which holds its own neighbours. */
export interface Linked<T> {
  previous: T | undefined
  next: T | undefined
}

export class LinkedList<T extends Linked<T>> {
  #oldest: T | undefined
  #newest: T | undefined
  #size = 0

  get oldest(): T | undefined {
    return this.#oldest
  }

  get newest(): T | undefined {
    return this.#newest
  }

  get size(): number {
    return this.#size
  }

  /** Adds an entry, which must be in no list, as the newest. */
  append(entry: T): void {
    entry.previous = this.#newest
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.next = entry
    this.#newest = entry
    this.#size += 1
  }

  /** Takes an entry out, which must be in this list. */
  remove(entry: T): void {
    if (entry.previous === undefined) this.#oldest = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.#newest = entry.previous
    else entry.next.previous = entry.previous
    entry.previous = undefined
    entry.next = undefined
    this.#size -= 1
  }
}

/** An entry for a value that is in another list already. */
export class Place<V> implements Linked<Place<V>> {
  readonly value: V
  previous: Place<V> | undefined = undefined
  next: Place<V> | undefined = undefined

  constructor(value: V) {
    this.value = value
  }
}
