/**
 * One session: what the server remembers of a client between its requests.
 *
 * An idle session is meant to be small: one object of one shape, its id, and an entry in the table. Everything
 * else is made when it is needed, and what clients send alike (`peer`) is shared.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Invariant: `users` counts the calls in progress and the open listening connection; the session stands in the
 * table's idle list exactly while it is 0.
 */

import type { ByteBudget } from '../bounds/byte-budget.ts'
import type { Peer } from '../dispatch/exchange.ts'
import { PendingRequests } from '../jsonrpc/pending.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { CallStream } from './call-stream.ts'
import type { SessionExchange } from './exchange.ts'
import type { Listener } from './listener.ts'
import type { SessionInfo } from './options.ts'
import type { Revision } from './revisions.ts'

/** Requests of ours that may wait for one client. */
const MAX_PENDING_REQUESTS = 256

export class Session {
  readonly id: string
  readonly revision: Revision
  readonly peer: Peer
  readonly principalId: string | undefined
  logLevel: LogLevel | undefined
  /** Time of the coarse clock at the last sign of life. */
  lastSeen = 0
  closed = false
  users = 0
  /** Links of the table's idle list. */
  previous: Session | undefined
  next: Session | undefined
  /** Lifecycle: from the first call that does not finish at once, until the session ends. */
  inFlight: Set<SessionExchange> | undefined
  /** Those of calls, by name. Lifecycle of an entry: from the stream's opening until `replay.ttlMs` after its end. */
  streams: Map<string, CallStream> | undefined
  /** Its part of the replay budget. Lifecycle: from the first message on a stream, until the session ends. */
  replayBudget: ByteBudget | undefined
  /** The stream that GET listens to. Lifecycle: from the first GET. */
  listening: Listener | undefined
  /** URIs, each with the number of the last piece of news before it was subscribed to. */
  subscriptions: Map<string, number> | undefined
  /** The number of the last piece of news before the session began. */
  newsFrom = 0
  #pending: PendingRequests | undefined

  constructor(
    id: string,
    revision: Revision,
    peer: Peer,
    principalId: string | undefined,
    logLevel: LogLevel | undefined,
  ) {
    this.id = id
    this.revision = revision
    this.peer = peer
    this.principalId = principalId
    this.logLevel = logLevel
    this.previous = undefined
    this.next = undefined
    this.inFlight = undefined
    this.streams = undefined
    this.replayBudget = undefined
    this.listening = undefined
    this.subscriptions = undefined
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
