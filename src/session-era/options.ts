/** What the session era can be told: limits with their defaults, and hooks. */

import type { Filled } from '../bounds/option-types.ts'
import type { KeyRing, Keys } from '../dispatch/key-ring.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { Implementation } from '../protocol/wire-types.ts'

export interface SessionOptions {
  /** Sessions at once; one without open stream or call makes room, unused ones first, then the longest idle. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal, whose own longest idle one makes room; 429 when all are in use. @defaultValue 1000 */
  readonly maxPerPrincipal?: number | undefined
  /**
   * Bytes that sessions keep of what clients sent: who they are, and what they subscribe to. Of one principal, or of
   * one session where callers are not known, a 16th of it. @defaultValue 64 MiB
   */
  readonly maxTotalBytes?: number | undefined
  /** Milliseconds without traffic after which a session ends; 0: never. @defaultValue 30 minutes */
  readonly idleTimeoutMs?: number | undefined
  /**
   * A request without session id: `'reject'` it with 400, or `'serve'` it on its own, without anything that
   * needs a session. @defaultValue 'reject'
   */
  readonly missingId?: 'reject' | 'serve' | undefined
  /**
   * Secrets of at least 32 bytes or characters, the first one for sealing, all of them for opening. A session is then
   * taken up from its id after a restart, and by other processes with the same keys: its revision, client, principal
   * and first log level; not what it subscribed to, a level that was set later, and events to resume from.
   * @defaultValue the environment variable `BAREWIRE_SESSION_KEY`; without it sessions end with their process
   */
  readonly keys?: Keys | undefined
  /**
   * With keys: milliseconds after `initialize` for which an id is taken up. Idle time counts from when this process saw it last;
   * what it deleted or expired itself it does not take up again. @defaultValue 7 days
   */
  readonly lifetimeMs?: number | undefined
}

export interface SessionSettings extends Filled<Omit<SessionOptions, 'keys'>> {
  readonly keys: KeyRing | undefined
}

export interface ReplayOptions {
  /** Events kept of one stream. @defaultValue 256 */
  readonly maxEvents?: number | undefined
  /** Bytes kept of one stream. @defaultValue 1 MiB */
  readonly maxBytes?: number | undefined
  /** Bytes kept of all streams together; of one session a 16th of it, or `maxBytes` if that is more. @defaultValue 64 MiB */
  readonly maxTotalBytes?: number | undefined
  /** Milliseconds a stream stays resumable once it is finished, and an event of a session's own stream is kept. @defaultValue 5 minutes */
  readonly ttlMs?: number | undefined
  /** Milliseconds that clients are asked to wait before they reconnect. @defaultValue 1000 */
  readonly retryMs?: number | undefined
}

/** Why a session ended. */
export type SessionEnd = 'deleted' | 'expired' | 'evicted' | 'shutdown'

export interface SessionInfo {
  /** A secret: whoever has it can use the session, where there is no `auth`. */
  readonly id: string
  /** Who the client says it is. */
  readonly client: Implementation
  /** The revision that was negotiated. */
  readonly protocolVersion: string
  /** `id` of the principal it belongs to. */
  readonly principalId: string | undefined
}

export interface SessionEraLimits {
  readonly maxBatch: number
  readonly keepAliveMs: number
  readonly sseAfterMs: number
  readonly disconnectGraceMs: number
  readonly maxStreamBufferBytes: number
  readonly maxInFlightPerSession: number
  readonly maxSubscriptionsPerSession: number
  readonly requestTimeoutMs: number
  readonly elicitTimeoutMs: number
}

export interface SessionEraSettings extends SessionEraLimits {
  /** `undefined`: no sessions; every request is served on its own. */
  readonly sessions: SessionSettings | undefined
  /** `undefined`: streams cannot be resumed. */
  readonly replay: Filled<ReplayOptions> | undefined
  readonly duplicateIds: 'accept' | 'reject'
  /** `undefined`: calls may send any number of progress and log messages. */
  readonly messageRate: Rate | undefined
  readonly onSessionOpened: ((session: SessionInfo, restored: boolean) => void) | undefined
  readonly onSessionClosed: ((session: SessionInfo, reason: SessionEnd) => void) | undefined
}
