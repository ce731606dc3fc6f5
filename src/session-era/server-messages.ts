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
 * Where nodes share a store, messages come over its bus, and are retained for sessions and principals that are not known
 * here as well: their clients may come. Every level is retained then, since another node may know who asks for it.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}; logging
 * {@link spec.logging}.
 * Invariant: a log exists no longer than its session, or the last session of its principal; with a store there are at
 * most `MAX_LOGS`, those of the latest messages.
 */

import { ByteBudget } from '../bounds/byte-budget.ts'
import { TokenBuckets } from '../dispatch/token-bucket.ts'
import { audienceKey, type Delivery, overRate, type ServerMessage, unsent } from '../features/message-bus.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { LOG_RANK } from '../protocol/log-levels.ts'
import { Notify } from '../protocol/methods.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import { encodeData } from '../sse/frame.ts'
import type { ChangeLog } from './change-log.ts'
import { EventLog, eventBytes, type LoggedEvent } from './event-log.ts'
import type { SessionEraSettings } from './options.ts'
import type { Owner } from './owner.ts'
import type { Session } from './session.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionTable } from './session-table.ts'
import type { StandaloneStream, StreamEvent } from './standalone-stream.ts'

/** Messages may take a quarter of all replay bytes: the rest is for the streams of calls. */
const MESSAGES_SHARE = 4
/** Severity of a message without a level, which every session gets. */
const ALWAYS = Number.POSITIVE_INFINITY
/** Logs of audiences that may not be known here. An empty one still says what was lost. */
const MAX_LOGS = 16_384
const EVERYONE = Symbol('everyone')

type Recipient = typeof EVERYONE | Owner<Session> | Session

export class ServerMessages {
  readonly #settings: SessionEraSettings
  readonly #table: SessionTable
  readonly #changes: ChangeLog
  readonly #budget: ByteBudget
  readonly #buckets: TokenBuckets | undefined
  readonly #isShared: boolean
  /**
   * By `audienceKey`. Lifecycle of an entry: from the first message to its recipient, to the end of that recipient; where
   * it is shared, until others are newer. The one with the latest message is the last one.
   */
  readonly #logs = new Map<string, EventLog>()
  /** Sequence number up to which messages to anybody may not be retained. */
  #lostUpTo = 0

  readonly #defaultMinSeverity: number
  /** The lowest severity that any session has asked for since there was no session. */
  #minSeverity: number

  /**
   * @param budget - of all events that are retained for clients that reconnect
   * @param level - the initial log level of a session
   * @param isShared - the messages are those of all nodes
   */
  constructor(
    settings: SessionEraSettings,
    table: SessionTable,
    changes: ChangeLog,
    budget: ByteBudget,
    level: LogLevel | undefined,
    isShared: boolean,
  ) {
    this.#isShared = isShared
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
    const limit = overRate(this.#buckets, audienceKey(message))
    if (limit !== undefined) return unsent(limit)
    const delivery = this.#deliver(message, this.#changes.nextSequence(), recipient, now)
    if (delivery.streams > 0 || delivery.kept) return delivery
    return unsent('nobody listens, and it cannot be kept within the limits of replay')
  }

  /**
   * The same for a message of any node, whose rate is limited there.
   *
   * @param sequence - the one that it has on all nodes
   */
  receive(message: ServerMessage, sequence: number, now: number): Delivery {
    const found = this.#find(message.session, message.principal)
    const recipient = typeof found === 'string' ? undefined : found
    return this.#deliver(message, this.#changes.nextSequence(sequence), recipient, now)
  }

  /** @returns why no session can get a message, whoever it is for */
  readonly refuse = (): string | undefined =>
    this.#settings.sessions === undefined ? NO_SESSIONS : undefined

  /** Messages up to a sequence number may not have come here. */
  markLost(sequence: number): void {
    this.#lostUpTo = Math.max(this.#lostUpTo, sequence)
  }

  /** @param recipient - undefined: it is not known here */
  #deliver(
    message: ServerMessage,
    sequence: number,
    recipient: Recipient | undefined,
    now: number,
  ): Delivery {
    const { scopes } = message
    const severity = rankOf(message.level)
    const event = { sequence, data: encodeData(message.json) }
    const kept = scopes === undefined && this.#keep(audienceKey(message), event, severity, now)
    let streams = 0
    for (const stream of recipient === undefined ? [] : this.#streams(recipient)) {
      if (scopes !== undefined && !stream.allows(scopes)) continue
      if (severity >= minSeverityOf(stream.record) && stream.notify(event, false)) streams += 1
    }
    return { streams, kept }
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
    let isComplete = from >= this.#lostUpTo
    for (const key of keysOf(session)) {
      const log = this.#logs.get(key)
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

  /** Whether no message is retained. */
  get isEmpty(): boolean {
    return this.#budget.used === 0
  }

  /**
   * Releases the log of a session that ended, and those that no session can read any more.
   *
   * @param forGood - it can be taken up nowhere
   */
  sessionClosed(session: Session, forGood: boolean): void {
    const { owner } = session.ownership ?? {}
    if (forGood || !this.#isShared) this.#drop(audienceKey({ session: session.id, principal: undefined }))
    if (this.#isShared) return
    if (owner?.sessions === 1) this.#drop(audienceKey({ session: undefined, principal: owner.key }))
    if (this.#table.size > 0) return
    this.#drop(audienceKey(ALL))
    this.#minSeverity = this.#defaultMinSeverity
  }

  /** @returns a sentence: why there is no recipient */
  #find(session: string | undefined, principal: string | undefined): Recipient | string {
    if (this.#settings.sessions === undefined) return NO_SESSIONS
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

  #keep(key: string, { sequence, data }: StreamEvent, severity: number, now: number): boolean {
    const { replay } = this.#settings
    if (replay === undefined) return false
    const log = this.#logs.get(key) ?? new EventLog(replay, this.#budget)
    if (this.#isShared) {
      this.#logs.delete(key)
      const bytes = eventBytes(data)
      if (bytes <= Math.min(replay.maxBytes, this.#budget.maxBytes)) this.#makeRoom(log, bytes)
    }
    this.#logs.set(key, log)
    return log.push(sequence, data, severity, now)
  }

  /** Drops the logs with the oldest messages. Nothing else ends one whose audience is not known here. */
  #makeRoom(log: EventLog, bytes: number): void {
    const { maxBytes } = this.#budget
    for (const [key, oldest] of this.#logs) {
      // Its own oldest events are evicted first.
      const fits = this.#budget.used - log.bytes + bytes <= maxBytes
      if (fits && this.#logs.size < MAX_LOGS) return
      this.markLost(oldest.last)
      this.#drop(key)
    }
  }

  #drop(key: string): void {
    this.#logs.get(key)?.clear()
    this.#logs.delete(key)
  }
}

const ALL = { session: undefined, principal: undefined }
const NO_SESSIONS = 'sessions are off, and without one nobody can listen'

const GAP_WARNING = encodeData(
  encodeNotification(Notify.message, {
    level: 'warning',
    logger: 'barewire',
    data: 'Messages were missed that are not kept any more (replay)',
  }),
)

/** Of the logs that a session reads. */
function keysOf({ id, record: { principalId } }: Session): readonly string[] {
  const own = audienceKey({ session: id, principal: undefined })
  if (principalId === undefined) return [audienceKey(ALL), own]
  return [audienceKey(ALL), audienceKey({ session: undefined, principal: principalId }), own]
}

function rankOf(level: string | undefined): number {
  return level === undefined ? ALWAYS : (LOG_RANK.get(level) ?? ALWAYS)
}

/** A session without a level gets no log messages. */
function minSeverityOf({ logLevel }: SessionRecord): number {
  return rankOf(logLevel)
}
