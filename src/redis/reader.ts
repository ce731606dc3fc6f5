/**
 * The receiving side of the bus on Redis: one connection that waits for messages to all and for messages to this node, and
 * connects again by itself.
 *
 *    connect --> read what there is --> caught up --> wait for more --> deliver --> wait ...
 *       ^                                                  |
 *       \-------------- pause <-------- failed, or silent for longer than it should wait
 */

import { nextTurn, pause } from '../bounds/runtime.ts'
import type { NodeEvents } from '../store/store.ts'
import { unavailable } from '../store/unavailable.ts'
import { HEAD_OF_BUS } from './bus-scripts.ts'
import type { Command, Connection } from './client.ts'
import type { ForeignData } from './foreign-data.ts'
import type { Keys } from './keys.ts'
import { asEntries, asList, asNumber, asStreams, fieldOf, type StreamEntry } from './reply.ts'

/** Entries of one read, of each of the two streams. */
const MAX_ENTRIES = 500
/** How long one read waits; shorter than what an idle connection is closed for. */
const BLOCK_MS = 2000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

export interface ReaderListener {
  readonly events: NodeEvents
  /** All that was there has been delivered. */
  onCaughtUp(): void
  onReaderFailed(error: Error): void
  onNodeLeft(node: string): void
}

export class Reader {
  readonly #node: string
  readonly #client: Connection
  readonly #keys: Keys
  readonly #foreign: ForeignData
  readonly #timeoutMs: number
  readonly #listener: ReaderListener
  readonly #stop = new AbortController()
  #connection: Connection | undefined
  /** Sequence of the newest message to all that was delivered; undefined: it has not begun. */
  #seen: number | undefined
  /** Sequence that the next entry should name as the one before it. */
  #before = 0
  /** Id of the newest message to this node that was delivered. */
  #inboxId = '0-0'

  constructor(
    node: string,
    client: Connection,
    keys: Keys,
    foreign: ForeignData,
    timeoutMs: number,
    listener: ReaderListener,
  ) {
    this.#node = node
    this.#client = client
    this.#keys = keys
    this.#foreign = foreign
    this.#timeoutMs = timeoutMs
    this.#listener = listener
  }

  /** Sequence of the newest message to all that was delivered. */
  get seen(): number {
    return this.#seen ?? 0
  }

  /** Id of the newest message to this node that was delivered: it is needed no more. */
  get inboxId(): string {
    return this.#inboxId
  }

  /** Reads until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stop
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      try {
        await this.#connect()
        if (this.#seen === undefined) await this.#begin()
        while ((await this.#read(undefined)) >= MAX_ENTRIES);
        this.#listener.onCaughtUp()
        pauseMs = FIRST_PAUSE_MS
        while (!signal.aborted) await this.#read(BLOCK_MS)
      } catch (error) {
        if (signal.aborted) break
        this.#listener.onReaderFailed(error as Error)
        this.#disconnect()
        await pause(pauseMs, signal).catch(() => undefined)
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      }
    }
    this.#disconnect()
  }

  stop(): void {
    this.#stop.abort()
    this.#disconnect()
  }

  async #connect(): Promise<void> {
    this.#disconnect()
    this.#connection = this.#client.duplicate()
    await this.#inTime(this.#connection.open(), this.#timeoutMs)
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Finds where to begin. */
  async #begin(): Promise<void> {
    const { all } = this.#keys
    const sent = this.#connection?.send(all, ['EVAL', HEAD_OF_BUS.text, '1', all])
    const [entries, last, now] = asList(await this.#inTime(sent, this.#timeoutMs))
    const [first] = asEntries(entries)
    this.#before = first === undefined ? asNumber(last) : Number(fieldOf(first, 'p'))
    this.#seen = first === undefined ? Math.max(asNumber(last), asNumber(now) - 1) : first.sequence - 1
    this.#listener.events.onMissed(this.#seen)
  }

  /** @param blockMs - undefined: does not wait. @returns how many there were */
  async #read(blockMs: number | undefined): Promise<number> {
    const { all } = this.#keys
    const inbox = this.#keys.inbox(this.#node)
    const block = blockMs === undefined ? [] : ['BLOCK', String(blockMs)]
    const command: Command = ['XREAD', 'COUNT', String(MAX_ENTRIES), ...block, 'STREAMS']
    const sent = this.#connection?.send(all, [...command, all, inbox, `${this.seen}-0`, this.#inboxId])
    const reply = await this.#inTime(sent, this.#timeoutMs + (blockMs ?? 0))
    let count = 0
    for (const [key, entries] of asStreams(reply)) {
      count = Math.max(count, entries.length)
      // The client may put a prefix of its own before keys.
      if (key.endsWith(all)) for (const entry of entries) this.#deliver(entry)
      else if (key.endsWith(inbox)) for (const entry of entries) this.#deliverOwn(entry)
    }
    return count
  }

  #deliver(entry: StreamEntry): void {
    const { events } = this.#listener
    const from = fieldOf(entry, 'f')
    if (from === undefined) {
      this.#foreign.report(this.#keys.all)
      return
    }
    if (Number(fieldOf(entry, 'p')) !== this.#before) events.onMissed(entry.sequence - 1)
    this.#before = entry.sequence
    this.#seen = entry.sequence
    const message = fieldOf(entry, 'm')
    if (message !== undefined) events.onBroadcast(message, entry.sequence, from)
    else if (from !== this.#node) this.#listener.onNodeLeft(from)
  }

  #deliverOwn(entry: StreamEntry): void {
    this.#inboxId = entry.id
    const from = fieldOf(entry, 'f')
    const message = fieldOf(entry, 'm')
    if (from !== undefined && message !== undefined) this.#listener.events.onMessage(message, from)
  }

  /** @throws {McpError} ERR_STORE_UNAVAILABLE: not settled in time */
  #inTime<T>(promise: Promise<T> | undefined, ms: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const late = () => reject(unavailable(`no message and no sign of life within ${ms} ms`))
      // A timer may be late because this process was held up; what has arrived meanwhile is read first.
      const timer = setTimeout(() => nextTurn(() => nextTurn(late)), ms)
      const end = <V>(settle: (value: V) => void) => {
        return (value: V) => {
          clearTimeout(timer)
          settle(value)
        }
      }
      Promise.resolve(promise).then(end(resolve), end(reject))
    })
  }
}
