/**
 * One session: what the server remembers of a client between its requests.
 *
 * An idle session is meant to be small: one object of one shape, its id, and an entry in the table. Everything
 * else is made when it is needed, and what clients send alike (`peer`) is shared.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Invariant: `users` counts the calls in progress and the open listening connection; the session stands in one of
 * the table's lists exactly while it is 0.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'
import type { Linked } from '../bounds/linked-list.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import { PendingRequests } from '../jsonrpc/pending.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { Subscriptions } from './change-log.ts'
import type { SessionExchange } from './exchange.ts'
import type { SessionStreams } from './http/kept-streams.ts'
import type { StandaloneStream } from './http/standalone-stream.ts'
import type { InFlight } from './in-flight.ts'
import type { SessionInfo } from './options.ts'
import type { Ownership } from './owner.ts'
import type { Revision } from './revisions.ts'
import type { Shared } from './shared.ts'

/** Requests of ours that may wait for one client. */
const MAX_PENDING_REQUESTS = 256

/** What equal clients say of themselves, kept once. */
export interface SharedPeer extends Peer, Shared {}

export class Session implements Linked<Session> {
  readonly id: string
  readonly revision: Revision
  readonly peer: SharedPeer
  /** Undefined where callers are not known. */
  ownership: Ownership | undefined
  logLevel: LogLevel | undefined
  /** Time of the coarse clock at the last sign of life. */
  lastSeen = 0
  closed = false
  /** Whether its client has sent anything after `initialize`. */
  used = false
  users = 0
  /** Links of the table's lists. */
  previous: Session | undefined
  next: Session | undefined
  /** Lifecycle: from the first call that does not finish at once, until the session ends. */
  inFlight: InFlight<SessionExchange> | undefined
  /** Those of calls. Lifecycle of an entry: from the stream's opening until `replay.ttlMs` after its end. */
  streams: SessionStreams | undefined
  /** Its part of the replay budget. Lifecycle: from the first message on a stream, until the session ends. */
  replayBudget: ByteBudget | undefined
  /** The stream that GET listens to. Lifecycle: from the first GET. */
  listening: StandaloneStream | undefined
  subscriptions: Subscriptions | undefined
  /** The number of the last piece of news before the session began. */
  changesFrom = 0
  #pending: PendingRequests | undefined

  constructor(id: string, revision: Revision, peer: SharedPeer, logLevel: LogLevel | undefined) {
    this.id = id
    this.revision = revision
    this.peer = peer
    this.ownership = undefined
    this.logLevel = logLevel
    this.previous = undefined
    this.next = undefined
    this.inFlight = undefined
    this.streams = undefined
    this.replayBudget = undefined
    this.listening = undefined
    this.subscriptions = undefined
  }

  get principalId(): string | undefined {
    return this.ownership?.owner.key
  }

  /** Requests of ours that wait for this client. */
  get pending(): PendingRequests {
    this.#pending ??= new PendingRequests(MAX_PENDING_REQUESTS)
    return this.#pending
  }

  get hasPending(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0
  }

  /** What hooks are told. */
  info(): SessionInfo {
    return {
      id: this.id,
      client: this.peer.info,
      protocolVersion: this.revision.name,
      principalId: this.principalId,
    }
  }
}
