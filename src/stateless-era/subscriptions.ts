/**
 * `subscriptions/listen`: streams of change notifications, each open until its client closes it.
 *
 * A change is serialised and framed once, around the place where the subscription's id goes; each subscriber costs two
 * string joins and one write. Nothing is buffered for a client that is not connected: it subscribes again and reads
 * everything anew.
 *
 *    ..."params":{"_meta":{".../subscriptionId":  <id>  },"uri":"..."}...
 *    `--------------- head, shared --------------'       `- tail, shared -'
 *
 * Spec: 2026-07-28 subscriptions {@link spec.subscriptions}.
 * Invariant: nothing but what was acknowledged is sent, and nothing before the acknowledgement.
 */

import { randomUUID } from 'node:crypto'
import { isPromise } from '../bounds/is-promise.ts'
import { unref } from '../bounds/runtime.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { MethodHandler } from '../dispatch/dispatcher.ts'
import type { Principal } from '../dispatch/rpc-exchange.ts'
import { ShutdownError } from '../dispatch/shutdown-error.ts'
import { TokenBuckets } from '../dispatch/token-bucket.ts'
import type { Changes } from '../features/change-bus.ts'
import { audienceKey, type Delivery, overRate, type ServerMessage, unsent } from '../features/message-bus.ts'
import { findResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import type { TaskView } from '../features/tasks/task-subscribers.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { StatelessExchange } from './exchange.ts'
import type { StatelessEraSettings } from './options.ts'
import { resultPrefix } from './results.ts'
import {
  type Retained,
  type SubscribedResource,
  Subscription,
  type SubscriptionOwner,
} from './subscription.ts'
import { addedBy, bytesOf, chargedFor, idBytes, newResource, taskBytes } from './subscription-bytes.ts'
import { contextBytes, subscriptionContext } from './subscription-context.ts'
import {
  acknowledgedFilter,
  type Filter,
  LISTS,
  maySee,
  offeredLists,
  readFilter,
} from './subscription-filter.ts'
import { SubscriptionLimits } from './subscription-limits.ts'
import { withScopes } from './subscription-scopes.ts'
import type { StreamTransport } from './transport.ts'

/** Most subscriptions name no resource and no task, and share these. */
const NO_RESOURCES: readonly SubscribedResource[] = []
const NO_TASKS: readonly TaskView[] = []
const NO_TASK_IDS: readonly string[] = []
const ALL_LISTS: Changes['lists'] = new Set(LISTS.map(({ kind }) => kind))

/**
 * Placeholder of the id in the shared parts of a frame: random, so that no message can contain it. Made on first use,
 * since some runtimes have no random numbers while a program loads.
 */
let idPlaceholder: string | undefined

export class Subscriptions implements SubscriptionOwner {
  readonly #server: McpServer
  readonly #settings: StatelessEraSettings
  readonly #tasks: TaskTable
  readonly #transport: StreamTransport
  readonly #limits: SubscriptionLimits
  readonly #buckets: TokenBuckets | undefined
  /** Lifecycle: from before the acknowledgement to the end of the stream. */
  readonly #open = new Set<Subscription>()
  /** By URI. Lifecycle of an entry: from the first subscriber of the resource to the last. */
  readonly #byResource = new Map<string, SubscribedResource>()
  /** By method of a notification of an extension. Lifecycle of an entry: from its first subscriber. */
  readonly #byMethod = new Map<string, Set<Subscription>>()
  #isClosing = false

  constructor(
    server: McpServer,
    settings: StatelessEraSettings,
    tasks: TaskTable,
    transport: StreamTransport,
  ) {
    this.#server = server
    this.#settings = settings
    this.#tasks = tasks
    this.#transport = transport
    this.#limits = new SubscriptionLimits(settings.subscriptions)
    const { messageRate } = settings
    this.#buckets = messageRate === undefined ? undefined : new TokenBuckets(messageRate)
  }

  get size(): number {
    return this.#open.size
  }

  /** Bytes of what clients sent and streams retain. */
  get bytes(): number {
    return this.#limits.budget.used
  }

  /**
   * `subscriptions/listen`: opens a stream and acknowledges what it will carry.
   *
   * @returns what middleware sees: an empty result, once the stream is open. The client gets the result as the last
   *   message of the stream
   * @throws {RpcError} -32602, the filter is malformed; -32021, it names tasks, which the client did not declare
   * @throws {LimitError} 429 or 503, too many streams are open, or they retain too much
   * @throws {ScopeError} the client lacks scopes of a resource or a task
   * @throws {ShutdownError}
   */
  readonly listen: MethodHandler<McpServer, StatelessExchange> = (params, ctx, server, exchange) => {
    if (exchange.hasStream) throw new TypeError('next() was called twice: the stream is open already')
    const filter = readFilter(params, exchange.peer, server, this.#settings.subscriptions.maxResources)
    const idText = escapeSeparators(JSON.stringify(ctx.requestId))
    const bytes = idBytes(idText, exchange.principal?.id)
    this.#limits.check(exchange.principal?.id, bytes, bytes)
    const found = this.#findTasks(filter.taskIds, exchange.principal)
    const tasks =
      server.guard === undefined ? found : withScopes(found, filter.resources, ctx, exchange, server)
    if (!isPromise(tasks)) return this.#subscribe(idText, filter, tasks, ctx, exchange)
    return tasks.then((found) => this.#subscribe(idText, filter, found, ctx, exchange))
  }

  /** Notifies the subscribers of what changed. */
  notifyChanges({ lists, resources }: Changes): void {
    const alone = lists.size + resources.size === 1
    for (const { kind, bit, method } of LISTS) {
      if (!lists.has(kind)) continue
      const [head, tail] = this.#frameParts(method, {})
      for (const subscription of this.#open) {
        if ((subscription.lists & bit) !== 0) subscription.notify(head, tail, alone)
      }
    }
    for (const uri of resources) {
      const resource = this.#byResource.get(uri)
      if (resource === undefined) continue
      const [head, tail] = this.#frameParts(Notify.resourceUpdated, { uri })
      for (const subscription of resource.subscribers) {
        const { ctx } = subscription
        // Who may see a resource can have changed since the stream was opened.
        if (ctx !== undefined && maySee(uri, ctx, this.#server)) subscription.notify(head, tail, alone)
      }
    }
  }

  /** Changes of before this moment may not have come to this node: anything may have changed. */
  notifyAll(): void {
    this.notifyChanges({ lists: ALL_LISTS, resources: new Set(this.#byResource.keys()) })
  }

  /**
   * Sends a message to the subscribers of its method. It is not buffered: a stream cannot be resumed.
   *
   * @param sequence - of a message of any node, whose rate is limited there
   */
  deliver(message: ServerMessage, sequence?: number): Delivery {
    const { method, principal } = message
    const problem =
      this.refuse(message) ??
      (sequence === undefined ? overRate(this.#buckets, audienceKey(message)) : undefined)
    if (problem !== undefined) return unsent(problem)
    let streams = 0
    let parts: [head: string, tail: string] | undefined
    for (const subscription of this.#byMethod.get(method) ?? []) {
      if (principal !== undefined && subscription.account?.principalId !== principal) continue
      parts ??= this.#frameParts(method, JSON.parse(message.json).params ?? {})
      if (subscription.notify(...parts, false)) streams += 1
    }
    return streams > 0 ? { streams, kept: false } : unsent(`no subscriptions/listen stream asks for it`)
  }

  /** @returns why a message can be sent to no stream */
  refuse({ method, level, session }: ServerMessage): string | undefined {
    // Spec: "the server MUST NOT deliver it on a subscriptions/listen stream".
    if (level !== undefined)
      return 'clients of 2026-07-28 get log messages with the answers to their requests only'
    if (session !== undefined) return 'clients of 2026-07-28 have no session'
    // Spec: "The server MUST NOT send notification types the client has not explicitly requested".
    if (!this.#server.extensions.notifications.has(method)) {
      return `clients of 2026-07-28 cannot ask for ${method}: no extension has it among its notifications`
    }
    return undefined
  }

  /** Ends all streams with their results, and opens no more. */
  close(): void {
    this.#isClosing = true
    for (const subscription of [...this.#open]) this.#end(subscription)
  }

  frame(json: string): string {
    return this.#transport.frame(json)
  }

  /** Called when a stream is closed. */
  remove(subscription: Subscription): void {
    if (!this.#open.delete(subscription)) return
    clearTimeout(subscription.timer)
    if (subscription.stream !== undefined) this.#transport.streamClosed(subscription.stream)
    for (const taskId of subscription.taskIds) this.#tasks.unsubscribe(taskId, subscription)
    for (const resource of subscription.resources) {
      resource.subscribers.delete(subscription)
      if (resource.subscribers.size === 0) this.#byResource.delete(resource.uri)
      this.#server.watch.release(resource.uri)
    }
    for (const method of subscription.notifications) this.#byMethod.get(method)?.delete(subscription)
    this.#limits.release(subscription.account, ...bytesOf(subscription))
  }

  /** The tasks that a client may know of, of those that it names. */
  #findTasks(
    taskIds: readonly string[],
    principal: Principal | undefined,
  ): readonly TaskView[] | Promise<readonly TaskView[]> {
    if (taskIds.length === 0) return NO_TASKS
    const found = taskIds.map((taskId) => this.#tasks.find(taskId, principal?.id ?? null))
    const known = (views: readonly (TaskView | undefined)[]) => views.filter((view) => view !== undefined)
    return found.some(isPromise) ? Promise.all(found).then(known) : known(found as (TaskView | undefined)[])
  }

  /**
   * @param tasks - the client gets their present state at once: changes before this moment are not notified again
   */
  #subscribe(
    idText: string,
    filter: Filter,
    tasks: readonly TaskView[],
    ctx: RequestContext,
    exchange: StatelessExchange,
  ): object {
    if (exchange.aborted) return {}
    if (this.#isClosing) throw new ShutdownError()
    const server = this.#server
    const { maxStreamBufferBytes } = this.#settings
    const retained = this.#retain(idText, filter, tasks, ctx, exchange)
    const account = this.#limits.reserve(exchange.principal?.id, ...bytesOf(retained))
    try {
      watchAll(retained, server)
    } catch (error) {
      this.#limits.release(account, ...bytesOf(retained))
      throw error
    }
    const lists = offeredLists(filter.lists, server)
    const subscription = new Subscription(this, lists, retained, account, maxStreamBufferBytes)
    const views = tasks.map((view) => this.#tasks.followed(view) ?? view)
    this.#add(subscription, views)
    const acknowledged = acknowledgedFilter(lists, retained, server)
    let frames = this.#frameParts(Notify.acknowledged, { notifications: acknowledged }).join(idText)
    for (const { record } of views) frames += subscription.taskFrame(record)
    subscription.stream = exchange.openStream(subscription, frames)
    if (Object.keys(acknowledged).length === 0) this.#end(subscription)
    return {}
  }

  /**
   * What a stream is to retain. Resources are looked up only up to the limits of bytes.
   *
   * @throws {LimitError} as `SubscriptionLimits.check`
   */
  #retain(
    idText: string,
    { resources: uris, notifications }: Filter,
    tasks: readonly TaskView[],
    requestContext: RequestContext,
    exchange: StatelessExchange,
  ): Retained {
    const server = this.#server
    const principalId = exchange.principal?.id
    const taskIds = tasks.length === 0 ? NO_TASK_IDS : tasks.map(({ record }) => record.taskId)
    const bytes = idBytes(idText, principalId) + taskBytes(tasks.length)
    const withoutResources = {
      idText,
      resources: NO_RESOURCES,
      notifications,
      taskIds,
      ctx: undefined,
      bytes,
    }
    this.#limits.check(principalId, bytes, bytes)
    if (uris.size === 0) return withoutResources
    const ctx = subscriptionContext(requestContext, exchange)
    const withContext = bytes + contextBytes(ctx)
    let [charged, added] = [withContext, withContext]
    const resources: SubscribedResource[] = []
    for (const uri of uris) {
      if (!maySee(uri, ctx, server)) continue
      const resource = this.#byResource.get(uri) ?? newResource(uri)
      charged += chargedFor(resource)
      added += addedBy(resource)
      this.#limits.check(principalId, charged, added)
      resources.push(resource)
    }
    return resources.length === 0
      ? withoutResources
      : { ...withoutResources, resources, ctx, bytes: withContext }
  }

  #add(subscription: Subscription, tasks: readonly TaskView[]): void {
    this.#open.add(subscription)
    for (const view of tasks) this.#tasks.subscribe(view, subscription)
    for (const resource of subscription.resources) {
      this.#byResource.set(resource.uri, resource)
      resource.subscribers.add(subscription)
    }
    for (const method of subscription.notifications) {
      const subscribers = this.#byMethod.get(method) ?? new Set()
      this.#byMethod.set(method, subscribers.add(subscription))
    }
    const { maxAgeMs } = this.#settings.subscriptions
    if (maxAgeMs > 0) subscription.timer = unref(setTimeout(() => this.#end(subscription), maxAgeMs))
  }

  #end(subscription: Subscription): void {
    const info = `,${JSON.stringify(MetaKey.SERVER_INFO)}:${JSON.stringify(this.#server.info)}`
    subscription.end(resultPrefix(undefined), this.#settings.serverInfo ? info : '')
  }

  /** A message around the place of the id. */
  #frameParts(method: string, params: JsonObject): [head: string, tail: string] {
    idPlaceholder ??= randomUUID()
    const _meta = { ...(params['_meta'] as object), [MetaKey.SUBSCRIPTION_ID]: idPlaceholder }
    const message = { jsonrpc: '2.0', method, params: { ...params, _meta } }
    return this.frame(JSON.stringify(message)).split(`"${idPlaceholder}"`, 2) as [string, string]
  }
}

/** Starts to watch all of the resources, or, when a hook throws, none. */
function watchAll({ resources, ctx }: Retained, server: McpServer): void {
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

/**
 * JSON text of an id, which is put into text that a transport has framed already: without the characters that some
 * readers take for the end of a line.
 */
function escapeSeparators(json: string): string {
  return json.replace(
    /[\u0085\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
