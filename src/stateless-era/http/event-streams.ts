/**
 * The event streams of this era over HTTP: how a message is framed, and the keep-alive of those that are open. Streams
 * have no event ids: nothing can be resumed.
 */

import type { EventSink } from '../../sse/event-sink.ts'
import { encodeMessage } from '../../sse/frame.ts'
import { KeepAlive } from '../../sse/keep-alive.ts'
import type { StatelessEraSettings } from '../options.ts'
import type { MessageStream, StreamTransport } from '../transport.ts'

export class EventStreams implements StreamTransport {
  readonly settings: Pick<StatelessEraSettings, 'sseAfterMs' | 'maxStreamBufferBytes'>
  readonly keepAlive: KeepAlive

  constructor(settings: StatelessEraSettings) {
    this.settings = settings
    this.keepAlive = new KeepAlive(settings.keepAliveMs)
  }

  frame(json: string): string {
    return encodeMessage(json)
  }

  /** @param stream - one that PostResponse opened: an event sink */
  streamClosed(stream: MessageStream): void {
    this.keepAlive.delete(stream as EventSink)
  }
}
