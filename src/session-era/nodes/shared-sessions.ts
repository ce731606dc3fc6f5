/**
 * The sessions of one node and their records in the store, which has those of all nodes.
 *
 *    initialize       create, before the answer
 *    unknown id       read, once for all requests that ask at the same time; then the session is open here, too
 *    log level, ...   a field in the store, then a message to the nodes that may have the session open, then the answer
 *    DELETE           delete in the store, then the same, and these nodes confirm it before the answer
 *    in use           touch, at most four times in idleTimeoutMs, in the background
 *    evicted, idle    closed here only: a later request opens it again, on any node
 *
 * A request for a session that is open here asks nothing of the store, and goes on when that cannot be reached.
 *
 * Invariant: `#loads` has the ids that are being read, at most `MAX_LOADS`.
 * Not here: the text of a record (stored-session.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { fromStore, StoreAwayError } from '../../dispatch/store-error.ts'
import type { LogLevel } from '../../protocol/wire-types.ts'
import type { NodeChannel, NodeListener, TopicListener } from '../../store/node-channel.ts'
import type { SessionStore, StoredSession } from '../../store/session-store.ts'
import type { Session } from '../session.ts'
import type { SessionTable } from '../session-table.ts'
import { nodeChannels } from './diagnostics.ts'
import {
  Field,
  readLevel,
  readStored,
  readSubscription,
  recordText,
  type SessionState,
  type StoredSubscription,
} from './stored-session.ts'

const TOPIC = 'session'
/** Ids that are looked up at the same time. */
const MAX_LOADS = 1024
/** A session that changes while it is read is read again, this many times at most. */
const MAX_READS = 4
/** Records that are touched at the same time. */
const MAX_TOUCHES = 64
const TOUCHES_PER_TIMEOUT = 4
/** How long an answer waits for the announcement of a change, where the store has just become unreachable. */
const ANNOUNCE_MS = 1000

/** What the store's part needs of the era. */
export interface SharedSessionsHost {
  readonly table: SessionTable
  /** Opens a session that is in the store. @throws {LimitError} as `SessionTable.open` */
  restoreShared(id: string, state: SessionState): Session
  /** Another node has changed a session that is open here. */
  readonly choices: {
    applyLevel(session: Session, level: LogLevel): void
    /** @param subscription - undefined: it is over */
    applySubscription(session: Session, uri: string, subscription: StoredSubscription | undefined): void
  }
  reportError(error: unknown): void
}

interface Load {
  readonly session: Promise<Session | undefined>
  /** The session has changed since it was read. */
  isStale: boolean
}

/** What nodes announce to each other about a session. */
interface Change {
  readonly id: string
  readonly deleted?: true
  /** The node that sends this waits for a confirmation with the same number. */
  readonly confirm?: number
  readonly level?: string
  readonly uri?: string
  readonly subscription?: unknown
  readonly delivered?: number
}

export class SharedSessions implements TopicListener, NodeListener {
  /** Sessions that were opened from the store, since the start. */
  restored = 0
  readonly #channel: NodeChannel
  readonly #host: SharedSessionsHost
  readonly #store: SessionStore
  /** How long a record lives without a touch: longer than a session idles here, which notices it a touch late. */
  readonly #ttlMs: number
  readonly #periodMs: number
  /** By id. Lifecycle: while the store is asked for it. */
  readonly #loads = new Map<string, Load>()
  /** By number. Lifecycle: until all other nodes have confirmed a change, `ANNOUNCE_MS` at the longest. */
  readonly #confirmations = new Map<number, { missing: number; readonly done: () => void }>()
  #lastConfirmation = 0
  #isTouching = false
  #touchedAt = 0
  #hasReported = false

  /** @param idleTimeoutMs - 0: sessions do not expire */
  constructor(channel: NodeChannel, host: SharedSessionsHost, idleTimeoutMs: number) {
    this.#channel = channel
    this.#host = host
    this.#store = channel.node.sessions
    this.#periodMs = idleTimeoutMs / TOUCHES_PER_TIMEOUT
    this.#ttlMs = Math.ceil(idleTimeoutMs + this.#periodMs)
    channel.listen(TOPIC, this)
    channel.observe(this)
  }

  /** @throws {StoreAwayError} */
  create(session: Session): Promise<void> {
    session.isShared = true
    return fromStore(this.#store.create(session.id, recordText(session), this.#ttlMs))
  }

  /**
   * Opens a session that began on another node, or was closed here.
   *
   * @returns undefined: there is no session of this id
   * @throws {StoreAwayError}
   * @throws {LimitError} as `SessionTable.open`
   */
  load(id: string): Promise<Session | undefined> {
    const known = this.#loads.get(id)
    if (known !== undefined) return known.session
    if (this.#loads.size >= MAX_LOADS) {
      return Promise.reject(new StoreAwayError(new Error(`${MAX_LOADS} sessions are being looked up`)))
    }
    const session = this.#load(id).finally(() => this.#loads.delete(id))
    this.#loads.set(id, { session, isStale: false })
    return session
  }

  /** Whether the store is being asked for it. */
  isLoading(id: string): boolean {
    return this.#loads.has(id)
  }

  /** @throws {StoreAwayError} nothing has changed, as far as is known */
  async setLevel(session: Session, level: LogLevel): Promise<void> {
    await this.#setField(session, Field.level, level)
    await this.#announce({ id: session.id, level })
  }

  /** @param subscription - undefined: it ends @throws {StoreAwayError} nothing has changed, as far as is known */
  async setSubscription(
    session: Session,
    uri: string,
    subscription: StoredSubscription | undefined,
  ): Promise<void> {
    const text = subscription === undefined ? undefined : JSON.stringify(subscription)
    await this.#setField(session, Field.subscription(uri), text)
    await this.#announce({ id: session.id, uri, subscription: subscription ?? null })
  }

  /** The connection of a standalone stream closed: its client may come back to another node. */
  delivered(session: Session, sequence: number): void {
    this.#setField(session, Field.delivered, String(sequence)).then(
      () => void this.#publish({ id: session.id, delivered: sequence }),
      // At worst a client that comes back without Last-Event-ID gets some messages again.
      () => {},
    )
  }

  /** Ends a session for all nodes. @throws {StoreAwayError} it goes on, as far as is known */
  async delete(id: string): Promise<void> {
    await fromStore(this.#store.delete(id, this.#ttlMs))
    await this.#announceAndConfirm({ id, deleted: true })
  }

  /** Called at ticks of the clock: keeps the records of sessions in use alive. @param now - of the clock */
  tick(now: number): void {
    if (this.#periodMs === 0 || now - this.#touchedAt < this.#periodMs) return
    this.#touchSince(this.#touchedAt)
    this.#touchedAt = now
  }

  onBroadcast(content: unknown, _sequence: number, from: string): void {
    if (from === this.#channel.node.id || !isObject(content) || typeof content['id'] !== 'string') return
    const change = content as unknown as Change
    const { id, level, uri, delivered } = change
    const load = this.#loads.get(id)
    if (load !== undefined) load.isStale = true
    const session = this.#host.table.get(id)
    if (change.deleted === true) {
      if (session !== undefined) this.#host.table.close(session, 'deleted')
      const { confirm } = change
      // A lost confirmation is waited for, but not for long.
      if (confirm !== undefined) this.#channel.send(from, TOPIC, { confirmed: confirm }).catch(() => {})
    }
    if (session === undefined || session.closed) return
    const readable = readLevel(level)
    if (readable !== undefined) this.#host.choices.applyLevel(session, readable)
    if (typeof uri === 'string') {
      const { subscription } = change
      this.#host.choices.applySubscription(
        session,
        uri,
        subscription ? readSubscription(subscription) : undefined,
      )
    }
    if (typeof delivered === 'number') session.delivered = Math.max(session.delivered, delivered)
  }

  onMessage(content: unknown): void {
    const number = isObject(content) ? content['confirmed'] : undefined
    const confirmation = typeof number === 'number' ? this.#confirmations.get(number) : undefined
    if (confirmation === undefined) return
    confirmation.missing -= 1
    if (confirmation.missing === 0) confirmation.done()
  }

  /** Changes may have been missed: what is idle is read again when it is asked for, the rest now. */
  onMissed(): void {
    for (const load of this.#loads.values()) load.isStale = true
    const used: Session[] = []
    for (const session of [...this.#host.table.values()]) {
      if (!session.isShared) continue
      if (session.useCount > 0) used.push(session)
      else this.#host.table.close(session, 'evicted')
    }
    void inParts(used, (session) => this.#refresh(session))
  }

  /** Writes what the store may have lost, or not got, while it was away. */
  onAvailable(): void {
    this.#touchSince(Number.NEGATIVE_INFINITY)
  }

  async #load(id: string): Promise<Session | undefined> {
    for (let reads = 0; reads < MAX_READS; reads++) {
      const stored = await fromStore(this.#store.read(id))
      const load = this.#loads.get(id)
      if (load?.isStale === true) {
        load.isStale = false
        continue
      }
      const state = stored && this.#read(stored)
      if (state === undefined) return undefined
      const open = this.#host.table.get(id)
      if (open !== undefined) return open
      this.restored += 1
      nodeChannels.restored(id)
      return this.#host.restoreShared(id, state)
    }
    throw new StoreAwayError(new Error('the session changes again and again'))
  }

  #read(stored: StoredSession): SessionState | undefined {
    try {
      return readStored(stored)
    } catch (cause) {
      // Once: a client may ask for it again and again.
      if (!this.#hasReported) {
        const problem = 'The store has a session that cannot be read: it counts as unknown (reported once)'
        this.#host.reportError(new Error(problem, { cause }))
      }
      this.#hasReported = true
      return undefined
    }
  }

  async #refresh(session: Session): Promise<void> {
    try {
      await this.#touch(session)
      const stored = session.closed ? undefined : await fromStore(this.#store.read(session.id))
      const state = stored && this.#read(stored)
      if (state === undefined || session.closed) return
      if (state.logLevel !== undefined) this.#host.choices.applyLevel(session, state.logLevel)
      const { subscriptions } = session.record
      for (const uri of [...(subscriptions?.keys() ?? [])]) {
        if (!state.subscriptions.has(uri)) this.#host.choices.applySubscription(session, uri, undefined)
      }
      for (const [uri, each] of state.subscriptions) this.#host.choices.applySubscription(session, uri, each)
    } catch {
      // The store is away: `onAvailable` follows.
    }
  }

  #setField(session: Session, name: string, value: string | undefined): Promise<void> {
    return fromStore(this.#store.setField(session.id, name, value, this.#ttlMs))
  }

  /** As `#publish`, but resolves when the message is on its way to the other nodes, after `ANNOUNCE_MS` at the latest. */
  #announce(change: Change): Promise<void> {
    return atMost(ANNOUNCE_MS, (done) => void this.#publish(change).then(done))
  }

  /** As `#announce`, but resolves when the other nodes have applied the change. */
  async #announceAndConfirm(change: Change): Promise<void> {
    const missing = this.#channel.node.stats().nodes - 1
    if (missing < 1) return await this.#announce(change)
    this.#lastConfirmation += 1
    const confirm = this.#lastConfirmation
    await atMost(ANNOUNCE_MS, (done) => {
      this.#confirmations.set(confirm, { missing, done })
      void this.#publish({ ...change, confirm })
    })
    this.#confirmations.delete(confirm)
  }

  /** What is published waits while the store is away; where it is lost, the next touch finds the change. */
  #publish(change: Change): Promise<void> {
    return this.#channel.publish(TOPIC, change).catch(() => {})
  }

  /** Touches the records of the sessions that were used since a time of the clock. */
  #touchSince(time: number): void {
    if (this.#isTouching || !this.#channel.node.available) return
    this.#isTouching = true
    const used = [...this.#host.table.values()].filter(
      ({ isShared, useCount, lastSeen }) => isShared && (useCount > 0 || lastSeen >= time),
    )
    void inParts(used, (session) => this.#touch(session)).finally(() => {
      this.#isTouching = false
    })
  }

  async #touch(session: Session): Promise<void> {
    if (session.closed) return
    try {
      if (await fromStore(this.#store.touch(session.id, recordText(session), this.#ttlMs))) return
      this.#host.table.close(session, 'deleted')
    } catch {
      // Tried again with the next ones.
    }
  }
}

function atMost(milliseconds: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    begin(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Works on all of them, on some at the same time. */
async function inParts<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += MAX_TOUCHES) {
    await Promise.all(all.slice(at, at + MAX_TOUCHES).map(work))
  }
}
