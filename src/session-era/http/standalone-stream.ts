/**
 * The standalone stream over HTTP: what GET opens. It has no ring of its own: changes and messages are retained once for
 * all sessions that get them (change-log.ts, server-messages.ts).
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import type { Scoped } from '../../http/access.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { frameMessage } from '../../sse/frame.ts'
import type { SessionEra } from '../era.ts'
import type { Session } from '../session.ts'
import type { SessionRecord } from '../session-record.ts'
import type { StandaloneStream, StreamEvent } from '../standalone-stream.ts'
import { ResumableStream, type StreamOwner, sessionTag } from './resumable-stream.ts'
import type { Streams } from './streams.ts'

/** In place of node and number in the names of the streams of calls: neither of them begins with it. */
const SHARED_NAME = '.'

/** The name of the standalone stream of a session, where all nodes have the same events in the same sequence. */
export function sharedStreamName(session: Session): string {
  return `${sessionTag(session)}${SHARED_NAME}`
}

export class HttpStandaloneStream extends ResumableStream implements StandaloneStream, StreamOwner {
  declare readonly session: Session
  readonly #era: SessionEra
  /** The client has the events up to here, some perhaps from another node: they are not sent when they come to this one. */
  #ahead = 0
  /** Kept, since it is part of every event: a broadcast asks thousands of streams for it. */
  #name: string | undefined = undefined
  /** Scopes of the caller who opened the connection. */
  #granted: readonly string[] | undefined = undefined

  constructor(era: SessionEra, streams: Streams, session: Session) {
    super(streams, undefined, session.revision.sendsPrimingEvent, session)
    this.#era = era
    this.delivered = session.changesFrom
  }

  override get name(): string {
    this.#name ??= this.#era.channel === undefined ? super.name : sharedStreamName(this.session)
    return this.#name
  }

  /** Another node may be ahead of this one. */
  override hasSent(sequence: number): boolean {
    return this.#era.channel === undefined ? super.hasSent(sequence) : this.retainsEvents
  }

  override attach(
    http: HttpExchange<unknown>,
    headers: readonly string[] | undefined,
    missed: readonly string[],
  ): void {
    this.#granted = (http.principal as Scoped | undefined)?.scopes
    super.attach(http, headers, missed)
  }

  allows(scopes: readonly string[]): boolean {
    const { access } = this.#era.limits
    return access === undefined || access.allows({ scopes: this.#granted }, scopes)
  }

  get record(): SessionRecord {
    return this.session.record
  }

  /**
   * The events that the client has missed.
   *
   * @param after - the sequence number of its Last-Event-ID; undefined: it sent none
   * @returns frames. Never a gap: changes are summarized where not all of them are retained, and lost messages are
   * replaced by a warning
   */
  missed(after: number | undefined): readonly string[] {
    const { changes, messages } = this.#era
    const { session } = this
    const delivered = Math.max(this.delivered, session.delivered)
    const changed =
      after === undefined
        ? changes.summary(session, delivered)
        : (changes.since(session, after) ?? changes.summary(session, after))
    const sent = messages.missed(session, after ?? delivered, after !== undefined)
    const all = sent.length === 0 ? changed : [...changed, ...sent].sort((a, b) => a.sequence - b.sequence)
    this.#ahead = after ?? 0
    return all.map(({ sequence, data }, index) => {
      // Of several with one sequence number (a summary), the last has the id: a client that has it has all of them.
      return all[index + 1]?.sequence === sequence ? frameMessage(data) : this.frame(sequence, data)
    })
  }

  catchUp(): void {
    if (!this.attached) return
    for (const frame of this.missed(this.delivered)) this.write(frame)
    this.delivered = this.lastSequence
  }

  notify({ sequence, data }: StreamEvent, alone: boolean): boolean {
    if (sequence <= this.#ahead) return false
    const frame = this.frame(sequence, data)
    const isTaken = alone ? this.writeNow(frame) : this.write(frame)
    if (isTaken) this.delivered = sequence
    return isTaken
  }

  finish(): void {
    this.end()
  }

  streamConnected(): void {
    this.#era.streamConnected(this.session, this)
    this.#era.nodes?.standalone.claim(this.session.id)
  }

  streamDisconnected(): void {
    this.#era.streamDisconnected(this.session, this, this.delivered)
  }

  protected override get owner(): StreamOwner {
    return this
  }

  protected override get lastSequence(): number {
    return Math.max(this.#era.changes.lastSequence, this.#ahead)
  }
}
