/**
 * Channel: a transport that carries all messages of both sides in one sequence, such as the lines of a process, or an
 * event stream with a place to post to. Answers are told apart by their ids.
 */

import type { Settings } from './options.ts'
import type { Outgoing, Receiver, Transport } from './transport.ts'

/** What can be connected to and is no URL, such as what `stdio` makes. */
export interface Channel {
  readonly kind: 'channel'
  /** @internal */
  openChannel(settings: Settings): Promise<OpenChannel>
}

export abstract class OpenChannel implements Transport {
  readonly abortCancels = false
  /** Takes what comes; set before anything is sent. */
  receiver: Receiver | undefined

  async request(out: Outgoing): Promise<void> {
    await this.send(out.text, out.signal)
  }

  abstract send(text: string, signal: AbortSignal): Promise<void>
  abstract close(): Promise<void>
}
