/**
 * One session in this process: its record, and the live part, which cannot leave the process: calls in flight, streams,
 * requests that wait for the client, and its links in the lists of the session table.
 *
 * An idle session is kept small: two objects of one hidden class each, its id, and an entry in the table. Everything else
 * is created when it is needed, and equal peers are shared.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Invariant: `useCount` counts the responses in flight and the open standalone stream; the session is in one of the
 * table's lists exactly while it is 0.
 */

import type { Linked } from '../bounds/linked-list.ts'
import type { InFlight } from '../dispatch/in-flight.ts'
import type { Peer } from '../dispatch/rpc-exchange.ts'
import type { JsonRpcId } from '../jsonrpc/message.ts'
import { PendingRequests } from '../jsonrpc/pending.ts'
import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { SessionInfo } from './options.ts'
import type { Ownership } from './owner.ts'
import type { Revision } from './revisions.ts'
import type { SessionRecord } from './session-record.ts'
import type { Shared } from './shared-table.ts'
import type { StandaloneStream } from './standalone-stream.ts'

/** Requests from server to client that may wait for an answer of one client. */
const MAX_PENDING_REQUESTS = 256

/** A peer, stored once for all sessions of equal clients. */
export interface SharedPeer extends Shared {
  readonly peer: Peer
}

/** A call in flight, as its session sees it. */
export interface SessionCall {
  readonly requestId: JsonRpcId
  /** Aborts it; no response is sent. */
  cancel(reason: Error): void
  /** Aborts it, and all that share its response, and sends the error. */
  fail(error: RpcError): void
}

/** What a transport stores at a session: the streams of its calls. */
export interface SessionStreams {
  /** Ends them, and releases their events. */
  close(): void
}

export class Session implements Linked<Session> {
  readonly record: SessionRecord
  readonly revision: Revision
  readonly sharedPeer: SharedPeer
  /** Undefined without authentication. */
  ownership: Ownership<Session> | undefined = undefined
  /** Time of the coarse clock at the last request or end of a use. */
  lastSeen = 0
  closed = false
  /** Its record is in a store: other nodes may have it open, too. */
  isShared = false
  /** Whether `onSessionOpened` was called for it. */
  hooksNotified = false
  /** Whether its client has sent an HTTP request after `initialize`. */
  used = false
  useCount = 0
  /** Links of the table's lists. */
  previous: Session | undefined = undefined
  next: Session | undefined = undefined
  /** Lifecycle: from the first call that does not finish at once, until the session ends. */
  inFlight: InFlight<SessionCall> | undefined = undefined
  /** Lifecycle: from the first stream of a call, until the session ends. */
  streams: SessionStreams | undefined = undefined
  /** Lifecycle: from the first GET, until the session ends. */
  standaloneStream: StandaloneStream | undefined = undefined
  /** Sequence number of the last change before the session began. */
  changesFrom = 0
  /** Sequence number of the last event that another node has delivered on its standalone stream; 0: none. */
  delivered = 0
  /** What the standalone stream needs: scopes by URI of a subscribed resource, or id of a task. */
  streamScopes: Map<string, readonly string[]> | undefined = undefined
  /** Heap bytes of its subscriptions, including text that is shared with other sessions. */
  subscriptionBytes = 0
  #pending: PendingRequests | undefined = undefined

  constructor(record: SessionRecord, revision: Revision, sharedPeer: SharedPeer) {
    this.record = record
    this.revision = revision
    this.sharedPeer = sharedPeer
  }

  get id(): string {
    return this.record.id
  }

  get peer(): Peer {
    return this.record.peer
  }

  /** Requests from server to client that wait for an answer. */
  get pending(): PendingRequests {
    this.#pending ??= new PendingRequests(MAX_PENDING_REQUESTS)
    return this.#pending
  }

  get hasPending(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0
  }

  /** What hooks receive. */
  info(): SessionInfo {
    const { id, peer, protocolVersion, principalId } = this.record
    return { id, client: peer.info, protocolVersion, principalId }
  }
}
