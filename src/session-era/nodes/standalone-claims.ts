/**
 * Which node has the standalone stream of a session: the one whose GET was the last, in the order of the bus,
 * which is the same on all nodes. So two GETs at the same time leave one stream.
 *
 *    node A: GET, publishes  a              receives  a, b    ->  b is later than its own: ends its stream
 *    node B: GET, publishes  b              receives  a, b    ->  a is before its own: keeps it
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}: a message is sent on one
 * stream only.
 */

import { isObject } from '../../bounds/is-object.ts'
import type { NodeChannel, TopicListener } from '../../store/node-channel.ts'
import type { Session } from '../session.ts'
import type { SessionTable } from '../session-table.ts'

const TOPIC = 'standalone'

export class StandaloneClaims implements TopicListener {
  readonly #channel: NodeChannel
  readonly #table: SessionTable
  /** Claims by session id. Lifecycle: from the publication until it comes back. */
  readonly #own = new Map<string, number>()
  /** Sessions of which another node was the last to open the stream, since they are open here. */
  readonly #elsewhere = new WeakSet<Session>()

  constructor(channel: NodeChannel, table: SessionTable) {
    this.#channel = channel
    this.#table = table
    channel.listen(TOPIC, this)
  }

  /** A GET has opened the stream of a session here. */
  claim(sessionId: string): void {
    this.#own.set(sessionId, (this.#own.get(sessionId) ?? 0) + 1)
    // It will not come back. Both streams stay open then, which their client sees.
    this.#channel.publish(TOPIC, { session: sessionId }).catch(() => this.#settle(sessionId))
  }

  /** Whether another node has, or had, the stream of a session. */
  isElsewhere(session: Session): boolean {
    return this.#elsewhere.has(session)
  }

  onBroadcast(content: unknown, _sequence: number, from: string): void {
    if (!isObject(content)) return
    const sessionId = String(content['session'])
    const session = this.#table.get(sessionId)
    const isOwn = from === this.#channel.node.id
    if (session !== undefined && isOwn) this.#elsewhere.delete(session)
    else if (session !== undefined) this.#elsewhere.add(session)
    if (isOwn) this.#settle(sessionId)
    else if (!this.#own.has(sessionId)) session?.standaloneStream?.disconnect(undefined)
  }

  #settle(sessionId: string): void {
    const left = (this.#own.get(sessionId) ?? 0) - 1
    if (left > 0) this.#own.set(sessionId, left)
    else this.#own.delete(sessionId)
  }
}
