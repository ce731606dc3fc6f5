/**
 * What the session era remembers for one handler: the session table, the calls in progress, the streams that
 * wait for their client or for their end, and the one timer that watches over all of them.
 *
 * Both queues below are ordered by the time at which their entries expire, since every entry of a queue waits
 * equally long: a tick looks at the first ones only.
 */

import { ByteBudget } from '../bounds/byte-budget.ts'
import type { Filled } from '../bounds/option-types.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { runHook } from '../dispatch/hook.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { ListKind } from '../features/change-bus.ts'
import type { WatchResource } from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { KeepAlive } from '../sse/keep-alive.ts'
import { ChangeLog } from './change-log.ts'
import { CoarseClock } from './clock.ts'
import type { SessionExchange } from './exchange.ts'
import type { CallStream } from './http/call-stream.ts'
import { KeptStreams } from './http/kept-streams.ts'
import type { PostResponse } from './http/post-response.ts'
import type { StandaloneStream, StandaloneStreamHost } from './http/standalone-stream.ts'
import { InFlight } from './in-flight.ts'
import type { ReplayOptions, SessionEnd, SessionEraSettings } from './options.ts'
import { SealedIds, type SealedSession } from './sealed-ids.ts'
import { ServerMessages } from './server-messages.ts'
import type { Session } from './session.ts'
import { SessionTable } from './session-table.ts'

/** A session that floods its streams takes this part of what is kept for all, and leaves the rest to others. */
const SESSION_SHARE = 16
const LISTS: readonly ListKind[] = ['tools', 'prompts', 'resources']

export class SessionEraState implements StandaloneStreamHost {
  readonly server: McpServer
  readonly settings: SessionEraSettings
  readonly limits: CallLimits
  readonly table: SessionTable
  readonly clock: CoarseClock
  readonly keepAlive: KeepAlive
  readonly budget: ByteBudget
  readonly news: ChangeLog
  readonly messages: ServerMessages
  readonly counters = { undeliverable: 0 }
  /** Undefined where sessions end with their process. */
  readonly sealedIds: SealedIds | undefined
  /** No session is taken up any more. */
  closing = false
  /** Lifecycle: from the first `await` of a POST's requests to its last answer. */
  readonly calls = new Set<PostResponse>()
  /** Calls whose client left, with the time it did. */
  readonly #detached = new Map<PostResponse, number>()
  readonly #streams = new KeptStreams()
  #hasRestored = false
  #onIdle: (() => void) | undefined

  constructor(server: McpServer, settings: SessionEraSettings, limits: CallLimits) {
    this.server = server
    this.settings = settings
    this.limits = limits
    this.keepAlive = new KeepAlive(settings.keepAliveMs)
    this.budget = new ByteBudget(settings.replay?.maxTotalBytes ?? 0)
    const limitsMs = [
      settings.sessions?.idleTimeoutMs ?? 0,
      settings.disconnectGraceMs,
      settings.replay?.ttlMs ?? 0,
    ]
    this.clock = new CoarseClock(limitsMs, () => this.#tick())
    const { keys, lifetimeMs = 0 } = settings.sessions ?? {}
    const sealedIds = keys === undefined ? undefined : new SealedIds(keys, lifetimeMs, server.info.name)
    this.sealedIds = sealedIds
    this.table = new SessionTable(
      {
        max: settings.sessions?.max ?? 0,
        maxPerPrincipal: settings.sessions?.maxPerPrincipal ?? 0,
        maxTotalBytes: settings.sessions?.maxTotalBytes ?? 0,
        idleTimeoutMs: settings.sessions?.idleTimeoutMs ?? 0,
        sealId: (hello, logLevel, principalId) => sealedIds?.seal(hello, logLevel, principalId),
        onClose: (session, reason) => this.#sessionClosed(session, reason),
      },
      this.clock,
    )
    this.news = new ChangeLog(settings.replay, this.budget, this.table)
    this.messages = new ServerMessages(settings, this.table, this.news, this.budget, server.defaultLogLevel)
  }

  get maxStreamBufferBytes(): number {
    return this.settings.maxStreamBufferBytes
  }

  get disconnectGraceMs(): number {
    return this.settings.disconnectGraceMs
  }

  get replay(): Filled<ReplayOptions> | undefined {
    return this.settings.replay
  }

  /**
   * Takes up a session that began in another process, or that made room here.
   *
   * @throws {LimitError} as `SessionTable.open`
   */
  restore(id: string, { hello, logLevel }: SealedSession, principalId: string | undefined): Session {
    const { server, table, news } = this
    const usual = server.defaultLogLevel
    const session = table.open(hello, principalId, usual === undefined ? undefined : (logLevel ?? usual), id)
    this.messages.levelWanted(session.logLevel)
    // Nobody knows what its client was not told of: any list may have changed since.
    session.changesFrom = 0
    if (!this.#hasRestored) {
      this.#hasRestored = true
      const offered = offeredCapabilities(server, { notifies: true, logs: false })
      const lists = new Set(LISTS.filter((kind) => kind in offered))
      news.announce({ lists, resources: new Set() }, this.clock.now)
    }
    this.opened(session, true)
    return session
  }

  opened(session: Session, restored: boolean): void {
    runHook(
      () => this.settings.onSessionOpened?.(session.info(), restored),
      (error) => this.server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }

  /** A call that takes its time. */
  hold(reply: PostResponse): void {
    this.calls.add(reply)
    this.limits.inFlight.begin(reply.principal?.id, reply.count)
    reply.http.hold()
    const { session } = reply
    if (session === undefined) return
    this.table.use(session)
    session.inFlight ??= new InFlight()
    for (const exchange of reply.exchanges) session.inFlight.add(exchange)
  }

  settled(reply: PostResponse, exchange: SessionExchange): void {
    reply.session?.inFlight?.delete(exchange)
  }

  release(reply: PostResponse): void {
    this.calls.delete(reply)
    this.#detached.delete(reply)
    this.limits.inFlight.end(reply.principal?.id, reply.count)
    reply.http.release()
    if (reply.session !== undefined) this.table.release(reply.session)
    if (this.calls.size === 0) this.#onIdle?.()
  }

  /** The client of a call left. Without a session it cannot come back, so the call ends now. */
  detached(reply: PostResponse): void {
    const { disconnectGraceMs } = this.settings
    if (reply.session === undefined) {
      reply.cancel(new McpError('ERR_CLIENT_GONE', 'The client closed the connection of the call'))
    } else if (disconnectGraceMs > 0) {
      this.#detached.set(reply, this.clock.now)
      this.clock.start()
    }
  }

  /** The client of a call is back. */
  reattached(reply: PostResponse): void {
    this.#detached.delete(reply)
  }

  /** A session is in use while somebody listens to it. */
  streamOpened(listener: StandaloneStream): void {
    const { owner } = listener.session.ownership ?? {}
    this.news.listeners.add(listener)
    if (owner !== undefined) {
      owner.listeners ??= new Set()
      owner.listeners.add(listener)
    }
    this.table.use(listener.session)
  }

  streamClosed(listener: StandaloneStream): void {
    this.news.listeners.delete(listener)
    listener.session.ownership?.owner.listeners?.delete(listener)
    this.table.release(listener.session)
  }

  replayBudget(session: Session, replay: Filled<ReplayOptions>): ByteBudget {
    const share = Math.max(replay.maxBytes, replay.maxTotalBytes / SESSION_SHARE)
    session.replayBudget ??= new ByteBudget(share, this.budget)
    return session.replayBudget
  }

  addStream(session: Session, stream: CallStream): void {
    this.#streams.add(session, stream)
  }

  /** Keeps a stream for a client that did not get its end, within the limits. */
  streamFinished(session: Session, stream: CallStream): void {
    if (this.replay === undefined || session.closed || !stream.resumable) {
      this.#streams.drop(session, stream)
      return
    }
    this.#streams.keep(session, stream, this.clock.now)
    this.clock.start()
  }

  /** Resolves when no call is in progress. */
  idle(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  /** Gives up what is left: no call is answered any more. */
  shutDown(): void {
    const error = shuttingDown()
    for (const reply of [...this.calls]) reply.fail(503, error)
    for (const session of [...this.table.values()]) this.table.close(session, 'shutdown')
    this.keepAlive.close()
    this.clock.stop()
  }

  #tick(): void {
    const { disconnectGraceMs, replay } = this.settings
    this.table.expire()
    for (const [reply, since] of this.#detached) {
      if (since > this.clock.before(disconnectGraceMs)) break
      this.#detached.delete(reply)
      reply.cancel(new McpError('ERR_CLIENT_GONE', `The client was away for ${disconnectGraceMs} ms`))
    }
    if (replay !== undefined && replay.ttlMs > 0) {
      const expired = this.clock.before(replay.ttlMs)
      this.#streams.dropOlderThan(expired)
      this.news.dropOlderThan(expired)
      this.messages.dropOlderThan(expired)
    }
    if (this.table.size === 0 && this.#detached.size === 0 && this.#streams.size === 0) this.clock.stop()
  }

  /** The one teardown of a session. */
  #sessionClosed(session: Session, reason: SessionEnd): void {
    const gone = new McpError('ERR_SESSION_CLOSED', `The session ended (${reason})`)
    if (session.hasPending) session.pending.rejectAll(gone)
    for (const exchange of session.inFlight?.all() ?? []) exchange.reply.fail(404, sessionEnded(reason))
    this.#streams.close(session)
    session.listening?.finish()
    session.listening = undefined
    for (const uri of session.subscriptions?.from.keys() ?? []) this.unsubscribe(session, uri)
    this.messages.forget(session)
    if (this.table.size === 0) this.news.clear()
    if (reason === 'deleted' || reason === 'expired') this.sealedIds?.end(session.id)
    runHook(
      () => this.settings.onSessionClosed?.(session.info(), reason),
      (error) => this.server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }

  /**
   * @param wanted - what the registration of the resource says about subscriptions
   * @param ctx - of the request for it
   * @throws {LimitError} as `ChangeLog.subscribe`; what a watch function throws, and then nothing has changed
   */
  subscribe(session: Session, uri: string, wanted: boolean | WatchResource, ctx: RequestContext): void {
    const kept = this.news.subscribe(session, uri)
    try {
      this.server.watch.acquire(kept, wanted, ctx)
    } catch (error) {
      this.news.unsubscribe(session, kept)
      throw error
    }
  }

  unsubscribe(session: Session, uri: string): void {
    if (this.news.unsubscribe(session, uri)) this.server.watch.release(uri)
  }
}

export function shuttingDown(): RpcError {
  return new RpcError(ErrorCode.SERVER_ERROR, 'The server is shutting down')
}

function sessionEnded(reason: SessionEnd): RpcError {
  return new RpcError(
    ErrorCode.SESSION_NOT_FOUND,
    `The session ended (${reason}); start a new one with initialize`,
  )
}
