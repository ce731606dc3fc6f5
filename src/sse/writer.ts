/**
 * SSE writer: one event stream on one node:http response. It owns the response from `open` to the end.
 *
 * Two things end a connection that the server did not end: the client leaves, or it reads too slowly. Memory
 * for a slow reader is bounded by dropping the connection, never single frames: a reader that comes back asks
 * for what it missed, while a reader that silently lost a frame could not know.
 *
 *    new --open--> open --end / drop / the connection closes--> closed
 *
 * Nagle's algorithm is off in node:http by default and stays so. Frames written in one turn of the event loop
 * leave in one system call, since node:http corks the socket until the next tick.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}; chunked coding is RFC 9112 section 7.1, left to
 * node:http.
 * Invariant: after `closed` turns true nothing is written, no listener of ours is left, and `onClose` has been
 * called, once.
 * Not here: replay (replay-ring.ts), when to send keep-alive comments (keep-alive.ts), sessions.
 */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { encodeComment } from './frame.ts'

const EVENT_STREAM_HEADERS: readonly string[] = [
  'Content-Type',
  'text/event-stream',
  // no-transform keeps compressing middleware and proxies from holding frames back.
  'Cache-Control',
  'no-cache, no-transform',
  // The same, for nginx, which buffers proxied responses unless told not to.
  'X-Accel-Buffering',
  'no',
]
const COMMENT = Buffer.from(encodeComment())
/** No UTF-16 code unit takes more bytes than this in UTF-8. */
const MAX_BYTES_PER_UNIT = 3

/** Where a response keeps its writer, so that one listener function serves all streams without a closure. */
const WRITER = Symbol('SseWriter')
type SseResponse = ServerResponse & { [WRITER]?: SseWriter | undefined }
let closeWriter: (writer: SseWriter) => void

export interface SseWriterOptions {
  /**
   * UTF-8 bytes that may wait for a slow reader; past it the connection is dropped. A single frame larger
   * than this is let through while no more than this waits, since it could never be delivered otherwise.
   * `Infinity` for no limit.
   */
  readonly maxBufferBytes: number
  /**
   * Called once, when the writer has stopped for whatever reason. From within `end`, `write` or `open` when
   * that is where it stops; `closed` is true by then.
   */
  readonly onClose?: () => void
}

/** Writes frames to one response. No method throws or emits because of what the client does. */
export class SseWriter {
  /**
   * Keep-alive ticks since the last frame. A plain field, so that resetting it is all that a write pays for
   * keep-alive.
   */
  idleTicks = 0
  readonly #response: SseResponse
  // The caller's object rather than its two values: an owner of many streams can pass a shared shape.
  readonly #options: SseWriterOptions
  #closed = false

  /**
   * @param response - a response of node:http whose head has not been sent.
   * @param options - limits and callback.
   */
  constructor(response: ServerResponse, options: SseWriterOptions) {
    this.#response = response
    this.#options = options
    this.#response[WRITER] = this
    response.on('close', onResponseClose)
    response.on('error', ignoreError)
  }

  /** True once nothing more can be written. */
  get closed(): boolean {
    return this.#closed
  }

  /** True while the client has not taken what it was sent and the socket asks to wait. */
  get backPressured(): boolean {
    return !this.#closed && this.#response.writableNeedDrain
  }

  /** Bytes handed to node:http that the operating system has not taken yet. */
  get waitingBytes(): number {
    return this.#response.writableLength
  }

  /**
   * Sends the head (200, `text/event-stream`) together with the first bytes of the body: some clients and
   * proxies report a stream as open only when its body has begun.
   *
   * @param headers - more headers, as an object or as a flat list of names and values. One that is named here
   * replaces the writer's own.
   * @param firstFrame - the first frame or frames; an empty comment when absent.
   * @throws {Error} for what the caller did wrong: a head that was already sent, an invalid header.
   */
  open(headers?: OutgoingHttpHeaders | readonly string[], firstFrame?: string): void {
    if (this.#gone()) return
    this.#response.writeHead(200, headers === undefined ? (EVENT_STREAM_HEADERS as string[]) : merge(headers))
    this.idleTicks = 0
    this.#response.write(firstFrame ? Buffer.from(firstFrame) : COMMENT)
  }

  /**
   * Writes one frame, or several that were concatenated.
   *
   * @param frame - text from frame.ts.
   * @returns false when the frame was not taken: the connection is gone, or was dropped just now because the
   * client reads too slowly.
   */
  write(frame: string): boolean {
    if (this.#gone()) return false
    const response = this.#response
    if (!response.headersSent) {
      this.open(undefined, frame)
      return true
    }
    if (!this.#fits(frame)) return this.#drop()
    this.idleTicks = 0
    // As bytes, because a socket counts the code units of strings that wait, and the limit is in bytes.
    response.write(Buffer.from(frame))
    return true
  }

  /** Writes an empty comment to keep the connection alive, unless earlier bytes still wait for the client. */
  comment(): void {
    if (this.#gone() || !this.#response.headersSent || this.#response.writableNeedDrain) return
    this.idleTicks = 0
    this.#response.write(COMMENT)
  }

  /**
   * Ends the stream properly: the client sees the end of the body, not a broken connection.
   *
   * @param frame - a last frame, sent in the same system call as the end of the body.
   * @returns false when the connection is gone or was dropped just now, as with {@link write}.
   */
  end(frame?: string): boolean {
    if (this.#gone()) return false
    const response = this.#response
    if (!response.headersSent) response.writeHead(200, EVENT_STREAM_HEADERS as string[])
    if (frame === undefined) response.end()
    else if (this.#fits(frame)) response.end(Buffer.from(frame))
    else return this.#drop()
    this.#close()
    return true
  }

  /** Finds out whether the connection is gone, also where its `close` event is still to come. */
  #gone(): boolean {
    if (this.#closed) return true
    const response = this.#response
    // A response that waits behind another one of its connection has no socket of its own yet, and gets no
    // `close` event when that connection breaks: the next write or keep-alive comment finds out here.
    const socket = response.socket ?? response.req.socket
    if (!response.destroyed && !response.writableEnded && socket.writable) return false
    this.#close()
    return true
  }

  #fits(frame: string): boolean {
    const { maxBufferBytes } = this.#options
    if (this.#response.writableLength + frame.length * MAX_BYTES_PER_UNIT <= maxBufferBytes) return true
    const bytes = Buffer.byteLength(frame)
    const counted = bytes > maxBufferBytes ? 0 : bytes
    if (this.#response.writableLength + counted <= maxBufferBytes) return true
    // Frames of this turn wait for the cork, not for the client. Offer them to the operating system first.
    // node:http corks the socket, in newer versions (26) the response, and uncorks only what is still corked.
    if (this.#response.writableCorked > 0) this.#response.uncork()
    else this.#response.socket?.uncork()
    return this.#response.writableLength + counted <= maxBufferBytes
  }

  #drop(): false {
    this.#response.destroy()
    this.#close()
    return false
  }

  /** The one transition to closed. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#response[WRITER] = undefined
    this.#response.off('close', onResponseClose)
    this.#response.off('error', ignoreError)
    this.#options.onClose?.()
  }

  static {
    closeWriter = (writer) => writer.#close()
  }
}

function onResponseClose(this: SseResponse): void {
  if (this[WRITER] !== undefined) closeWriter(this[WRITER])
}

function ignoreError(): void {}

/** The writer's headers and the caller's as one flat list, the form that node:http takes without a copy. */
function merge(headers: OutgoingHttpHeaders | readonly string[]): string[] {
  const merged: string[] = Array.isArray(headers)
    ? [...(headers as readonly string[])]
    : flatten(headers as OutgoingHttpHeaders)
  const given = new Set<string>()
  for (let i = 0; i < merged.length; i += 2) given.add((merged[i] as string).toLowerCase())
  for (let i = 0; i < EVENT_STREAM_HEADERS.length; i += 2) {
    const name = EVENT_STREAM_HEADERS[i] as string
    if (!given.has(name.toLowerCase())) merged.push(name, EVENT_STREAM_HEADERS[i + 1] as string)
  }
  return merged
}

function flatten(headers: OutgoingHttpHeaders): string[] {
  const flat: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one))
  }
  return flat
}
