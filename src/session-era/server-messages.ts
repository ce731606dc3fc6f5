/**
 * Messages outside of calls for those who listen with GET: to everyone, to a principal, or to one session. Each is kept
 * once, however many sessions it is for, in the log of its audience, so that no audience pushes out what another one
 * is to get.
 *
 *    to everyone        one log       \
 *    to a principal     one for each   >  numbers are those of the news, so that one event id says how far a client
 *    to a session       one for each  /   has come in all of them
 *
 * A client that comes back gets what is kept after the event that it names, and one that opens its stream anew what it
 * was not yet sent. Which log messages it wants is asked when they are sent. Where something is not kept any more that
 * the client had to get, a warning in the log says so, before the rest.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}; logging
 * {@link spec.logging}.
 * Invariant: a log stands in a map as long as its session, or a session of its principal.
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
import { EventLog, type KeptEvent } from './event-log.ts'
import type { SessionEraSettings } from './options.ts'
import type { Owner } from './owner.ts'
import type { Session } from './session.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionTable } from './session-table.ts'
import type { StandaloneStream, StreamEvent } from './standalone-stream.ts'

/** The part of all replay bytes that messages may take: the rest is for the streams of calls. */
const MESSAGES_SHARE = 4
/** No level: of interest to all. */
const ALWAYS = Number.POSITIVE_INFINITY
const EVERYONE = Symbol('everyone')

type Recipient = typeof EVERYONE | Owner<Session> | Session

export class ServerMessages {
  readonly #settings: SessionEraSettings
  readonly #table: SessionTable
  readonly #changes: ChangeLog
  readonly #budget: ByteBudget
  readonly #buckets: TokenBuckets | undefined
  /** Lifecycle of an entry: from the first message to the end of recipient it is for. */
  readonly #logs = new Map<Recipient, EventLog>()

  readonly #usualLeast: number
  /** The least severity that a session has wanted since there was none. */
  #least: number

  /**
   * @param budget - of all that is kept for clients that come back
   * @param level - that a session wants at first
   */
  constructor(
    settings: SessionEraSettings,
    table: SessionTable,
    changes: ChangeLog,
    budget: ByteBudget,
    level: LogLevel | undefined,
  ) {
    const { messageRate } = settings
    this.#usualLeast = rankOf(level)
    this.#least = this.#usualLeast
    this.#settings = settings
    this.#table = table
    this.#changes = changes
    this.#budget = new ByteBudget(budget.maxBytes / MESSAGES_SHARE, budget)
    this.#buckets = messageRate === undefined ? undefined : new TokenBuckets(messageRate)
  }

  /** A session wants log messages from a level on. */
  levelWanted(level: LogLevel | undefined): void {
    this.#least = Math.min(this.#least, rankOf(level))
  }

  /**
   * Sends a message to those who listen, and keeps it for the others.
   *
   * @param now - of the clock that `dropOlderThan` goes by
   */
  send(message: ServerMessage, now: number): Delivery {
    const { session, principal, level } = message
    const severity = rankOf(level)
    const recipient = this.#find(session, principal)
    if (typeof recipient === 'string') return unsent(recipient)
    if (session !== undefined && severity < leastSeverity((recipient as Session).record)) {
      return unsent(`the session wants log messages from ${(recipient as Session).record.logLevel} on`)
    }
    // It would push out of the log what somebody wants.
    if (severity < this.#least) return unsent(`no session wants log messages of the level ${level}`)
    const key = session === undefined ? (principal === undefined ? '' : `p${principal}`) : `s${session}`
    const limit = overRate(this.#buckets, key)
    if (limit !== undefined) return unsent(limit)
    const event = { sequence: this.#changes.takeNumber(), data: encodeData(message.json) }
    const kept = this.#logOf(recipient)?.push(event.sequence, event.data, severity, now) === true
    let streams = 0
    for (const stream of this.#streams(recipient)) {
      if (severity >= leastSeverity(stream.record) && stream.notify(event, false)) streams += 1
    }
    if (streams > 0 || kept) return { streams, kept }
    return unsent('nobody listens, and it cannot be kept within the limits of replay')
  }

  /**
   * What a session gets of what was said after a number, in order.
   *
   * @param isResumed - its client has named the event, and must know where something is missing
   */
  missed(session: Session, after: number, isResumed: boolean): StreamEvent[] {
    const least = leastSeverity(session.record)
    // A client can name a number of before its session began.
    const from = Math.max(after, session.changesFrom)
    const found: KeptEvent[] = []
    let isComplete = true
    for (const recipient of [EVERYONE, session.ownership?.owner, session] as const) {
      const log = recipient === undefined ? undefined : this.#logs.get(recipient)
      if (log === undefined) continue
      for (const event of log.after(from)) if (event.severity >= least) found.push(event)
      if (log.hasLost(from, least)) isComplete = false
    }
    found.sort((a, b) => a.sequence - b.sequence)
    if (isComplete || !isResumed || rankOf('warning') < least) return found
    return [{ sequence: after, data: LOST }, ...found]
  }

  dropOlderThan(time: number): void {
    for (const log of this.#logs.values()) log.dropOlderThan(time)
  }

  /** For a session that ended. */
  forget(session: Session): void {
    const { owner } = session.ownership ?? {}
    this.#drop(session)
    if (owner?.sessions === 1) this.#drop(owner)
    if (this.#table.size > 0) return
    this.#drop(EVERYONE)
    this.#least = this.#usualLeast
  }

  /** @returns why there is nobody */
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

const LOST = encodeData(
  encodeNotification(Notify.message, {
    level: 'warning',
    logger: 'barewire',
    data: 'Messages were missed that are not kept any more (replay)',
  }),
)

function rankOf(level: string | undefined): number {
  return level === undefined ? ALWAYS : (LOG_RANK.get(level) ?? ALWAYS)
}

/** Without a level there is no logging. */
function leastSeverity({ logLevel }: SessionRecord): number {
  return rankOf(logLevel)
}
