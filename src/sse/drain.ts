/**
 * Drain: what a stream knows of a client that is behind, made when it is for the first time.
 *
 *            a write could not be handed on, or half of the limit waits, or this turn has sent much
 *    room  ----------------------------------------------------------------------------------------->  none
 *          <-----------------------------------------------------------------------------------------
 *            everything that waited was taken, and the event loop has turned
 *
 * A client that takes nothing for long ends the wait too: its connection is dropped, as that of one that vanished. So
 * nobody can hold up a call by not reading, and one that reads slowly is waited for.
 *
 * The turn of the event loop is for everybody else: where the system takes everything at once, a writer that waits for
 * nothing but this would otherwise keep the loop for itself.
 *
 * Invariant: `room` is undefined or a promise that resolves, at the latest with `close`.
 * Not here: how much may wait before the connection is dropped (writer.ts).
 */

import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { Gate } from './gate.ts'
import { TICKS_PER_INTERVAL } from './keep-alive.ts'

/** Keep-alive intervals in which a client must take something. */
const STALLED_INTERVALS = 8

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
    // For good: middleware that replaces `on` of a response need not know what `off` would take away.
    carrier.on('drain', this.#onDrain)
  }

  /** undefined: nobody has to wait. */
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

  /** There is room, for everybody. */
  untilNextTurn(): void {
    if (this.#gate !== undefined) return
    this.#gate = new Gate()
    setImmediate(this.#onTurn)
  }

  /**
   * Whether the client has taken nothing for a long time. To be asked at keep-alive ticks while it is behind.
   *
   * @param socket - of the connection
   * @param idleTicks - since the last write
   */
  isStalled(socket: Socket, idleTicks: number): boolean {
    const taken = socket.bytesWritten - socket.writableLength
    if (taken === this.#taken) return idleTicks - this.#takenAt >= STALLED_INTERVALS * TICKS_PER_INTERVAL
    this.#taken = taken
    this.#takenAt = idleTicks
    return false
  }

  /** Whoever waits goes on. */
  close(): void {
    this.#carrier.off('drain', this.#onDrain)
    this.#pass()
  }

  #pass(): void {
    this.#gate?.open()
    this.#gate = undefined
  }
}
