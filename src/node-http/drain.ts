/**
 * Drain: whether a stream has to wait for its client. Made for the first time that it has to.
 *
 *            a write returned false, or half of the limit waits, or this turn has written 64 KiB
 *    room  ------------------------------------------------------------------------------------->  full
 *          <-------------------------------------------------------------------------------------
 *            everything that waited was taken, and the event loop has turned
 *
 * The turn of the event loop lets other clients be served: where the system takes everything at once, a handler that
 * awaits nothing else would otherwise block the loop.
 *
 * A client that takes nothing for a long time is dropped, so that a call cannot be held up by not reading.
 *
 * Invariant: `room` is undefined or a promise that resolves, at the latest with `close`.
 * Not here: how much may wait before the connection is dropped (sse-writer.ts).
 */

import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { Gate } from '../bounds/gate.ts'
import { STALLED_TICKS } from '../sse/keep-alive.ts'

export class Drain {
  readonly #carrier: Writable
  #gate: Gate | undefined
  #isFull = false
  /** What the client had taken when this last changed, in bytes, and the count of keep-alive ticks then. */
  #taken = -1
  #takenAt = 0
  readonly #onDrain = (): void => {
    this.#isFull = false
    if (this.#gate !== undefined) setImmediate(this.#onTurn)
  }
  readonly #onTurn = (): void => {
    if (!this.#isFull) this.#pass()
  }

  /** @param carrier - what is written to: a socket, or a response */
  constructor(carrier: Writable) {
    this.#carrier = carrier
    // Once for all: where middleware has replaced `on` of a response, `off` may not remove what it added.
    carrier.on('drain', this.#onDrain)
  }

  /** undefined: there is room. */
  get room(): Promise<void> | undefined {
    return this.#gate?.passed
  }

  /** The carrier has said that it will emit `drain`. */
  untilDrain(): void {
    this.#isFull = true
    this.#gate ??= new Gate()
  }

  /** The carrier holds more than it should, but less than it emits `drain` for. */
  untilWritten(): void {
    if (this.#isFull) return
    this.untilDrain()
    // It has nothing to write itself, and its callback comes after that of everything before it.
    this.#carrier.write('', 'latin1', this.#onDrain)
  }

  /** Much was written in this turn. */
  untilNextTurn(): void {
    if (this.#gate !== undefined) return
    this.#gate = new Gate()
    setImmediate(this.#onTurn)
  }

  /**
   * Whether the client has taken nothing for a long time. To be called at keep-alive ticks while bytes wait.
   *
   * @param socket - of the connection
   * @param idleTicks - since the last write
   */
  isStalled(socket: Socket, idleTicks: number): boolean {
    const taken = socket.bytesWritten - socket.writableLength
    if (taken === this.#taken) return idleTicks - this.#takenAt >= STALLED_TICKS
    this.#taken = taken
    this.#takenAt = idleTicks
    return false
  }

  /** The writer is closed: nothing is waited for any more. */
  close(): void {
    this.#carrier.off('drain', this.#onDrain)
    this.#pass()
  }

  #pass(): void {
    this.#gate?.open()
    this.#gate = undefined
  }
}
