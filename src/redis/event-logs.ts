/**
 * The event log store on Redis: reads logs, finishes those of nodes that are gone, and is the host of the writers.
 *
 * Invariant: `#waiting` has each writer with something to write; those at its start have waited longest.
 */

import { LinkedList } from '../bounds/linked-list.ts'
import { nextTurn } from '../bounds/runtime.ts'
import type { EventLogStore, EventLogWriter, StoredEvents } from '../store/event-log-store.ts'
import { FINISHED_MS, type LoggedEvent, readEvents } from '../store/stored-events.ts'
import type { Commands } from './commands.ts'
import { type ForeignData, orAbsent } from './foreign-data.ts'
import { isStorableId, type Keys } from './keys.ts'
import { FINISH, HIGHEST_ID, READ_LOG } from './log-scripts.ts'
import { LogWriter, type LogWriterHost } from './log-writer.ts'
import { asEntries, asList, asText, fieldOf, type StreamEntry } from './reply.ts'
import { timeToLive } from './time-to-live.ts'
import type { WaitingBytes } from './waiting-bytes.ts'

/** Entries of one read; who follows a stream reads again. */
const MAX_ENTRIES = 256
/** Id of the entry that ends a log, as a number. */
const END = Number.parseInt(HIGHEST_ID, 10)

export class RedisEventLogs implements EventLogStore, LogWriterHost {
  readonly node: string
  readonly commands: Commands
  readonly #keys: Keys
  readonly #foreign: ForeignData
  readonly #bytes: WaitingBytes
  readonly #onTaken: (sessionId: string, stream: string) => void
  readonly #waiting = new LinkedList<LogWriter>()
  /** Those in `#waiting`. */
  readonly #isWaiting = new Set<LogWriter>()
  /** Those that have something new in this turn. */
  #changed = new Set<LogWriter>()
  /** Bytes of events in `#waiting`. */
  #eventBytes = 0
  #isStopped = false
  readonly #onWritten: () => void

  /**
   * @param onTaken - another node has finished a stream of this one
   * @param onWritten - called when nothing waits any more
   */
  constructor(
    node: string,
    commands: Commands,
    keys: Keys,
    foreign: ForeignData,
    bytes: WaitingBytes,
    onTaken: (sessionId: string, stream: string) => void,
    onWritten: () => void,
  ) {
    this.node = node
    this.commands = commands
    this.#keys = keys
    this.#foreign = foreign
    this.#bytes = bytes
    this.#onTaken = onTaken
    this.#onWritten = onWritten
  }

  get isWaiting(): boolean {
    return this.#waiting.oldest !== undefined
  }

  create(sessionId: string, stream: string, meta: string, ttlMs: number): EventLogWriter {
    return new LogWriter(this, sessionId, stream, this.#keys.log(sessionId, stream), meta, ttlMs)
  }

  async read(sessionId: string, stream: string, after: number): Promise<StoredEvents | undefined> {
    if (!isStorableId(sessionId) || !isStorableId(stream)) return undefined
    const keys = this.#keys.log(sessionId, stream)
    const reply = await orAbsent(
      this.commands.run(READ_LOG, keys, [after, MAX_ENTRIES]),
      keys[0],
      this.#foreign,
    )
    if (reply === null || reply === undefined) return undefined
    const [meta, entries, newest] = asList(reply)
    const [top] = asEntries(newest)
    const isFinished = top !== undefined && top.sequence >= END
    const last = isFinished ? Number(fieldOf(top, 'l')) : (top?.sequence ?? 0)
    if (Number.isNaN(last)) return this.#foreign.report(keys[0])
    const events = asEntries(entries).flatMap(eventsOf)
    return readEvents(asText(meta) ?? '', events, after, last, isFinished)
  }

  async finish(
    sessionId: string,
    stream: string,
    sequence: number,
    data: string,
    meta?: string,
  ): Promise<boolean> {
    const keys = this.#keys.log(sessionId, stream)
    const args = [this.node, timeToLive(FINISHED_MS), sequence, data, ...(meta === undefined ? [] : [meta])]
    return (await this.commands.run(FINISH, keys, args)) === 1
  }

  schedule(writer: LogWriter): void {
    if (this.#isStopped) {
      writer.stop()
      return
    }
    if (!this.#isWaiting.has(writer)) {
      this.#isWaiting.add(writer)
      this.#waiting.append(writer)
    }
    // What is being written goes on by itself, and what waits for the store is written when it is back.
    if (writer.isWriting || !this.commands.isOpen) return
    this.#changed.add(writer)
    if (this.#changed.size === 1) nextTurn(() => this.#writeChanged())
  }

  wait(bytes: number): void {
    this.#eventBytes += bytes
    this.#bytes.add(bytes)
    while (bytes > 0 && this.#bytes.isFull && this.#giveUpOldest());
  }

  written(writer: LogWriter): void {
    if (!this.#isWaiting.delete(writer)) return
    this.#waiting.remove(writer)
    if (!this.isWaiting) this.#onWritten()
  }

  taken(writer: LogWriter): void {
    if (!this.#isStopped) this.#onTaken(writer.sessionId, writer.stream)
  }

  /** Sends all that waits: when the store can be reached again. */
  writeAll(): void {
    for (let writer = this.#waiting.oldest; writer !== undefined; writer = writer.next) void writer.write()
  }

  /** Gives up all that waits. */
  stop(): void {
    this.#isStopped = true
    for (const writer of this.#isWaiting) {
      writer.stop()
      this.written(writer)
    }
  }

  #writeChanged(): void {
    const writers = this.#changed
    this.#changed = new Set()
    for (const writer of writers) void writer.write()
  }

  /** @returns false: no event waits, except for those under way */
  #giveUpOldest(): boolean {
    if (this.#eventBytes === 0) return false
    for (let count = this.#waiting.size; count > 0; count--) {
      const writer = this.#waiting.oldest as LogWriter
      if (writer.giveUpOldest()) return true
      // It has nothing, and is not asked again before all others were.
      this.#waiting.remove(writer)
      this.#waiting.append(writer)
    }
    return false
  }
}

/** The events of an entry, the last of which has the number of the entry. */
function eventsOf({ sequence, fields }: StreamEntry): LoggedEvent[] {
  if (sequence >= END || fields[0] !== 'd') return []
  const count = fields.length / 2
  return Array.from({ length: count }, (_, place) => ({
    sequence: sequence - count + 1 + place,
    data: fields[2 * place + 1] as string,
  }))
}
