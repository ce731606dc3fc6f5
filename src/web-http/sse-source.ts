/**
 * SSE source: one event stream as the body of a `Response`: a byte source that gives its reader what has come since it
 * last asked.
 *
 *    write --> waiting --(the reader asks)--> one piece          nothing is queued anywhere else
 *
 * So what waits for a slow reader is known exactly. Above the limit the stream breaks, as a connection does: a reader
 * that comes back asks for what it missed, while one that silently lost a frame could not know.
 *
 *    new --open--> open --end / drop / the reader cancels--> closed
 *
 * Invariant: after `closed` turns true nothing is taken, and `onClose` has been called, once. What was taken before
 * `end` is still given to the reader.
 * Not here: replay (sse/replay-ring.ts), when to send keep-alive comments (sse/keep-alive.ts).
 */

import { Buffer } from 'node:buffer'
import { Gate } from '../bounds/gate.ts'
import { nextTurn } from '../bounds/runtime.ts'
import type { EventSink, EventSinkOwner } from '../sse/event-sink.ts'
import { encodeComment } from '../sse/frame.ts'
import { STALLED_TICKS } from '../sse/keep-alive.ts'

const COMMENT = encodeComment()
/** Bytes that may wait before a handler is asked to; and that it may write before others have a turn. */
const ROOM_BYTES = 64 * 1024

const encoder = new TextEncoder()

/** What the stream needs of the exchange that it answers. */
export interface SseHost {
  /** Nobody can receive the stream. */
  readonly closed: boolean
  /** @throws {TypeError} an invalid header */
  respond(headers: readonly string[] | undefined, body: ReadableStream<Uint8Array>): void
  onClose(listener: () => void): void
  offClose(listener: () => void): void
}

export class SseSource implements EventSink {
  idleTicks = 0
  readonly #host: SseHost
  readonly #owner: EventSinkOwner
  /** What the reader has not asked for. */
  #waiting = ''
  #waitingBytes = 0
  #controller: ReadableByteStreamController | undefined = undefined
  /** Lifecycle: while the reader has asked and there is nothing. Called when there is. */
  #wanted: (() => void) | undefined = undefined
  #scheduled = false
  /** Lifecycle: while a handler should wait. */
  #gate: Gate | undefined = undefined
  /** Bytes since others had a turn. */
  #turnBytes = 0
  /** Keep-alive ticks since the last write, when it was first seen that the reader takes nothing. */
  #stalledAt: number | undefined = undefined
  #closed = false
  readonly #onGone = (): void => {
    this.#forget()
    this.#close()
    // No error: it would reach no client, and platforms would report it.
    try {
      if (this.#controller !== undefined) finish(this.#controller)
    } catch {
      // It has ended already.
    }
  }

  constructor(host: SseHost, owner: EventSinkOwner) {
    this.#host = host
    this.#owner = owner
  }

  get closed(): boolean {
    return this.#closed
  }

  get drained(): Promise<void> | undefined {
    return this.#gate?.passed
  }

  open(headers?: readonly string[], firstFrame?: string): void {
    if (this.#isGone()) return
    const body = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => this.#give(),
      cancel: () => {
        this.#forget()
        this.#close()
      },
    })
    this.#host.respond(headers, body)
    this.#host.onClose(this.#onGone)
    this.idleTicks = 0
    this.#take(firstFrame || COMMENT)
  }

  write(frame: string): boolean {
    if (this.#isGone()) return false
    if (this.#controller === undefined) {
      this.open(undefined, frame)
      return true
    }
    if (!this.#fits(frame)) return this.#drop()
    this.idleTicks = 0
    this.#take(frame)
    return true
  }

  writeNow(frame: string): boolean {
    return this.write(frame)
  }

  end(frame = ''): boolean {
    if (this.#isGone()) return false
    if (this.#controller === undefined) this.open(undefined, frame)
    else if (!this.#fits(frame)) return this.#drop()
    else this.#take(frame)
    this.#close()
    // The reader may have asked already.
    this.#schedule()
    return true
  }

  /** A stream that is silent holds nothing that could be released. */
  detach(): void {}

  comment(): void {
    if (this.#isGone() || this.#controller === undefined) return
    if (this.#waitingBytes === 0) {
      this.idleTicks = 0
      this.#take(COMMENT)
      return
    }
    this.#stalledAt ??= this.idleTicks
    if (this.idleTicks - this.#stalledAt >= STALLED_TICKS) this.#drop()
  }

  #isGone(): boolean {
    if (!this.#closed && this.#host.closed) this.#onGone()
    return this.#closed
  }

  #fits(frame: string): boolean {
    const { maxBufferBytes } = this.#owner
    const bytes = Buffer.byteLength(frame)
    return this.#waitingBytes + (bytes > maxBufferBytes ? 0 : bytes) <= maxBufferBytes
  }

  #take(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.#waiting += text
    this.#waitingBytes += bytes
    this.#turnBytes += bytes
    this.#schedule()
    const limit = Math.min(ROOM_BYTES, this.#owner.maxBufferBytes / 2)
    if (this.#waitingBytes > limit) this.#gate ??= new Gate()
    if (this.#turnBytes <= limit) return
    this.#turnBytes = 0
    this.#gate ??= new Gate()
    nextTurn(this.#onTurn)
  }

  /** The frames of one turn leave as one piece. */
  #schedule(): void {
    if (this.#scheduled || this.#wanted === undefined) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#wanted !== undefined) this.#give()
    })
  }

  /** The reader has asked, now or before: gives it all that waits. */
  #give(): Promise<void> | undefined {
    const controller = this.#controller as ReadableByteStreamController
    if (this.#waiting !== '') {
      // Not a Buffer: its memory may be shared with others, and goes over to the reader.
      const bytes = encoder.encode(this.#waiting)
      this.#waiting = ''
      this.#waitingBytes = 0
      this.#stalledAt = undefined
      controller.enqueue(bytes)
      if (this.#gate !== undefined) nextTurn(this.#onTurn)
    } else if (!this.#closed) {
      return new Promise((resolve) => {
        this.#wanted = resolve
      })
    }
    if (this.#closed) finish(controller)
    this.#wanted?.()
    this.#wanted = undefined
    return undefined
  }

  readonly #onTurn = (): void => {
    if (this.#waitingBytes > 0 && !this.#closed) return
    this.#gate?.open()
    this.#gate = undefined
  }

  /** Breaks the stream: the reader sees that it has no proper end. */
  #drop(): false {
    this.#forget()
    this.#close()
    try {
      this.#controller?.error(new Error('The stream was dropped: its reader was too slow, or is gone'))
    } catch {
      // It has ended already.
    }
    return false
  }

  /** Nothing more is given to the reader. */
  #forget(): void {
    this.#waiting = ''
    this.#waitingBytes = 0
    this.#wanted = undefined
  }

  /** The one transition to closed. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#host.offClose(this.#onGone)
    this.#gate?.open()
    this.#gate = undefined
    this.#owner.onClose?.()
  }
}

function finish(controller: ReadableByteStreamController): void {
  controller.close()
  // A reader that brought its own buffer gets it back empty.
  controller.byobRequest?.respond(0)
}
