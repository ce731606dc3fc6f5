/**
 * Node channel: one handler's place among the nodes of a store. It carries messages between the same parts of all nodes,
 * by topic, so that a part (changes, calls, tasks, ...) knows neither the others nor the form of a message.
 *
 *    part --publish(topic, content)--> store --> the part of that topic on every node, this one included
 *    part --send(node, topic, content)--------> the part of that topic on one node
 *
 * Invariant: what a listener throws, or a message that cannot be read, is reported and has no other effect.
 */

import type { NodeEvents, Store, StoreNode } from './store.ts'

/** The part of a node that a topic belongs to. */
export interface TopicListener {
  /** From any node, this one included; all nodes get all of them in one order. */
  onBroadcast?(content: unknown, sequence: number, from: string): void
  /** For this node alone. */
  onMessage?(content: unknown, from: string): void
}

/** What happens to the nodes themselves. */
export interface NodeListener {
  onNodeGone?(node: string): void
  onMissed?(sequence: number): void
  onStreamTaken?(sessionId: string, stream: string): void
  onAvailable?(): void
}

export class NodeChannel implements NodeEvents {
  readonly store: Store
  readonly node: StoreNode
  readonly #report: (error: unknown) => void
  readonly #topics = new Map<string, TopicListener>()
  readonly #listeners: NodeListener[] = []

  /** @param report - called once for each outage of the store, and for what cannot be read */
  constructor(store: Store, report: (error: unknown) => void) {
    this.#report = report
    this.store = store
    this.node = store.join(this)
  }

  /** Adds the listener of a topic, before the first turn of the event loop is over. */
  listen(topic: string, listener: TopicListener): void {
    this.#topics.set(topic, listener)
  }

  observe(listener: NodeListener): void {
    this.#listeners.push(listener)
  }

  /** See `Bus.publish`. @param content - a JSON value */
  publish(topic: string, content: unknown): Promise<void> {
    return this.node.bus.publish(JSON.stringify([topic, content]))
  }

  /** See `Bus.send`. @param content - a JSON value */
  send(node: string, topic: string, content: unknown): Promise<boolean> {
    return this.node.bus.send(node, JSON.stringify([topic, content]))
  }

  onBroadcast(message: string, sequence: number, from: string): void {
    this.#deliver(message, (listener, content) => listener.onBroadcast?.(content, sequence, from))
  }

  onMessage(message: string, from: string): void {
    this.#deliver(message, (listener, content) => listener.onMessage?.(content, from))
  }

  onNodeGone(node: string): void {
    this.#notify((listener) => listener.onNodeGone?.(node))
  }

  onMissed(sequence: number): void {
    this.#notify((listener) => listener.onMissed?.(sequence))
  }

  onStreamTaken(sessionId: string, stream: string): void {
    this.#notify((listener) => listener.onStreamTaken?.(sessionId, stream))
  }

  onAvailable(): void {
    this.#notify((listener) => listener.onAvailable?.())
  }

  onUnavailable(error: Error): void {
    this.#report(error)
  }

  onProblem(error: Error): void {
    this.#report(error)
  }

  #deliver(message: string, deliver: (listener: TopicListener, content: unknown) => void): void {
    try {
      const [topic, content] = JSON.parse(message)
      const listener = this.#topics.get(topic)
      // Nodes of another version may have topics that this one does not know.
      if (listener !== undefined) deliver(listener, content)
    } catch (error) {
      this.#report(error)
    }
  }

  #notify(notify: (listener: NodeListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        notify(listener)
      } catch (error) {
        this.#report(error)
      }
    }
  }
}
