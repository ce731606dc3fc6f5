/**
 * The request headers that this library reads, and those that web pages may send and read (CORS).
 *
 * Not here: how they are read (headers.ts), the CORS headers (cors.ts).
 */

import { HeaderName, PARAM_HEADER_PREFIX } from '../protocol/header-names.ts'
import { type Cors, createCors } from './cors.ts'
import { createHeaderReader } from './headers.ts'

/** All but the lists may occur only once: a proxy could use another one of two values. */
export const readHeaders = createHeaderReader(
  [
    HeaderName.SESSION_ID,
    HeaderName.PROTOCOL_VERSION,
    HeaderName.LAST_EVENT_ID,
    HeaderName.METHOD,
    HeaderName.NAME,
    HeaderName.HOST,
    HeaderName.ORIGIN,
    HeaderName.CONTENT_TYPE,
    HeaderName.AUTHORIZATION,
  ],
  [HeaderName.ACCEPT, HeaderName.CONTENT_ENCODING],
)

export type RequestHead = ReturnType<typeof readHeaders>

/**
 * Where `RequestHead.values` has which header, by the names of `HeaderName`. Indexes and not an object with a field for
 * each header: that costs about 5 % of reading and checking the head of a request, and constants cost nothing.
 */
export const HeaderIndex = {
  SESSION_ID: 0,
  PROTOCOL_VERSION: 1,
  LAST_EVENT_ID: 2,
  METHOD: 3,
  NAME: 4,
  HOST: 5,
  ORIGIN: 6,
  CONTENT_TYPE: 7,
  AUTHORIZATION: 8,
  ACCEPT: 9,
  CONTENT_ENCODING: 10,
} as const

/**
 * As `readHeaders`, of headers that were joined already: a name that occurs twice has a value with a comma, which is
 * valid for none that may occur once.
 *
 * @param authority - of the URL, where there is no Host
 */
export function readJoinedHeaders(headers: JoinedHeaders, authority: string): RequestHead {
  const get = (name: string) => headers.get(name) ?? undefined
  const values: RequestHead['values'] = [
    get(HeaderName.SESSION_ID),
    get(HeaderName.PROTOCOL_VERSION),
    get(HeaderName.LAST_EVENT_ID),
    get(HeaderName.METHOD),
    get(HeaderName.NAME),
    get(HeaderName.HOST) ?? authority,
    get(HeaderName.ORIGIN),
    get(HeaderName.CONTENT_TYPE),
    get(HeaderName.AUTHORIZATION),
    get(HeaderName.ACCEPT),
    get(HeaderName.CONTENT_ENCODING),
  ]
  return { duplicate: undefined, values }
}

interface JoinedHeaders {
  get(name: string): string | null
}

const ALLOWED: readonly string[] = [
  'Authorization',
  'Content-Type',
  'Accept',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'traceparent',
  'tracestate',
  'baggage',
]

/**
 * @param more - headers that pages must be able to send beside these
 * @param moreExposed - headers of replies that pages must be able to read
 */
export function corsWith(more: readonly string[] = [], moreExposed: readonly string[] = []): Cors {
  return createCors({
    allowedHeaders: [...ALLOWED, ...more],
    allowedHeaderPrefixes: [PARAM_HEADER_PREFIX],
    exposedHeaders: ['Mcp-Session-Id', 'WWW-Authenticate', 'Retry-After', ...moreExposed],
  })
}
