/** Options and settings of the session era. Types only; `checkOptions` fills in the defaults. */

import type { OtherWords } from '../bounds/option-names.ts'
import type { Filled } from '../bounds/option-types.ts'
import type { KeyRing, Keys } from '../dispatch/key-ring.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import type { Implementation } from '../protocol/wire-types.ts'

export interface SessionOptions {
  /** Open sessions; above it one without open stream or call is evicted, unused ones first, then the longest idle. @defaultValue 10 000 */
  readonly max?: number | undefined
  /** The same for one principal, whose own longest idle session is evicted; 429 when all are in use. @defaultValue 1000 */
  readonly maxPerPrincipal?: number | undefined
  /**
   * Bytes that sessions retain of what clients sent: client info, capabilities, subscriptions. One principal, or one
   * session without authentication, may use a 16th of it. @defaultValue 64 MiB
   */
  readonly maxTotalBytes?: number | undefined
  /** Milliseconds without traffic after which a session ends; 0: never. @defaultValue 30 minutes */
  readonly idleTimeoutMs?: number | undefined
  /**
   * A request without session id: `'reject'` it with 400, or `'serve'` it without a session, so without anything that
   * needs one. For tools such as `curl` and health checks, and for clients that lose the id, beside clients with
   * sessions; without any sessions use `sessions: false`. @defaultValue 'reject'
   */
  readonly missingId?: 'reject' | 'serve' | undefined
  /**
   * Secrets of at least 32 bytes or characters: the first one seals, all of them open. A session is then restored from
   * its id after a restart, and by other processes with the same keys: its revision, client, principal and first log
   * level; not its subscriptions, a log level that was set later, or events to resume from.
   * @defaultValue the environment variable `BAREWIRE_SESSION_KEY`; without it sessions end with their process
   */
  readonly keys?: Keys | undefined
  /**
   * With keys: milliseconds after `initialize` within which a session can be restored from its id; 0: no limit. A
   * process does not restore a session that was deleted or expired in it. @defaultValue 7 days
   */
  readonly lifetimeMs?: number | undefined
}

/** Names of the options of sessions in other libraries. */
export const SESSION_WORDS: OtherWords = {
  idleTimeoutMs: 'ttl ttlms timeout timeoutms idletimeout maxage expiry expires',
  max: 'limit maxsessions size',
  keys: 'key secret secrets',
  'it is an option of its own: replay': 'eventstore replay',
}

export interface SessionSettings extends Filled<Omit<SessionOptions, 'keys'>> {
  readonly keys: KeyRing | undefined
  /** Makes the id of a session that is opened. @defaultValue a random one */
  readonly newId?: (() => string) | undefined
}

export interface ReplayOptions {
  /** Events retained for one stream. @defaultValue 256 */
  readonly maxEvents?: number | undefined
  /** Bytes retained for one stream. @defaultValue 1 MiB */
  readonly maxBytes?: number | undefined
  /** Bytes retained for all streams together; for one session a 16th of it, or `maxBytes` if that is more. @defaultValue 64 MiB */
  readonly maxTotalBytes?: number | undefined
  /** Milliseconds for which a finished stream can be resumed, and an event of a standalone stream is retained. @defaultValue 5 minutes */
  readonly ttlMs?: number | undefined
  /** `retry:` of the streams: milliseconds that clients wait before they reconnect. @defaultValue 1000 */
  readonly retryMs?: number | undefined
}

/** Why a session ended. */
export type SessionEnd = 'deleted' | 'expired' | 'evicted' | 'shutdown'

export interface SessionInfo {
  /** A secret: without `auth`, anyone who has it can use the session. */
  readonly id: string
  /** `clientInfo` of `initialize`. */
  readonly client: Implementation
  /** The negotiated protocol version. */
  readonly protocolVersion: string
  /** `id` of the principal that the session belongs to; undefined without authentication. */
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
  /** `undefined`: no sessions; every request is served alone. */
  readonly sessions: SessionSettings | undefined
  /** `undefined`: streams cannot be resumed. */
  readonly replay: Filled<ReplayOptions> | undefined
  readonly duplicateIds: 'accept' | 'reject'
  /** `undefined`: calls may send any number of progress and log messages. */
  readonly messageRate: Rate | undefined
  readonly onSessionOpened: ((session: SessionInfo, restored: boolean) => void) | undefined
  readonly onSessionClosed: ((session: SessionInfo, reason: SessionEnd) => void) | undefined
}
