/**
 * The request headers that are read here, and the ones that web pages may send and see.
 *
 * Not here: how they are read (headers.ts), how pages are told (cors.ts).
 */

import { HeaderName, PARAM_HEADER_PREFIX } from '../protocol/header-names.ts'
import { createCors } from './cors.ts'
import { createHeaderReader } from './headers.ts'

/** Headers that may occur once: two of them could be read differently by two parties. */
const SINGLE_HEADERS = [
  HeaderName.SESSION_ID,
  HeaderName.PROTOCOL_VERSION,
  HeaderName.LAST_EVENT_ID,
  HeaderName.METHOD,
  HeaderName.NAME,
  HeaderName.HOST,
  HeaderName.ORIGIN,
  HeaderName.CONTENT_TYPE,
  HeaderName.AUTHORIZATION,
] as const

export const readHeaders = createHeaderReader(SINGLE_HEADERS, [HeaderName.ACCEPT])

export type RequestHead = ReturnType<typeof readHeaders>

/**
 * The same of headers that were joined already: a name that came twice has a value with a comma, which nothing that may
 * occur once can have.
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
  ]
  return { duplicate: undefined, values }
}

interface JoinedHeaders {
  get(name: string): string | null
}

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
