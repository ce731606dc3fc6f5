/**
 * The session record: what the server must remember of a client between its requests. Plain data, which can leave the
 * process; nothing in it points to a call, a stream or a connection.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}.
 * Not here: the live part, which points to it (session.ts).
 */

import type { Peer } from '../dispatch/rpc-exchange.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { LogLevel } from '../protocol/wire-types.ts'

export class SessionRecord {
  readonly id: string
  /** The revision that was negotiated. */
  readonly protocolVersion: RevisionName
  readonly peer: Peer
  /** Undefined where callers are not known. */
  readonly principalId: string | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Least severity of log messages; undefined: none are sent. */
  logLevel: LogLevel | undefined
  /** URIs, each with the number of the last change before it was subscribed to, which means something to this process only. */
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

  /** What another process needs to take the session up. */
  toJSON(): object {
    const { subscriptions, peer, ...rest } = this
    const { info, capabilities } = peer
    return { ...rest, peer: { info, capabilities }, subscriptions: [...(subscriptions?.keys() ?? [])] }
  }
}
