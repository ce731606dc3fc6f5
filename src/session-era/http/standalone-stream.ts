/**
 * The stream that a session listens to with GET. It keeps nothing of its own: what it carries is news and messages,
 * which are kept once for all that they are for (change-log.ts, server-messages.ts).
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import type { ChangeEvent, ChangeLog } from '../change-log.ts'
import type { ServerMessages } from '../server-messages.ts'
import type { Session } from '../session.ts'
import { Stream } from './resumable-stream.ts'
import type { StreamHost } from './stream-host.ts'

/** What a listener needs of its handler. */
export interface StandaloneStreamHost extends StreamHost {
  readonly news: ChangeLog
  readonly messages: ServerMessages
  streamOpened(listener: StandaloneStream): void
  streamClosed(listener: StandaloneStream): void
}

export class StandaloneStream extends Stream {
  declare readonly session: Session
  declare protected readonly host: StandaloneStreamHost

  constructor(host: StandaloneStreamHost, session: Session) {
    super(host, session.revision.sendsPrimingEvent, session)
    this.delivered = session.changesFrom
  }

  /**
   * What the client has missed.
   *
   * @param after - the number of the last event that it has seen; undefined: it did not say
   * @returns frames. Never a gap: news tells in fewer words what it does not have word for word, and messages that are
   * not kept are replaced by a warning
   */
  missed(after: number | undefined): readonly string[] {
    const { news, messages } = this.host
    const { session, delivered } = this
    const told =
      after === undefined
        ? news.summary(session, delivered)
        : (news.since(session, after) ?? news.summary(session, after))
    const said = messages.missed(session, after ?? delivered, after !== undefined)
    const all = said.length === 0 ? told : [...told, ...said].sort((a, b) => a.sequence - b.sequence)
    return all.map(({ sequence, data }) => this.frame(sequence, data))
  }

  /**
   * Tells the client, if it is there.
   *
   * @param alone - nothing else is to be told in this turn
   * @returns whether the connection took it
   */
  tell({ sequence, data }: ChangeEvent, alone: boolean): boolean {
    const frame = this.frame(sequence, data)
    const isTaken = alone ? this.writeNow(frame) : this.write(frame)
    if (isTaken) this.delivered = sequence
    return isTaken
  }

  finish(): void {
    this.finished = true
    this.end()
  }

  protected override get last(): number {
    return this.host.news.last
  }

  protected override onAttached(): void {
    this.host.streamOpened(this)
  }

  protected override onDetached(): void {
    this.host.streamClosed(this)
  }
}
