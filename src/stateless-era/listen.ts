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

import type { RequestContext } from '../dispatch/context.ts'
import type { Changes, ListKind } from '../features/change-bus.ts'
import { findResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Notify } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { encodeMessage } from '../sse/frame.ts'
import { SseWriter } from '../sse/writer.ts'
import type { StatelessExchange } from './exchange.ts'
import type { StatelessEraState } from './state.ts'
import { type TaskView, tell } from './task-news.ts'

/** What a client asks for, or the part of it that it gets. */
interface Filter {
  /** The bits of {@link LISTS}. */
  readonly lists: number
  /** URIs */
  readonly resources: ReadonlySet<string>
}

const LISTS: readonly {
  readonly kind: ListKind
  readonly bit: number
  readonly member: string
  readonly method: string
}[] = [
  { kind: 'tools', bit: 1, member: 'toolsListChanged', method: Notify.toolsChanged },
  { kind: 'prompts', bit: 2, member: 'promptsListChanged', method: Notify.promptsChanged },
  { kind: 'resources', bit: 4, member: 'resourcesListChanged', method: Notify.resourcesChanged },
]

/** Most subscriptions name no resource and no task, and share these. */
const NO_RESOURCES: ReadonlySet<string> = new Set()
const NO_TASKS: readonly string[] = []

/** Stands for the id while the shared parts are made; no client can know it. */
const PLACE = 'subscription id'

/** One open stream. Small, and of one shape: there may be ten thousand. */
class Subscription {
  readonly idText: string
  readonly lists: number
  /** URIs */
  readonly resources: ReadonlySet<string>
  /** Ids */
  readonly tasks: readonly string[]
  /** Who may see a resource is asked again for each change; undefined where there is none, since a request hangs on it. */
  readonly ctx: RequestContext | undefined
  readonly principalId: string | undefined
  readonly writer: SseWriter
  readonly maxBufferBytes: number
  timer: NodeJS.Timeout | undefined = undefined
  readonly #owner: { remove(subscription: Subscription): void }

  constructor(
    owner: { remove(subscription: Subscription): void },
    exchange: StatelessExchange,
    ctx: RequestContext,
    { lists, resources }: Filter,
    tasks: readonly TaskView[],
    maxBufferBytes: number,
  ) {
    this.#owner = owner
    this.idText = escaped(JSON.stringify(exchange.message.id))
    this.lists = lists
    this.resources = resources
    this.tasks = tasks.length === 0 ? NO_TASKS : tasks.map(({ record }) => record.taskId)
    this.ctx = resources.size === 0 ? undefined : ctx
    this.principalId = exchange.principal?.id
    this.maxBufferBytes = maxBufferBytes
    this.writer = new SseWriter(exchange.incoming.response, this)
  }

  /**
   * Writes a frame with the subscription's id in its place.
   *
   * @param alone - nothing else is to be told in this turn
   */
  tell(head: string, tail: string, alone: boolean): void {
    const frame = `${head}${this.idText}${tail}`
    if (alone) this.writer.writeNow(frame)
    else this.writer.write(frame)
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
  readonly #byResource = new Map<string, Set<Subscription>>()
  readonly #perPrincipal = new Map<string, number>()

  constructor(state: StatelessEraState) {
    this.#state = state
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Opens a stream and acknowledges what it will carry.
   *
   * @param tasks - those that the client asks for and may know of; it is told their present state at once, since
   *   what they have become before this moment is told nobody again
   * @throws {RpcError} -32602, the filter is malformed; -32000, too many streams are open
   */
  listen(exchange: StatelessExchange, ctx: RequestContext, tasks: readonly TaskView[]): void {
    const { settings, server, keepAlive } = this.#state
    const filter = honoured(
      readFilter(exchange.message.params, settings.subscriptions.maxResources),
      ctx,
      server,
    )
    this.#checkRoom(exchange.principal?.id)
    watchAll(filter.resources, ctx, server)
    const subscription = new Subscription(this, exchange, ctx, filter, tasks, settings.maxStreamBufferBytes)
    const { writer } = subscription
    this.#add(subscription)
    const notifications = wireFilter(filter, subscription.tasks)
    const acknowledged = frameParts(Notify.acknowledged, { notifications })
    writer.open(exchange.incoming.replyHeaders(), acknowledged.join(subscription.idText))
    for (const { record } of tasks) tell(subscription, record)
    if (filter.lists === 0 && filter.resources.size + tasks.length === 0) this.#end(subscription)
    writer.handOver()
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
      const subscribers = this.#byResource.get(uri)
      if (subscribers === undefined) continue
      const [head, tail] = frameParts(Notify.resourceUpdated, { uri })
      for (const subscription of subscribers) {
        const { ctx } = subscription
        // Who may see a resource can have changed since the stream was opened.
        if (ctx !== undefined && maySee(uri, ctx, this.#state.server)) subscription.tell(head, tail, alone)
      }
    }
  }

  /** Ends all streams properly: with their result. */
  close(): void {
    for (const subscription of [...this.#open]) this.#end(subscription)
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

  #checkRoom(principalId: string | undefined): void {
    const { max, maxPerPrincipal } = this.#state.settings.subscriptions
    const mine = principalId === undefined ? 0 : (this.#perPrincipal.get(principalId) ?? 0)
    if (this.#open.size < max && mine < maxPerPrincipal) return
    const limit = this.#open.size < max ? `${maxPerPrincipal} for each principal` : `${max}`
    throw new RpcError(
      ErrorCode.SERVER_ERROR,
      `Too many subscription streams are open (the limit is ${limit})`,
    )
  }

  #add(subscription: Subscription): void {
    const { resources, principalId } = subscription
    this.#open.add(subscription)
    for (const taskId of subscription.tasks) this.#state.tasks.news.add(taskId, subscription)
    if (principalId !== undefined) {
      this.#perPrincipal.set(principalId, (this.#perPrincipal.get(principalId) ?? 0) + 1)
    }
    for (const uri of resources) {
      const subscribers = this.#byResource.get(uri)
      if (subscribers === undefined) this.#byResource.set(uri, new Set([subscription]))
      else subscribers.add(subscription)
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
    const { principalId, resources } = subscription
    if (principalId !== undefined) {
      const left = (this.#perPrincipal.get(principalId) ?? 1) - 1
      if (left > 0) this.#perPrincipal.set(principalId, left)
      else this.#perPrincipal.delete(principalId)
    }
    for (const uri of resources) {
      const subscribers = this.#byResource.get(uri)
      subscribers?.delete(subscription)
      if (subscribers?.size === 0) this.#byResource.delete(uri)
      this.#state.server.watch.release(uri)
    }
  }
}

function readFilter(params: JsonObject | undefined, maxResources: number): Filter {
  const filter = params?.['notifications']
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw invalid('"notifications", an object that says what to listen to')
  }
  const wanted = filter as JsonObject
  for (const { member } of LISTS) {
    if (wanted[member] !== undefined && typeof wanted[member] !== 'boolean')
      throw invalid(`"${member}" to be a boolean`)
  }
  const uris = wanted['resourceSubscriptions'] ?? []
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) {
    throw invalid('"resourceSubscriptions" to be an array of URIs')
  }
  if (uris.length > maxResources) throw invalid(`at most ${maxResources} resources; got ${uris.length}`)
  const lists = LISTS.reduce((bits, { bit, member }) => (wanted[member] === true ? bits | bit : bits), 0)
  return { lists, resources: uris.length === 0 ? NO_RESOURCES : new Set(uris) }
}

/** The part of the filter that this server has anything to say about, to this caller. */
function honoured({ lists, resources }: Filter, ctx: RequestContext, server: McpServer): Filter {
  const offered: { readonly [Kind in ListKind]: boolean } = {
    tools: server.tools.size > 0,
    prompts: server.prompts.size > 0,
    resources: server.resources.size > 0 || server.resourceTemplates.size > 0,
  }
  return {
    lists: LISTS.reduce((bits, { bit, kind }) => (offered[kind] ? bits : bits & ~bit), lists),
    resources:
      resources.size === 0 ? NO_RESOURCES : new Set([...resources].filter((uri) => maySee(uri, ctx, server))),
  }
}

function wireFilter({ lists, resources }: Filter, taskIds: readonly string[]): JsonObject {
  const flags = LISTS.filter(({ bit }) => (lists & bit) !== 0).map(({ member }) => [member, true])
  return {
    ...Object.fromEntries(flags),
    ...(resources.size > 0 && { resourceSubscriptions: [...resources] }),
    ...(taskIds.length > 0 && { taskIds }),
  }
}

/** Starts to watch all of them, or, when a hook throws, none. */
function watchAll(uris: ReadonlySet<string>, ctx: RequestContext, server: McpServer): void {
  const watched: string[] = []
  try {
    for (const uri of uris) {
      server.watch.acquire(uri, findResource(uri, ctx, server).subscribe, ctx)
      watched.push(uri)
    }
  } catch (error) {
    for (const uri of watched) server.watch.release(uri)
    throw error
  }
}

function maySee(uri: string, ctx: RequestContext, server: McpServer): boolean {
  try {
    const { subscribe } = findResource(uri, ctx, server)
    return subscribe !== undefined && subscribe !== false
  } catch {
    return false
  }
}

/** A frame around the place of the id. */
function frameParts(method: string, params: JsonObject): [head: string, tail: string] {
  const message = {
    jsonrpc: '2.0',
    method,
    params: { _meta: { [MetaKey.SUBSCRIPTION_ID]: PLACE }, ...params },
  }
  return encodeMessage(JSON.stringify(message)).split(`"${PLACE}"`, 2) as [string, string]
}

/** As the frame encoder would write it. */
function escaped(json: string): string {
  return json.replace(
    /[\u0085\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function invalid(expected: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `subscriptions/listen needs ${expected}`)
}
