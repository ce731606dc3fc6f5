/**
 * A store in the memory of one process: several handlers of it are nodes that share sessions, events, tasks and keys. For
 * tests of an application that will run as several processes, and for handlers of one process that serve the same URL.
 *
 * Not here: what several processes share, such as `redisStore` of `barewire/redis`.
 */

import { checkAll, checkCount, checkTime } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import type { Given } from '../bounds/option-types.ts'
import { unref } from '../bounds/runtime.ts'
import { MemoryNode } from './memory-node.ts'
import { type MemoryStoreSettings, SharedMemory } from './shared-memory.ts'
import type { NodeEvents, Store, StoreNode } from './store.ts'

export interface MemoryStoreOptions {
  /** How long a node counts as alive after it was last heard of. @defaultValue 10 s */
  readonly leaseMs?: number | undefined
  /** Bytes of events and messages of one node that wait to be written. @defaultValue 16 MiB */
  readonly maxWaitingBytes?: number | undefined
  /** Bytes of all sessions; above it the one that was used longest ago is dropped. @defaultValue 64 MiB */
  readonly maxSessionBytes?: number | undefined
  /** Bytes of the events of all streams; above it those of the stream that was silent longest are dropped. @defaultValue 64 MiB */
  readonly maxEventBytes?: number | undefined
  /** Messages to all nodes that are retained for a node that joins later. @defaultValue 10 000 */
  readonly maxRetainedMessages?: number | undefined
  /** Bytes of these messages. @defaultValue 16 MiB */
  readonly maxRetainedBytes?: number | undefined
  /** How long they are retained. @defaultValue 5 minutes */
  readonly retainMs?: number | undefined
  /** Tasks, running or over. Above it the one that ended first is deleted; -32000 when all are running. @defaultValue 10 000 */
  readonly maxTasks?: number | undefined
  /** The same for one principal. @defaultValue 100 */
  readonly maxTasksPerPrincipal?: number | undefined
  /** Bytes of all results; above it, those of the tasks that ended first are deleted. @defaultValue 64 MiB */
  readonly maxTaskBytes?: number | undefined
}

const MiB = 1024 * 1024
const COUNTS = {
  maxWaitingBytes: 16 * MiB,
  maxSessionBytes: 64 * MiB,
  maxEventBytes: 64 * MiB,
  maxRetainedMessages: 10_000,
  maxRetainedBytes: 16 * MiB,
  maxTasks: 10_000,
  maxTasksPerPrincipal: 100,
  maxTaskBytes: 64 * MiB,
}
const TIMES = { leaseMs: 10_000, retainMs: 300_000 }

/**
 * Makes a store in the memory of this process.
 *
 * @example
 * ```ts
 * const store = memoryStore()
 * const handlers = [createMcpHandler(server, { store }), createMcpHandler(server, { store })]
 * ```
 *
 * @throws {TypeError} naming what is wrong with an option
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options)
}

/** With the means of a test to make nodes die and the store unreachable. */
export class MemoryStore implements Store {
  readonly #shared: SharedMemory
  readonly #nodes = new Map<string, MemoryNode>()
  #isReachable = true

  constructor(options: Given<MemoryStoreOptions> = {}) {
    checkNames(options, [...Object.keys(COUNTS), ...Object.keys(TIMES)], 'memoryStore.')
    const settings: MemoryStoreSettings = {
      ...checkAll(options, COUNTS, 'memoryStore.', checkCount),
      ...checkAll(options, TIMES, 'memoryStore.', checkTime),
    }
    this.#shared = new SharedMemory(settings)
  }

  join(events: NodeEvents): StoreNode {
    const node = new MemoryNode(this.#shared, events, this.#isReachable)
    for (const id of this.#nodes.keys()) if (!this.#shared.nodes.has(id)) this.#nodes.delete(id)
    this.#nodes.set(node.id, node)
    this.#shared.nodes.set(node.id, node)
    return node
  }

  /** For tests: the process of a node has died. The others are notified when its lease is over. */
  kill(id: string): void {
    this.#nodes.get(id)?.disconnect()
    unref(setTimeout(() => this.#shared.remove(id), this.#shared.settings.leaseMs))
  }

  /** For tests: one node, or all of them, can or cannot reach the store. */
  setAvailable(isAvailable: boolean, id?: string): void {
    if (id === undefined) this.#isReachable = isAvailable
    for (const [key, node] of this.#nodes) {
      if (id === undefined || id === key) node.setReachable(isAvailable)
    }
  }
}
