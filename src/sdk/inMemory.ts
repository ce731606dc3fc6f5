/** `inMemory.js`: two ends of a pipe in one process, for tests. */

import type { Transport } from './shared/transport.ts'
import type { AuthInfo, JSONRPCMessage, MessageExtraInfo, RequestId } from './types.ts'

export class InMemoryTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void
  sessionId?: string
  #other: InMemoryTransport | undefined
  /** Lifecycle: until `start`. */
  #early: [JSONRPCMessage, MessageExtraInfo][] = []

  static createLinkedPair(): [InMemoryTransport, InMemoryTransport] {
    const pair: [InMemoryTransport, InMemoryTransport] = [new InMemoryTransport(), new InMemoryTransport()]
    pair[0].#other = pair[1]
    pair[1].#other = pair[0]
    return pair
  }

  async start(): Promise<void> {
    const early = this.#early
    this.#early = []
    for (const [message, extra] of early) this.onmessage?.(message, extra)
  }

  async close(): Promise<void> {
    const other = this.#other
    this.#other = undefined
    await other?.close()
    this.onclose?.()
  }

  async send(
    message: JSONRPCMessage,
    options?: { relatedRequestId?: RequestId; authInfo?: AuthInfo },
  ): Promise<void> {
    const other = this.#other
    if (other === undefined) throw new Error('Not connected')
    const extra: MessageExtraInfo = options?.authInfo === undefined ? {} : { authInfo: options.authInfo }
    if (other.onmessage === undefined) other.#early.push([message, extra])
    else other.onmessage(message, extra)
  }
}
