/**
 * One of several nodes: what the session era does only where a store connects it to others. Composes parts that do not
 * know each other.
 *
 *    shared-sessions.ts      the records of sessions
 *    routed-messages.ts      responses and cancellations for calls on other nodes
 *    shared-watches.ts       which node watches a resource for a subscription
 *    standalone-claims.ts    which node has the standalone stream of a session
 *
 * Not here: the streams of calls, which a transport shares (http/shared-streams.ts).
 */

import type { NodeChannel } from '../../store/node-channel.ts'
import { RoutedMessages } from './routed-messages.ts'
import { SharedSessions, type SharedSessionsHost } from './shared-sessions.ts'
import { SharedWatches, type WatchesHost } from './shared-watches.ts'
import { StandaloneClaims } from './standalone-claims.ts'

export class SessionNodes {
  readonly channel: NodeChannel
  readonly sessions: SharedSessions
  readonly routed: RoutedMessages
  readonly standalone: StandaloneClaims
  readonly watches: SharedWatches

  /** @param idleTimeoutMs - of sessions; 0: none */
  constructor(channel: NodeChannel, host: SharedSessionsHost & WatchesHost, idleTimeoutMs: number) {
    this.channel = channel
    this.sessions = new SharedSessions(channel, host, idleTimeoutMs)
    this.routed = new RoutedMessages(channel, host.table)
    this.standalone = new StandaloneClaims(channel, host.table)
    this.watches = new SharedWatches(channel, host, this.sessions)
  }
}
