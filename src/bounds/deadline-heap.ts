/**
 * Things that expire, each at a time of its own: a binary heap, the first one to expire on top.
 *
 *    add, delete    O(log n), and O(1) to add one that expires after all others
 *
 * Invariant: `entries[index].heapIndex === index`, and no entry expires before its parent, at `(index - 1) >> 1`.
 */

export interface Expiring {
  /** Milliseconds since the epoch; never changes. */
  readonly deadline: number
  /** Its place; -1: it is in no heap. Written by the heap. */
  heapIndex: number
}

export class DeadlineHeap<T extends Expiring> {
  readonly #entries: T[] = []

  /** The one that expires first. */
  get first(): T | undefined {
    return this.#entries[0]
  }

  add(entry: T): void {
    this.#entries.push(entry)
    this.#up(entry, this.#entries.length - 1)
  }

  /** Does nothing for one that is not in here. */
  delete(entry: T): void {
    const index = entry.heapIndex
    if (this.#entries[index] !== entry) return
    entry.heapIndex = -1
    const last = this.#entries.pop() as T
    if (last === entry) return
    this.#down(last, index)
    if (last.heapIndex === index) this.#up(last, index)
  }

  #put(entry: T, index: number): void {
    this.#entries[index] = entry
    entry.heapIndex = index
  }

  #up(entry: T, from: number): void {
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = this.#entries[above] as T
      if (parent.deadline <= entry.deadline) break
      this.#put(parent, index)
      index = above
    }
    this.#put(entry, index)
  }

  #down(entry: T, from: number): void {
    const entries = this.#entries
    let index = from
    for (let below = 2 * index + 1; below < entries.length; below = 2 * index + 1) {
      const right = entries[below + 1]
      if (right !== undefined && right.deadline < (entries[below] as T).deadline) below += 1
      const child = entries[below] as T
      if (child.deadline >= entry.deadline) break
      this.#put(child, index)
      index = below
    }
    this.#put(entry, index)
  }
}
