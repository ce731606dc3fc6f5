/**
 * Media types: Content-Type and Accept.
 * RFC 9110 8.3.1 (media type), 12.4.2 (quality values), 12.5.1 (Accept).
 *
 * Values are parsed and never searched as text: `text/plain; x="application/json"` is text. The scanner moves
 * forward only, so its time is linear in the length of the header.
 *
 * Accept is negotiated leniently: an absent, empty or wholly malformed header accepts everything, and a
 * malformed element is skipped. `jsonNamed` and `sseNamed` serve the strict check of request-checks.ts.
 *
 * Not here: the status of a refusal.
 */

/** One parsed media type. Names are in lower case; parameter values are as sent, without quotes. */
export interface MediaType {
  readonly type: string
  readonly subtype: string
  /** `type/subtype` */
  readonly essence: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Which of the response types of this library a client accepts. */
export interface Accepts {
  /** `application/json` is acceptable. */
  readonly json: boolean
  /** `text/event-stream` is acceptable. */
  readonly sse: boolean
  /** `application/json` is acceptable and listed by name, not by a wildcard. */
  readonly jsonNamed: boolean
  /** `text/event-stream` is acceptable and listed by name, not by a wildcard. */
  readonly sseNamed: boolean
  /** `text/html` is acceptable and listed by name, as browsers do. */
  readonly htmlNamed: boolean
}

export const JSON_TYPE = 'application/json'
const SSE_TYPE = 'text/event-stream'
const HTML_TYPE = 'text/html'

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()
const PLAIN_JSON: MediaType = {
  type: 'application',
  subtype: 'json',
  essence: JSON_TYPE,
  parameters: NO_PARAMETERS,
}

/** Sticky: each matches only where the one before it ended. */
const TYPE = /[ \t]*([!#$%&'*+.^_`|~\w-]+)\/([!#$%&'*+.^_`|~\w-]+)/y
const PARAMETER = /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)"))?/y
const BLANK = /[ \t]*/y

/**
 * Parses one media type.
 *
 * @returns `undefined` when the value is not exactly one media type, or names a parameter twice
 */
export function parseMediaType(value: string): MediaType | undefined {
  if (value === JSON_TYPE) return PLAIN_JSON
  const scanned = scan(value, 0)
  return scanned === undefined || scanned.end !== value.length ? undefined : scanned.mediaType
}

/**
 * Whether a Content-Type says JSON in UTF-8: `application/json` with any parameters, where `charset` is absent
 * or UTF-8 (RFC 8259 8.1 allows no other encoding).
 */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  if (contentType === JSON_TYPE) return true
  const mediaType = parseMediaType(contentType)
  if (mediaType?.essence !== JSON_TYPE) return false
  const charset = mediaType.parameters.get('charset')?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8'
}

/** Accept values seen before. A client sends the same one on each request, and there are few clients. */
const cache = new Map<string, Accepts>()
const CACHE_MAX_ENTRIES = 64
const CACHE_MAX_LENGTH = 128
/** The last value: to compare with it costs less than to hash a value that came with a request. */
let lastAccept = ''
let lastAccepts: Accepts | undefined

const ANYTHING: Accepts = { json: true, sse: true, jsonNamed: false, sseNamed: false, htmlNamed: false }

/**
 * Reads which of the response types a client accepts. Order, case and other types do not matter; the most
 * specific range that matches a type decides, and `q=0` excludes it.
 *
 * @param accept - the value of the header; several lines joined with a comma
 */
export function negotiate(accept: string | undefined): Accepts {
  if (accept === undefined) return ANYTHING
  if (accept === lastAccept && lastAccepts !== undefined) return lastAccepts
  if (accept.length > CACHE_MAX_LENGTH) return parseAccept(accept)
  let accepts = cache.get(accept)
  if (accepts === undefined) {
    accepts = parseAccept(accept)
    if (cache.size >= CACHE_MAX_ENTRIES) cache.clear()
    cache.set(accept, accepts)
  }
  lastAccept = accept
  lastAccepts = accepts
  return accepts
}

/** Rank of a match: a type by name, by `type/*`, by the full wildcard. */
const Rank = { NONE: 0, ANY: 1, TYPE: 2, NAME: 3 } as const

interface Best {
  rank: number
  isAccepted: boolean
}

function parseAccept(accept: string): Accepts {
  const json: Best = { rank: Rank.NONE, isAccepted: false }
  const sse: Best = { rank: Rank.NONE, isAccepted: false }
  const html: Best = { rank: Rank.NONE, isAccepted: false }
  let isEmpty = true
  let at = 0
  while (at < accept.length) {
    const scanned = scan(accept, at)
    if (scanned !== undefined && (scanned.end === accept.length || accept[scanned.end] === ',')) {
      isEmpty = false
      const { type, essence, parameters } = scanned.mediaType
      // Number() of a malformed quality is NaN, which excludes nothing.
      const isAccepted = !(Number(parameters.get('q') ?? 1) <= 0)
      consider(json, essence === JSON_TYPE, type === 'application', essence, isAccepted)
      consider(sse, essence === SSE_TYPE, type === 'text', essence, isAccepted)
      consider(html, essence === HTML_TYPE, type === 'text', essence, isAccepted)
      at = scanned.end + 1
    } else {
      const comma = accept.indexOf(',', at)
      at = comma === -1 ? accept.length : comma + 1
    }
  }
  if (isEmpty) return ANYTHING
  return {
    json: json.isAccepted,
    sse: sse.isAccepted,
    jsonNamed: json.isAccepted && json.rank === Rank.NAME,
    sseNamed: sse.isAccepted && sse.rank === Rank.NAME,
    htmlNamed: html.isAccepted && html.rank === Rank.NAME,
  }
}

function consider(best: Best, isName: boolean, isType: boolean, essence: string, isAccepted: boolean): void {
  let rank: number = Rank.NONE
  if (isName) rank = Rank.NAME
  else if (isType && essence.endsWith('/*')) rank = Rank.TYPE
  else if (essence === '*/*') rank = Rank.ANY
  if (rank === Rank.NONE || rank < best.rank) return
  best.isAccepted = rank === best.rank ? best.isAccepted || isAccepted : isAccepted
  best.rank = rank
}

/** Reads one media type from a position; `end` is behind it and any blanks. */
function scan(value: string, start: number): { mediaType: MediaType; end: number } | undefined {
  TYPE.lastIndex = start
  const name = TYPE.exec(value)
  if (name === null) return undefined
  const type = (name[1] as string).toLowerCase()
  const subtype = (name[2] as string).toLowerCase()
  let end = TYPE.lastIndex
  let parameters: Map<string, string> | undefined
  for (;;) {
    PARAMETER.lastIndex = end
    const parameter = PARAMETER.exec(value)
    if (parameter === null) break
    end = PARAMETER.lastIndex
    const key = parameter[1]?.toLowerCase()
    if (key === undefined) continue
    parameters ??= new Map()
    if (parameters.has(key)) return undefined
    parameters.set(key, parameter[2] ?? (parameter[3] as string).replace(/\\(.)/g, '$1'))
  }
  BLANK.lastIndex = end
  BLANK.exec(value)
  end = BLANK.lastIndex
  return {
    mediaType: { type, subtype, essence: `${type}/${subtype}`, parameters: parameters ?? NO_PARAMETERS },
    end,
  }
}
