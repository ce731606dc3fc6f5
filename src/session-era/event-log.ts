/**
 * Event log: events of the streams that sessions listen to, kept for those who come back. Several logs share one count
 * of sequence numbers (change-log.ts), so that the numbers of one log rise but have holes.
 *
 * As a replay ring it keeps the newest events, within a count, bytes and an age. It also remembers up to which number
 * it has lost something, so that a reader knows whether it gets all.
 *
 * Invariant: the sum of `bytes` of all logs of a budget is in `budget.used`.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'
import { textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import type { RingLimits } from '../sse/replay-ring.ts'

/** Of an entry beside its text. Measured: 96. */
const ENTRY_BYTES = 112

/** One event that was kept. */
class Entry implements Linked<Entry> {
  readonly sequence: number
  /** From `encodeData`. */
  readonly data: string
  readonly severity: number
  readonly at: number
  readonly bytes: number
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined

  constructor(sequence: number, data: string, severity: number, at: number) {
    this.sequence = sequence
    this.data = data
    this.severity = severity
    this.at = at
    this.bytes = ENTRY_BYTES + textBytes(data)
  }
}

export type KeptEvent = Pick<Entry, 'sequence' | 'data' | 'severity'>

export class EventLog {
  readonly #limits: RingLimits
  readonly #budget: ByteBudget
  readonly #entries = new LinkedList<Entry>()
  #bytes = 0
  /** By severity, the number of the last event that is not kept any more. */
  readonly #lost = new Map<number, number>()

  constructor(limits: RingLimits, budget: ByteBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Keeps an event, at the cost of the oldest ones of this log.
   *
   * @param sequence - above all that were pushed before
   * @param severity - the rank of a log message's level; Infinity: of interest to all
   * @param now - of the clock that `dropOlderThan` goes by
   * @returns whether there is room for it
   */
  push(sequence: number, data: string, severity: number, now: number): boolean {
    const { maxEvents, maxBytes } = this.#limits
    const entry = new Entry(sequence, data, severity, now)
    const { bytes } = entry
    if (maxEvents < 1 || bytes > maxBytes || bytes > this.#budget.free + this.#bytes) {
      this.#lost.set(severity, sequence)
      return false
    }
    while (this.size >= maxEvents || this.#bytes + bytes > maxBytes || bytes > this.#budget.free)
      this.#evict()
    this.#entries.append(entry)
    this.#bytes += bytes
    this.#budget.take(bytes)
    return true
  }

  /** What is kept of the events after a number, in order. */
  after(sequence: number): KeptEvent[] {
    const found: KeptEvent[] = []
    for (let entry = this.#entries.newest; entry !== undefined; entry = entry.previous) {
      if (entry.sequence <= sequence) break
      found.push(entry)
    }
    return found.reverse()
  }

  /** Whether an event after a number, of at least a severity, is not kept. */
  hasLost(sequence: number, severity: number): boolean {
    for (const [rank, last] of this.#lost) if (rank >= severity && last > sequence) return true
    return false
  }

  dropOlderThan(time: number): void {
    for (
      let { oldest } = this.#entries;
      oldest !== undefined && oldest.at < time;
      { oldest } = this.#entries
    ) {
      this.#evict()
    }
  }

  /** Gives back what is kept. */
  clear(): void {
    while (this.size > 0) this.#evict()
  }

  #evict(): void {
    const oldest = this.#entries.oldest as Entry
    this.#entries.remove(oldest)
    this.#bytes -= oldest.bytes
    this.#budget.give(oldest.bytes)
    this.#lost.set(oldest.severity, oldest.sequence)
  }
}
