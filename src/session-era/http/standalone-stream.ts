/**
 * The standalone stream over HTTP: what GET opens. It keeps nothing of its own: changes and messages are kept once
 * for all that they are for (change-log.ts, server-messages.ts).
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import type { SessionEra } from '../era.ts'
import type { Session } from '../session.ts'
import type { SessionRecord } from '../session-record.ts'
import type { StandaloneStream, StreamEvent } from '../standalone-stream.ts'
import { ResumableStream, type StreamOwner } from './resumable-stream.ts'
import type { Streams } from './streams.ts'

export class HttpStandaloneStream extends ResumableStream implements StandaloneStream, StreamOwner {
  declare readonly session: Session
  readonly #era: SessionEra

  constructor(era: SessionEra, streams: Streams, session: Session) {
    super(streams, undefined, session.revision.sendsPrimingEvent, session)
    this.#era = era
    this.delivered = session.changesFrom
  }

  get record(): SessionRecord {
    return this.session.record
  }

  /**
   * What the client has missed.
   *
   * @param after - the number of the last event that it has seen; undefined: it did not say
   * @returns frames. Never a gap: changes are summed up where they are not all kept, and messages that are
   * not kept are replaced by a warning
   */
  missed(after: number | undefined): readonly string[] {
    const { changes, messages } = this.#era
    const { session, delivered } = this
    const changed =
      after === undefined
        ? changes.summary(session, delivered)
        : (changes.since(session, after) ?? changes.summary(session, after))
    const said = messages.missed(session, after ?? delivered, after !== undefined)
    const all = said.length === 0 ? changed : [...changed, ...said].sort((a, b) => a.sequence - b.sequence)
    return all.map(({ sequence, data }) => this.frame(sequence, data))
  }

  notify({ sequence, data }: StreamEvent, alone: boolean): boolean {
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
  }

  streamDisconnected(): void {
    this.#era.streamDisconnected(this.session, this)
  }

  protected override ownerOf(): StreamOwner {
    return this
  }

  protected override get last(): number {
    return this.#era.changes.last
  }
}
