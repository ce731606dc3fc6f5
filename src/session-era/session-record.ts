/**
 * The session record: what the server stores of a client between its requests. Plain data that can leave the process;
 * nothing in it refers to a call, a stream or a connection.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Not here: the live part, which refers to it (session.ts).
 */

import type { Peer } from '../dispatch/rpc-exchange.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { LogLevel } from '../protocol/wire-types.ts'

export class SessionRecord {
  readonly id: string
  /** The revision that was negotiated. */
  readonly protocolVersion: RevisionName
  readonly peer: Peer
  /** Undefined without authentication. */
  readonly principalId: string | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Lowest severity of log messages; undefined: none are sent. */
  logLevel: LogLevel | undefined
  /** URIs, each with the sequence number of the last change before the subscription, which is of this process only. */
  subscriptions: Map<string, number> | undefined = undefined

  constructor(
    id: string,
    protocolVersion: RevisionName,
    peer: Peer,
    principalId: string | undefined,
    logLevel: LogLevel | undefined,
  ) {
    this.id = id
    this.protocolVersion = protocolVersion
    this.peer = peer
    this.principalId = principalId
    this.createdAt = Date.now()
    this.logLevel = logLevel
  }

  /** What another process needs to restore the session. */
  toJSON(): object {
    const { subscriptions, peer, ...rest } = this
    const { info, capabilities } = peer
    return { ...rest, peer: { info, capabilities }, subscriptions: [...(subscriptions?.keys() ?? [])] }
  }
}
