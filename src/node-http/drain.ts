/**
 * Drain: the backpressure of one stream. Created when the stream first has to wait for its client.
 *
 *            a write returned false, or half of the limit is buffered, or this turn has written 64 KiB
 *    ready ------------------------------------------------------------------------------------------>  waiting
 *          <------------------------------------------------------------------------------------------
 *            the buffered bytes were written, and a turn of the event loop has passed
 *
 * Waiting for the next turn lets other clients be served: where the operating system accepts everything at once, a
 * handler that awaits nothing else would otherwise block the event loop.
 *
 * The connection of a client that reads nothing for a long time is dropped, so that not reading cannot delay a call for
 * ever.
 *
 * Invariant: `drained` is undefined or a promise that resolves, with `close` at the latest.
 * Not here: how much may be buffered before the connection is dropped (sse-writer.ts).
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { Gate } from '../bounds/gate.ts'
import { STALLED_TICKS } from '../sse/keep-alive.ts'
import { isHttp2, streamOf } from './http2.ts'

export class Drain {
  readonly #target: Writable
  #gate: Gate | undefined
  #isFull = false
  /** Bytes that the client had read when this last changed, and the count of keep-alive ticks at that time. */
  #taken = -1
  #takenAt = 0
  readonly #onDrain = (): void => {
    this.#isFull = false
    if (this.#gate !== undefined) setImmediate(this.#onTurn)
  }
  readonly #onTurn = (): void => {
    if (!this.#isFull) this.#pass()
  }

  /** @param target - a socket or a response */
  constructor(target: Writable) {
    this.#target = target
    // Added only once: where middleware has replaced `on` of a response, `off` may not remove the listener.
    target.on('drain', this.#onDrain)
  }

  /** undefined: no need to wait. */
  get drained(): Promise<void> | undefined {
    return this.#gate?.passed
  }

  /** A write returned false: the target will emit `drain`. */
  untilDrain(): void {
    this.#isFull = true
    this.#gate ??= new Gate()
  }

  /** Much is buffered, but so little that the target does not emit `drain`. */
  untilWritten(): void {
    if (this.#isFull) return
    this.untilDrain()
    // An empty write: its callback is called after everything before it was written.
    this.#target.write('', 'latin1', this.#onDrain)
  }

  /** Much was written in this turn of the event loop. */
  untilNextTurn(): void {
    if (this.#gate !== undefined) return
    this.#gate = new Gate()
    setImmediate(this.#onTurn)
  }

  /**
   * Whether the client has read nothing for a long time. Called at keep-alive ticks while bytes are buffered.
   *
   * @param taken - what the client has taken, as a number that changes when it takes more
   * @param idleTicks - since the last write
   */
  isStalled(taken: number, idleTicks: number): boolean {
    if (taken === this.#taken) return idleTicks - this.#takenAt >= STALLED_TICKS
    this.#taken = taken
    this.#takenAt = idleTicks
    return false
  }

  /** The writer is closed: resolves `drained`. */
  close(): void {
    this.#target.off('drain', this.#onDrain)
    this.#pass()
  }

  #pass(): void {
    this.#gate?.open()
    this.#gate = undefined
  }
}

export function needsDrain(target: Socket | ServerResponse | undefined): boolean {
  if (target === undefined) return false
  // Responses of node:http2 do not say it themselves.
  const { writableNeedDrain = isResponse(target) && streamOf(target)?.writableNeedDrain } = target
  return writableNeedDrain === true
}

/** A number that changes when the client takes more of a stream; undefined: it is not the turn of the stream. */
export function bytesTaken(target: Socket | ServerResponse | undefined): number | undefined {
  if (target === undefined) return undefined
  // The socket is that of other streams too.
  if (isResponse(target) && isHttp2(target)) return -target.writableLength
  const socket = isResponse(target) ? target.socket : target
  return socket ? socket.bytesWritten - socket.writableLength : undefined
}

function isResponse(target: Socket | ServerResponse): target is ServerResponse {
  return 'writeHead' in target
}
