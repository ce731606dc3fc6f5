/**
 * SSE writer: one event stream on one node:http response. It owns the response from `open` to the end.
 *
 * Two things end a connection that the server did not end: the client leaves, or it reads too slowly. Memory
 * for a slow reader is bounded by dropping the connection, never single frames: a reader that comes back asks
 * for what it missed, while a reader that silently lost a frame could not know.
 *
 *    new --open--> open --end / drop / the connection closes--> closed
 *
 * Frames of one turn of the event loop are joined and leave as one chunk in one write, or as several when there are
 * many: what waits is never measured or joined again for each frame. They go straight to the socket where that is
 * possible: a write to a response is four writes to its socket, for a chunk's size, its data
 * and two line ends ("streaming", bench/: half the CPU time of a message). They go through the response while it
 * waits behind another one of its connection, when its methods are not node's own, and where it has no socket.
 *
 * Nagle's algorithm is off in node:http by default and stays so.
 *
 * Spec: WHATWG HTML, "Server-sent events" {@link spec.sse}; chunked coding is RFC 9112 section 7.1.
 * Invariant: after `closed` turns true nothing is written, no listener of ours is left, and `onClose` has been
 * called, once.
 * Not here: replay (replay-ring.ts), when to send keep-alive comments (keep-alive.ts), how to wait for
 * a slow client (drain.ts), sessions.
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { withEventStreamHeaders } from '../http/event-stream-head.ts'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import { encodeComment } from '../sse/frame.ts'
import { detach, giveBack } from './detach.ts'
import { Drain } from './drain.ts'
import { isConnection, isNative, markFinished, uncork, writesToSocket } from './node-internals.ts'
import { writeHead } from './write-head.ts'

const COMMENT = encodeComment()
const LAST_CHUNK = '0\r\n\r\n'
/** No UTF-16 code unit takes more bytes than this in UTF-8. */
const MAX_BYTES_PER_UNIT = 3
/** Code units that a turn collects before they leave. Long texts cost more to join, and the system takes no more at once. */
const CHUNK_UNITS = 64 * 1024

/** Where a response or a socket keeps its writer, so that one listener function serves all streams without a closure. */
const WRITER = Symbol('SseWriter')
type Carrier = (ServerResponse | Socket) & { [WRITER]?: SseWriter | undefined }
let closeWriter: (writer: SseWriter) => void
let flushWriter: (writer: SseWriter) => void

/** Writers with frames of this turn. */
let waiting: SseWriter[] = []

/** Writes frames to one response. No method throws or emits because of what the client does. */
export class SseWriter implements EventSink {
  /**
   * Keep-alive ticks since the last frame. A plain field, so that resetting it is all that a write pays for
   * keep-alive.
   */
  idleTicks = 0
  /** Undefined once it was handed over. */
  #response: ServerResponse | undefined
  /** Where frames go; undefined where they go through the response. */
  #socket: Socket | undefined = undefined
  // The caller's object rather than its two values: an owner of many streams can pass a shared shape.
  readonly #options: EventSinkOwner
  /** Frames of this turn. */
  #frames = ''
  /** Lifecycle: from the first time that the stream has to wait for its client. */
  #drain: Drain | undefined = undefined
  /** What the connection had received when the response was handed over. */
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

  /** True while the client has not taken what it was sent and the socket asks to wait. */
  get backPressured(): boolean {
    return !this.#closed && (this.#socket ?? this.#response)?.writableNeedDrain === true
  }

  /**
   * For callers that can wait instead of writing more: resolves, and never rejects, when the client has taken what
   * waits for it, or when the writer is closed. undefined: there is room.
   */
  get room(): Promise<void> | undefined {
    return this.#drain?.room
  }

  /** Bytes written that the operating system has not taken yet. */
  get waitingBytes(): number {
    return this.#handedOn + Buffer.byteLength(this.#frames)
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
    if (this.#gone()) return
    const response = this.#response as ServerResponse
    writeHead(response, 200, withEventStreamHeaders(headers))
    this.idleTicks = 0
    const first = firstFrame || COMMENT
    if (!writesToSocket(response)) {
      this.#put(first)
      return
    }
    this.#socket = response.socket as Socket
    // Head, first frame and what follows in this turn leave together.
    this.#socket.cork()
    response.flushHeaders()
    this.#join(first)
  }

  /**
   * Lets go of the request and the response, for a stream that will be silent most of the time. Does nothing where
   * somebody else needs them.
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
   * @returns false when the frame was not taken: the connection is gone, or was dropped just now because the
   * client reads too slowly.
   */
  write(frame: string): boolean {
    if (this.#gone()) return false
    if (this.#response?.headersSent === false) {
      this.open(undefined, frame)
      return true
    }
    if (!this.#fits(frame)) return this.#drop()
    this.idleTicks = 0
    this.#join(frame)
    return true
  }

  /**
   * As {@link write}, but leaves at once. For the one frame of a turn that goes to thousands of clients: each writer
   * is then looked at once, not again at the end of the turn ("connections", bench/: 3 % of a broadcast).
   */
  writeNow(frame: string): boolean {
    if (this.#gone()) return false
    const isReady = this.#response === undefined && this.#frames === ''
    if (!isReady || !this.#fits(frame)) return this.write(frame)
    this.idleTicks = 0
    this.#put(frame)
    return true
  }

  /**
   * Writes an empty comment to keep the connection alive, unless earlier bytes still wait for the client: then it
   * drops a client that has taken none of them for long.
   */
  comment(): void {
    if (this.#gone() || this.#response?.headersSent === false) return
    if (this.backPressured) {
      // Without a socket it is not its turn, and waits for another response.
      const socket = this.#socket ?? this.#response?.socket
      if (socket && this.#needDrain().isStalled(socket, this.idleTicks)) this.#drop()
      return
    }
    this.idleTicks = 0
    this.#put(COMMENT)
  }

  /**
   * Ends the stream properly: the client sees the end of the body, not a broken connection.
   *
   * @param frame - a last frame, sent in the same system call as the end of the body.
   * @returns false when the connection is gone or was dropped just now, as with {@link write}.
   */
  end(frame?: string): boolean {
    if (this.#gone()) return false
    if (frame !== undefined && !this.#fits(frame)) return this.#drop()
    const rest = frame === undefined ? this.#frames : this.#frames + frame
    this.#frames = ''
    const response = this.#response
    const socket = this.#socket
    if (response === undefined) {
      const carrier = socket as Socket
      writeChunk(carrier, rest, LAST_CHUNK)
      this.#close()
      giveBack(carrier, carrier.bytesRead === this.#bytesRead)
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
    this.#close()
    return true
  }

  /** Finds out whether the connection is gone, also where its `close` event is still to come. */
  #gone(): boolean {
    if (this.#closed) return true
    const response = this.#response
    // A response that waits behind another one of its connection has no socket of its own yet, and gets no
    // `close` event when that connection breaks: the next write or keep-alive comment finds out here.
    const socket = this.#socket ?? response?.socket ?? response?.req?.socket
    const usable = response === undefined || (!response.destroyed && !response.writableEnded)
    // Where there is no connection of node:http, only the response can tell.
    if (usable && (socket?.writable === true || !isConnection(socket))) return false
    this.#close()
    return true
  }

  #fits(frame: string): boolean {
    const { maxBufferBytes } = this.#options
    // Frames of this turn are not measured: that would be done again for each that follows.
    const units = this.#frames.length + frame.length
    if (this.#handedOn + units * MAX_BYTES_PER_UNIT <= maxBufferBytes) return true
    // They wait for the turn's end, not for the client. Offer them to the operating system first.
    this.#flush()
    const response = this.#response
    if (this.#socket === undefined && response !== undefined) uncork(response)
    const bytes = Buffer.byteLength(frame)
    return this.#handedOn + (bytes > maxBufferBytes ? 0 : bytes) <= maxBufferBytes
  }

  /** Bytes that socket or response hold. */
  get #handedOn(): number {
    if (this.#socket !== undefined) return this.#socket.writableLength
    const response = this.#response
    // An adapter may count what it has handed on as well, or have no number.
    const counts = response?.writableNeedDrain === true || isConnection(response?.req?.socket)
    return (counts && response?.writableLength) || 0
  }

  /** Adds to what leaves at the end of this turn. */
  #join(frame: string): void {
    if (this.#frames === '' && waiting.push(this) === 1) process.nextTick(flushAll)
    this.#frames += frame
    if (this.#frames.length < CHUNK_UNITS) return
    this.#flush()
    if (!this.#closed) this.#needDrain().untilNextTurn()
  }

  /** Sends what this turn has brought so far. */
  #flush(): void {
    const frames = this.#frames
    if (frames === '' || this.#gone()) return
    this.#frames = ''
    this.#put(frames)
    // Corked by `open`, or by node:http; it uncorks only what is still corked.
    this.#socket?.uncork()
  }

  #put(text: string): void {
    const socket = this.#socket
    const response = this.#response
    const carrier = socket ?? (response as ServerResponse)
    let isTaken: boolean
    try {
      isTaken =
        socket === undefined || response?.chunkedEncoding === false
          ? carrier.write(bytesOf(text))
          : writeChunk(socket, text)
    } catch {
      // What stands for a connection may throw when its reader is gone.
      this.#drop()
      return
    }
    // Middleware may have replaced `write` by one that returns nothing.
    if (isTaken === false) this.#needDrain().untilDrain()
    else if (
      this.#handedOn > this.#options.maxBufferBytes / 2 &&
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
    ;(this.#response ?? this.#socket)?.destroy()
    this.#close()
    return false
  }

  #listen(carrier: Carrier): void {
    carrier[WRITER] = this
    carrier.on('close', onClose)
    // A socket has node:http's own listener for its errors.
    if (carrier === this.#response) carrier.on('error', ignoreError)
  }

  #unlisten(carrier: Carrier): void {
    carrier[WRITER] = undefined
    carrier.off('close', onClose)
    carrier.off('error', ignoreError)
  }

  /** The one transition to closed. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#frames = ''
    const carrier = this.#response ?? this.#socket
    if (carrier !== undefined) this.#unlisten(carrier)
    this.#drain?.close()
    this.#options.onClose?.()
  }

  static {
    closeWriter = (writer) => writer.#close()
    flushWriter = (writer) => writer.#flush()
  }
}

function onClose(this: Carrier): void {
  if (this[WRITER] !== undefined) closeWriter(this[WRITER])
}

function ignoreError(): void {}

function flushAll(): void {
  const writers = waiting
  waiting = []
  for (const writer of writers) flushWriter(writer)
}

/** One chunk and, at the end of the body, the last one, in one write. */
function writeChunk(socket: Socket, text: string, last = '', done?: (error?: Error | null) => void): boolean {
  const size = Buffer.byteLength(text)
  const bytes = size === 0 ? last : `${size.toString(16)}\r\n${text}\r\n${last}`
  return size === text.length ? socket.write(bytes, 'latin1', done) : socket.write(bytesOf(bytes), done)
}

/** A socket counts the code units of strings that wait, and the limit is in bytes: a string only where these are one. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text)
}
