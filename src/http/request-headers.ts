/**
 * The request headers that are read here, and the ones that web pages may send and see.
 *
 * Not here: how they are read (headers.ts), how pages are told (cors.ts).
 */

import { HeaderName, PARAM_HEADER_PREFIX } from '../protocol/header-names.ts'
import { createCors } from './cors.ts'
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

export const cors = createCors({
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Accept',
    'Mcp-Session-Id',
    'MCP-Protocol-Version',
    'Last-Event-ID',
    'Mcp-Method',
    'Mcp-Name',
  ],
  allowedHeaderPrefixes: [PARAM_HEADER_PREFIX],
  exposedHeaders: ['Mcp-Session-Id', 'WWW-Authenticate', 'Retry-After'],
})
