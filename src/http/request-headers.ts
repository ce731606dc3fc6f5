/**
 * The request headers that are read here, and the ones that web pages may send and see.
 *
 * Not here: how they are read (headers.ts), how pages are told (cors.ts).
 */

import { HeaderName, PARAM_HEADER_PREFIX } from '../protocol/header-names.ts'
import { type Cors, createCors } from './cors.ts'
import { createHeaderReader } from './headers.ts'

/** Headers that may occur once: two of them could be read differently by two parties. */
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
  [HeaderName.ACCEPT],
)

export type RequestHead = ReturnType<typeof readHeaders>

const ALLOWED: readonly string[] = [
  'Authorization',
  'Content-Type',
  'Accept',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
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
