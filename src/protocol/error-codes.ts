/**
 * Every numeric error code that this library puts on the wire, in one table.
 *
 * The first five are JSON-RPC 2.0's own. 2026-07-28 divides the server range: -32000 to -32019 is for
 * implementations (earlier revisions of MCP define codes in it), -32020 to -32099 belongs to the MCP specification.
 *
 * Not here: string codes of local errors (McpError), HTTP statuses.
 */

export const ErrorCode = {
  /** The body is not UTF-8, or not JSON. */
  PARSE_ERROR: -32700,
  /** JSON, but not a JSON-RPC 2.0 message. */
  INVALID_REQUEST: -32600,
  /** The method does not exist, or is not available here. */
  METHOD_NOT_FOUND: -32601,
  /** The parameters do not fit the method, or name something that does not exist. */
  INVALID_PARAMS: -32602,
  /** Everything unforeseen: never a client's fault. */
  INTERNAL_ERROR: -32603,

  /** A refusal by the server for which there is no more specific code (HTTP level checks, limits). */
  SERVER_ERROR: -32000,
  /** The session id is unknown, expired or deleted: HTTP 404. */
  SESSION_NOT_FOUND: -32001,
  /** 2025-11-25 and earlier; 2026-07-28 says INVALID_PARAMS instead. */
  RESOURCE_NOT_FOUND: -32002,

  /** 2026-07-28: a header is missing, malformed, or differs from the body. */
  HEADER_MISMATCH: -32020,
  /** 2026-07-28: the request needs a capability that the client did not declare. */
  MISSING_CLIENT_CAPABILITY: -32021,
  /** 2026-07-28: the revision named in the request is not served here. */
  UNSUPPORTED_PROTOCOL_VERSION: -32022,

  /** 2025-11-25 only: the request can be served after an out-of-band interaction at a URL. */
  URL_ELICITATION_REQUIRED: -32042,
} as const

/** One of the numeric codes of the table. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]
