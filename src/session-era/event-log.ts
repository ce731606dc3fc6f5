/**
 * Event log: events of standalone streams, retained for clients that reconnect. Several logs share one sequence
 * (change-log.ts), so the sequence numbers of one log rise but have gaps.
 *
 * Like a replay ring it retains the newest events, within a count, a number of bytes and an age. It also records up to
 * which sequence number events were lost, so that a reader knows whether it gets all of them.
 *
 * Invariant: `budget.used` includes the sum of `bytes` of all logs that share the budget.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'
import { textBytes } from '../bounds/heap-size.ts'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import type { RingLimits } from '../sse/replay-ring.ts'

/** Heap bytes of an entry beside its text. Measured: 96. */
const ENTRY_BYTES = 112

/** One event of the log. */
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
    this.bytes = eventBytes(data)
  }
}

/** What retaining an event takes. */
export function eventBytes(data: string): number {
  return ENTRY_BYTES + textBytes(data)
}

export type LoggedEvent = Pick<Entry, 'sequence' | 'data' | 'severity'>

export class EventLog {
  readonly #limits: RingLimits
  readonly #budget: ByteBudget
  readonly #entries = new LinkedList<Entry>()
  #bytes = 0
  /** By severity, the sequence number of the last event that is not retained any more. */
  readonly #lost = new Map<number, number>()

  constructor(limits: RingLimits, budget: ByteBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Appends an event, and evicts the oldest ones of this log where limits require it.
   *
   * @param sequence - above all that were pushed before
   * @param severity - the rank of a log message's level; Infinity: for every level
   * @param now - by the clock that `dropOlderThan` uses
   * @returns false: it does not fit into the limits
   */
  push(sequence: number, data: string, severity: number, now: number): boolean {
    const { maxEvents, maxBytes } = this.#limits
    const entry = new Entry(sequence, data, severity, now)
    const { bytes } = entry
    if (maxEvents < 1 || bytes > maxBytes || bytes > this.#budget.free + this.#bytes) {
      this.markLost(sequence, severity)
      return false
    }
    while (this.size >= maxEvents || this.#bytes + bytes > maxBytes || bytes > this.#budget.free)
      this.#evict()
    this.#entries.append(entry)
    this.#bytes += bytes
    this.#budget.take(bytes)
    return true
  }

  /** The retained events after a sequence number, in order. */
  after(sequence: number): LoggedEvent[] {
    const found: LoggedEvent[] = []
    for (let entry = this.#entries.newest; entry !== undefined; entry = entry.previous) {
      if (entry.sequence <= sequence) break
      found.push(entry)
    }
    return found.reverse()
  }

  /** Whether an event after a sequence number, of at least a severity, is not retained. */
  hasLost(sequence: number, severity: number): boolean {
    for (const [rank, last] of this.#lost) if (rank >= severity && last > sequence) return true
    return false
  }

  /** Events up to a sequence number are not retained, or never came here. @param severity - the highest of them */
  markLost(sequence: number, severity = Number.POSITIVE_INFINITY): void {
    this.#lost.set(severity, Math.max(this.#lost.get(severity) ?? 0, sequence))
  }

  /** The sequence number of the last event that is not retained; 0: all are. */
  get lostUpTo(): number {
    return Math.max(0, ...this.#lost.values())
  }

  /** The sequence number of the last event, retained or not. */
  get last(): number {
    return Math.max(this.lostUpTo, this.#entries.newest?.sequence ?? 0)
  }

  /** The sequence number of the newest retained event with this data. */
  lastOf(data: string): number | undefined {
    for (let entry = this.#entries.newest; entry !== undefined; entry = entry.previous) {
      if (entry.data === data) return entry.sequence
    }
    return undefined
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

  /** Releases all events. */
  clear(): void {
    while (this.size > 0) this.#evict()
  }

  #evict(): void {
    const oldest = this.#entries.oldest as Entry
    this.#entries.remove(oldest)
    this.#bytes -= oldest.bytes
    this.#budget.give(oldest.bytes)
    this.markLost(oldest.sequence, oldest.severity)
  }
}
