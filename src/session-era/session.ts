/**
 * One session in this process: its record, and the live part, which cannot leave the process: calls in flight, streams,
 * requests that wait for the client, and its place in the session table.
 *
 * An idle session is meant to be small: two objects of one shape each, its id, and an entry in the table. Everything
 * else is made when it is needed, and what clients send alike (`peer`) is shared.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Invariant: `users` counts the calls in flight and the open standalone stream; the session stands in one of
 * the table's lists exactly while it is 0.
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
import type { Shared } from './shared.ts'
import type { StandaloneStream } from './standalone-stream.ts'

/** Requests of ours that may wait for one client. */
const MAX_PENDING_REQUESTS = 256

/** What equal clients say of themselves, kept once. */
export interface SharedPeer extends Shared {
  readonly peer: Peer
}

/** A request in flight, as its session sees it. */
export interface SessionCall {
  readonly requestId: JsonRpcId
  /** Aborts it; no response is sent. */
  cancel(reason: Error): void
  /** Aborts it, and all that share its response, and sends the error. */
  fail(error: RpcError): void
}

/** What a transport keeps of a session: the streams of its calls. */
export interface SessionStreams {
  /** Ends them, and forgets what they keep. */
  close(): void
}

export class Session implements Linked<Session> {
  readonly record: SessionRecord
  readonly revision: Revision
  readonly sharedPeer: SharedPeer
  /** Undefined where callers are not known. */
  ownership: Ownership<Session> | undefined = undefined
  /** Time of the coarse clock at the last sign of life. */
  lastSeen = 0
  closed = false
  /** Whether hooks were told of it. */
  announced = false
  /** Whether its client has sent anything after `initialize`. */
  used = false
  users = 0
  /** Links of the table's lists. */
  previous: Session | undefined = undefined
  next: Session | undefined = undefined
  /** Lifecycle: from the first call that does not finish at once, until the session ends. */
  inFlight: InFlight<SessionCall> | undefined = undefined
  /** Lifecycle: from the first stream of a call, until the session ends. */
  streams: SessionStreams | undefined = undefined
  /** Lifecycle: from the first GET, until the session ends. */
  standaloneStream: StandaloneStream | undefined = undefined
  /** The number of the last change before the session began. */
  changesFrom = 0
  /** What its subscriptions take of the heap, text that other sessions keep too included. */
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
    const { id, peer, protocolVersion, principalId } = this.record
    return { id, client: peer.info, protocolVersion, principalId }
  }
}
