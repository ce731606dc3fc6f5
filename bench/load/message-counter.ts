/**
 * Counts the JSON messages of an event stream without parsing it: the `data:` lines whose data begins with `{`.
 * MCP puts each message on one such line, and comments, priming events and ids are not counted. The last event id is
 * kept, for clients that come back.
 *
 * Why not a full SSE parser: it would make the load generator slower than the servers it measures. What the stream
 * says is checked before timing, with the real one.
 */

const LF = 10
const DATA = Buffer.from('data:')
const ID = Buffer.from('id:')
/** Long enough for any `id:` line. */
const KEPT = 256

export class MessageCounter {
  count = 0
  lastId: string | undefined
  /** Remember the id of this message, counted from 1. */
  markAt = 0
  markedId: string | undefined
  /** The beginning of a line that a piece of the stream ended in. */
  #rest: Buffer | undefined
  /** Whether what comes up to the next line break belongs to a line that is counted already. */
  #inLine = false

  push(chunk: Buffer): void {
    let bytes = chunk
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk])
      this.#rest = undefined
    }
    let at = 0
    if (this.#inLine) {
      const end = bytes.indexOf(LF)
      if (end < 0) return
      this.#inLine = false
      at = end + 1
    }
    while (at < bytes.length) {
      const end = bytes.indexOf(LF, at)
      if (end < 0) {
        // A short rest is kept until its line is whole; a long one is a message on its way: it counts now.
        if (bytes.length - at < KEPT) {
          this.#rest = Buffer.from(bytes.subarray(at))
          return
        }
        this.#line(bytes, at, bytes.length)
        this.#inLine = true
        return
      }
      this.#line(bytes, at, end)
      at = end + 1
    }
  }

  #line(bytes: Buffer, from: number, to: number): void {
    const first = bytes[from]
    if (first === 100 /* d */ && starts(bytes, from, DATA)) {
      const at = from + DATA.length
      const start = bytes[at] === 32 ? at + 1 : at
      if (bytes[start] === 123 /* { */ && start < to) {
        this.count += 1
        if (this.count === this.markAt) this.markedId = this.lastId
      }
    } else if (first === 105 /* i */ && starts(bytes, from, ID)) {
      this.lastId = bytes.toString('latin1', from + ID.length, to).trim()
    }
  }
}

function starts(bytes: Buffer, at: number, prefix: Buffer): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false
  return true
}
