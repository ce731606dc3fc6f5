/** What the nodes of a store in memory share. */

import { textBytes } from '../bounds/heap-size.ts'
import { MemoryEventLogs } from './memory-event-logs.ts'
import { MemoryKeys } from './memory-keys.ts'
import { MemorySessions } from './memory-sessions.ts'
import { MemoryTaskStore } from './memory-task-store.ts'
import type { NodeEvents } from './store.ts'

export interface MemoryStoreSettings {
  readonly leaseMs: number
  readonly maxWaitingBytes: number
  readonly maxSessionBytes: number
  readonly maxEventBytes: number
  readonly maxRetainedMessages: number
  readonly maxRetainedBytes: number
  readonly retainMs: number
  readonly maxTasks: number
  readonly maxTasksPerPrincipal: number
  readonly maxTaskBytes: number
}

/** A node, for the others. */
export interface Member {
  /** Something for this node alone. @returns false: too much waits for it */
  accept(deliver: (events: NodeEvents) => void): boolean
  /** There is something new for all. */
  wake(): void
}

export interface Broadcast {
  readonly message: string
  readonly sequence: number
  readonly from: string
  readonly at: number
  readonly bytes: number
}

/** Of a message, its object and its place in an array. */
const MESSAGE_BYTES = 96

export class SharedMemory {
  readonly settings: MemoryStoreSettings
  readonly sessions: MemorySessions
  readonly logs: MemoryEventLogs
  readonly tasks: MemoryTaskStore
  readonly keys = new MemoryKeys()
  /** By id. Lifecycle: from `join` until it leaves, or its lease is over. */
  readonly nodes = new Map<string, Member>()
  /** The newest messages to all nodes, in order. Bounded in number, bytes and age. */
  #retained: Broadcast[] = []
  #retainedBytes = 0
  #sequence = 0

  constructor(settings: MemoryStoreSettings) {
    this.settings = settings
    this.sessions = new MemorySessions(settings.maxSessionBytes)
    this.logs = new MemoryEventLogs(settings.maxEventBytes)
    this.tasks = new MemoryTaskStore({
      max: settings.maxTasks,
      maxPerPrincipal: settings.maxTasksPerPrincipal,
      maxBytes: settings.maxTaskBytes,
    })
  }

  publish(message: string, from: string): void {
    this.#sequence += 1
    const bytes = MESSAGE_BYTES + textBytes(message)
    this.#retained.push({ message, from, bytes, sequence: this.#sequence, at: Date.now() })
    this.#retainedBytes += bytes
    this.#trim()
    for (const node of this.nodes.values()) node.wake()
  }

  /** @returns the messages after a sequence, and the last sequence of those before the first that is retained */
  readAfter(sequence: number): { readonly messages: readonly Broadcast[]; readonly missed: number } {
    this.#trim()
    const missed = (this.#retained[0]?.sequence ?? this.#sequence + 1) - 1
    return { messages: this.#retained.filter((message) => message.sequence > sequence), missed }
  }

  /** Ends the lease of a node. */
  remove(id: string): void {
    if (!this.nodes.delete(id)) return
    for (const node of this.nodes.values()) node.accept((events) => events.onNodeGone(id))
  }

  #trim(): void {
    const { maxRetainedMessages, maxRetainedBytes, retainMs } = this.settings
    let count = 0
    for (const { at, bytes } of this.#retained) {
      const isFull =
        this.#retained.length - count > maxRetainedMessages || this.#retainedBytes > maxRetainedBytes
      if (!isFull && at + retainMs > Date.now()) break
      this.#retainedBytes -= bytes
      count += 1
    }
    if (count > 0) this.#retained = this.#retained.slice(count)
  }
}
