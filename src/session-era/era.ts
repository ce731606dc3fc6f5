/**
 * The session era of one handler: composes the session table, the calls in flight, the change log, the messages of the
 * server, and the one clock that expires them.
 *
 *    transport --> SessionEra --> table, calls, changes, messages         each in a file of its own
 *                            `--> nodes                                    with a store that several processes share
 *
 * Not here: how requests and streams travel (http/).
 */

import { ByteBudget } from '../bounds/byte-budget.ts'
import { runHook } from '../dispatch/hook.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import { ShutdownError } from '../dispatch/shutdown-error.ts'
import { offeredCapabilities } from '../features/capabilities.ts'
import type { ListKind } from '../features/change-bus.ts'
import { type Feed, NodeFeed } from '../features/feed.ts'
import type { McpServer } from '../features/server.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { NodeChannel } from '../store/node-channel.ts'
import { Calls } from './calls.ts'
import { ChangeLog } from './change-log.ts'
import { ClientChoices } from './client-choices.ts'
import { CoarseClock } from './clock.ts'
import type { HandshakeHost, InitializeParams } from './handshake.ts'
import { SESSIONLESS_METHODS, sessionMethods, withTasks } from './methods.ts'
import { SessionNodes } from './nodes/nodes.ts'
import type { SharedSessionsHost } from './nodes/shared-sessions.ts'
import type { SessionState } from './nodes/stored-session.ts'
import type { SessionEnd, SessionEraSettings } from './options.ts'
import type { Revision } from './revisions.ts'
import { SealedIds, type SealedSession } from './sealed-ids.ts'
import { ServerMessages } from './server-messages.ts'
import type { Session } from './session.ts'
import { SessionTable, type SessionTableOptions } from './session-table.ts'
import type { SessionTaskHost } from './session-task.ts'
import type { StandaloneStream } from './standalone-stream.ts'
import { SessionTasks } from './tasks.ts'

const LISTS: readonly ListKind[] = ['tools', 'prompts', 'resources']

/** The finished streams that a transport retains for clients that reconnect; the clock of the era expires them. */
export interface FinishedStreams {
  readonly size: number
  /** Releases those that finished before a time of the clock. */
  dropOlderThan(time: number): void
}

export class SessionEra implements HandshakeHost, SharedSessionsHost {
  readonly server: McpServer
  readonly settings: SessionEraSettings
  readonly limits: CallLimits
  readonly clock: CoarseClock
  readonly table: SessionTable
  readonly calls: Calls
  readonly changes: ChangeLog
  readonly messages: ServerMessages
  /** Of all events that are retained for clients that reconnect. */
  readonly replayBudget: ByteBudget
  /** Undefined where sessions end with the process: no keys are configured. */
  readonly sealedIds: SealedIds | undefined
  readonly tasks: SessionTasks
  /** Undefined with one node. */
  readonly nodes: SessionNodes | undefined
  readonly choices: ClientChoices
  readonly #methods: ReturnType<typeof sessionMethods>
  readonly #taskMethods: ReturnType<typeof sessionMethods>
  readonly #sessionlessTaskMethods: ReturnType<typeof sessionMethods>
  /** Shutdown has begun: new requests and streams are to be refused. */
  closing = false
  readonly #streams: FinishedStreams
  readonly #feed: Feed
  readonly #unsubscribe: readonly (() => void)[]
  /** Undefined where nothing is shared with other processes. */
  readonly channel: NodeChannel | undefined
  #hasRestored = false

  /**
   * @param streams - the finished streams that the transport retains
   * @param feed - where changes and messages come from: with a channel, from all nodes
   */
  constructor(
    server: McpServer,
    settings: SessionEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    streams: FinishedStreams,
    channel?: NodeChannel,
    feed: Feed = server,
  ) {
    this.server = server
    this.channel = channel
    const isShared = channel !== undefined
    this.settings = settings
    this.limits = limits
    this.#streams = streams
    const { sessions, replay, disconnectGraceMs } = settings
    const { keys, lifetimeMs = 0, idleTimeoutMs = 0 } = sessions ?? {}
    this.replayBudget = new ByteBudget(replay?.maxTotalBytes ?? 0)
    this.clock = new CoarseClock([idleTimeoutMs, disconnectGraceMs, replay?.ttlMs ?? 0], () => this.#tick())
    this.sealedIds = keys === undefined ? undefined : new SealedIds(keys, lifetimeMs, server.info.name)
    this.table = new SessionTable(this.#tableOptions(), this.clock)
    const hasNodes = channel !== undefined && sessions !== undefined
    this.nodes = hasNodes ? new SessionNodes(channel, this, idleTimeoutMs) : undefined
    this.calls = new Calls(limits, this.table, this.clock, disconnectGraceMs)
    this.changes = new ChangeLog(replay, this.replayBudget, this.table, isShared)
    const level = server.defaultLogLevel
    this.messages = new ServerMessages(settings, this.table, this.changes, this.replayBudget, level, isShared)
    this.#feed = feed
    const notify = (...task: Parameters<SessionTaskHost['notifySession']>) => this.#notifyOfTask(...task)
    this.tasks = new SessionTasks(tasks, notify, channel)
    this.choices = new ClientChoices(this)
    this.#methods = sessionMethods(this.choices)
    this.#taskMethods = withTasks(this.#methods, this.tasks.methods)
    this.#sessionlessTaskMethods = withTasks(SESSIONLESS_METHODS, this.tasks.methods)
    this.#unsubscribe = this.#subscribe(feed)
    channel?.observe({ onMissed: (sequence) => this.#missed(sequence) })
  }

  get hasSessions(): boolean {
    return this.settings.sessions !== undefined
  }

  /** Whether calls of a client of this revision can be tasks. */
  offersTasks({ hasTasks }: Revision): boolean {
    return hasTasks && this.server.hasTaskTools
  }

  methods(session: Session | undefined, revision: Revision): ReturnType<typeof sessionMethods> {
    if (this.offersTasks(revision)) {
      return session === undefined ? this.#sessionlessTaskMethods : this.#taskMethods
    }
    return session === undefined ? SESSIONLESS_METHODS : this.#methods
  }

  openSession(params: InitializeParams, principalId: string | undefined): Session {
    const session = this.table.open(params, principalId, this.server.defaultLogLevel)
    session.changesFrom = this.changes.lastSequence
    return session
  }

  /**
   * Restores a session from its sealed id: it began in another process, or was evicted in this one.
   *
   * @throws {LimitError} as `SessionTable.open`
   */
  restore(id: string, { params, logLevel }: SealedSession, principalId: string | undefined): Session {
    const { server, table, changes } = this
    const usual = server.defaultLogLevel
    const session = table.open(params, principalId, usual === undefined ? undefined : (logLevel ?? usual), id)
    this.messages.includeLevel(session.record.logLevel)
    // Any list may have changed since its client was last notified.
    session.changesFrom = 0
    if (!this.#hasRestored) {
      this.#hasRestored = true
      changes.publish({ lists: new Set(this.#offeredLists()), resources: new Set() }, this.clock.now)
    }
    this.notifyOpened(session, true)
    return session
  }

  /** Stores a session that `initialize` has opened, where other nodes may serve it. @throws {StoreAwayError} */
  sessionReady(session: Session): Promise<void> | undefined {
    return this.nodes?.sessions.create(session)
  }

  restoreShared(id: string, state: SessionState): Session {
    const { table, server } = this
    const usual = server.defaultLogLevel
    const level = usual === undefined ? undefined : (state.logLevel ?? usual)
    const session = table.open(state.params, state.principalId, level, id)
    this.messages.includeLevel(level)
    session.isShared = true
    session.changesFrom = state.changesFrom
    session.delivered = state.delivered
    try {
      for (const [uri, subscription] of state.subscriptions)
        this.choices.applySubscription(session, uri, subscription)
    } catch (error) {
      table.close(session, 'evicted')
      throw error
    }
    this.notifyOpened(session, true)
    this.nodes?.watches.opened(session)
    return session
  }

  notifyOpened(session: Session, restored = false): void {
    session.hooksNotified = true
    runHook(
      () => this.settings.onSessionOpened?.(session.info(), restored),
      (error) => this.server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }

  discard(session: Session): void {
    this.table.close(session, 'deleted')
    // At worst it expires.
    if (session.isShared) this.nodes?.sessions.delete(session.id).catch(() => {})
  }

  /** Its client ends a session. @throws {StoreAwayError} later; it goes on, as far as is known */
  deleteSession(session: Session): Promise<void> | undefined {
    if (this.nodes === undefined) this.table.close(session, 'deleted')
    return this.nodes?.sessions.delete(session.id).then(() => this.table.close(session, 'deleted'))
  }

  reportError(error: unknown): void {
    this.server.reportError(error, { phase: 'transport' })
  }

  /** The standalone stream of a session has a connection: the session is in use and is not evicted. */
  streamConnected(session: Session, stream: StandaloneStream): void {
    const { owner } = session.ownership ?? {}
    this.changes.streams.add(stream)
    if (owner !== undefined) {
      owner.standaloneStreams ??= new Set()
      owner.standaloneStreams.add(stream)
    }
    this.table.use(session)
    this.nodes?.watches.opened(session)
  }

  /** @param delivered - the last sequence number that was written to it */
  streamDisconnected(session: Session, stream: StandaloneStream, delivered = 0): void {
    this.changes.streams.delete(stream)
    session.ownership?.owner.standaloneStreams?.delete(stream)
    this.table.release(session)
    if (this.nodes === undefined || !session.isShared || session.closed) return
    if (delivered > Math.max(session.delivered, session.changesFrom)) {
      session.delivered = delivered
      this.nodes.sessions.delivered(session, delivered)
    }
  }

  /** Begins the shutdown: the standalone streams end with a `retry:`, so that their clients reconnect elsewhere. */
  stopAccepting(): void {
    this.closing = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    const retryMs = this.settings.replay?.retryMs
    for (const stream of this.changes.streams) stream.disconnect(retryMs)
  }

  /** Fails the calls that are left, and closes every session. */
  shutDown(): void {
    this.calls.failAll(new ShutdownError())
    for (const session of [...this.table.values()]) this.table.close(session, 'shutdown')
    this.clock.stop()
  }

  #tableOptions(): SessionTableOptions {
    const { sessions } = this.settings
    return {
      max: sessions?.max ?? 0,
      maxPerPrincipal: sessions?.maxPerPrincipal ?? 0,
      maxTotalBytes: sessions?.maxTotalBytes ?? 0,
      idleTimeoutMs: sessions?.idleTimeoutMs ?? 0,
      // Another node may serve it.
      idleEnd: this.channel === undefined ? 'expired' : 'evicted',
      sealId: (params, logLevel, principalId) =>
        this.sealedIds?.seal(params, logLevel, principalId) ?? sessions?.newId?.(),
      onClose: (session, reason) => this.#sessionClosed(session, reason),
    }
  }

  /** @returns what ends the subscriptions */
  #subscribe({ changes, messages }: Feed): readonly (() => void)[] {
    return [
      changes.subscribe((changed, sequence) => {
        this.changes.publish(changed, this.clock.now, sequence)
        if (this.channel !== undefined) this.clock.start()
      }),
      messages.subscribe((message, sequence) => {
        if (sequence === undefined) return this.messages.send(message, this.clock.now)
        this.clock.start()
        return this.messages.receive(message, sequence, this.clock.now)
      }, this.messages.refuse),
    ]
  }

  /** See `SessionTaskHost.notifySession`. What reaches no stream now is not retained: clients can poll the state of a task. */
  #notifyOfTask(
    { id }: Session,
    method: string,
    params: JsonObject,
    scopes: readonly string[] | undefined,
  ): void {
    const session = this.table.get(id)
    if (session === undefined) return
    const isAttached = session.standaloneStream?.attached === true
    if (!isAttached && this.nodes?.standalone.isElsewhere(session) !== true) return
    const json = encodeNotification(method, params)
    const message = { method, json, session: id, level: undefined, principal: undefined }
    // The stream of this node was opened with the scopes of the task; for one of another node that is not known.
    if (this.#feed instanceof NodeFeed) this.#feed.send({ ...message, scopes })
    else this.messages.send(message, this.clock.now)
  }

  /** Lists that clients can know. */
  #offeredLists(): readonly ListKind[] {
    const offered = offeredCapabilities(this.server, { notifies: true, logs: false })
    return LISTS.filter((kind) => kind in offered)
  }

  /** Changes and messages up to a sequence number may not have come to this node. */
  #missed(sequence: number): void {
    this.changes.markLost(sequence, this.#offeredLists())
    this.messages.markLost(sequence)
    for (const stream of this.changes.streams) stream.catchUp()
  }

  #tick(): void {
    const { replay } = this.settings
    this.table.expire()
    this.calls.expire()
    this.nodes?.sessions.tick(this.clock.now)
    if (replay !== undefined && replay.ttlMs > 0) {
      const expired = this.clock.before(replay.ttlMs)
      for (const kept of [this.#streams, this.changes, this.messages]) kept.dropOlderThan(expired)
    }
    if (this.table.size > 0 || this.calls.detachedSize > 0 || this.#streams.size > 0) return
    if (this.changes.isEmpty && this.messages.isEmpty) this.clock.stop()
  }

  /** The one teardown of a session. */
  #sessionClosed(session: Session, reason: SessionEnd): void {
    const ended = new McpError('ERR_SESSION_CLOSED', `The session ended (${reason})`)
    if (session.hasPending) session.pending.rejectAll(ended)
    for (const call of session.inFlight?.all() ?? []) call.fail(sessionEnded(reason))
    session.streams?.close()
    session.standaloneStream?.finish()
    session.standaloneStream = undefined
    this.choices.sessionClosed(session, reason !== 'evicted')
    // From a sealed id, or from a store, a session is taken up again, and its tasks with it.
    const { channel, sealedIds } = this
    const isLasting = channel !== undefined || sealedIds !== undefined
    const forGood = reason === 'deleted' || (reason === 'expired' && channel === undefined)
    const hasTasks =
      channel !== undefined && session.ownership === undefined && this.offersTasks(session.revision)
    this.tasks.sessionClosed(session, forGood || (!isLasting && reason !== 'shutdown'), hasTasks && forGood)
    this.messages.sessionClosed(session, forGood)
    if (this.table.size === 0 && this.channel === undefined) this.changes.clear()
    if (reason === 'deleted' || reason === 'expired') this.sealedIds?.end(session.id)
    if (!session.hooksNotified) return
    runHook(
      () => this.settings.onSessionClosed?.(session.info(), reason),
      (error) => this.server.reportError(error, { phase: 'hook', sessionId: session.id }),
    )
  }
}

function sessionEnded(reason: SessionEnd): RpcError {
  return new RpcError(
    ErrorCode.SESSION_NOT_FOUND,
    `The session ended (${reason}); start a new one with initialize`,
  )
}
