/**
 * HTTP header names used on the wire, in lower case: the form in which they are compared and sent
 * (RFC 9110 5.1: field names are case-insensitive).
 *
 * Not here: values, and the rules on which request needs which header (the era folders).
 */

export const HeaderName = {
  // MCP, session era
  SESSION_ID: 'mcp-session-id',
  /** Server-Sent Events: the id of the last event that a reconnecting client received. */
  LAST_EVENT_ID: 'last-event-id',

  // MCP, both eras
  PROTOCOL_VERSION: 'mcp-protocol-version',

  // MCP, stateless era: mirrors of the body
  METHOD: 'mcp-method',
  NAME: 'mcp-name',

  // HTTP
  ACCEPT: 'accept',
  ALLOW: 'allow',
  AUTHORIZATION: 'authorization',
  CONTENT_ENCODING: 'content-encoding',
  CONTENT_TYPE: 'content-type',
  HOST: 'host',
  ORIGIN: 'origin',

  // CORS preflight
  REQUEST_METHOD: 'access-control-request-method',
  REQUEST_HEADERS: 'access-control-request-headers',
  REQUEST_PRIVATE_NETWORK: 'access-control-request-private-network',
} as const

/** One of the names of the table. */
export type HeaderName = (typeof HeaderName)[keyof typeof HeaderName]

/** Stateless era: a tool parameter mirrored into a header is named by this prefix and the parameter's header name. */
export const PARAM_HEADER_PREFIX = 'mcp-param-'
