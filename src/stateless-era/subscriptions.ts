/**
 * `subscriptions/listen`: a stream of news, for as long as the client keeps it open.
 *
 * A change is serialised once, around the place where the subscription's id goes; each subscriber costs two string
 * joins and one write. Nothing is kept for a client that is away: it opens another stream and reads anew.
 *
 *    event: message\ndata: {..."params":{"_meta":{".../subscriptionId":  <id>  },"uri":"..."}}\n\n
 *    `---------------------- shared ---------------------------------'       `--- shared ---'
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}.
 * Invariant: nothing but what was acknowledged is sent, and nothing before the acknowledgement.
 */

import { randomUUID } from 'node:crypto'
import { textBytes } from '../bounds/heap-size.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { TokenBuckets } from '../dispatch/token-bucket.ts'
import type { Changes } from '../features/change-bus.ts'
import { type Delivery, overRate, type ServerMessage, unsent } from '../features/message-bus.ts'
import { findResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { EventSink } from '../sse/event-sink.ts'
import { encodeMessage } from '../sse/frame.ts'
import type { StatelessExchange } from './exchange.ts'
import type { StatelessEraState } from './state.ts'
import { contextBytes, subscriptionContext } from './subscription-context.ts'
import { type Filter, LISTS, maySee, offeredLists, readFilter, wireFilter } from './subscription-filter.ts'
import { type Account, SubscriptionLimits } from './subscription-limits.ts'
import { type TaskView, tell } from './task-subscribers.ts'

/** Most subscriptions name no resource and no task, and share these. */
const NO_RESOURCES: readonly Listened[] = []
const NO_TASKS: readonly string[] = []

/** Of the heap, of a resource with a listener, beside its URI. Measured: 280. */
const RESOURCE_BYTES = 320
/** Of one stream that listens to it. Measured: 60. */
const LISTENER_BYTES = 96
/** Of a task that a stream listens to. Measured: 200. */
const TASK_BYTES = 288

/** Room for a UUID. */
const USUAL_ID_LENGTH = 64

/** Stands for the id while the shared parts are made; nobody can know it. */
const PLACE = randomUUID()

/** A resource that somebody listens to. */
interface Listened {
  readonly uri: string
  /** Of the heap, here and where resources are watched. */
  readonly bytes: number
  readonly streams: Set<Subscription>
}

/** What a stream keeps of the request that opened it. */
type Kept = Pick<Subscription, 'idText' | 'resources' | 'notifications' | 'tasks' | 'ctx' | 'bytes'>

/** One open stream. Small, and of one shape: there may be ten thousand. */
class Subscription {
  readonly idText: string
  readonly lists: number
  readonly resources: readonly Listened[]
  /** Methods, of extensions */
  readonly notifications: readonly string[]
  /** Ids */
  readonly tasks: readonly string[]
  /** Who may see a resource is asked again for each change; undefined where there is none. */
  readonly ctx: RequestContext | undefined
  readonly account: Account | undefined
  /** Of the heap, without resources. */
  readonly bytes: number
  readonly writer: EventSink
  readonly maxBufferBytes: number
  timer: NodeJS.Timeout | undefined = undefined
  readonly #owner: { remove(subscription: Subscription): void }

  constructor(
    owner: { remove(subscription: Subscription): void },
    exchange: StatelessExchange,
    lists: number,
    kept: Kept,
    account: Account | undefined,
    maxBufferBytes: number,
  ) {
    this.#owner = owner
    this.idText = kept.idText
    this.lists = lists
    this.resources = kept.resources
    this.notifications = kept.notifications
    this.tasks = kept.tasks
    this.ctx = kept.ctx
    this.account = account
    this.bytes = kept.bytes
    this.maxBufferBytes = maxBufferBytes
    this.writer = exchange.http.eventSink(this)
  }

  /**
   * Writes a frame with the subscription's id in its place.
   *
   * @param alone - nothing else is to be told in this turn
   * @returns whether the connection took it
   */
  tell(head: string, tail: string, alone: boolean): boolean {
    const frame = `${head}${this.idText}${tail}`
    return alone ? this.writer.writeNow(frame) : this.writer.write(frame)
  }

  /** Called by the writer. */
  onClose(): void {
    this.#owner.remove(this)
  }
}

export class Subscriptions {
  readonly #state: StatelessEraState
  /** Lifecycle: from the acknowledgement to the end of the connection. */
  readonly #open = new Set<Subscription>()
  /** By URI. Lifecycle of an entry: from the first stream that listens to it to the last. */
  readonly #byResource = new Map<string, Listened>()
  /** By method of a notification of an extension. Lifecycle of an entry: from the first stream that asks for it. */
  readonly #byMethod = new Map<string, Set<Subscription>>()
  readonly #room: SubscriptionLimits
  readonly #buckets: TokenBuckets | undefined

  constructor(state: StatelessEraState) {
    this.#state = state
    this.#room = new SubscriptionLimits(state.settings.subscriptions)
    const { messageRate } = state.settings
    this.#buckets = messageRate === undefined ? undefined : new TokenBuckets(messageRate)
  }

  get size(): number {
    return this.#open.size
  }

  /** Bytes of what clients sent and streams keep. */
  get bytes(): number {
    return this.#room.budget.used
  }

  /**
   * Opens a stream and acknowledges what it will carry.
   *
   * @param tasks - those that the client asks for and may know of; it is told their present state at once, since
   *   what they have become before this moment is told nobody again
   * @throws {RpcError} -32602, the filter is malformed
   * @throws {LimitError} 429 or 503, too many streams are open, or they keep too much
   */
  listen(exchange: StatelessExchange, tasks: readonly TaskView[]): void {
    const { settings, server, keepAlive } = this.#state
    const principalId = exchange.principal?.id
    const offered = server.extensions.notifications
    const wanted = readFilter(exchange.message.params, settings.subscriptions.maxResources, offered)
    const kept = this.#keptOf(exchange, wanted, tasks)
    const account = this.#room.take(principalId, ...bytesOf(kept))
    try {
      watchAll(kept, server)
    } catch (error) {
      this.#room.give(account, ...bytesOf(kept))
      throw error
    }
    const { maxStreamBufferBytes } = settings
    const lists = offeredLists(wanted.lists, server)
    const subscription = new Subscription(this, exchange, lists, kept, account, maxStreamBufferBytes)
    const { writer } = subscription
    this.#add(subscription)
    const uris = kept.resources.map(({ uri }) => uri)
    const ofExtensions = kept.notifications.map((method) => offered.get(method))
    const notifications = wireFilter(lists, uris, kept.tasks, ofExtensions)
    const acknowledged = frameParts(Notify.acknowledged, { notifications })
    writer.open(exchange.http.replyHeaders(), acknowledged.join(subscription.idText))
    for (const { record } of tasks) tell(subscription, record)
    const wants = lists + uris.length + tasks.length + ofExtensions.length
    if (wants === 0) this.#end(subscription)
    writer.detach()
    if (!writer.closed) keepAlive.add(writer)
  }

  /** Tells the subscribers what changed. */
  announce({ lists, resources }: Changes): void {
    const alone = lists.size + resources.size === 1
    for (const { kind, bit, method } of LISTS) {
      if (!lists.has(kind)) continue
      const [head, tail] = frameParts(method, {})
      for (const subscription of this.#open) {
        if ((subscription.lists & bit) !== 0) subscription.tell(head, tail, alone)
      }
    }
    for (const uri of resources) {
      const listened = this.#byResource.get(uri)
      if (listened === undefined) continue
      const [head, tail] = frameParts(Notify.resourceUpdated, { uri })
      for (const subscription of listened.streams) {
        const { ctx } = subscription
        // Who may see a resource can have changed since the stream was opened.
        if (ctx !== undefined && maySee(uri, ctx, this.#state.server)) subscription.tell(head, tail, alone)
      }
    }
  }

  /** Sends a message to those who have asked for it. There is nothing to be kept: a stream cannot be resumed. */
  send(message: ServerMessage): Delivery {
    const { method, principal } = message
    const problem = this.#problemOf(message)
    if (problem !== undefined) return unsent(problem)
    let streams = 0
    let parts: [head: string, tail: string] | undefined
    for (const subscription of this.#byMethod.get(method) ?? []) {
      if (principal !== undefined && subscription.account?.principalId !== principal) continue
      parts ??= frameParts(method, JSON.parse(message.json).params ?? {})
      if (subscription.tell(...parts, false)) streams += 1
    }
    return streams > 0 ? { streams, kept: false } : unsent(`no subscriptions/listen stream asks for it`)
  }

  /** Ends all streams properly: with their result. */
  close(): void {
    for (const subscription of [...this.#open]) this.#end(subscription)
  }

  /** @returns why a message is sent to no stream */
  #problemOf({ method, level, session, principal }: ServerMessage): string | undefined {
    // Spec: "the server MUST NOT deliver it on a subscriptions/listen stream".
    if (level !== undefined)
      return 'clients of 2026-07-28 get log messages with the answers to their requests only'
    if (session !== undefined) return 'clients of 2026-07-28 have no session'
    // Spec: "The server MUST NOT send notification types the client has not explicitly requested".
    if (!this.#state.server.extensions.notifications.has(method)) {
      return `clients of 2026-07-28 cannot ask for ${method}: no extension has it among its notifications`
    }
    return overRate(this.#buckets, principal ?? '')
  }

  #end({ writer, idText }: Subscription): void {
    const { prefix, settings, server } = this.#state
    const info = settings.serverInfo
      ? `,${JSON.stringify(MetaKey.SERVER_INFO)}:${JSON.stringify(server.info)}`
      : ''
    const head = settings.serverInfo ? '{"resultType":"complete"' : prefix
    const meta = `"_meta":{${JSON.stringify(MetaKey.SUBSCRIPTION_ID)}:${idText}${info}}`
    writer.end(encodeMessage(`{"jsonrpc":"2.0","id":${idText},"result":${head},${meta}}}`))
  }

  /**
   * What there is to keep for a stream. No more of its resources are looked at than there is room for.
   *
   * @throws {LimitError} as `SubscriptionLimits.check`
   */
  #keptOf(
    exchange: StatelessExchange,
    { resources: uris, notifications }: Filter,
    tasks: readonly TaskView[],
  ): Kept {
    const { server } = this.#state
    const principalId = exchange.principal?.id
    const idText = escaped(JSON.stringify(exchange.message.id))
    const taskIds = tasks.length === 0 ? NO_TASKS : tasks.map(({ record }) => record.taskId)
    const bytes = idBytes(idText) + idBytes(principalId ?? '') + tasks.length * TASK_BYTES
    const without = { idText, resources: NO_RESOURCES, notifications, tasks: taskIds, ctx: undefined, bytes }
    this.#room.check(principalId, bytes, bytes)
    if (uris.size === 0) return without
    const ctx = subscriptionContext(exchange, server)
    const withContext = bytes + contextBytes(ctx)
    let [charged, added] = [withContext, withContext]
    const resources: Listened[] = []
    for (const uri of uris) {
      if (!maySee(uri, ctx, server)) continue
      const listened = this.#byResource.get(uri) ?? listenedOf(uri)
      charged += chargedFor(listened)
      added += addedBy(listened)
      this.#room.check(principalId, charged, added)
      resources.push(listened)
    }
    return resources.length === 0 ? without : { ...without, resources, ctx, bytes: withContext }
  }

  #add(subscription: Subscription): void {
    this.#open.add(subscription)
    for (const taskId of subscription.tasks) this.#state.tasks.news.add(taskId, subscription)
    for (const listened of subscription.resources) {
      this.#byResource.set(listened.uri, listened)
      listened.streams.add(subscription)
    }
    for (const method of subscription.notifications) {
      const streams = this.#byMethod.get(method) ?? new Set()
      this.#byMethod.set(method, streams.add(subscription))
    }
    const { maxAgeMs } = this.#state.settings.subscriptions
    if (maxAgeMs > 0) subscription.timer = setTimeout(() => this.#end(subscription), maxAgeMs).unref()
  }

  /** Called when the connection is over. */
  remove(subscription: Subscription): void {
    if (!this.#open.delete(subscription)) return
    clearTimeout(subscription.timer)
    this.#state.keepAlive.delete(subscription.writer)
    for (const taskId of subscription.tasks) this.#state.tasks.news.remove(taskId, subscription)
    for (const listened of subscription.resources) {
      listened.streams.delete(subscription)
      if (listened.streams.size === 0) this.#byResource.delete(listened.uri)
      this.#state.server.watch.release(listened.uri)
    }
    for (const method of subscription.notifications) this.#byMethod.get(method)?.delete(subscription)
    this.#room.give(subscription.account, ...bytesOf(subscription))
  }
}

/** A stream for lists alone, under usual ids, is bounded by the number of streams, and opens when all bytes are taken. */
function idBytes(idText: string): number {
  return idText.length <= USUAL_ID_LENGTH ? 0 : textBytes(idText)
}

function listenedOf(uri: string): Listened {
  return { uri, bytes: RESOURCE_BYTES + textBytes(uri), streams: new Set() }
}

/** Bytes of the caller's share that a stream takes with a resource. */
function chargedFor({ bytes }: Listened): number {
  return LISTENER_BYTES + bytes
}

/** Bytes that the server keeps with one more stream, or no more with one less: the text is there once. */
function addedBy({ bytes, streams }: Listened): number {
  return LISTENER_BYTES + (streams.size === 0 ? bytes : 0)
}

function bytesOf({ bytes, resources }: Pick<Kept, 'bytes' | 'resources'>): [charged: number, added: number] {
  return [
    resources.reduce((sum, listened) => sum + chargedFor(listened), bytes),
    resources.reduce((sum, listened) => sum + addedBy(listened), bytes),
  ]
}

/** Starts to watch all of them, or, when a hook throws, none. */
function watchAll({ resources, ctx }: Kept, server: McpServer): void {
  if (ctx === undefined) return
  const watched: string[] = []
  try {
    for (const { uri } of resources) {
      server.watch.acquire(uri, findResource(uri, ctx, server).subscribe, ctx)
      watched.push(uri)
    }
  } catch (error) {
    for (const uri of watched) server.watch.release(uri)
    throw error
  }
}

/** A frame around the place of the id. */
function frameParts(method: string, params: JsonObject): [head: string, tail: string] {
  const _meta = { ...(params['_meta'] as object), [MetaKey.SUBSCRIPTION_ID]: PLACE }
  const message = { jsonrpc: '2.0', method, params: { ...params, _meta } }
  return encodeMessage(JSON.stringify(message)).split(`"${PLACE}"`, 2) as [string, string]
}

/** As the frame encoder would write it. */
function escaped(json: string): string {
  return json.replace(
    /[\u0085\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
