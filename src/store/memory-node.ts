/**
 * One node of a store in memory. What it asks is answered in a later turn of the event loop, as by a store that is
 * somewhere else, and so is what it receives: to a handler there is no difference.
 *
 * Invariant: while the node cannot reach the store (a test says so), nothing of it is done, and nothing is delivered to it.
 */

import { randomBytes } from 'node:crypto'
import { textBytes } from '../bounds/heap-size.ts'
import { nextTurn, unref } from '../bounds/runtime.ts'
import type { Bus } from './bus.ts'
import type { EventLogStore, EventLogWriter } from './event-log-store.ts'
import type { KeyStore } from './key-store.ts'
import type { Leases } from './leases.ts'
import type { SessionStore } from './session-store.ts'
import type { Member, SharedMemory } from './shared-memory.ts'
import type { NodeEvents, StoreNode, StoreStats } from './store.ts'
import { FINISHED_MS } from './stored-events.ts'
import type { TaskStore } from './task-store.ts'
import { unavailable } from './unavailable.ts'

/** Of what waits, besides its text. */
const WAITING_BYTES = 128
/** Messages that one node has not received yet; more are refused. */
const MAX_INBOX = 10_000

/** A write that waits for the store. */
interface Waiting {
  readonly bytes: number
  /** Where too much waits, events are given up and messages are refused. */
  readonly isEvent: boolean
  run(): void
  fail?(error: Error): void
}

export class MemoryNode implements StoreNode, Member {
  readonly id = newNodeId()
  readonly sessions: SessionStore
  readonly events: EventLogStore
  readonly bus: Bus
  readonly tasks: TaskStore
  readonly keys: KeyStore
  readonly leases: Leases
  readonly #shared: SharedMemory
  readonly #events: NodeEvents
  /** In order. Bounded by `maxWaitingBytes`. */
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** For this node alone, in order. Bounded by `MAX_INBOX`. */
  #inbox: ((events: NodeEvents) => void)[] = []
  /** Sequence of the last message to all that was delivered; undefined: it has not joined yet. */
  #position: number | undefined
  #isReachable: boolean
  #hasLeft = false
  #isScheduled = false
  #onFlushed: (() => void)[] = []

  constructor(shared: SharedMemory, events: NodeEvents, isReachable: boolean) {
    this.#shared = shared
    this.#events = events
    this.#isReachable = isReachable
    const { sessions, tasks, keys } = shared
    this.sessions = {
      create: (id, record, ttlMs) => this.#ask(() => sessions.create(id, record, ttlMs)),
      read: (id) => this.#ask(() => sessions.read(id)),
      setField: (id, name, value, ttlMs) => this.#ask(() => sessions.setField(id, name, value, ttlMs)),
      touch: (id, record, ttlMs) => this.#ask(() => sessions.touch(id, record, ttlMs)),
      delete: (id, ttlMs) => this.#ask(() => sessions.delete(id, ttlMs)),
    }
    this.tasks = {
      create: (record) => this.#ask(() => tasks.create(record)),
      read: (id) => this.#ask(() => tasks.read(id)),
      update: (record) => this.#ask(() => tasks.update(record)),
      delete: (id) => this.#ask(() => tasks.delete(id)),
      list: (owner) => this.#ask(() => tasks.list(owner)),
    }
    this.keys = {
      read: (purpose, rotateMs, keepMs) => this.#ask(() => keys.read(purpose, rotateMs, keepMs)),
    }
    this.bus = {
      publish: (message) => this.#publish(message),
      send: (node, message) =>
        this.#ask(() => {
          const member = shared.nodes.get(node)
          if (member === undefined) return false
          if (member.accept((other) => other.onMessage(message, this.id))) return true
          throw unavailable(`too many messages wait for the node ${node}`)
        }),
    }
    this.events = {
      create: (session, stream, meta, ttlMs) => this.#createLog(session, stream, meta, ttlMs),
      read: (session, stream, after) => this.#ask(() => shared.logs.read(logKey(session, stream), after)),
      finish: (session, stream, sequence, data, meta) =>
        this.#ask(() => {
          const key = logKey(session, stream)
          if (meta !== undefined) shared.logs.create(key, meta, FINISHED_MS)
          return shared.logs.append(key, sequence, data, 0) && shared.logs.finish(key)
        }),
    }
    this.leases = { leaseMs: shared.settings.leaseMs, isAlive: (node) => shared.nodes.has(node) }
    this.wake()
  }

  get available(): boolean {
    return this.#isReachable && this.#position !== undefined && !this.#hasLeft
  }

  stats(): StoreStats {
    const { size } = this.#shared.nodes
    return { available: this.available, nodes: size, latencyMs: 0, waitingBytes: this.#waitingBytes }
  }

  flush(timeoutMs: number): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onFlushed.push(resolve)
      unref(setTimeout(resolve, timeoutMs))
    })
  }

  leave(): Promise<void> {
    if (!this.#hasLeft) {
      this.disconnect()
      this.#shared.remove(this.id)
    }
    return Promise.resolve()
  }

  /** From now on it sends and receives nothing, as when its process has died. */
  disconnect(): void {
    this.#hasLeft = true
    this.#failWaiting(unavailable('this node has left'))
    this.#inbox = []
  }

  setReachable(isReachable: boolean): void {
    if (this.#hasLeft || this.#isReachable === isReachable) return
    this.#isReachable = isReachable
    if (isReachable) this.#schedule(true)
    else this.#events.onUnavailable(unavailable('it was made unavailable'))
  }

  accept(deliver: (events: NodeEvents) => void): boolean {
    // The process of a node that has died accepts for as long as its lease runs.
    if (this.#hasLeft) return true
    if (this.#inbox.length >= MAX_INBOX) return false
    this.#inbox.push(deliver)
    this.#schedule()
    return true
  }

  wake(): void {
    this.#schedule()
  }

  async #ask<T>(run: () => T): Promise<T> {
    this.#requireReachable()
    await new Promise<void>(nextTurn)
    this.#requireReachable()
    return run()
  }

  #requireReachable(): void {
    if (this.#hasLeft) throw unavailable('this node has left')
    if (!this.#isReachable) throw unavailable('it was made unavailable')
  }

  #publish(message: string): Promise<void> {
    return new Promise((resolve, fail) => {
      const bytes = WAITING_BYTES + textBytes(message)
      const run = () => {
        this.#shared.publish(message, this.id)
        resolve()
      }
      this.#write({ bytes, isEvent: false, run, fail })
    })
  }

  #createLog(session: string, stream: string, firstMeta: string, ttlMs: number): EventLogWriter {
    const key = logKey(session, stream)
    let meta = firstMeta
    const { logs } = this.#shared
    let isClosed = false
    const write = (text: string, run: () => boolean | undefined) => {
      if (isClosed) return
      const attempt = () => {
        if (isClosed) return
        // A log that was dropped at a limit begins anew: readers find a gap, and what follows.
        logs.create(key, meta, ttlMs)
        if (run() !== false) return
        isClosed = true
        this.#events.onStreamTaken(session, stream)
      }
      this.#write({ bytes: WAITING_BYTES + textBytes(text), isEvent: true, run: attempt })
    }
    write(meta, () => undefined)
    return {
      append: (sequence, data, oldest) => write(data, () => logs.append(key, sequence, data, oldest)),
      describe: (text) =>
        write(text, () => {
          meta = text
          logs.describe(key, text)
        }),
      touch: () => write('', () => void logs.touch(key)),
      finish: () =>
        write('', () => {
          const isFinished = logs.finish(key)
          isClosed ||= isFinished
          return isFinished
        }),
      // Also once it is finished.
      delete: () => {
        const run = () => {
          isClosed = true
          logs.delete(key)
        }
        this.#write({ bytes: WAITING_BYTES, isEvent: true, run })
      },
    }
  }

  #write(write: Waiting): void {
    if (this.#hasLeft) {
      write.fail?.(unavailable('this node has left'))
      return
    }
    const { maxWaitingBytes } = this.#shared.settings
    while (write.isEvent && this.#waitingBytes + write.bytes > maxWaitingBytes && this.#giveUpOldest());
    if (this.#waitingBytes + write.bytes > maxWaitingBytes) {
      write.fail?.(unavailable(`more than ${maxWaitingBytes} bytes wait for it`))
      return
    }
    this.#waiting.push(write)
    this.#waitingBytes += write.bytes
    this.#schedule()
  }

  /** @returns false: no event waits */
  #giveUpOldest(): boolean {
    const place = this.#waiting.findIndex(({ isEvent }) => isEvent)
    const [oldest] = place < 0 ? [] : this.#waiting.splice(place, 1)
    this.#waitingBytes -= oldest?.bytes ?? 0
    return oldest !== undefined
  }

  #failWaiting(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const { fail } of waiting) fail?.(error)
    this.#flushed()
  }

  #flushed(): void {
    const resolvers = this.#onFlushed
    this.#onFlushed = []
    for (const resolve of resolvers) resolve()
  }

  /** @param isBack - the store can be reached again */
  #schedule(isBack = false): void {
    if (!this.#isReachable || this.#hasLeft || (this.#isScheduled && !isBack)) return
    this.#isScheduled = true
    nextTurn(() => {
      this.#isScheduled = false
      if (this.#isReachable && !this.#hasLeft) this.#turn(isBack)
    })
  }

  /** Writes what waits, and delivers what has come. */
  #turn(isBack: boolean): void {
    const isFirst = this.#position === undefined
    const writes = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const { run } of writes) run()
    this.#flushed()
    const { messages, missed } = this.#shared.readAfter(this.#position ?? 0)
    if (missed > (this.#position ?? -1)) {
      this.#position = missed
      this.#events.onMissed(missed)
    }
    for (const { message, sequence, from } of messages) {
      this.#position = sequence
      this.#events.onBroadcast(message, sequence, from)
    }
    const inbox = this.#inbox
    this.#inbox = []
    for (const deliver of inbox) deliver(this.#events)
    if (isFirst || isBack) this.#events.onAvailable()
  }
}

function logKey(sessionId: string, stream: string): string {
  return `${sessionId} ${stream}`
}

/** Of the characters 0-9 and a-f. */
function newNodeId(): string {
  return randomBytes(6).toString('hex')
}
