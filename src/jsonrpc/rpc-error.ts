/**
 * The two kinds of error in this library.
 *
 * An `RpcError` has a number code and may be put on the wire as it is: its message and data are written for
 * the client. An `McpError` has a string code and is never sent: it is for the developer, or for the handler
 * that awaits something. Nothing else that is thrown is ever shown to a client.
 *
 * A program that loads several entries of the package, or an ES module and a CommonJS module of it, has several copies
 * of these classes. `instanceof` holds for the errors of all of them, by a mark that the copies share.
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
recognise(RpcError, Symbol.for('barewire.RpcError'))

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
recognise(McpError, Symbol.for('barewire.McpError'))

/** Makes `instanceof` look for a mark. It is on the prototype: an error that is printed or compared does not show it. */
function recognise(own: { readonly prototype: object }, mark: symbol): void {
  Object.defineProperty(own.prototype, mark, { value: true })
  Object.defineProperty(own, Symbol.hasInstance, {
    value(this: object, value: unknown): boolean {
      if (this === own) return typeof value === 'object' && value !== null && mark in value
      // A class that extends this one has instances of its own only.
      return Function.prototype[Symbol.hasInstance].call(this, value)
    },
  })
}
