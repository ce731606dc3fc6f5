/**
 * Event sink: where the events of a stream go, one connection at a time. The port between the owner of a stream and the
 * transport, which the owner does not know.
 *
 * Invariant: after `closed` turns true nothing is written, and the owner's `onClose` has been called, once.
 * Not here: the implementation on node:http (node-http/sse-writer.ts).
 */

import type { IdleStream } from './keep-alive.ts'

/** What a sink needs of the stream that it belongs to. The stream itself, so that ten thousand cost no objects. */
export interface EventSinkOwner {
  /**
   * UTF-8 bytes that may wait for a slow reader; past it the connection is dropped. A single frame larger
   * than this is let through while no more than this waits, since it could never be delivered otherwise.
   * `Infinity` for no limit.
   */
  readonly maxBufferBytes: number
  /**
   * Called once, when the sink has stopped for whatever reason. From within `end`, `write` or `open` when
   * that is where it stops; `closed` is true by then.
   */
  readonly onClose?: () => void
}

export interface EventSink extends IdleStream {
  /** True once nothing more can be written. */
  readonly closed: boolean
  /**
   * For callers that can wait instead of writing more: resolves, and never rejects, when the client has read what is
   * buffered for it, or when the sink is closed. undefined: there is room.
   */
  readonly drained: Promise<void> | undefined
  /**
   * Sends the head of the response together with the first bytes of the body.
   *
   * @param headers - more headers, as a flat list of names and values
   * @param firstFrame - the first frame or frames; an empty comment when absent
   * @throws {Error} a head that was already sent, an invalid header
   */
  open(headers?: readonly string[], firstFrame?: string): void
  /**
   * Writes one frame, or several that were concatenated; those of one turn of the event loop are sent together.
   *
   * @returns false when the frame was not taken: the connection is closed, or was dropped just now
   */
  write(frame: string): boolean
  /** As `write`, but sends at once. For the one frame of a turn that is written to thousands of clients. */
  writeNow(frame: string): boolean
  /**
   * Ends the stream properly: the client sees the end of the body, not a broken connection.
   *
   * @param frame - a last frame
   * @returns false when the connection is closed or was dropped just now
   */
  end(frame?: string): boolean
  /** Releases what only a busy stream needs, for one that will be silent most of the time. */
  detach(): void
}
