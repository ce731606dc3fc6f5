/**
 * Cuts a stream of bytes into lines. A line may come in pieces of any size, and is handed on as bytes: a character of
 * UTF-8 that is cut in two is whole again by then.
 *
 *    in a line --(longer than the limit)--> skipping --(its end)--> in a line
 *
 * The end of a line is LF. A CR before it is white space of JSON, and blank lines are skipped.
 *
 * Spec: 2026-07-28 stdio {@link spec.stdio}.
 * Invariant: no more than the limit is kept, and the work is in proportion to the bytes that came.
 */

import type { Buffer } from 'node:buffer'
import { BodyBytes } from '../http/body-bytes.ts'

const LF = 0x0a
const CR = 0x0d

export class LineReader {
  readonly #maxBytes: number
  readonly #onLine: (line: Buffer) => void
  readonly #onTooLong: () => void
  /** Of a line whose end has not come. */
  #begun: BodyBytes | undefined
  #skipping = false

  /**
   * @param maxBytes - of one line, without its end
   * @param onTooLong - called once for a line that is longer, and skipped
   */
  constructor(maxBytes: number, onLine: (line: Buffer) => void, onTooLong: () => void) {
    this.#maxBytes = maxBytes
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      this.#take(chunk.subarray(from, end))
      this.end()
      from = end + 1
    }
    if (from < chunk.length) this.#take(chunk.subarray(from))
  }

  /** The line is over, or the stream. */
  end(): void {
    const line = this.#begun?.bytes
    this.#begun = undefined
    this.#skipping = false
    if (line === undefined || line.length === 0 || (line.length === 1 && line[0] === CR)) return
    this.#onLine(line)
  }

  #take(piece: Buffer): void {
    if (this.#skipping) return
    this.#begun ??= new BodyBytes(this.#maxBytes, undefined)
    if (this.#begun.append(piece, undefined) === undefined) return
    this.#begun = undefined
    this.#skipping = true
    this.#onTooLong()
  }
}
