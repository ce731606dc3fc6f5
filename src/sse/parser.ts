/**
 * SSE parser: bytes of an event stream in, events out, however the bytes are split into chunks.
 *
 * Format: WHATWG HTML, "Server-sent events", sections "Parsing" and "Interpreting" {@link spec.sse}.
 *
 * The parser works on bytes and decodes whole lines only: CR and LF never occur inside a UTF-8 sequence, so a
 * sequence that is split between two chunks needs no special case. A line within one chunk is read in place; a longer
 * one is gathered in a buffer that doubles.
 *
 * Two rules of the format that are easy to miss: an event without any `data` field is not dispatched, but its
 * id becomes the last event id; an event with an empty `data:` field (MCP's priming event) is dispatched, with
 * data `''`. The last event id is committed at the empty line, never by an incomplete event.
 *
 * Invariant: what is held between two pushes is at most twice maxEventBytes, plus the current data.
 * Not here: reconnecting, JSON, content types.
 */

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const COLON = 0x3a
const BOM = [0xef, 0xbb, 0xbf]
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024
const FIRST_LINE_BUFFER = 256
/** The buffer of a gathered line that is longer than this is released after the line. */
const KEPT_LINE_BUFFER = 64 * 1024
/** Of `data`, `event`, `id` and `retry`; a longer field name is unknown, and not decoded. */
const LONGEST_NAME = 5
const EMPTY = new Uint8Array(0)
/** Without a byte order mark being taken for one: that is only said of the start of the stream. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

export interface SseEvent {
  /** Event name; `message` where the stream gives none. */
  readonly event: string
  /** The data lines, joined with LF. */
  readonly data: string
  /** The last event id, which an earlier event may have set; `''` when none has. */
  readonly id: string
}

export interface SseHandlers {
  onEvent(event: SseEvent): void
  /** A reconnection delay in milliseconds. */
  onRetry?(milliseconds: number): void
  /** A comment line, without its colon and one following space. */
  onComment?(text: string): void
}

export interface SseParserOptions {
  /**
   * Longest event in UTF-8 bytes: its lines without comments and line ends. `Infinity` for no limit.
   * @defaultValue 16 MiB
   */
  readonly maxEventBytes?: number
}

/** An incremental parser for one event stream, or for several in a row (see {@link SseParser.end}). */
export class SseParser {
  readonly #handlers: SseHandlers
  readonly #maxEventBytes: number
  #line: Uint8Array = EMPTY
  #lineLength = 0
  /** Bytes of this event's finished lines. */
  #eventBytes = 0
  /** `undefined`: no data field yet, which is not the same as empty data. */
  #data: string | undefined
  #event = ''
  #idBuffer = ''
  #lastEventId = ''
  /** Bytes of a byte order mark seen at the start; -1 once the start is over. */
  #bomBytes = 0
  /** The last chunk ended in CR: an LF that comes now belongs to it. */
  #skipLf = false
  /** First half of a surrogate pair at the end of a string chunk. */
  #highSurrogate = ''
  #overflow: RangeError | undefined

  /**
   * @param handlers - called during `push`. What a handler throws is thrown by `push`, and the rest of that chunk is
   * lost.
   * @param options - limits.
   */
  constructor(handlers: SseHandlers, options: SseParserOptions = {}) {
    this.#handlers = handlers
    this.#maxEventBytes = options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES
  }

  /** Id of the last complete event that had one; what a client sends as `Last-Event-ID`. `''` when none. */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /**
   * Reads the next part of the stream.
   *
   * @param chunk - bytes, copied where they are kept; or text, which is read as its UTF-8 form.
   * @throws {RangeError} when an event is longer than `maxEventBytes`; and for every later call until `end`.
   */
  push(chunk: Uint8Array | string): void {
    if (this.#overflow !== undefined) throw this.#overflow
    const bytes = typeof chunk === 'string' ? this.#encode(chunk) : chunk
    if (this.#highSurrogate !== '' && typeof chunk !== 'string') this.#consume(this.#takeSurrogate())
    this.#consume(bytes)
  }

  /**
   * The stream has ended: an unfinished event is discarded, as the format demands. The last event id is kept, and the
   * parser is ready for the stream of the next connection.
   */
  end(): void {
    this.#line = EMPTY
    this.#lineLength = 0
    this.#eventBytes = 0
    this.#data = undefined
    this.#event = ''
    this.#idBuffer = this.#lastEventId
    this.#bomBytes = 0
    this.#skipLf = false
    this.#highSurrogate = ''
    this.#overflow = undefined
  }

  #consume(bytes: Uint8Array): void {
    let start = this.#bomBytes < 0 ? 0 : this.#skipBom(bytes)
    if (start >= bytes.length) return
    if (this.#skipLf) {
      this.#skipLf = false
      if (bytes[start] === LF) start++
    }
    // Looked up again only when passed, so a chunk without CR is searched for one once, not once a line.
    let nextLf = indexOrEnd(bytes, LF, start)
    let nextCr = indexOrEnd(bytes, CR, start)
    while (start < bytes.length) {
      const end = Math.min(nextLf, nextCr)
      if (end === bytes.length) {
        this.#gather(bytes, start, end)
        return
      }
      this.#endLine(bytes, start, end)
      start = end + 1
      if (end === nextCr) {
        if (start === bytes.length) this.#skipLf = true
        else if (bytes[start] === LF) start++
        nextCr = indexOrEnd(bytes, CR, start)
      }
      if (nextLf < start) nextLf = indexOrEnd(bytes, LF, start)
    }
  }

  #endLine(bytes: Uint8Array, start: number, end: number): void {
    if (this.#lineLength === 0) {
      this.#readLine(bytes, start, end)
      return
    }
    this.#gather(bytes, start, end)
    const line = this.#line
    const length = this.#lineLength
    this.#lineLength = 0
    if (line.length > KEPT_LINE_BUFFER) this.#line = EMPTY
    this.#readLine(line, 0, length)
  }

  #readLine(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) {
      this.#dispatch()
      return
    }
    if (bytes[start] === COLON) {
      this.#limit(end - start, 0)
      this.#handlers.onComment?.(fieldValue(bytes, start + 1, end))
      return
    }
    this.#limit(end - start, this.#eventBytes)
    this.#eventBytes += end - start
    let colon = start + 1
    while (colon < end && bytes[colon] !== COLON) colon++
    if (colon - start > LONGEST_NAME) return
    this.#readField(
      String.fromCharCode(...bytes.subarray(start, colon)),
      bytes,
      Math.min(colon + 1, end),
      end,
    )
  }

  #readField(name: string, bytes: Uint8Array, start: number, end: number): void {
    // A name that is none of these is ignored; names are case-exact.
    switch (name) {
      case 'data': {
        const value = fieldValue(bytes, start, end)
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
        return
      }
      case 'event':
        this.#event = fieldValue(bytes, start, end)
        return
      case 'id': {
        const value = fieldValue(bytes, start, end)
        if (!value.includes('\0')) this.#idBuffer = value
        return
      }
      case 'retry': {
        const value = fieldValue(bytes, start, end)
        if (/^[0-9]+$/.test(value)) this.#handlers.onRetry?.(Math.min(Number(value), Number.MAX_SAFE_INTEGER))
      }
    }
  }

  #dispatch(): void {
    const data = this.#data
    const event = this.#event || 'message'
    this.#lastEventId = this.#idBuffer
    this.#eventBytes = 0
    this.#data = undefined
    this.#event = ''
    if (data !== undefined) this.#handlers.onEvent({ event, data, id: this.#lastEventId })
  }

  /** Adds to the line that has not ended yet. */
  #gather(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#lineLength + end - start
    this.#limit(length, this.#eventBytes)
    if (length > this.#line.length) {
      const larger = new Uint8Array(Math.max(FIRST_LINE_BUFFER, length, this.#line.length * 2))
      larger.set(this.#line.subarray(0, this.#lineLength))
      this.#line = larger
    }
    this.#line.set(bytes.subarray(start, end), this.#lineLength)
    this.#lineLength = length
  }

  #limit(lineBytes: number, eventBytes: number): void {
    if (lineBytes + eventBytes <= this.#maxEventBytes) return
    const message = `SSE event: received ${lineBytes + eventBytes} bytes or more, expected at most ${this.#maxEventBytes}`
    this.end()
    this.#overflow = new RangeError(message)
    throw this.#overflow
  }

  /** Returns where the stream's text starts in these bytes; one byte order mark before it is not part of it. */
  #skipBom(bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== BOM[this.#bomBytes]) {
        // Not a byte order mark: its bytes in earlier chunks were text.
        const before = this.#bomBytes - i
        this.#bomBytes = -1
        if (before > 0) this.#gather(Uint8Array.from(BOM), 0, before)
        return 0
      }
      this.#bomBytes++
      if (this.#bomBytes === BOM.length) {
        this.#bomBytes = -1
        return i + 1
      }
    }
    return bytes.length
  }

  /** UTF-8 of a string chunk; a surrogate pair may be cut between two of them. */
  #encode(text: string): Uint8Array {
    const whole = this.#highSurrogate + text
    const last = whole.charCodeAt(whole.length - 1)
    const cut = last >= 0xd800 && last <= 0xdbff
    this.#highSurrogate = cut ? whole.slice(-1) : ''
    return encoder.encode(cut ? whole.slice(0, -1) : whole)
  }

  #takeSurrogate(): Uint8Array {
    const half = this.#highSurrogate
    this.#highSurrogate = ''
    return encoder.encode(half)
  }
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number): number {
  const index = bytes.indexOf(byte, from)
  return index === -1 ? bytes.length : index
}

/** A field's value: the rest of the line, without one space at its start. */
function fieldValue(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start < end && bytes[start] === SPACE ? start + 1 : start, end))
}
