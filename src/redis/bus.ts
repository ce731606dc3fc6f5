/**
 * The sending side of the bus on Redis: messages to all, and messages to one node. Each of the two is a queue whose first
 * messages are under way as one batch.
 *
 *    publish   waits for the store, within a number of bytes, and is sent again until it is stored
 *    send      is refused when the store cannot be reached: who sends decides what follows
 *
 * Not here: receiving (reader.ts).
 */

import { textBytes } from '../bounds/heap-size.ts'
import { nextTurn } from '../bounds/runtime.ts'
import type { Bus } from '../store/bus.ts'
import { unavailable } from '../store/unavailable.ts'
import { PUBLISH, SEND } from './bus-scripts.ts'
import type { Commands } from './commands.ts'
import type { Keys } from './keys.ts'
import { asList, asNumber } from './reply.ts'
import type { WaitingBytes } from './waiting-bytes.ts'

/** Messages of one batch, and bytes after which no more are added. */
const MAX_BATCH = 500
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/** Entries of one inbox; above it messages to the node are refused until it has read some. */
const MAX_INBOX = 100_000
/** Of a message that waits, besides its text. */
const MESSAGE_BYTES = 256

interface Published {
  readonly message: string
  readonly bytes: number
  resolve(): void
  reject(error: Error): void
}

interface Sent {
  readonly node: string
  readonly message: string
  readonly bytes: number
  resolve(isStored: boolean): void
  reject(error: Error): void
}

export interface BusSettings {
  readonly maxRetainedMessages: number
  readonly retainMs: number
  /** How long keys are kept that are not used. */
  readonly keepMs: number
}

export class RedisBus implements Bus {
  readonly #node: string
  readonly #commands: Commands
  readonly #keys: Keys
  readonly #settings: BusSettings
  readonly #bytes: WaitingBytes
  /** Sequence of the newest message that this node has seen. */
  readonly #seen: () => number
  readonly #onWritten: () => void
  #published: Published[] = []
  #sent: Sent[] = []
  /** How many at the start of `#published` are under way, or were: they stay one batch. */
  #batchSize = 0
  #publishNumber = 0
  #sendNumber = 0
  #isPublishing = false
  #isSending = false
  #isStopped = false

  constructor(
    node: string,
    commands: Commands,
    keys: Keys,
    settings: BusSettings,
    bytes: WaitingBytes,
    seen: () => number,
    onWritten: () => void,
  ) {
    this.#node = node
    this.#commands = commands
    this.#keys = keys
    this.#settings = settings
    this.#bytes = bytes
    this.#seen = seen
    this.#onWritten = onWritten
  }

  get isWaiting(): boolean {
    return this.#published.length > 0 || this.#sent.length > 0
  }

  publish(message: string): Promise<void> {
    const bytes = MESSAGE_BYTES + textBytes(message)
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#published.push({ message, bytes, resolve, reject })
      this.#bytes.add(bytes)
      if (this.#published.length === 1) nextTurn(() => void this.#publishAll())
    })
  }

  send(node: string, message: string): Promise<boolean> {
    const bytes = MESSAGE_BYTES + textBytes(message)
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#sent.push({ node, message, bytes, resolve, reject })
      this.#bytes.add(bytes)
      if (this.#sent.length === 1) nextTurn(() => void this.#sendAll())
    })
  }

  /** Publishes what waits: when the store can be reached again. */
  writeAll(): void {
    void this.#publishAll()
  }

  /** Refuses what waits, and all that comes. */
  stop(error: Error): void {
    this.#isStopped = true
    for (const { reject } of [
      ...this.#takePublished(this.#published.length),
      ...this.#takeSent(this.#sent.length),
    ]) {
      reject(error)
    }
    this.#batchSize = 0
    this.#onWritten()
  }

  #refusal(bytes: number): Error | undefined {
    if (this.#isStopped) return unavailable('this node has left')
    const { used, max } = this.#bytes
    return used + bytes > max ? unavailable(`more than ${max} bytes wait for it`) : undefined
  }

  async #publishAll(): Promise<void> {
    if (this.#isPublishing) return
    this.#isPublishing = true
    try {
      while (this.#published.length > 0) await this.#publishBatch()
    } catch (error) {
      // Where the store is away, the batch is sent again when it is back. Otherwise the server refuses this one.
      if (this.#commands.isOpen) this.#endBatch(({ reject }) => reject(error as Error))
      return
    } finally {
      this.#isPublishing = false
    }
    if (!this.isWaiting) this.#onWritten()
  }

  async #publishBatch(): Promise<void> {
    if (this.#batchSize === 0) {
      this.#batchSize = sizeOfBatch(this.#published)
      this.#publishNumber += 1
    }
    const { all, counters } = this.#keys
    const { maxRetainedMessages, retainMs, keepMs } = this.#settings
    const numbers = [this.#publishNumber, this.#seen(), maxRetainedMessages, retainMs, keepMs]
    const messages = this.#published.slice(0, this.#batchSize).map(({ message }) => message)
    await this.#commands.run(PUBLISH, [all, counters], [this.#node, ...numbers, ...messages])
    this.#endBatch(({ resolve }) => resolve())
  }

  #endBatch(end: (message: Published) => void): void {
    const batch = this.#takePublished(this.#batchSize)
    this.#batchSize = 0
    for (const message of batch) end(message)
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    while (this.#sent.length > 0) await this.#sendBatch(this.#takeSent(sizeOfBatch(this.#sent)))
    this.#isSending = false
    if (!this.isWaiting) this.#onWritten()
  }

  async #sendBatch(batch: readonly Sent[]): Promise<void> {
    this.#sendNumber += 1
    const { nodes, counters } = this.#keys
    const keys = [nodes, counters, ...batch.map(({ node }) => this.#keys.inbox(node))]
    const args = [this.#node, this.#sendNumber, MAX_INBOX, this.#settings.keepMs]
    const messages = batch.flatMap(({ node, message }) => [node, message])
    try {
      const results = asList(await this.#commands.run(SEND, keys, [...args, ...messages]))
      for (const [place, { node, resolve, reject }] of batch.entries()) {
        const result = asNumber(results[place])
        if (result >= 0) resolve(result === 1)
        else reject(unavailable(`too many messages wait for the node ${node}`))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error as Error)
    }
  }

  #takePublished(count: number): readonly Published[] {
    const taken = this.#published.splice(0, count)
    for (const { bytes } of taken) this.#bytes.add(-bytes)
    return taken
  }

  #takeSent(count: number): readonly Sent[] {
    const taken = this.#sent.splice(0, count)
    for (const { bytes } of taken) this.#bytes.add(-bytes)
    return taken
  }
}

function sizeOfBatch(waiting: readonly { readonly bytes: number }[]): number {
  let bytes = 0
  let count = 0
  while (count < Math.min(waiting.length, MAX_BATCH) && bytes < MAX_BATCH_BYTES) {
    bytes += (waiting[count] as { bytes: number }).bytes
    count += 1
  }
  return count
}
