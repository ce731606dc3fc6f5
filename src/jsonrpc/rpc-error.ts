/**
 * The two kinds of error in this library.
 *
 * An `RpcError` has a number code and may be put on the wire as it is: its message and data are written for
 * the client. An `McpError` has a string code and is never sent: it is for the developer, or for the handler
 * that awaits something. Nothing else that is thrown is ever shown to a client.
 *
 * Not here: the codes (protocol/error-codes.ts, protocol/local-error-codes.ts), how an error is written (encode.ts).
 */

import type { McpErrorCode } from '../protocol/local-error-codes.ts'

/**
 * An error meant for the client: it becomes the `error` member of a JSON-RPC error response.
 *
 * @example
 * ```ts
 * throw new RpcError(ErrorCode.INVALID_PARAMS, 'Unknown tool: "frobnicate"')
 * ```
 */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  /** An integer; -32768 to -32000 is reserved by JSON-RPC. */
  readonly code: number
  /** Anything JSON can hold; `undefined` leaves the member out. */
  readonly data?: unknown

  /**
   * @param code - an integer, see {@link ErrorCode}
   * @param message - one sentence for the client: what was received, what was expected
   * @param data - more detail, sent as it is
   * @param options - `cause`, which is never sent
   */
  constructor(code: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    if (data !== undefined) this.data = data
  }
}

/** A local error, never sent to a client. Its code is a string such as `ERR_REQUEST_TIMEOUT`. */
export class McpError extends Error {
  override readonly name = 'McpError'
  readonly code: McpErrorCode

  /**
   * @param code - says what happened
   * @param message - one sentence for the developer
   * @param options - `cause`
   */
  constructor(code: McpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
