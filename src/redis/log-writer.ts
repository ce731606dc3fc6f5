/**
 * Writes the log of one stream. What is appended in one turn of the event loop is a batch, and so is what comes while an
 * earlier one is under way: one command at a time, so that their order is that of the events.
 *
 *    append, append --> [ open batch ] --> [ sealed ] --> command --> next one
 *                                                             \-----> outcome not known: the same one again, later
 *
 * A batch that was sent once is never added to: its id is the sequence of its last event, by which Redis knows it again.
 *
 * Invariant: at most one command of a log is under way; `bytes` is the sum of all batches.
 */

import { textBytes } from '../bounds/heap-size.ts'
import type { Linked } from '../bounds/linked-list.ts'
import type { EventLogWriter } from '../store/event-log-store.ts'
import { type Commands, ReplyError } from './commands.ts'
import { APPEND } from './log-scripts.ts'
import { timeToLive } from './time-to-live.ts'

/** Of an event that waits, besides its data. */
const EVENT_BYTES = 64
/** Events of one command at most, and characters of their data. */
const MAX_BATCH = 256
const MAX_BATCH_BYTES = 1024 * 1024
/** The time to live is begun anew with the events when this part of it is over. */
const RENEWED = 0.25

/** What the writers of a node share. */
export interface LogWriterHost {
  readonly node: string
  readonly commands: Commands
  /** There is something to write at the end of this turn. */
  schedule(writer: LogWriter): void
  /** Bytes wait, or wait no longer, and others are given up for them. */
  wait(bytes: number): void
  /** Nothing of this writer waits any more. */
  written(writer: LogWriter): void
  /** Another node has finished the log, since it took this one for dead. */
  taken(writer: LogWriter): void
}

/** Events that are written together. */
interface Batch {
  /** Names and values of fields. */
  fields: string[]
  last: number
  oldest: number
  bytes: number
  isLast: boolean
  wasSent: boolean
}

export class LogWriter implements EventLogWriter, Linked<LogWriter> {
  readonly sessionId: string
  readonly stream: string
  previous: LogWriter | undefined = undefined
  next: LogWriter | undefined = undefined
  readonly #host: LogWriterHost
  readonly #keys: readonly [string, string]
  #meta: string
  readonly #ttlMs: number
  /** In order; the first one is under way if `#isWriting`. */
  #batches: Batch[] = []
  #last = 0
  #isWriting = false
  /** The next command is the script, which makes what is missing and begins the time to live anew. */
  #needsScript = true
  #renewAt = 0
  /** It is finished or deleted: nothing more is appended. */
  #isClosed = false
  #isDeleted = false

  constructor(
    host: LogWriterHost,
    sessionId: string,
    stream: string,
    keys: readonly [string, string],
    meta: string,
    ttlMs: number,
  ) {
    this.#host = host
    this.sessionId = sessionId
    this.stream = stream
    this.#keys = keys
    this.#meta = meta
    this.#ttlMs = ttlMs
    host.schedule(this)
  }

  get isWriting(): boolean {
    return this.#isWriting
  }

  append(sequence: number, data: string, oldest: number): void {
    if (this.#isClosed) return
    this.#last = sequence
    const isKept = oldest <= sequence
    let batch = this.#batches.at(-1)
    const isFull = (batch?.fields.length ?? 0) >= 2 * MAX_BATCH || (batch?.bytes ?? 0) > MAX_BATCH_BYTES
    // What was sent stays as it is, and so does the mark of an event that is not kept.
    if (batch === undefined || batch.wasSent || isFull || !isKept || batch.fields[0] === 'n') {
      batch = { fields: [], last: sequence, oldest, bytes: 0, isLast: false, wasSent: false }
      this.#batches.push(batch)
    }
    if (isKept) batch.fields.push('d', data)
    else batch.fields.push('n', '')
    batch.last = sequence
    batch.oldest = oldest
    const bytes = EVENT_BYTES + textBytes(data)
    batch.bytes += bytes
    this.#host.wait(bytes)
    this.#host.schedule(this)
  }

  describe(meta: string): void {
    this.#meta = meta
    this.touch()
  }

  touch(): void {
    if (this.#isClosed) return
    this.#needsScript = true
    this.#host.schedule(this)
  }

  finish(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const batch = this.#batches.at(-1)
    if (batch !== undefined && !batch.wasSent) batch.isLast = true
    else {
      const last = this.#last
      this.#batches.push({ fields: [], last, oldest: 0, bytes: 0, isLast: true, wasSent: false })
    }
    this.#host.schedule(this)
  }

  delete(): void {
    if (this.#isDeleted) return
    this.#isClosed = true
    this.#isDeleted = true
    this.#giveBack(this.#batches.splice(this.#isWriting ? 1 : 0))
    this.#needsScript = true
    this.#host.schedule(this)
  }

  /** Gives up the oldest events that are not under way; a reader finds a gap. @returns false: there are none */
  giveUpOldest(): boolean {
    const place = this.#batches.findIndex((batch, at) => batch.bytes > 0 && !(at === 0 && this.#isWriting))
    const batch = this.#batches[place]
    if (batch === undefined) return false
    if (batch.isLast) {
      this.#giveBack([batch])
      batch.fields = []
      batch.bytes = 0
    } else {
      this.#giveBack(this.#batches.splice(place, 1))
    }
    return true
  }

  /** Gives up all that waits, and all that comes. */
  stop(): void {
    this.#isClosed = true
    this.#giveUp()
  }

  #giveUp(): void {
    this.#giveBack(this.#batches)
    this.#batches = []
    this.#needsScript = false
    this.#host.written(this)
  }

  /** Sends what waits, one after the other. Does nothing where that is under way. */
  async write(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    try {
      while (this.#batches.length > 0 || this.#needsScript) {
        if (this.#isDeleted) await this.#deleteKeys()
        else await this.#writeNext()
      }
    } catch {
      // Where the store is away, it is sent again when it is back: it is not known whether it is stored. Otherwise the
      // server refuses it, and readers find a gap.
      if (this.#host.commands.isOpen) this.#giveUp()
      return
    } finally {
      this.#isWriting = false
    }
    this.#host.written(this)
  }

  async #writeNext(): Promise<void> {
    const batch = this.#batches[0]
    if (batch !== undefined) batch.wasSent = true
    if (await this.#send(batch)) {
      this.#sent(batch)
    } else {
      this.stop()
      this.#host.taken(this)
    }
  }

  #sent(batch: Batch | undefined): void {
    if (batch === undefined || batch !== this.#batches[0]) return
    this.#giveBack([batch])
    this.#batches.shift()
  }

  #giveBack(batches: readonly Batch[]): void {
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0)
    if (bytes > 0) this.#host.wait(-bytes)
  }

  /** @returns false: another node has finished the log */
  async #send(batch: Batch | undefined): Promise<boolean> {
    const isPlain = batch !== undefined && !batch.isLast && !this.#needsScript && Date.now() < this.#renewAt
    if (isPlain && (await this.#add(batch))) return true
    const { fields = [], last = this.#last, oldest = 0, isLast = false } = batch ?? {}
    const ttl = timeToLive(this.#ttlMs * (1 + RENEWED))
    // Before the command, for what asks for it while that is under way.
    this.#needsScript = false
    const args = [this.#host.node, ttl, this.#meta, Math.min(oldest, last), last, isLast ? 1 : 0, ...fields]
    try {
      const isStored = (await this.#host.commands.run(APPEND, this.#keys, args)) === 1
      this.#renewAt = Date.now() + (this.#ttlMs > 0 ? this.#ttlMs * RENEWED : Number.POSITIVE_INFINITY)
      return isStored
    } catch (error) {
      this.#needsScript = true
      throw error
    }
  }

  /** The short way, one command of Redis. @returns false: the log is not there any more, or has this batch already */
  async #add({ fields, last, oldest }: Batch): Promise<boolean> {
    const [key] = this.#keys
    const trim = ['MINID', '~', String(Math.min(oldest, last))]
    try {
      return (
        (await this.#host.commands.send(key, 'XADD', key, 'NOMKSTREAM', ...trim, `${last}-0`, ...fields)) !==
        null
      )
    } catch (error) {
      if (error instanceof ReplyError) return false
      throw error
    }
  }

  async #deleteKeys(): Promise<void> {
    const [key, metaKey] = this.#keys
    await this.#host.commands.send(key, 'DEL', key, metaKey)
    this.#giveUp()
  }
}
