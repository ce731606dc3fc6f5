/**
 * The session table: who is in, who was idle longest, and the one way out.
 *
 *    idle list    oldest <-> ... <-> newest      sessions without call or open stream, in the order in which
 *                   ^                   ^        they became idle; others are not in it
 *                   evicted first       appended by touch() and release()
 *
 * Invariant: a session is in the list exactly while its `users` is 0, so eviction and expiry look only at its
 * head, whatever the number of sessions.
 * Not here: what a session holds (session.ts), what its end does to its streams (endpoint.ts, by `onClose`).
 */

import { randomBytes } from 'node:crypto'
import type { Peer } from '../dispatch/exchange.ts'
import type { CoarseClock } from './clock.ts'
import type { SessionEnd } from './options.ts'
import type { Session } from './session.ts'

/** 192 bits: an id cannot be guessed, and is made of base64url characters only. */
const ID_BYTES = 24
/** Ids are drawn from a pool, since one call for many bytes costs about what one call for few does. */
const POOL_IDS = 128

export interface SessionTableOptions {
  readonly max: number
  /** 0: never. */
  readonly idleTimeoutMs: number
  readonly onClose: (session: Session, reason: SessionEnd) => void
}

export class SessionTable {
  readonly #options: SessionTableOptions
  readonly #clock: CoarseClock
  readonly #sessions = new Map<string, Session>()
  /** Equal clients share one `Peer`. Lifecycle: as long as a session uses it. */
  readonly #peers = new Map<string, { readonly peer: Peer; readonly key: string; sessions: number }>()
  readonly #peerEntries = new WeakMap<Peer, { readonly key: string; sessions: number }>()
  #oldest: Session | undefined
  #newest: Session | undefined
  #pool = Buffer.alloc(0)

  constructor(options: SessionTableOptions, clock: CoarseClock) {
    this.#options = options
    this.#clock = clock
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

  /** Makes room for one more session; false when every session is in use. */
  makeRoom(): boolean {
    if (this.#sessions.size < this.#options.max) return true
    if (this.#oldest === undefined) return false
    this.close(this.#oldest, 'evicted')
    return true
  }

  newId(): string {
    if (this.#pool.length < ID_BYTES) this.#pool = randomBytes(ID_BYTES * POOL_IDS)
    const id = this.#pool.toString('base64url', 0, ID_BYTES)
    this.#pool = this.#pool.subarray(ID_BYTES)
    return id
  }

  /** Adds a session whose place `makeRoom` has made. */
  add(session: Session): void {
    this.#sessions.set(session.id, session)
    const entry = this.#peerEntries.get(session.peer)
    if (entry !== undefined) entry.sessions += 1
    session.lastSeen = this.#clock.now
    this.#append(session)
    this.#clock.start()
  }

  /** @returns a peer equal to the given one, shared with the sessions that have it already */
  intern(peer: Peer, key: string): Peer {
    const known = this.#peers.get(key)
    if (known !== undefined) return known.peer
    const entry = { peer, key, sessions: 0 }
    this.#peers.set(key, entry)
    this.#peerEntries.set(peer, entry)
    return peer
  }

  /** A request came: the session is now the one idle for the shortest time. */
  touch(session: Session): void {
    session.lastSeen = this.#clock.now
    if (session.users > 0 || session === this.#newest) return
    this.#unlink(session)
    this.#append(session)
  }

  /** A call or a listening connection began. */
  use(session: Session): void {
    if (session.users === 0) this.#unlink(session)
    session.users += 1
  }

  /** It ended. */
  release(session: Session): void {
    session.users -= 1
    if (session.users > 0 || session.closed) return
    session.lastSeen = this.#clock.now
    this.#append(session)
  }

  /** Ends the sessions that were idle for too long. */
  expire(): void {
    const { idleTimeoutMs } = this.#options
    if (idleTimeoutMs === 0) return
    const expired = this.#clock.before(idleTimeoutMs)
    while (this.#oldest !== undefined && this.#oldest.lastSeen <= expired) {
      this.close(this.#oldest, 'expired')
    }
  }

  /** The one way out, whatever the reason. */
  close(session: Session, reason: SessionEnd): void {
    if (session.closed) return
    if (session.users === 0) this.#unlink(session)
    session.closed = true
    this.#sessions.delete(session.id)
    const entry = this.#peerEntries.get(session.peer)
    if (entry !== undefined) {
      entry.sessions -= 1
      if (entry.sessions === 0) this.#peers.delete(entry.key)
    }
    this.#options.onClose(session, reason)
  }

  #append(session: Session): void {
    session.previous = this.#newest
    if (this.#newest === undefined) this.#oldest = session
    else this.#newest.next = session
    this.#newest = session
  }

  #unlink(session: Session): void {
    if (session.previous === undefined) this.#oldest = session.next
    else session.previous.next = session.next
    if (session.next === undefined) this.#newest = session.previous
    else session.next.previous = session.previous
    session.previous = undefined
    session.next = undefined
  }
}
