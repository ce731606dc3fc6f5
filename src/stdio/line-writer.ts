/**
 * Writes messages as lines. What is written in one turn of the event loop leaves in one write.
 *
 *    open --(the limit of what may wait is passed, the stream fails, close)--> closed
 *
 * Invariant: each message is one line; after `closed` turns true nothing is written.
 */

import { Buffer } from 'node:buffer'
import type { Writable } from 'node:stream'
import { Gate } from '../bounds/gate.ts'
import { nextTurn } from '../bounds/runtime.ts'
import type { LineSink } from './line-sink.ts'

/** Code units that a turn collects before they leave, and before others have a turn. */
const CHUNK_UNITS = 64 * 1024
const LINE_ENDS = /\r\n|\r|\n/g

export class LineWriter implements LineSink {
  closed = false
  readonly #output: Writable
  readonly #write: (text: string) => boolean
  readonly #maxBufferBytes: number
  readonly #onClose: (tooSlow: boolean) => void
  /** Lines of this turn. */
  #lines = ''
  #gate: Gate | undefined = undefined
  /** The stream has said that it will emit `drain`. */
  #isFull = false

  /**
   * @param write - writes to the output past whatever stands before it
   * @param maxBufferBytes - what may wait for the client
   * @param onClose - called when the client reads too slowly, or the output fails
   */
  constructor(
    output: Writable,
    write: (text: string) => boolean,
    maxBufferBytes: number,
    onClose: (tooSlow: boolean) => void,
  ) {
    this.#output = output
    this.#write = write
    this.#maxBufferBytes = maxBufferBytes
    this.#onClose = onClose
    output.on('drain', this.#onDrain)
    output.on('error', this.#onGone)
    output.on('close', this.#onGone)
  }

  get drained(): Promise<void> | undefined {
    return this.#gate?.passed
  }

  write(json: string): boolean {
    // Between tokens JSON may have line ends, which would end the message.
    const line = json.includes('\n') || json.includes('\r') ? json.replace(LINE_ENDS, ' ') : json
    return this.writeLines(`${line}\n`)
  }

  writeLines(lines: string): boolean {
    if (this.closed) return false
    if (!this.#fits(lines)) {
      this.#close(true)
      return false
    }
    if (this.#lines === '') queueMicrotask(this.#flush)
    this.#lines += lines
    if (this.#lines.length >= CHUNK_UNITS) {
      this.#flush()
      this.#gate ??= new Gate()
      nextTurn(this.#onTurn)
    }
    return true
  }

  /** Writes what is left. @returns when the output has taken it, or fails */
  async close(): Promise<void> {
    this.#flush()
    if (!this.closed && this.#output.writableLength > 0) {
      await new Promise<void>((resolve) => {
        this.#output.once('close', resolve)
        this.#output.write('', () => resolve())
      })
    }
    this.#unlisten()
    this.closed = true
  }

  readonly #flush = (): void => {
    const lines = this.#lines
    this.#lines = ''
    if (lines === '' || this.closed) return
    if (this.#write(lines)) return
    this.#isFull = true
    this.#gate ??= new Gate()
  }

  readonly #onDrain = (): void => {
    this.#isFull = false
    nextTurn(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    if (this.#isFull) return
    this.#gate?.open()
    this.#gate = undefined
  }

  readonly #onGone = (): void => this.#close(false)

  /** A message that is larger than the limit could never be sent otherwise. */
  #fits(lines: string): boolean {
    const waiting = this.#output.writableLength + this.#lines.length
    const bytes = Buffer.byteLength(lines)
    return waiting + (bytes > this.#maxBufferBytes ? 0 : bytes) <= this.#maxBufferBytes
  }

  #close(tooSlow: boolean): void {
    if (this.closed) return
    this.closed = true
    this.#lines = ''
    this.#gate?.open()
    this.#gate = undefined
    this.#onClose(tooSlow)
  }

  /** The listener of errors stays: what is still to come of them is of no interest. */
  #unlisten(): void {
    this.#output.off('drain', this.#onDrain)
    this.#output.off('close', this.#onGone)
    this.#gate?.open()
  }
}
