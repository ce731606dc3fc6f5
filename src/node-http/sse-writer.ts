/**
 * SSE writer: one event stream on one node:http response. It owns the response from `open` to the end.
 *
 * Two things end a connection that the server did not end: the client closes it, or the client reads too slowly. Memory
 * for a slow reader is bounded by dropping the connection (`#drop`), never single frames: a client that reconnects asks
 * for the events it missed, while one that silently lost a frame could not know.
 *
 *    new --open--> open --end / drop / the connection closes--> closed
 *
 * Frames of one turn of the event loop are concatenated and sent as one chunk in one write, or as several when there are
 * many: the pending text is not measured or copied again for each frame. They are written to the socket directly where
 * that is possible: a write to a response is four writes to its socket, for a chunk's size, its data and two line ends
 * ("streaming", bench/: half the CPU time of a message). They are written through the response while it waits behind
 * another one of its connection, when its methods are not node:http's own, and where it has no socket.
 *
 * Nagle's algorithm is off in node:http by default and stays so.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}; chunked coding is RFC 9112 section 7.1.
 * Invariant: after `closed` turns true nothing is written, no listener of this file is left, and `onClose` has been
 * called, once.
 * Not here: replay (replay-ring.ts), when to send keep-alive comments (keep-alive.ts), backpressure (drain.ts), sessions.
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { withEventStreamHeaders } from '../http/event-stream-head.ts'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import { encodeComment } from '../sse/frame.ts'
import { detach, returnSocket } from './detach.ts'
import { bytesTaken, Drain, needsDrain } from './drain.ts'
import { abortHttp2, isHttp2 } from './http2.ts'
import { isConnection, isNative, markFinished, uncork, writesToSocket } from './node-internals.ts'
import { countInTurn } from './pipelining.ts'
import { limitUnread } from './unread.ts'
import { writeHead } from './write-head.ts'

const COMMENT = encodeComment()
const LAST_CHUNK = '0\r\n\r\n'
/** No UTF-16 code unit takes more bytes than this in UTF-8. */
const MAX_BYTES_PER_UNIT = 3
/** Code units that are collected in one turn before they are written: concatenating longer texts costs more. */
const CHUNK_UNITS = 64 * 1024

/** Property of a response or socket that refers to its writer: one listener function serves all streams without a closure. */
const WRITER = Symbol('SseWriter')
type Target = (ServerResponse | Socket) & { [WRITER]?: SseWriter | undefined }
let closeWriter: (writer: SseWriter) => void
let flushWriter: (writer: SseWriter) => void

/** Writers with pending frames of this turn. */
let waiting: SseWriter[] = []

/** Writes frames to one response. No method throws or emits because of the client. */
export class SseWriter implements EventSink {
  /**
   * Keep-alive ticks since the last frame. A plain field: to reset it is the whole cost of keep-alive for a write.
   */
  idleTicks = 0
  /** Undefined once it is detached. */
  #response: ServerResponse | undefined
  /** Where frames are written directly; undefined where they are written through the response. */
  #socket: Socket | undefined = undefined
  // The owner itself rather than its two values, so that a stream needs no object for them.
  readonly #options: EventSinkOwner
  /** Pending frames of this turn. */
  #frames = ''
  /** Lifecycle: from the first backpressure to `#close`. */
  #drain: Drain | undefined = undefined
  /** Bytes that the connection had received when the response was detached. */
  #bytesRead = 0
  #closed = false

  /**
   * @param response - a response of node:http whose head has not been sent.
   * @param options - limits and callback.
   */
  constructor(response: ServerResponse, options: EventSinkOwner) {
    this.#response = response
    this.#options = options
    this.#listen(response)
  }

  /** True once nothing more can be written. */
  get closed(): boolean {
    return this.#closed
  }

  /** True while the socket or response asks to wait for `drain`. */
  get backPressured(): boolean {
    return !this.#closed && needsDrain(this.#socket ?? this.#response)
  }

  /**
   * Backpressure, for callers that can wait: resolves, and never rejects, when the client has read what is buffered, or
   * when the writer is closed. undefined: no need to wait.
   */
  get drained(): Promise<void> | undefined {
    return this.#drain?.drained
  }

  /** Bytes that are not passed to the operating system yet. */
  get waitingBytes(): number {
    return this.#bufferedBytes + Buffer.byteLength(this.#frames)
  }

  /**
   * Sends the head (200, `text/event-stream`) together with the first bytes of the body: some clients and
   * proxies report a stream as open only when its body has begun.
   *
   * @param headers - more headers, as a flat list of names and values. One that is named here
   * replaces the writer's own.
   * @param firstFrame - the first frame or frames; an empty comment when absent.
   * @throws {Error} for what the caller did wrong: a head that was already sent, an invalid header.
   */
  open(headers?: readonly string[], firstFrame?: string): void {
    if (this.#checkClosed()) return
    const response = this.#response as ServerResponse
    writeHead(response, 200, withEventStreamHeaders(headers))
    this.idleTicks = 0
    const first = firstFrame || COMMENT
    if (!writesToSocket(response)) {
      this.#writeText(first)
      return
    }
    this.#socket = response.socket as Socket
    // Head, first frame and what follows in this turn leave together.
    this.#socket.cork()
    response.flushHeaders()
    this.#enqueue(first)
  }

  /**
   * Releases the request and the response, for a stream that is silent most of the time. Does nothing where other code
   * needs them.
   */
  detach(): void {
    const response = this.#response
    if (this.#closed || response === undefined || this.#socket === undefined) return
    this.#flush()
    this.#unlisten(response)
    const socket = detach(response)
    if (socket === undefined) {
      this.#listen(response)
      return
    }
    this.#response = undefined
    this.#bytesRead = socket.bytesRead
    this.#listen(socket)
  }

  /**
   * Writes one frame, or several that were concatenated.
   *
   * @param frame - text from frame.ts.
   * @returns false when the frame was not written: the connection is closed, or was dropped now because the client
   * reads too slowly.
   */
  write(frame: string): boolean {
    if (this.#checkClosed()) return false
    if (this.#response?.headersSent === false) {
      this.open(undefined, frame)
      return true
    }
    if (!this.#fits(frame)) return this.#drop()
    this.idleTicks = 0
    this.#enqueue(frame)
    return true
  }

  /**
   * As {@link write}, but sends at once. For the only frame of a turn that goes to thousands of clients: each writer is
   * then visited once, not again at the end of the turn ("connections", bench/: 3 % of a broadcast).
   */
  writeNow(frame: string): boolean {
    if (this.#checkClosed()) return false
    const isReady = this.#response === undefined && this.#frames === ''
    if (!isReady || !this.#fits(frame)) return this.write(frame)
    this.idleTicks = 0
    this.#writeText(frame)
    return true
  }

  /**
   * Writes an empty comment to keep the connection alive. Under backpressure it writes none, and drops the connection of
   * a client that has read nothing for long.
   */
  comment(): void {
    if (this.#checkClosed() || this.#response?.headersSent === false) return
    if (this.backPressured) {
      // Without a socket the response still waits behind another one of its connection.
      const taken = bytesTaken(this.#socket ?? this.#response)
      if (taken !== undefined && this.#needDrain().isStalled(taken, this.idleTicks)) this.#drop()
      return
    }
    this.idleTicks = 0
    this.#writeText(COMMENT)
  }

  /**
   * Ends the stream properly: the client sees the end of the body, not a broken connection.
   *
   * @param frame - a last frame, sent in the same system call as the end of the body.
   * @returns false when the connection is closed or was dropped now, as with {@link write}.
   */
  end(frame?: string): boolean {
    if (this.#checkClosed()) return false
    if (frame !== undefined && !this.#fits(frame)) return this.#drop()
    const rest = frame === undefined ? this.#frames : this.#frames + frame
    this.#frames = ''
    const response = this.#response
    const socket = this.#socket
    if (response === undefined) {
      const target = socket as Socket
      writeChunk(target, rest, LAST_CHUNK)
      this.#close()
      returnSocket(target, target.bytesRead === this.#bytesRead)
      return true
    }
    if (!response.headersSent) writeHead(response, 200, withEventStreamHeaders())
    if (socket !== undefined && response.chunkedEncoding) {
      writeChunk(socket, rest, LAST_CHUNK, markFinished(response))
      socket.uncork()
    } else {
      try {
        response.end(rest === '' ? undefined : bytesOf(rest))
      } catch {
        return this.#drop()
      }
    }
    limitUnread(response, this.#options.maxBufferBytes)
    this.#close()
    return true
  }

  /** Whether the connection is closed; also detects it before, or without, a `close` event, and closes the writer then. */
  #checkClosed(): boolean {
    if (this.#closed) return true
    const response = this.#response
    // A response that waits behind another one of its connection has no socket yet, and may get no `close` event when
    // the connection closes: the next write or keep-alive comment detects it here.
    const socket = this.#socket ?? response?.socket ?? response?.req?.socket
    const usable = response === undefined || (!response.destroyed && !response.writableEnded)
    // Without a real socket only the state of the response counts.
    if (usable && (socket?.writable === true || !isConnection(socket))) return false
    this.#close()
    return true
  }

  #fits(frame: string): boolean {
    const { maxBufferBytes } = this.#options
    // An upper bound first: to measure the pending frames exactly would be repeated for each frame of the turn.
    const units = this.#frames.length + frame.length
    if (this.#bufferedBytes + units * MAX_BYTES_PER_UNIT <= maxBufferBytes) return true
    // They wait for the end of the turn, not for the client: pass them to the operating system first.
    this.#flush()
    const response = this.#response
    if (this.#socket === undefined && response !== undefined) uncork(response)
    const bytes = Buffer.byteLength(frame)
    return this.#bufferedBytes + (bytes > maxBufferBytes ? 0 : bytes) <= maxBufferBytes
  }

  /** Bytes that the socket or the response buffers. */
  get #bufferedBytes(): number {
    if (this.#socket !== undefined) return this.#socket.writableLength
    const response = this.#response
    // An adapter may count bytes that it has passed on as well, or have no number.
    const counts = response?.writableNeedDrain === true || isConnection(response?.req?.socket)
    return (counts && response?.writableLength) || 0
  }

  /** Adds a frame to those that are sent at the end of this turn. */
  #enqueue(frame: string): void {
    if (this.#frames === '' && waiting.push(this) === 1) process.nextTick(flushAll)
    this.#frames += frame
    if (this.#frames.length < CHUNK_UNITS) return
    this.#flush()
    if (!this.#closed) this.#needDrain().untilNextTurn()
  }

  /** Sends the pending frames of this turn. */
  #flush(): void {
    const frames = this.#frames
    if (frames === '' || this.#checkClosed()) return
    this.#frames = ''
    this.#writeText(frames)
    // Corked by `open` or by node:http; without effect when it is not corked.
    this.#socket?.uncork()
  }

  #writeText(text: string): void {
    const socket = this.#socket
    const response = this.#response
    const target = socket ?? (response as ServerResponse)
    let isTaken: boolean
    try {
      isTaken =
        socket === undefined || response?.chunkedEncoding === false
          ? target.write(bytesOf(text))
          : writeChunk(socket, text)
    } catch {
      // The socket or response of an adapter may throw when its connection has closed.
      this.#drop()
      return
    }
    if (socket === undefined && response !== undefined) countInTurn(response, this.#options.maxBufferBytes)
    // Middleware may have replaced `write` by one that returns nothing.
    if (isTaken === false) this.#needDrain().untilDrain()
    else if (
      this.#bufferedBytes > this.#options.maxBufferBytes / 2 &&
      (socket !== undefined || isNative(response))
    ) {
      this.#needDrain().untilWritten()
    }
  }

  #needDrain(): Drain {
    this.#drain ??= new Drain(this.#socket ?? (this.#response as ServerResponse))
    return this.#drain
  }

  #drop(): false {
    const response = this.#response
    if (response !== undefined && isHttp2(response)) abortHttp2(response)
    else (response ?? this.#socket)?.destroy()
    this.#close()
    return false
  }

  #listen(target: Target): void {
    target[WRITER] = this
    target.on('close', onClose)
    // A socket has node:http's own listener for its errors.
    if (target === this.#response) target.on('error', ignoreError)
  }

  #unlisten(target: Target): void {
    target[WRITER] = undefined
    target.off('close', onClose)
    target.off('error', ignoreError)
  }

  /** The one transition to closed. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#frames = ''
    const target = this.#response ?? this.#socket
    if (target !== undefined) this.#unlisten(target)
    this.#drain?.close()
    this.#options.onClose?.()
  }

  static {
    closeWriter = (writer) => writer.#close()
    flushWriter = (writer) => writer.#flush()
  }
}

function onClose(this: Target): void {
  if (this[WRITER] !== undefined) closeWriter(this[WRITER])
}

function ignoreError(): void {}

function flushAll(): void {
  const writers = waiting
  waiting = []
  for (const writer of writers) flushWriter(writer)
}

/** Writes one chunk and, at the end of the body, the last chunk, in one write. */
function writeChunk(socket: Socket, text: string, last = '', done?: (error?: Error | null) => void): boolean {
  const size = Buffer.byteLength(text)
  const bytes = size === 0 ? last : `${size.toString(16)}\r\n${text}\r\n${last}`
  return size === text.length ? socket.write(bytes, 'latin1', done) : socket.write(bytesOf(bytes), done)
}

/** A socket counts the code units of buffered strings, but the limit is in bytes: non-ASCII text is written as bytes. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text)
}
