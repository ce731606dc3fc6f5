/**
 * The session table: who is in, who makes room for whom, and the one way out.
 *
 *    unused   oldest <-> ... <-> newest     sessions whose client has sent nothing after `initialize`
 *    idle     oldest <-> ... <-> newest     other ones without call or open stream, in the order of their last request
 *    and of each principal, both kinds together (owner.ts)
 *               ^                  ^
 *               goes first         appended by open(), touch() and release()
 *
 * Where the table is full, an unused session makes room before one that was used: clients that initialize and are
 * never heard of again do not push out those that work. A few unused ones are left alone, or clients that come at the
 * same time would push out each other. A principal that has its share makes room with its own sessions, and is refused
 * when they are all in use.
 *
 * Invariant: a session is in these lists exactly while its `users` is 0, so that whatever the number of sessions, only
 * the heads of lists are looked at; `budget.used` is what peers, principals and subscriptions take.
 * Not here: what a session holds (session.ts), what its end does to calls and streams (era.ts, by `onClose`).
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
import { addedBy, SharedTable } from './shared.ts'

/** 192 bits: an id cannot be guessed, and is made of base64url characters only. */
const ID_BYTES = 24
/** Ids are drawn from a pool, since one call for many bytes costs about what one call for few does. */
const POOL_IDS = 128
/** The part of all places that unused sessions may have before one of them is the first to go. */
const UNUSED_SHARE = 16
/** The part of all bytes that one principal may take, or one session where callers are not known. */
const BYTES_SHARE = 16
/** A session that needs bytes ends at most so many others for them. */
const MAX_ENDED_FOR_BYTES = 16
/** When to come again where a session must end first. */
const RETRY_MS = 10_000

export interface SessionTableOptions {
  readonly max: number
  readonly maxPerPrincipal: number
  readonly maxTotalBytes: number
  /** 0: never. */
  readonly idleTimeoutMs: number
  readonly onClose: (session: Session, reason: SessionEnd) => void
  /** An id that the session can be taken up from; undefined, or without: a random one. */
  readonly sealId?: (
    params: InitializeParams,
    logLevel?: LogLevel,
    principalId?: string,
  ) => string | undefined
}

export class SessionTable {
  /** Bytes of what clients sent and sessions keep. */
  readonly budget: ByteBudget
  readonly #options: SessionTableOptions
  readonly #clock: CoarseClock
  readonly #sessions = new Map<string, Session>()
  /** Equal clients share one. By JSON text. */
  readonly #peers: SharedTable<SharedPeer>
  /** By id. */
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

  /** @returns undefined: it has no session */
  owner(principalId: string): Owner<Session> | undefined {
    return this.#owners.get(principalId)
  }

  /**
   * Begins a session; others end for it where there is no room.
   *
   * @param id - of one that is taken up
   * @throws {LimitError} 429, its principal has its share and uses it; 503, everything is in use
   */
  open(params: InitializeParams, principalId?: string, logLevel?: LogLevel, id?: string): Session {
    const { revision, peer, peerKey } = params
    const shared = this.#peers.get(peerKey) ?? sharePeer(peer, peerKey)
    const owner =
      principalId === undefined
        ? undefined
        : (this.#owners.get(principalId) ?? new Owner<Session>(principalId))
    if (owner !== undefined) this.#makeOwnRoom(owner, shared.bytes)
    this.#makePlace()
    this.#makeBytes(() => addedBy(shared) + addedBy(owner))
    const ownId = id ?? this.#options.sealId?.(params, logLevel, principalId) ?? this.#newId()
    const { name } = revision
    const record = new SessionRecord(ownId, name, shared.peer, owner?.key, logLevel)
    const session = new Session(record, revision, shared)
    this.#peers.acquire(shared)
    if (owner !== undefined) {
      this.#owners.acquire(owner)
      owner.kept += shared.bytes
      session.ownership = new Ownership(owner, session)
    }
    this.#sessions.set(session.id, session)
    session.lastSeen = this.#clock.now
    this.#append(session)
    this.#clock.start()
    return session
  }

  /** A request came: the session is now the one idle for the shortest time. */
  touch(session: Session): void {
    session.lastSeen = this.#clock.now
    const { users, ownership } = session
    const isNewest = session === this.#idle.newest && ownership === ownership?.owner.idle.newest
    if (users > 0 || isNewest) return
    this.#unlink(session)
    session.used = true
    this.#append(session)
  }

  /** A call or a listening connection began. */
  use(session: Session): void {
    if (session.users === 0) this.#unlink(session)
    session.used = true
    session.users += 1
  }

  /** It ended. */
  release(session: Session): void {
    session.users -= 1
    if (session.users > 0 || session.closed) return
    session.lastSeen = this.#clock.now
    this.#append(session)
  }

  /**
   * Books what a session keeps of what its client sent.
   *
   * @param bytes - of the caller's share
   * @param added - of those of all: what several sessions keep is there once
   * @throws {LimitError} 429, the caller has its share; 503, all bytes are taken
   */
  keep(session: Session, bytes: number, added: number): void {
    const { owner } = session.ownership ?? {}
    const kept = owner?.kept ?? session.subscriptionBytes
    if (kept + bytes > this.#maxBytesEach) {
      const whose = owner === undefined ? 'This session' : 'The sessions of this caller'
      throw new LimitError(429, `${whose} ${this.#beyondShare(kept, bytes)}`, RETRY_MS)
    }
    if (added > this.budget.free) throw this.#outOfBytes(added)
    this.budget.take(added)
    if (owner !== undefined) owner.kept += bytes
  }

  /** Takes back what was booked. */
  drop({ ownership }: Session, bytes: number, removed: number): void {
    this.budget.give(removed)
    if (ownership !== undefined) ownership.owner.kept -= bytes
  }

  /** Ends the sessions that were idle for too long. */
  expire(): void {
    const { idleTimeoutMs } = this.#options
    if (idleTimeoutMs === 0) return
    const expired = this.#clock.before(idleTimeoutMs)
    for (const list of [this.#unused, this.#idle]) {
      for (let first = list.oldest; first !== undefined && first.lastSeen <= expired; first = list.oldest) {
        this.close(first, 'expired')
      }
    }
  }

  /** The one way out, whatever the reason. */
  close(session: Session, reason: SessionEnd): void {
    if (session.closed) return
    if (session.users === 0) this.#unlink(session)
    session.closed = true
    this.#sessions.delete(session.id)
    this.#options.onClose(session, reason)
    const { sharedPeer, ownership } = session
    this.#peers.release(sharedPeer)
    if (ownership === undefined) return
    ownership.owner.kept -= sharedPeer.bytes
    this.#owners.release(ownership.owner)
  }

  #makeOwnRoom(owner: Owner<Session>, bytes: number): void {
    const { maxPerPrincipal } = this.#options
    while (owner.sessions >= maxPerPrincipal || owner.kept + bytes > this.#maxBytesEach) {
      const oldest = owner.idle.oldest
      if (oldest === undefined) {
        const problem =
          owner.sessions >= maxPerPrincipal
            ? `All ${owner.sessions} sessions of this caller are in use, which is the limit of sessions.maxPerPrincipal`
            : `The sessions of this caller, all in use, ${this.#beyondShare(owner.kept, bytes)}`
        throw new LimitError(429, problem, RETRY_MS)
      }
      this.close(oldest.session, 'evicted')
    }
  }

  #makePlace(): void {
    const { max } = this.#options
    if (this.#sessions.size < max) return
    const next = this.#nextToGo()
    if (next === undefined) {
      throw new LimitError(503, `All ${max} sessions that sessions.max allows are in use`, RETRY_MS)
    }
    this.close(next, 'evicted')
  }

  /** @param needed - asked again after each end, which may have taken along what was shared */
  #makeBytes(needed: () => number): void {
    for (let ended = 0; needed() > this.budget.free; ended++) {
      const next = ended < MAX_ENDED_FOR_BYTES ? this.#nextToGo() : undefined
      if (next === undefined) throw this.#outOfBytes(needed())
      this.close(next, 'evicted')
    }
  }

  #nextToGo(): Session | undefined {
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

  #beyondShare(kept: number, bytes: number): string {
    const { maxTotalBytes } = this.#options
    return `would keep ${kept + bytes} bytes, of ${Math.floor(this.#maxBytesEach)}: a ${BYTES_SHARE}th of sessions.maxTotalBytes, ${maxTotalBytes}`
  }

  #outOfBytes(needed: number): LimitError {
    const { used, maxBytes } = this.budget
    const problem = `The sessions of all clients keep ${used} bytes; ${needed} more are above sessions.maxTotalBytes, ${maxBytes}`
    return new LimitError(503, problem, RETRY_MS)
  }
}

function sharePeer(peer: Peer, key: string): SharedPeer {
  const bytes = textBytes(key) + heapBytes(peer.info) + heapBytes(peer.capabilities)
  return { peer, key, bytes, sessions: 0 }
}
