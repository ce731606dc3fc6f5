/**
 * One node of a store on Redis: makes its parts, and knows whether the store can be reached.
 *
 *    joining ----> available <----> away            away: a command failed or had no reply in time,
 *       \---------------------------^                     or the reader has no connection
 *                                                   available: the lease is renewed, and the reader has caught up
 *
 * While the store is away, commands are refused at once (commands.ts); what is written behind waits (event-logs.ts, bus.ts).
 */

import { randomBytes } from 'node:crypto'
import { messageOf } from '../bounds/quote.ts'
import { unref } from '../bounds/runtime.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { NodeEvents, StoreNode, StoreStats } from '../store/store.ts'
import { unavailable } from '../store/unavailable.ts'
import { RedisBus } from './bus.ts'
import { LEAVE } from './bus-scripts.ts'
import type { Connection } from './client.ts'
import { Commands } from './commands.ts'
import { RedisEventLogs } from './event-logs.ts'
import { ForeignData } from './foreign-data.ts'
import { Keys } from './keys.ts'
import { RedisLeases } from './leases.ts'
import type { RedisStoreSettings } from './options.ts'
import { Reader } from './reader.ts'
import { RedisSecrets } from './secrets.ts'
import { RedisSessions } from './sessions.ts'
import { RedisTasks } from './tasks.ts'
import { WaitingBytes } from './waiting-bytes.ts'

/** How long what the nodes share is kept after the last of them was heard of. */
const KEEP_MS = 3_600_000

type State = 'joining' | 'available' | 'away' | 'left'

export class RedisNode implements StoreNode {
  readonly id = randomBytes(6).toString('hex')
  readonly sessions: RedisSessions
  readonly events: RedisEventLogs
  readonly bus: RedisBus
  readonly tasks: RedisTasks
  readonly keys: RedisSecrets
  readonly leases: RedisLeases
  readonly #settings: RedisStoreSettings
  readonly #names: Keys
  readonly #listener: NodeEvents
  readonly #commands: Commands
  readonly #reader: Reader
  readonly #waiting: WaitingBytes
  readonly #onLeft: () => void
  #state: State = 'joining'
  /** The lease was renewed since the store was away. */
  #isRenewed = false
  /** The reader is connected, and has caught up. */
  #isReading = false
  #readerTimer: NodeJS.Timeout | undefined
  #onFlushed: (() => void)[] = []

  constructor(
    connection: Connection,
    settings: RedisStoreSettings,
    listener: NodeEvents,
    onLeft: () => void,
  ) {
    this.#settings = settings
    this.#listener = listener
    this.#onLeft = onLeft
    const { timeoutMs, leaseMs, maxWaitingBytes, maxRetainedMessages, retainMs } = settings
    const keys = new Keys(settings.prefix)
    this.#names = keys
    const foreign = new ForeignData((error) => listener.onProblem(error))
    const commands = new Commands(connection, timeoutMs, {
      onAway: (error) => this.#away(error),
      onProblem: (error) => foreign.reportOnce(error.message, error),
    })
    this.#commands = commands
    this.#waiting = new WaitingBytes(maxWaitingBytes)
    const onWritten = () => this.#written()
    this.sessions = new RedisSessions(commands, keys, foreign)
    this.events = new RedisEventLogs(
      this.id,
      commands,
      keys,
      foreign,
      this.#waiting,
      (sessionId, stream) => listener.onStreamTaken(sessionId, stream),
      onWritten,
    )
    this.#reader = new Reader(this.id, connection, keys, foreign, timeoutMs, {
      events: listener,
      onCaughtUp: () => this.#caughtUp(),
      onReaderFailed: (error) => this.#readerFailed(error),
      onNodeLeft: (node) => this.leases.left(node),
    })
    this.bus = new RedisBus(
      this.id,
      commands,
      keys,
      { maxRetainedMessages, retainMs, keepMs: KEEP_MS },
      this.#waiting,
      () => this.#reader.seen,
      onWritten,
    )
    const { maxTasks: max, maxTasksPerPrincipal: maxPerPrincipal, maxTaskBytes: maxBytes } = settings
    this.tasks = new RedisTasks(commands, keys, foreign, { max, maxPerPrincipal, maxBytes })
    this.keys = new RedisSecrets(commands, keys, foreign)
    this.leases = new RedisLeases(this.id, leaseMs, commands, keys, KEEP_MS, () => this.#reader.inboxId, {
      onNodeGone: (node) => listener.onNodeGone(node),
      onRenewed: () => this.#renewed(),
      onRenewalFailed: (error) => this.#away(error),
    })
    void this.#join(connection, timeoutMs)
  }

  get available(): boolean {
    return this.#state === 'available'
  }

  stats(): StoreStats {
    return {
      available: this.available,
      nodes: this.leases.count,
      latencyMs: this.#commands.latencyMs,
      waitingBytes: this.#waiting.used,
    }
  }

  flush(timeoutMs: number): Promise<void> {
    if (!this.#isWaiting) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = unref(setTimeout(resolve, timeoutMs))
      this.#onFlushed.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  async leave(): Promise<void> {
    if (this.#state === 'left') return
    const wasAvailable = this.available
    this.#state = 'left'
    this.#reader.stop()
    this.leases.stop()
    clearTimeout(this.#readerTimer)
    const error = unavailable('this node has left')
    this.events.stop()
    this.bus.stop(error)
    const { nodes, all, counters } = this.#names
    const keys = [nodes, all, counters, this.#names.inbox(this.id)]
    const args = [this.id, this.#settings.maxRetainedMessages, KEEP_MS]
    // Otherwise its lease ends by itself.
    if (wasAvailable) await this.#commands.run(LEAVE, keys, args).catch(() => undefined)
    this.#commands.stop(error)
    this.#onLeft()
  }

  get #isWaiting(): boolean {
    return this.events.isWaiting || this.bus.isWaiting
  }

  async #join(connection: Connection, timeoutMs: number): Promise<void> {
    // What fails here fails for the commands too, and is reported by them. Some clients refuse commands until then.
    const opened = connection.open().catch(() => undefined)
    await Promise.race([opened, new Promise((resolve) => unref(setTimeout(resolve, timeoutMs)))])
    if (this.#state === 'left') return
    await this.leases.renew()
    void this.#reader.run()
  }

  #renewed(): void {
    this.#isRenewed = true
    this.#update()
  }

  #caughtUp(): void {
    clearTimeout(this.#readerTimer)
    this.#readerTimer = undefined
    this.#isReading = true
    this.#update()
  }

  #readerFailed(error: Error): void {
    this.#isReading = false
    // A connection may break and be made again without anybody noticing.
    this.#readerTimer ??= unref(
      setTimeout(() => {
        if (!this.#isReading) this.#away(unavailable(`no messages can be read: ${messageOf(error)}`, error))
      }, this.#settings.timeoutMs),
    )
  }

  #update(): void {
    if (this.#state === 'left' || this.#state === 'available' || !this.#isRenewed || !this.#isReading) return
    this.#state = 'available'
    this.#commands.open()
    this.events.writeAll()
    this.bus.writeAll()
    this.#listener.onAvailable()
  }

  #away(cause: Error): void {
    if (this.#state === 'left') return
    const error = cause instanceof McpError ? cause : unavailable(messageOf(cause), cause)
    const wasAway = this.#state === 'away'
    this.#state = 'away'
    this.#isRenewed = false
    this.#commands.close(error)
    if (wasAway) return
    this.leases.interrupt()
    this.#listener.onUnavailable(error)
  }

  #written(): void {
    if (this.#isWaiting) return
    const resolvers = this.#onFlushed
    this.#onFlushed = []
    for (const resolve of resolvers) resolve()
  }
}
