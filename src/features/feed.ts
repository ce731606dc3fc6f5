/**
 * Where the eras of a handler get changes and messages outside of calls: from the definition they serve, or, where
 * several processes serve it, from all nodes.
 *
 *    server.changes, server.messages --> NodeFeed --> bus of the store --> NodeFeed of every node --> eras
 *
 * What this node announces comes back over the bus as well, so that all nodes have the same events in the same order, and
 * with the same sequence. Changes are coalesced: while some are being published, others wait, each once. While the store
 * is away that is as long as it takes.
 *
 * Invariant: at most one batch of changes is being published; `#lists` and `#resources` are what waits behind it.
 * Not here: which clients get what (the eras), what is retained for them (session-era/change-log.ts, server-messages.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { unref } from '../bounds/runtime.ts'
import type { ErrorReporter } from '../dispatch/error-report.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import { TokenBuckets } from '../dispatch/token-bucket.ts'
import type { NodeChannel } from '../store/node-channel.ts'
import type { ChangeListener, Changes, ListKind } from './change-bus.ts'
import {
  audienceKey,
  type Delivery,
  overRate,
  type Receiver,
  type Refusal,
  type ServerMessage,
  unsent,
} from './message-bus.ts'

export interface Feed {
  readonly changes: { subscribe(listener: ChangeListener): () => void }
  readonly messages: {
    /** @param refuse - says why this era has no use for a message */
    subscribe(receiver: Receiver, refuse?: Refusal): () => void
  }
}

const CHANGES = 'changes'
const MESSAGES = 'messages'
const LISTS: ReadonlySet<unknown> = new Set<ListKind>(['tools', 'prompts', 'resources'])
const NONE: ReadonlySet<never> = new Set<never>()

/** Changes that are published together. */
const MAX_BATCH = 256
/** URIs that may wait while the store is away. */
const MAX_WAITING = 65_536
/** Until what the store did not take is published again. */
const RETRY_MS = 1000

/** What was handed to a store already: a definition may be served by several nodes of one process. */
const published = new WeakMap<object, WeakSet<object>>()

export class NodeFeed implements Feed {
  readonly channel: NodeChannel
  readonly changes: Feed['changes']
  readonly messages: Feed['messages']
  readonly #reporter: ErrorReporter
  readonly #buckets: TokenBuckets | undefined
  readonly #unsubscribe: readonly (() => void)[]
  /** Lifecycle: one for each era, until its shutdown begins. */
  readonly #listeners = new Set<ChangeListener>()
  readonly #receivers = new Map<Receiver, Refusal>()
  #lists = new Set<ListKind>()
  #resources = new Set<string>()
  #isPublishing = false
  #isClosed = false
  /** Something was given up, and that was reported. */
  #isFailing = false
  #timer: NodeJS.Timeout | undefined

  /** @param definition - what this node announces */
  constructor(channel: NodeChannel, definition: Feed & ErrorReporter, messageRate: Rate | undefined) {
    this.channel = channel
    this.#reporter = definition
    this.#buckets = messageRate === undefined ? undefined : new TokenBuckets(messageRate)
    this.changes = { subscribe: (listener) => added(this.#listeners, listener) }
    this.messages = {
      subscribe: (receiver, refuse = () => undefined) => {
        this.#receivers.set(receiver, refuse)
        return () => this.#receivers.delete(receiver)
      },
    }
    channel.listen(CHANGES, { onBroadcast: (content, sequence) => this.#onChange(content, sequence) })
    channel.listen(MESSAGES, { onBroadcast: (content, sequence) => this.#onMessage(content, sequence) })
    this.#unsubscribe = [
      definition.changes.subscribe((changes) => this.#announce(changes)),
      definition.messages.subscribe((message) => this.send(message)),
    ]
  }

  /** Announces nothing more. */
  close(): void {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    clearTimeout(this.#timer)
  }

  #announce(changes: Changes): void {
    if (this.#isRepeated(changes)) return
    for (const kind of changes.lists) this.#lists.add(kind)
    for (const uri of changes.resources) this.#add(uri)
    void this.#publish()
  }

  #add(uri: string): void {
    if (this.#resources.size < MAX_WAITING || this.#resources.has(uri)) this.#resources.add(uri)
    else
      this.#failed(
        new Error(`Changes of more than ${MAX_WAITING} resources wait for the store: others are lost`),
      )
  }

  async #publish(): Promise<void> {
    if (this.#isPublishing) return
    this.#isPublishing = true
    while (!this.#isClosed && this.#lists.size + this.#resources.size > 0) {
      const lists = [...this.#lists]
      const uris = [...this.#resources].slice(0, MAX_BATCH)
      this.#lists.clear()
      for (const uri of uris) this.#resources.delete(uri)
      const taken = await Promise.all([
        ...lists.map((kind) => this.#publishChange([kind], () => this.#lists.add(kind))),
        ...uris.map((uri) => this.#publishChange(['resource', uri], () => this.#add(uri))),
      ])
      if (taken.includes(false) && !this.#isClosed) await this.#retryTime()
    }
    this.#isPublishing = false
  }

  /** @param again - puts it back. @returns false: the store did not accept it */
  async #publishChange(content: readonly string[], again: () => void): Promise<boolean> {
    try {
      await this.channel.publish(CHANGES, content)
      return true
    } catch {
      // The outage is reported by the channel.
      again()
      return false
    }
  }

  #retryTime(): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = unref(setTimeout(resolve, RETRY_MS))
    })
  }

  #onChange(content: unknown, sequence: number): void {
    const [kind, uri] = Array.isArray(content) ? content : []
    let changes: Changes
    if (LISTS.has(kind)) changes = { lists: new Set([kind as ListKind]), resources: NONE }
    else if (kind === 'resource' && typeof uri === 'string')
      changes = { lists: NONE, resources: new Set([uri]) }
    else return
    for (const listener of this.#listeners) listener(changes, sequence)
  }

  /** Sends a message to its audience on all nodes. */
  send(message: ServerMessage): Delivery {
    const refusals = [...this.#receivers.values()].map((refuse) => refuse(message))
    if (refusals.length > 0 && !refusals.includes(undefined)) return unsent([...new Set(refusals)].join('; '))
    const limit = overRate(this.#buckets, audienceKey(message))
    if (limit !== undefined) return unsent(limit)
    if (!this.#isRepeated(message)) this.#publishMessage(message)
    return { streams: 0, kept: true }
  }

  #publishMessage({ method, json, level, session, principal, scopes }: ServerMessage): void {
    this.channel.publish(MESSAGES, { method, json, level, session, principal, scopes }).then(
      () => {
        this.#isFailing = false
      },
      (error) => this.#failed(error),
    )
  }

  #onMessage(content: unknown, sequence: number): void {
    if (!isObject(content)) return
    const { method, json, level, session, principal, scopes } = content as Partial<ServerMessage>
    if (typeof method !== 'string' || typeof json !== 'string') return
    const message = { method, json, level, session, principal, scopes }
    for (const receiver of this.#receivers.keys()) receiver(message, sequence)
  }

  /** One report until something is taken again. */
  #failed(error: unknown): void {
    if (this.#isFailing || this.#isClosed) return
    this.#isFailing = true
    this.#reporter.reportError(error, { phase: 'transport' })
  }

  #isRepeated(announced: object): boolean {
    const { store } = this.channel
    const earlier = published.get(store) ?? new WeakSet()
    if (earlier.has(announced)) return true
    published.set(store, earlier.add(announced))
    return false
  }
}

function added<T>(set: Set<T>, value: T): () => void {
  set.add(value)
  return () => set.delete(value)
}
