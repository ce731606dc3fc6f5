/**
 * The store: what several processes that serve one URL share, so that any of them can serve any request. Each handler
 * joins it as one node.
 *
 *    sessions   the records of sessions, by id                                        session-store.ts
 *    events     the events of the streams of calls, for clients that reconnect        event-log-store.ts
 *    bus        messages between nodes: to all of them in one order, or to one        bus.ts
 *    tasks      the records of tasks                                                  task-store.ts
 *    keys       secrets that all nodes have                                           key-store.ts
 *    leases     which nodes are alive                                                 leases.ts
 *
 * Texts are opaque to a store: the eras write and read them. Times are those of the store's own clock, so that the
 * clocks of the nodes need not agree.
 *
 * A store that cannot be reached rejects with `McpError` `ERR_STORE_UNAVAILABLE`, within a time limit of its own, and
 * connects again by itself. What is written behind a request (events, messages to all nodes) waits in a bounded buffer
 * meanwhile. Every write can be repeated without another effect, since the outcome of one that timed out is not known.
 *
 * Not here: the implementations (memory-store.ts, ../redis/), the contract that each must fulfil (../store-contract/).
 */

import { shown } from '../bounds/quote.ts'
import type { Bus } from './bus.ts'
import type { EventLogStore } from './event-log-store.ts'
import type { KeyStore } from './key-store.ts'
import type { Leases } from './leases.ts'
import type { SessionStore } from './session-store.ts'
import type { TaskStore } from './task-store.ts'

/** What a node receives from the store. No method may throw. */
export interface NodeEvents {
  /**
   * A message that a node published to all, this one included. All nodes get all messages in the same order. The
   * retained ones of before this node joined are delivered first.
   *
   * @param sequence - rises with each message, and is the same on all nodes
   * @param from - id of the node that published it
   */
  onBroadcast(message: string, sequence: number, from: string): void
  /**
   * Messages to all nodes up to this sequence may not have been delivered, and will not be. Called at the start too, with
   * the sequence before that of the first one that is retained.
   */
  onMissed(sequence: number): void
  /** A message for this node alone: each once, those of one node in the order in which they were sent. */
  onMessage(message: string, from: string): void
  /** A node has left, or its lease is over: its calls will not be answered by it. Never called for this node. */
  onNodeGone(node: string): void
  /** Another node has finished a stream of this one, since it took this one for dead: what follows is not stored. */
  onStreamTaken(sessionId: string, stream: string): void
  /** The store can be reached: for the first time, or again. */
  onAvailable(): void
  /** The store cannot be reached any more. Called once for each outage. */
  onUnavailable(error: Error): void
  /** Something is wrong that does not end by itself: data that is not of this library, a command that is refused. Once for each. */
  onProblem(error: Error): void
}

export interface StoreStats {
  /** Whether it can be reached now. */
  readonly available: boolean
  /** Nodes that are alive, this one included. */
  readonly nodes: number
  /** Milliseconds that the last requests took, as a moving average. */
  readonly latencyMs: number
  /** Bytes of events and messages that wait to be written. */
  readonly waitingBytes: number
}

/** One node's connection to the store. */
export interface StoreNode {
  /** Of this node: random, of the characters 0-9 and a-z, never used again. */
  readonly id: string
  /** Whether the store can be reached, and the retained messages of before the join have been delivered. */
  readonly available: boolean
  /** The records of sessions, by id. */
  readonly sessions: SessionStore
  /** The events of the streams of calls. */
  readonly events: EventLogStore
  /** Messages between nodes. */
  readonly bus: Bus
  /** The records of tasks; used where `tasks.store` is not given. */
  readonly tasks: TaskStore
  /** Secrets that all nodes have. */
  readonly keys: KeyStore
  /** Which nodes are alive. */
  readonly leases: Leases
  /** What is known of the store now. */
  stats(): StoreStats
  /** Resolves when everything that waits is written, or the time is over. */
  flush(timeoutMs: number): Promise<void>
  /** Gives up the lease and disconnects. Whatever still waits is lost. */
  leave(): Promise<void>
}

export interface Store {
  /** Joins as a new node. Returns at once: a store that cannot be reached yet is connected to later. Never throws. */
  join(events: NodeEvents): StoreNode
}

/** @throws {TypeError} it is no store */
export function checkStore(store: Store | undefined): Store | undefined {
  // An array can be joined, too.
  const isStore = !Array.isArray(store) && typeof (store as Partial<Store> | null)?.join === 'function'
  if (store === undefined || isStore) return store
  throw new TypeError(`store must be a store, such as redisStore of barewire/redis; got ${shown(store)}`)
}
