/**
 * The session table: which sessions are open, which one is evicted when a limit is reached, and the only way to close one.
 *
 *    unused   oldest <-> ... <-> newest     sessions whose client has sent nothing after `initialize`
 *    idle     oldest <-> ... <-> newest     other ones without call or open stream, in the order of their last request
 *    and for each principal one list of both kinds (owner.ts)
 *               ^                  ^
 *               evicted first      appended by open(), touch() and release()
 *
 * When the table is full, unused sessions are evicted before used ones, so that clients which only initialize do not
 * evict clients that work. Below a 16th of the table unused sessions are not preferred, or clients that initialize at the
 * same time would evict each other. A principal at its own limit evicts its own sessions, and is refused when all of them
 * are in use.
 *
 * Invariant: a session is in these lists exactly while its `useCount` is 0, so that only heads of lists are read, whatever
 * the number of sessions; `budget.used` is the sum of what peers, principals and subscriptions take.
 * Not here: what a session holds (session.ts), what its end does to calls and streams (`#sessionClosed` in era.ts).
 */

import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { ByteBudget } from '../bounds/byte-budget.ts'
import { heapBytes, textBytes } from '../bounds/heap-size.ts'
import { LinkedList } from '../bounds/linked-list.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { CoarseClock } from './clock.ts'
import type { InitializeParams } from './handshake.ts'
import type { SessionEnd } from './options.ts'
import { Owner, Ownership } from './owner.ts'
import { Session, type SharedPeer } from './session.ts'
import { SessionRecord } from './session-record.ts'
import { bytesAddedBy, SharedTable } from './shared-table.ts'

/** 192 random bits, as base64url: an id cannot be guessed. */
const ID_BYTES = 24
/** Ids are taken from a pool of random bytes, since a call for many bytes costs about as much as one for few. */
const POOL_IDS = 128
/** Unused sessions are evicted first once they are a 16th of the table. */
const UNUSED_SHARE = 16
/** A principal, or a session without authentication, may take a 16th of all bytes. */
const BYTES_SHARE = 16
/** Opening one session evicts at most this many others for bytes. */
const MAX_ENDED_FOR_BYTES = 16
/** Retry-After where a session must end first. */
const RETRY_MS = 10_000

export interface SessionTableOptions {
  readonly max: number
  readonly maxPerPrincipal: number
  readonly maxTotalBytes: number
  /** 0: never. */
  readonly idleTimeoutMs: number
  /** Why a session is closed that was idle for so long. @defaultValue 'expired' */
  readonly idleEnd?: SessionEnd | undefined
  readonly onClose: (session: Session, reason: SessionEnd) => void
  /** Makes an id that the session can be restored from; undefined, or without it: a random id. */
  readonly sealId?: (
    params: InitializeParams,
    logLevel?: LogLevel,
    principalId?: string,
  ) => string | undefined
}

export class SessionTable {
  /** Bytes that sessions retain of what clients sent. */
  readonly budget: ByteBudget
  readonly #options: SessionTableOptions
  readonly #clock: CoarseClock
  readonly #sessions = new Map<string, Session>()
  /** One entry for all equal peers, by JSON text. */
  readonly #peers: SharedTable<SharedPeer>
  /** By principal id. */
  readonly #owners: SharedTable<Owner<Session>>
  readonly #unused = new LinkedList<Session>()
  readonly #idle = new LinkedList<Session>()
  readonly #maxBytesEach: number
  #pool = Buffer.alloc(0)

  constructor(options: SessionTableOptions, clock: CoarseClock) {
    this.budget = new ByteBudget(options.maxTotalBytes)
    this.#options = options
    this.#clock = clock
    this.#peers = new SharedTable(this.budget)
    this.#owners = new SharedTable(this.budget)
    this.#maxBytesEach = options.maxTotalBytes / BYTES_SHARE
  }

  get size(): number {
    return this.#sessions.size
  }

  values(): IterableIterator<Session> {
    return this.#sessions.values()
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  /** @returns undefined: the principal has no session */
  owner(principalId: string): Owner<Session> | undefined {
    return this.#owners.get(principalId)
  }

  /**
   * Opens a session, and evicts idle ones where a limit is reached.
   *
   * @param id - of a session that is restored
   * @throws {LimitError} 429, all sessions of its principal are in use; 503, all sessions are
   */
  open(params: InitializeParams, principalId?: string, logLevel?: LogLevel, id?: string): Session {
    const { revision, peer, peerKey } = params
    const shared = this.#peers.get(peerKey) ?? newSharedPeer(peer, peerKey)
    const owner =
      principalId === undefined
        ? undefined
        : (this.#owners.get(principalId) ?? new Owner<Session>(principalId))
    if (owner !== undefined) this.#evictForOwner(owner, shared.bytes)
    this.#evictForCount()
    this.#evictForBytes(() => bytesAddedBy(shared) + bytesAddedBy(owner))
    const ownId = id ?? this.#options.sealId?.(params, logLevel, principalId) ?? this.#newId()
    const { name } = revision
    const record = new SessionRecord(ownId, name, shared.peer, owner?.key, logLevel)
    const session = new Session(record, revision, shared)
    this.#peers.acquire(shared)
    if (owner !== undefined) {
      this.#owners.acquire(owner)
      owner.bytesUsed += shared.bytes
      session.ownership = new Ownership(owner, session)
    }
    this.#sessions.set(session.id, session)
    session.lastSeen = this.#clock.now
    this.#append(session)
    this.#clock.start()
    return session
  }

  /** A request arrived: an idle session moves to the newest end of its list. */
  touch(session: Session): void {
    session.lastSeen = this.#clock.now
    const { useCount, ownership } = session
    const isNewest = session === this.#idle.newest && ownership === ownership?.owner.idle.newest
    if (useCount > 0 || isNewest) return
    this.#unlink(session)
    session.used = true
    this.#append(session)
  }

  /** A call began, or a standalone stream was connected: the session cannot be evicted or expire. */
  use(session: Session): void {
    if (session.useCount === 0) this.#unlink(session)
    session.used = true
    session.useCount += 1
  }

  /** The opposite of `use`. */
  release(session: Session): void {
    session.useCount -= 1
    if (session.useCount > 0 || session.closed) return
    session.lastSeen = this.#clock.now
    this.#append(session)
  }

  /**
   * Charges bytes that a session retains of what its client sent.
   *
   * @param bytes - charged to the principal, or to the session without authentication
   * @param added - charged to the budget of all sessions: less where the text is shared with other sessions
   * @throws {LimitError} 429, above the share of the principal or session; 503, above the budget
   */
  charge(session: Session, bytes: number, added: number): void {
    const { owner } = session.ownership ?? {}
    const kept = owner?.bytesUsed ?? session.subscriptionBytes
    if (kept + bytes > this.#maxBytesEach) {
      const whose = owner === undefined ? 'This session' : 'The sessions of this caller'
      throw new LimitError(429, `${whose} ${this.#shareExceeded(kept, bytes)}`, RETRY_MS)
    }
    if (added > this.budget.free) throw this.#budgetExceeded(added)
    this.budget.take(added)
    if (owner !== undefined) owner.bytesUsed += bytes
  }

  /** The opposite of `charge`. */
  refund({ ownership }: Session, bytes: number, removed: number): void {
    this.budget.give(removed)
    if (ownership !== undefined) ownership.owner.bytesUsed -= bytes
  }

  /** Closes the sessions that were idle for longer than `idleTimeoutMs`. */
  expire(): void {
    const { idleTimeoutMs, idleEnd = 'expired' } = this.#options
    if (idleTimeoutMs === 0) return
    const expired = this.#clock.before(idleTimeoutMs)
    for (const list of [this.#unused, this.#idle]) {
      for (let first = list.oldest; first !== undefined && first.lastSeen <= expired; first = list.oldest) {
        this.close(first, idleEnd)
      }
    }
  }

  /** Every session is closed here, whatever the reason. */
  close(session: Session, reason: SessionEnd): void {
    if (session.closed) return
    if (session.useCount === 0) this.#unlink(session)
    session.closed = true
    this.#sessions.delete(session.id)
    this.#options.onClose(session, reason)
    const { sharedPeer, ownership } = session
    this.#peers.release(sharedPeer)
    if (ownership === undefined) return
    ownership.owner.bytesUsed -= sharedPeer.bytes
    this.#owners.release(ownership.owner)
  }

  #evictForOwner(owner: Owner<Session>, bytes: number): void {
    const { maxPerPrincipal } = this.#options
    while (owner.sessions >= maxPerPrincipal || owner.bytesUsed + bytes > this.#maxBytesEach) {
      const oldest = owner.idle.oldest
      if (oldest === undefined) {
        const problem =
          owner.sessions >= maxPerPrincipal
            ? `All ${owner.sessions} sessions of this caller are in use, which is the limit of sessions.maxPerPrincipal`
            : `The sessions of this caller, all in use, ${this.#shareExceeded(owner.bytesUsed, bytes)}`
        throw new LimitError(429, problem, RETRY_MS)
      }
      this.close(oldest.session, 'evicted')
    }
  }

  #evictForCount(): void {
    const { max } = this.#options
    if (this.#sessions.size < max) return
    const next = this.#nextToEvict()
    if (next === undefined) {
      throw new LimitError(503, `All ${max} sessions that sessions.max allows are in use`, RETRY_MS)
    }
    this.close(next, 'evicted')
  }

  /** @param needed - computed again after each eviction, which may have released text that the new session shares */
  #evictForBytes(needed: () => number): void {
    for (let ended = 0; needed() > this.budget.free; ended++) {
      const next = ended < MAX_ENDED_FOR_BYTES ? this.#nextToEvict() : undefined
      if (next === undefined) throw this.#budgetExceeded(needed())
      this.close(next, 'evicted')
    }
  }

  #nextToEvict(): Session | undefined {
    const maxUnused = Math.min(this.#options.max, this.#sessions.size) / UNUSED_SHARE
    const unused = this.#unused.size >= maxUnused ? this.#unused.oldest : undefined
    return unused ?? this.#idle.oldest ?? this.#unused.oldest
  }

  #newId(): string {
    if (this.#pool.length < ID_BYTES) this.#pool = randomBytes(ID_BYTES * POOL_IDS)
    const id = this.#pool.toString('base64url', 0, ID_BYTES)
    this.#pool = this.#pool.subarray(ID_BYTES)
    return id
  }

  #append(session: Session): void {
    const list = session.used ? this.#idle : this.#unused
    list.append(session)
    const { ownership } = session
    ownership?.owner.idle.append(ownership)
  }

  #unlink(session: Session): void {
    const list = session.used ? this.#idle : this.#unused
    list.remove(session)
    const { ownership } = session
    ownership?.owner.idle.remove(ownership)
  }

  #shareExceeded(kept: number, bytes: number): string {
    const { maxTotalBytes } = this.#options
    return `would keep ${kept + bytes} bytes, of ${Math.floor(this.#maxBytesEach)}: a ${BYTES_SHARE}th of sessions.maxTotalBytes, ${maxTotalBytes}`
  }

  #budgetExceeded(needed: number): LimitError {
    const { used, maxBytes } = this.budget
    const problem = `The sessions of all clients keep ${used} bytes; ${needed} more are above sessions.maxTotalBytes, ${maxBytes}`
    return new LimitError(503, problem, RETRY_MS)
  }
}

function newSharedPeer(peer: Peer, key: string): SharedPeer {
  const bytes = textBytes(key) + heapBytes(peer.info) + heapBytes(peer.capabilities)
  return { peer, key, bytes, sessions: 0 }
}
