/**
 * ChangeLog: what sessions are told outside of calls, that a list has changed or a resource. It is written down once for
 * all of them: a session that nobody listens to costs nothing when something changes, and one that is listened to no
 * more than the write.
 *
 *    kept word for word, the newest         57 tools | 58 file:///a | 59 prompts | 60 tools   <- last
 *    kept for good, for each list, and      tools 60, prompts 59, resources 12,
 *    each resource with subscribers:        file:///a 58, file:///b 31
 *    when it last changed
 *
 * A client that comes back gets every event after the one that it names. When they are not all kept any more, or
 * it names none, it gets one event for each thing that has changed since: news has no contents, so that this says
 * just as much.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}; resources, "Subscriptions"
 * {@link spec.resources}.
 * Invariant: numbers never go back. A session is told of a resource only what happened after it subscribed.
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

/** Something that can change. */
interface Topic {
  readonly data: string
  /** The number of its last change; 0: never. */
  sequence: number
}

interface Resource extends Topic {
  readonly uri: string
  /** What it takes of the heap, here and where resources are watched. */
  readonly bytes: number
  readonly subscribers: Set<Session>
}

/** Keeps the accounts of what sessions keep. See `SessionTable`. */
interface Accounts {
  keep(session: Session, bytes: number, added: number): void
  drop(session: Session, bytes: number, removed: number): void
}

/** Of a resource with a subscriber, beside its URI and the text of its news. Measured: 260. */
const RESOURCE_BYTES = 320
/** Of one subscription of one session to it. Measured: 70 among many, 260 where it is the only one. */
const SUBSCRIPTION_BYTES = 288

export class ChangeLog {
  /** Those with a connection. */
  readonly streams = new Set<StandaloneStream>()
  /** The number of the last piece of news. */
  last = 0
  readonly #log: EventLog | undefined
  readonly #accounts: Accounts
  readonly #lists: { readonly [Kind in ListKind]: Topic } = {
    tools: topic(Notify.toolsChanged),
    prompts: topic(Notify.promptsChanged),
    resources: topic(Notify.resourcesChanged),
  }
  /** By URI. Lifecycle of an entry: from the first subscription to the last. */
  readonly #resources = new Map<string, Resource>()

  /** @param limits - of what is kept word for word; undefined: nothing is */
  constructor(limits: RingLimits | undefined, budget: ByteBudget, accounts: Accounts) {
    this.#log = limits === undefined ? undefined : new EventLog(limits, budget)
    this.#accounts = accounts
  }

  /**
   * @param uri - one that the session is not subscribed to
   * @returns the same URI, as the one string that all who keep it share
   * @throws {LimitError} 429, the session or its principal keeps too much; 503, all of them do
   */
  subscribe(session: Session, uri: string): string {
    const resource = this.#resources.get(uri) ?? resourceOf(uri)
    const bytes = SUBSCRIPTION_BYTES + resource.bytes
    this.#accounts.keep(session, bytes, resource.subscribers.size === 0 ? bytes : SUBSCRIPTION_BYTES)
    this.#resources.set(resource.uri, resource)
    resource.subscribers.add(session)
    session.record.subscriptions ??= new Map()
    session.record.subscriptions.set(resource.uri, this.last)
    session.subscriptionBytes += bytes
    return resource.uri
  }

  /** @returns whether it was subscribed */
  unsubscribe(session: Session, uri: string): boolean {
    const resource = this.#resources.get(uri)
    if (session.record.subscriptions?.delete(uri) !== true || resource === undefined) return false
    resource.subscribers.delete(session)
    const isLast = resource.subscribers.size === 0
    if (isLast) this.#resources.delete(uri)
    const bytes = SUBSCRIPTION_BYTES + resource.bytes
    session.subscriptionBytes -= bytes
    this.#accounts.drop(session, bytes, isLast ? bytes : SUBSCRIPTION_BYTES)
    return true
  }

  /**
   * Tells those who listen, lists to all, resources to their subscribers, and keeps it for the others.
   *
   * @param now - of the clock that `dropOlderThan` goes by
   */
  announce({ lists, resources }: Changes, now: number): void {
    const alone = lists.size + resources.size === 1
    for (const kind of lists) {
      const event = this.#record(this.#lists[kind], now)
      for (const stream of this.streams) stream.notify(event, alone)
    }
    for (const uri of resources) {
      const resource = this.#resources.get(uri)
      if (resource === undefined) continue
      const event = this.#record(resource, now)
      for (const { standaloneStream } of resource.subscribers) {
        if (standaloneStream?.attached) standaloneStream.notify(event, alone)
      }
    }
  }

  /**
   * Every piece of news for a session after a number, in order.
   *
   * @returns undefined when they are not all kept
   */
  since(session: Session, after: number): StreamEvent[] | undefined {
    if (this.#log === undefined || this.#log.hasLost(after, 0)) return undefined
    const from = new Map(this.#topics(session).map((topic) => [topic.data, topic.from]))
    return this.#log
      .after(after)
      .filter(({ sequence, data }) => sequence > (from.get(data) ?? Number.POSITIVE_INFINITY))
  }

  /** One piece of news for each thing that concerns a session and has changed after a number, in order. */
  summary(session: Session, after: number): StreamEvent[] {
    return this.#topics(session)
      .filter(({ sequence, from }) => sequence > Math.max(after, from))
      .sort((a, b) => a.sequence - b.sequence)
  }

  dropOlderThan(time: number): void {
    this.#log?.dropOlderThan(time)
  }

  /** For when there is no session left to tell. */
  clear(): void {
    this.#log?.clear()
  }

  /** The next number, for a piece of news or for a message. */
  takeNumber(): number {
    this.last += 1
    return this.last
  }

  #record(topic: Topic, now: number): StreamEvent {
    topic.sequence = this.takeNumber()
    this.#log?.push(topic.sequence, topic.data, 0, now)
    return { sequence: this.last, data: topic.data }
  }

  /** What concerns a session, and the number from which on it does. */
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
