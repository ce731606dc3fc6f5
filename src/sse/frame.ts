/**
 * SSE frame encoder: one event, comment or `retry:` line as the text that is sent.
 *
 * Format: WHATWG HTML, "Server-sent events" {@link spec.sse}. A frame is a few `field: value` lines and one
 * empty line. CR, LF and CRLF all end a line, so a value must never carry one: data is split into several
 * `data:` lines (the reader joins them with LF), ids and event names with such characters are refused.
 *
 * Invariant: every frame ends with an empty line, so frames can be concatenated in any number and order.
 * Not here: bytes (sse-writer.ts), reading (parser.ts), what an id means (event-id.ts).
 */

export interface SseEventFields {
  /** Payload. May have any number of lines; `''` gives an empty data field. Absent: no data field. */
  readonly data?: string
  /** What the reader will send as `Last-Event-ID`. `''` resets the reader's last event id. */
  readonly id?: string
  /** Event name. Readers take `message` where it is absent or empty. */
  readonly event?: string
  /** Reconnection delay in milliseconds. */
  readonly retry?: number
}

const EMPTY_COMMENT = ':\n\n'
const LINE_BREAK = /\r\n|\r|\n/
const LINE_BREAKS = /\r\n|\r|\n/g
const SEPARATORS = /[\u0085\u2028\u2029]/g

/**
 * Encodes JSON text as a `message` event.
 *
 * @param json - JSON text, as `JSON.stringify` gives it. Line breaks between tokens are allowed.
 * @param id - event id.
 * @returns the frame.
 * @throws {TypeError} when `id` has a control character or a line break.
 */
export function encodeMessage(json: string, id?: string): string {
  return frameMessage(encodeData(json), id === undefined ? undefined : checkToken('id', id))
}

/**
 * Encodes JSON text as the data of a `message` event: the part that frames with different ids have in common. Most
 * text is its own encoding.
 *
 * U+0085, U+2028 and U+2029 are legal in SSE, but readers that split text with a Unicode-aware "lines"
 * function break the event there. JSON can hold them only inside strings, so they become `\uXXXX` escapes
 * and the value stays the same. Unpaired surrogates are not looked for: `JSON.stringify` escapes them.
 *
 * @param json - JSON text. Line breaks between tokens are allowed.
 * @returns the text after `data: `.
 */
export function encodeData(json: string): string {
  // Single-character searches run at memchr speed, and a search for U+2028 in Latin-1 text costs nothing;
  // one regular expression over the text is ten times slower on long messages.
  const data =
    json.includes('\u0085') || json.includes('\u2028') || json.includes('\u2029')
      ? escapeSeparators(json)
      : json
  return data.includes('\n') || data.includes('\r') ? data.replace(LINE_BREAKS, '\ndata: ') : data
}

/**
 * Makes a `message` event of encoded data.
 *
 * @param data - from {@link encodeData}.
 * @param id - event id, visible ASCII. Not checked: this runs for every event of every stream.
 * @returns the frame.
 */
export function frameMessage(data: string, id?: string): string {
  return id === undefined
    ? `event: message\ndata: ${data}\n\n`
    : `event: message\nid: ${id}\ndata: ${data}\n\n`
}

/**
 * Encodes an event of any fields. A frame without `data` is not dispatched by readers, yet its id and
 * reconnection delay count.
 *
 * @param event - the fields.
 * @returns the frame.
 * @throws {TypeError} when `id` or `event` has a control character or a line break, or `retry` is not a
 * non-negative integer.
 */
export function encodeEvent(event: SseEventFields): string {
  let frame = ''
  if (event.event !== undefined) frame += `event: ${checkToken('event', event.event)}\n`
  if (event.id !== undefined) frame += `id: ${checkToken('id', event.id)}\n`
  if (event.retry !== undefined) frame += `retry: ${checkRetry(event.retry)}\n`
  if (event.data !== undefined) frame += `data: ${event.data.replace(LINE_BREAKS, '\ndata: ')}\n`
  return `${frame}\n`
}

/**
 * Encodes a comment, which readers ignore.
 *
 * @param text - the comment; several lines become several comment lines.
 * @returns the frame.
 */
export function encodeComment(text?: string): string {
  if (text === undefined || text === '') return EMPTY_COMMENT
  return `${text
    .split(LINE_BREAK)
    .map((line) => `: ${line}\n`)
    .join('')}\n`
}

/**
 * Encodes the delay after which a reader should reconnect.
 *
 * @param milliseconds - a non-negative integer.
 * @returns the frame.
 * @throws {TypeError} when `milliseconds` is anything else.
 */
export function encodeRetry(milliseconds: number): string {
  return `retry: ${checkRetry(milliseconds)}\n\n`
}

/**
 * Encodes the priming event: an id and an empty data field, so that a reader can resume a stream that has sent no
 * message yet ({@link spec.sending}).
 *
 * @param id - event id.
 * @param retryMs - reconnection delay in milliseconds.
 * @returns the frame.
 * @throws {TypeError} as {@link encodeEvent} does.
 */
export function encodePriming(id: string, retryMs?: number): string {
  return encodeEvent(retryMs === undefined ? { id, data: '' } : { id, retry: retryMs, data: '' })
}

function escapeSeparators(json: string): string {
  return json.replace(
    SEPARATORS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Returns the value of a one-line field, or throws when it could break out of its line. */
function checkToken(field: 'id' | 'event', value: string): string {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) {
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
      throw new TypeError(`SSE ${field}: received ${name} at position ${i}, expected no control characters`)
    }
  }
  return value
}

function checkRetry(milliseconds: number): number {
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 0) return milliseconds
  throw new TypeError(`SSE retry: received ${milliseconds}, expected a non-negative integer of milliseconds`)
}
