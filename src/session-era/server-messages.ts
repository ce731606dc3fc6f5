/**
 * Messages of the server outside of calls, sent on standalone streams: to everyone, to a principal, or to one session.
 * Each message is retained once, however many sessions it is for, in the event log of its audience, so that messages to
 * one audience do not evict those to another.
 *
 *    to everyone        one log       \
 *    to a principal     one for each   >  the sequence is that of the change log, so that one event id is a position
 *    to a session       one for each  /   in all of them
 *
 * A client that resumes gets what is retained after its Last-Event-ID; one that opens its stream without it gets what was
 * not yet delivered to it. Its log level is applied when messages are sent. Where a message that the client should have
 * got is not retained any more, a warning in the log says so, before the rest.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}; logging
 * {@link spec.logging}.
 * Invariant: a log exists no longer than its session, or the last session of its principal.
 */

import { ByteBudget } from '../bounds/byte-budget.ts'
import { TokenBuckets } from '../dispatch/token-bucket.ts'
import { type Delivery, overRate, type ServerMessage, unsent } from '../features/message-bus.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import { encodeData } from '../sse/frame.ts'
import type { ChangeLog } from './change-log.ts'
import { EventLog, type LoggedEvent } from './event-log.ts'
import type { SessionEraSettings } from './options.ts'
import type { Owner } from './owner.ts'
import type { Session } from './session.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionTable } from './session-table.ts'
import type { StandaloneStream, StreamEvent } from './standalone-stream.ts'

/** Messages may take one part in so many of all replay bytes: the rest is for the streams of calls. */
const MESSAGES_SHARE = 4
/** Severity of a message without a level, which every session gets. */
const ALWAYS = Number.POSITIVE_INFINITY
const EVERYONE = Symbol('everyone')

type Recipient = typeof EVERYONE | Owner<Session> | Session

export class ServerMessages {
  readonly #settings: SessionEraSettings
  readonly #table: SessionTable
  readonly #changes: ChangeLog
  readonly #budget: ByteBudget
  readonly #buckets: TokenBuckets | undefined
  /** Lifecycle of an entry: from the first message to its recipient, to the end of that recipient. */
  readonly #logs = new Map<Recipient, EventLog>()

  readonly #defaultMinSeverity: number
  /** The lowest severity that any session has asked for since there was no session. */
  #minSeverity: number

  /**
   * @param budget - of all events that are retained for clients that reconnect
   * @param level - the initial log level of a session
   */
  constructor(
    settings: SessionEraSettings,
    table: SessionTable,
    changes: ChangeLog,
    budget: ByteBudget,
    level: LogLevel | undefined,
  ) {
    const { messageRate } = settings
    this.#defaultMinSeverity = rankOf(level)
    this.#minSeverity = this.#defaultMinSeverity
    this.#settings = settings
    this.#table = table
    this.#changes = changes
    this.#budget = new ByteBudget(budget.maxBytes / MESSAGES_SHARE, budget)
    this.#buckets = messageRate === undefined ? undefined : new TokenBuckets(messageRate)
  }

  /** A session asks for log messages of a level and above. */
  includeLevel(level: LogLevel | undefined): void {
    this.#minSeverity = Math.min(this.#minSeverity, rankOf(level))
  }

  /**
   * Sends a message to the connected streams of its audience, and retains it for the others.
   *
   * @param now - by the clock that `dropOlderThan` uses
   */
  send(message: ServerMessage, now: number): Delivery {
    const { session, principal, level } = message
    const severity = rankOf(level)
    const recipient = this.#find(session, principal)
    if (typeof recipient === 'string') return unsent(recipient)
    if (session !== undefined && severity < minSeverityOf((recipient as Session).record)) {
      return unsent(`the session wants log messages from ${(recipient as Session).record.logLevel} on`)
    }
    // Retaining it would evict messages that a session has asked for.
    if (severity < this.#minSeverity) return unsent(`no session wants log messages of the level ${level}`)
    const key = session === undefined ? (principal === undefined ? '' : `p${principal}`) : `s${session}`
    const limit = overRate(this.#buckets, key)
    if (limit !== undefined) return unsent(limit)
    const event = { sequence: this.#changes.nextSequence(), data: encodeData(message.json) }
    const kept = this.#logOf(recipient)?.push(event.sequence, event.data, severity, now) === true
    let streams = 0
    for (const stream of this.#streams(recipient)) {
      if (severity >= minSeverityOf(stream.record) && stream.notify(event, false)) streams += 1
    }
    if (streams > 0 || kept) return { streams, kept }
    return unsent('nobody listens, and it cannot be kept within the limits of replay')
  }

  /**
   * The messages for a session after a sequence number, in order.
   *
   * @param isResumed - its client sent a Last-Event-ID, and must be notified when messages are missing
   */
  missed(session: Session, after: number, isResumed: boolean): StreamEvent[] {
    const minSeverity = minSeverityOf(session.record)
    // A Last-Event-ID can be from before the session began.
    const from = Math.max(after, session.changesFrom)
    const found: LoggedEvent[] = []
    let isComplete = true
    for (const recipient of [EVERYONE, session.ownership?.owner, session] as const) {
      const log = recipient === undefined ? undefined : this.#logs.get(recipient)
      if (log === undefined) continue
      for (const event of log.after(from)) if (event.severity >= minSeverity) found.push(event)
      if (log.hasLost(from, minSeverity)) isComplete = false
    }
    found.sort((a, b) => a.sequence - b.sequence)
    if (isComplete || !isResumed || rankOf('warning') < minSeverity) return found
    return [{ sequence: after, data: GAP_WARNING }, ...found]
  }

  dropOlderThan(time: number): void {
    for (const log of this.#logs.values()) log.dropOlderThan(time)
  }

  /** Releases the log of a session that ended, and those that no session can read any more. */
  sessionClosed(session: Session): void {
    const { owner } = session.ownership ?? {}
    this.#drop(session)
    if (owner?.sessions === 1) this.#drop(owner)
    if (this.#table.size > 0) return
    this.#drop(EVERYONE)
    this.#minSeverity = this.#defaultMinSeverity
  }

  /** @returns a sentence: why there is no recipient */
  #find(session: string | undefined, principal: string | undefined): Recipient | string {
    if (this.#settings.sessions === undefined) return 'sessions are off, and without one nobody can listen'
    if (session !== undefined) return this.#table.get(session) ?? 'no session of this id is open here'
    if (principal !== undefined)
      return this.#table.owner(principal) ?? 'no session of this principal is open here'
    return this.#table.size > 0 ? EVERYONE : 'no session is open'
  }

  #streams(recipient: Recipient): Iterable<StandaloneStream> {
    if (recipient === EVERYONE) return this.#changes.streams
    if ('standaloneStreams' in recipient) return recipient.standaloneStreams ?? []
    return recipient.standaloneStream?.attached === true ? [recipient.standaloneStream] : []
  }

  #logOf(recipient: Recipient): EventLog | undefined {
    const { replay } = this.#settings
    if (replay === undefined) return undefined
    const log = this.#logs.get(recipient) ?? new EventLog(replay, this.#budget)
    this.#logs.set(recipient, log)
    return log
  }

  #drop(recipient: Recipient): void {
    this.#logs.get(recipient)?.clear()
    this.#logs.delete(recipient)
  }
}

const GAP_WARNING = encodeData(
  encodeNotification(Notify.message, {
    level: 'warning',
    logger: 'barewire',
    data: 'Messages were missed that are not kept any more (replay)',
  }),
)

function rankOf(level: string | undefined): number {
  return level === undefined ? ALWAYS : (LOG_RANK.get(level) ?? ALWAYS)
}

/** A session without a level gets no log messages. */
function minSeverityOf({ logLevel }: SessionRecord): number {
  return rankOf(logLevel)
}
