/**
 * Reads HTTP/1.1 responses from the bytes of one connection: the head, then the body freed of its framing, in the
 * pieces it came in. Only what servers of the benchmark send: `Content-Length`, chunked (RFC 9112 section 7.1), or no
 * body. Header values are looked up on demand, since most answers are asked for one or two.
 *
 * Not here: interim (1xx) responses, trailers with content, a body that ends with the connection: those throw.
 */

const State = { head: 0, fixed: 1, chunkSize: 2, chunk: 3, chunkEnd: 4, trailer: 5 } as const
type State = (typeof State)[keyof typeof State]

const CR = 13
const LF = 10
/** More than any head or chunk-size line here. */
const MAX_HEAD_BYTES = 16_384
const EMPTY = Buffer.alloc(0)

export interface ResponseEvents {
  /** @param header - gives a header's value by its lower-case name */
  onHead(status: number, header: (name: string) => string | undefined): void
  onBody(bytes: Buffer): void
  onEnd(): void
}

export class ResponseParser {
  readonly #events: ResponseEvents
  #state: State = State.head
  /** The beginning of a head or size line whose end has not come yet. */
  #pending: Buffer = EMPTY
  /** Bytes that are left of the body or chunk. */
  #left = 0

  constructor(events: ResponseEvents) {
    this.#events = events
  }

  /** True between two responses. */
  get idle(): boolean {
    return this.#state === State.head && this.#pending.length === 0
  }

  /** @throws {Error} for bytes that are no response of the kinds above */
  push(chunk: Buffer): void {
    let bytes = chunk
    if (this.#pending.length > 0) {
      bytes = Buffer.concat([this.#pending, chunk])
      this.#pending = EMPTY
    }
    let at = 0
    while (at < bytes.length) {
      const next = this.#step(bytes, at)
      if (next < 0) {
        if (bytes.length - at > MAX_HEAD_BYTES) throw new Error('a response head without end')
        // A copy: the socket may use its buffer again.
        this.#pending = Buffer.from(bytes.subarray(at))
        return
      }
      at = next
    }
  }

  /** Handles what begins at `at`. @returns where the next part begins, or -1 when more bytes are needed */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case State.head: {
        const end = bytes.indexOf('\r\n\r\n', at)
        if (end < 0) return -1
        this.#head(bytes.toString('latin1', at, end))
        return end + 4
      }
      case State.fixed:
      case State.chunk: {
        const end = Math.min(bytes.length, at + this.#left)
        this.#left -= end - at
        this.#events.onBody(bytes.subarray(at, end))
        if (this.#left === 0) {
          if (this.#state === State.chunk) this.#state = State.chunkEnd
          else this.#end()
        }
        return end
      }
      case State.chunkEnd:
        if (bytes.length - at < 2) return -1
        if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new Error('a chunk that is longer than its size')
        this.#state = State.chunkSize
        return at + 2
      case State.chunkSize: {
        const end = bytes.indexOf('\r\n', at)
        if (end < 0) return -1
        const text = bytes.toString('latin1', at, end)
        this.#left = Number.parseInt(text, 16)
        if (!/^[0-9a-f]+/i.test(text)) throw new Error(`not a chunk size: ${JSON.stringify(text)}`)
        this.#state = this.#left === 0 ? State.trailer : State.chunk
        return end + 2
      }
      default: {
        if (bytes.length - at < 2) return -1
        if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new Error('trailers are not expected')
        this.#end()
        return at + 2
      }
    }
  }

  #head(text: string): void {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
    if (Number.isNaN(status) || status < 200) {
      throw new Error(`not a final response: ${JSON.stringify(text.slice(0, 60))}`)
    }
    const header = (name: string) =>
      new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, 'i').exec(text)?.[1]?.trim()
    this.#events.onHead(status, header)
    if (header('transfer-encoding')?.toLowerCase() === 'chunked') {
      this.#state = State.chunkSize
      return
    }
    const length = header('content-length')
    if (length === undefined && status !== 204 && status !== 304) {
      throw new Error('a body without Content-Length or chunked coding')
    }
    this.#left = Number(length ?? 0)
    if (this.#left === 0) this.#end()
    else this.#state = State.fixed
  }

  #end(): void {
    this.#state = State.head
    this.#events.onEnd()
  }
}
