/**
 * ChangeLog: the change notifications of all sessions (a list or a resource has changed). A change is recorded once for
 * all of them: for a session without an open standalone stream it costs nothing, and for one with a stream only the
 * write.
 *
 *    the newest events, as they were sent    57 tools | 58 file:///a | 59 prompts | 60 tools   <- lastSequence
 *    the last change of each list, and       tools 60, prompts 59, resources 12,
 *    of each resource with subscribers       file:///a 58, file:///b 31
 *
 * A client that resumes gets every event after its Last-Event-ID. When some of these are not retained any more, or it
 * sends no Last-Event-ID, it gets one event for each list and resource that has changed since: a change notification
 * has no contents, so this carries the same information.
 *
 * Where nodes share a store, sequence numbers are those of its bus: the same on all nodes, and with gaps. A session of
 * another node may come here, so events of resources without subscribers here are retained too.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}; resources, "Subscriptions"
 * {@link spec.resources}.
 * Invariant: sequence numbers only rise. A session is notified only of changes of a resource after it subscribed to it.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'
import { textBytes } from '../bounds/heap-size.ts'
import type { Changes, ListKind } from '../features/change-bus.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { Notify } from '../protocol/methods.ts'
import { encodeData } from '../sse/frame.ts'
import type { RingLimits } from '../sse/replay-ring.ts'
import { EventLog } from './event-log.ts'
import type { Session } from './session.ts'
import type { StandaloneStream, StreamEvent } from './standalone-stream.ts'

/** A list or a resource. */
interface Topic {
  readonly data: string
  /** Sequence number of its last change; 0: it has not changed. */
  sequence: number
}

interface Resource extends Topic {
  readonly uri: string
  /** Heap that it takes, here and where resources are watched. */
  readonly bytes: number
  readonly subscribers: Set<Session>
}

/** Accounts for the bytes that sessions retain. See `SessionTable`. */
interface SessionBytes {
  charge(session: Session, bytes: number, added: number): void
  refund(session: Session, bytes: number, removed: number): void
}

/** Heap bytes of a resource with a subscriber, beside its URI and the text of its notification. Measured: 260. */
const RESOURCE_BYTES = 320
/** Heap bytes of one subscription of one session. Measured: 70 among many, 260 where it is the only one. */
const SUBSCRIPTION_BYTES = 288

export class ChangeLog {
  /** The standalone streams with a connection. */
  readonly streams = new Set<StandaloneStream>()
  /** Sequence number of the last change notification or message of the server. */
  lastSequence = 0
  readonly #log: EventLog | undefined
  readonly #sessionBytes: SessionBytes
  readonly #isShared: boolean
  readonly #lists: { readonly [Kind in ListKind]: Topic } = {
    tools: topic(Notify.toolsChanged),
    prompts: topic(Notify.promptsChanged),
    resources: topic(Notify.resourcesChanged),
  }
  /** By URI. Lifecycle of an entry: from the first subscription to the last. */
  readonly #resources = new Map<string, Resource>()

  /**
   * @param limits - of the events that are retained; undefined: none are
   * @param isShared - the changes are those of all nodes
   */
  constructor(
    limits: RingLimits | undefined,
    budget: ByteBudget,
    sessionBytes: SessionBytes,
    isShared: boolean,
  ) {
    this.#isShared = isShared
    this.#log = limits === undefined ? undefined : new EventLog(limits, budget)
    this.#sessionBytes = sessionBytes
  }

  /**
   * @param uri - one that the session is not subscribed to
   * @param from - the last sequence number before the subscription
   * @returns the same URI, as the one string that all subscriptions share
   * @throws {LimitError} 429, the session or its principal is at its share of bytes; 503, all sessions together are
   */
  subscribe(session: Session, uri: string, from = this.lastSequence): string {
    const resource = this.#resources.get(uri) ?? this.#newResource(uri)
    const bytes = SUBSCRIPTION_BYTES + resource.bytes
    this.#sessionBytes.charge(session, bytes, resource.subscribers.size === 0 ? bytes : SUBSCRIPTION_BYTES)
    this.#resources.set(resource.uri, resource)
    resource.subscribers.add(session)
    session.record.subscriptions ??= new Map()
    session.record.subscriptions.set(resource.uri, from)
    session.subscriptionBytes += bytes
    return resource.uri
  }

  /** @returns whether it was subscribed */
  unsubscribe(session: Session, uri: string): boolean {
    const resource = this.#resources.get(uri)
    session.streamScopes?.delete(uri)
    if (session.record.subscriptions?.delete(uri) !== true || resource === undefined) return false
    resource.subscribers.delete(session)
    const isLast = resource.subscribers.size === 0
    if (isLast) this.#resources.delete(uri)
    const bytes = SUBSCRIPTION_BYTES + resource.bytes
    session.subscriptionBytes -= bytes
    this.#sessionBytes.refund(session, bytes, isLast ? bytes : SUBSCRIPTION_BYTES)
    return true
  }

  /**
   * Notifies the connected streams, of lists all of them, of resources those of subscribers, and records the changes for
   * sessions that connect later.
   *
   * @param now - by the clock that `dropOlderThan` uses
   * @param sequence - of the one change, where nodes share them
   */
  publish({ lists, resources }: Changes, now: number, sequence?: number): void {
    const alone = lists.size + resources.size === 1
    for (const kind of lists) {
      const event = this.#record(this.#lists[kind], now, sequence)
      for (const stream of this.streams) stream.notify(event, alone)
    }
    for (const uri of resources) {
      const resource = this.#resources.get(uri)
      if (resource === undefined) {
        if (this.#isShared) this.#record(topic(Notify.resourceUpdated, { uri }), now, sequence)
        continue
      }
      const event = this.#record(resource, now, sequence)
      for (const { standaloneStream } of resource.subscribers) {
        if (standaloneStream?.attached) standaloneStream.notify(event, alone)
      }
    }
  }

  /**
   * Every change notification for a session after a sequence number, in order.
   *
   * @returns undefined when they are not all retained
   */
  since(session: Session, after: number): StreamEvent[] | undefined {
    if (this.#log === undefined || this.#log.hasLost(after, 0)) return undefined
    const from = new Map(this.#topics(session).map((topic) => [topic.data, topic.from]))
    return this.#log
      .after(after)
      .filter(({ sequence, data }) => sequence > (from.get(data) ?? Number.POSITIVE_INFINITY))
  }

  /** One event for each list, and each resource that a session subscribes to, that has changed after a sequence number. */
  summary(session: Session, after: number): StreamEvent[] {
    return this.#topics(session)
      .filter(({ sequence, from }) => sequence > Math.max(after, from))
      .sort((a, b) => a.sequence - b.sequence)
  }

  /**
   * Events up to a sequence number may not have come here: anything may have changed.
   *
   * @param lists - those that a client can know
   */
  markLost(sequence: number, lists: readonly ListKind[]): void {
    this.lastSequence = Math.max(this.lastSequence, sequence)
    this.#log?.markLost(sequence)
    for (const changed of [...lists.map((kind) => this.#lists[kind]), ...this.#resources.values()]) {
      changed.sequence = Math.max(changed.sequence, sequence)
    }
  }

  /** Whether no event is retained. */
  get isEmpty(): boolean {
    return this.#log === undefined || this.#log.size === 0
  }

  dropOlderThan(time: number): void {
    this.#log?.dropOlderThan(time)
  }

  /** Releases the events; called when no session is left. */
  clear(): void {
    this.#log?.clear()
  }

  /**
   * The next sequence number, for a change notification or for a message of the server.
   *
   * @param shared - the one that it has on all nodes
   */
  nextSequence(shared = 0): number {
    this.lastSequence = Math.max(shared, this.lastSequence + 1)
    return this.lastSequence
  }

  /** What changed before the first subscription here may only be known from the log, or not at all. */
  #newResource(uri: string): Resource {
    const resource = resourceOf(uri)
    if (!this.#isShared) return resource
    resource.sequence =
      this.#log === undefined ? this.lastSequence : (this.#log.lastOf(resource.data) ?? this.#log.lostUpTo)
    return resource
  }

  #record(topic: Topic, now: number, sequence: number | undefined): StreamEvent {
    topic.sequence = this.nextSequence(sequence)
    this.#log?.push(topic.sequence, topic.data, 0, now)
    return { sequence: this.lastSequence, data: topic.data }
  }

  /** The lists and resources that a session is notified of, each with the sequence number after which it is. */
  #topics(session: Session): (Topic & { readonly from: number })[] {
    const lists = Object.values(this.#lists).map((list) => ({ ...list, from: session.changesFrom }))
    const resources = [...(session.record.subscriptions ?? [])].flatMap(([uri, from]) => {
      const resource = this.#resources.get(uri)
      return resource === undefined ? [] : [{ data: resource.data, sequence: resource.sequence, from }]
    })
    return [...lists, ...resources]
  }
}

function resourceOf(uri: string): Resource {
  const { data, sequence } = topic(Notify.resourceUpdated, { uri })
  const bytes = RESOURCE_BYTES + textBytes(uri) + textBytes(data)
  return { data, sequence, uri, bytes, subscribers: new Set() }
}

function topic(method: string, params?: { readonly uri: string }): Topic {
  return { data: encodeData(encodeNotification(method, params)), sequence: 0 }
}
