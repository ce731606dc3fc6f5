/**
 * Messages of a client that belong to a call on another node: the balancer has sent them here.
 *
 *    response         the id of the request names its node: `s-<node>-<number>`. It is sent there, and then 202
 *    cancellation     the id is the client's own and names no node: it is published to all nodes, within a rate
 *
 * A node that is gone answers nothing: the response is refused, as one to a request that never was.
 *
 * Spec: 2025-11-25 transports, "Sending Messages to the Server" {@link spec.sending}: 202, or an HTTP error status.
 */

import { isObject } from '../../bounds/is-object.ts'
import { fromStore } from '../../dispatch/store-error.ts'
import { TokenBuckets } from '../../dispatch/token-bucket.ts'
import type { Decoded, DecodedNotification, DecodedResponse } from '../../jsonrpc/decode.ts'
import type { NodeChannel } from '../../store/node-channel.ts'
import { cancelCall } from '../notifications.ts'
import type { Session } from '../session.ts'
import type { SessionTable } from '../session-table.ts'
import { nodeChannels } from './diagnostics.ts'

const ANSWER = 'answer'
const CANCEL = 'cancel'
const REQUEST_ID = /^s-([0-9a-z]{1,64})-[0-9]{1,16}$/
/** Of one session. Most of these are for calls that have just ended, so more of them are forgotten. */
const CANCEL_RATE = { perSecond: 10, burst: 100 }
const MAX_REASON_LENGTH = 200

export class RoutedMessages {
  /** Responses that were sent to another node, since the start. */
  answers = 0
  readonly #channel: NodeChannel
  readonly #table: SessionTable
  readonly #cancelRate = new TokenBuckets(CANCEL_RATE)
  #lastId = 0

  constructor(channel: NodeChannel, table: SessionTable) {
    this.#channel = channel
    this.#table = table
    channel.listen(ANSWER, { onMessage: (content) => this.#onAnswer(content) })
    channel.listen(CANCEL, { onBroadcast: (content, _sequence, from) => this.#onCancel(content, from) })
  }

  /** Of a request to a client: no other request of any node has it. */
  nextRequestId(): string {
    this.#lastId += 1
    return `s-${this.#channel.node.id}-${this.#lastId}`
  }

  /**
   * Sends the responses among the messages that other nodes wait for.
   *
   * @returns undefined: there is none. Else whether all of these nodes are alive
   * @throws {StoreAwayError} later
   */
  route(messages: readonly Decoded[], session: Session): Promise<boolean> | undefined {
    let sent: Promise<boolean>[] | undefined
    for (const message of messages) {
      const node = message.kind === 'response' ? nodeOf(message) : undefined
      if (node === undefined || node === this.#channel.node.id) continue
      const { id, result, error } = message as DecodedResponse
      const answer = error === undefined ? { id, result } : { id, error }
      sent ??= []
      sent.push(fromStore(this.#channel.send(node, ANSWER, { session: session.id, answer })))
      this.answers += 1
      nodeChannels.routed(session.id, node)
    }
    const delivered = sent && Promise.all(sent).then((all) => all.every(Boolean))
    // In a batch with requests nobody waits for it.
    delivered?.catch(() => {})
    return delivered
  }

  /** A cancellation of a call that does not run here. */
  cancelElsewhere({ params }: DecodedNotification, session: Session): void {
    const requestId = params?.['requestId']
    const reason = params?.['reason']
    if (typeof requestId !== 'string' && typeof requestId !== 'number') return
    if (this.#cancelRate.take(session.id, 1, performance.now()) > 0) return
    const text = typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : undefined
    // While the store is away it waits; the call ends without it, too.
    this.#channel.publish(CANCEL, { session: session.id, requestId, reason: text }).catch(() => {})
  }

  #onAnswer(content: unknown): void {
    if (!isObject(content) || !isObject(content['answer'])) return
    const session = this.#table.get(String(content['session']))
    if (session?.hasPending) {
      session.pending.settle({ ...(content['answer'] as unknown as DecodedResponse), kind: 'response' })
    }
  }

  #onCancel(content: unknown, from: string): void {
    if (from === this.#channel.node.id || !isObject(content)) return
    const session = this.#table.get(String(content['session']))
    if (session !== undefined) cancelCall(session, content['requestId'], content['reason'])
  }
}

function nodeOf({ id }: DecodedResponse): string | undefined {
  return typeof id === 'string' ? REQUEST_ID.exec(id)?.[1] : undefined
}
