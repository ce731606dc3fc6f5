/** The logs of streams in memory: bounded by the bytes of all of them, above which the one written to longest ago goes. */

import { ExpiringMap } from '../bounds/expiring-map.ts'
import { textBytes } from '../bounds/heap-size.ts'
import type { StoredEvents } from './event-log-store.ts'
import { type LoggedEvent, readEvents } from './stored-events.ts'

/** Of an event, its object and its place in an array. */
const EVENT_BYTES = 64

interface Log {
  meta: string
  readonly ttlMs: number
  events: LoggedEvent[]
  last: number
  bytes: number
  isFinished: boolean
}

export class MemoryEventLogs {
  /** Lifecycle: from `create` to `delete`, or until nothing was written for the `ttlMs` of the log. */
  readonly #logs: ExpiringMap<Log>

  constructor(maxBytes: number) {
    this.#logs = new ExpiringMap(Number.POSITIVE_INFINITY, maxBytes)
  }

  /** Begins a log, unless it is there. */
  create(key: string, meta: string, ttlMs: number): void {
    if (this.#logs.find(key) !== undefined) return
    this.#keep(key, { meta, ttlMs, events: [], last: 0, bytes: textBytes(meta), isFinished: false })
  }

  /** @returns false: it is finished, or not there any more, and nothing was stored */
  append(key: string, sequence: number, data: string, oldest: number): boolean {
    const log = this.#logs.find(key)
    if (log === undefined || log.isFinished || sequence <= log.last) return false
    if (oldest <= sequence) {
      log.events.push({ sequence, data })
      log.bytes += sizeOf(data)
    }
    log.last = sequence
    while ((log.events[0]?.sequence ?? oldest) < oldest)
      log.bytes -= sizeOf((log.events.shift() as LoggedEvent).data)
    this.#keep(key, log)
    return true
  }

  describe(key: string, meta: string): void {
    const log = this.#logs.find(key)
    if (log === undefined) return
    log.bytes += textBytes(meta) - textBytes(log.meta)
    log.meta = meta
    this.#keep(key, log)
  }

  touch(key: string): void {
    const log = this.#logs.find(key)
    if (log !== undefined) this.#keep(key, log)
  }

  /** @returns false: it is finished already, or not there any more */
  finish(key: string): boolean {
    const log = this.#logs.find(key)
    if (log === undefined || log.isFinished) return false
    log.isFinished = true
    this.#keep(key, log)
    return true
  }

  read(key: string, after: number): StoredEvents | undefined {
    const log = this.#logs.find(key)
    return log === undefined ? undefined : readEvents(log.meta, log.events, after, log.last, log.isFinished)
  }

  delete(key: string): void {
    this.#logs.delete(key)
  }

  #keep(key: string, log: Log): void {
    const until = log.ttlMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + log.ttlMs
    this.#logs.add(key, log, until, log.bytes)
  }
}

function sizeOf(data: string): number {
  return EVENT_BYTES + textBytes(data)
}
