/**
 * Errors of the client: how they are made, and the HTTP status that belongs to one.
 *
 * A server's own error is an `RpcError` with the code of the wire, whatever the HTTP status. Everything else is an
 * `McpError` with a string code (protocol/local-error-codes.ts). Texts that came from outside are shortened.
 */

import { excerpt, quote } from '../bounds/quote.ts'
import type { JsonRpcErrorObject } from '../jsonrpc/message.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import type { McpErrorCode } from '../protocol/local-error-codes.ts'

/** Characters of a server's error message that are kept. */
const MAX_MESSAGE = 2000

/** On the error, so that `statusOf` of another copy of the client finds it. */
const STATUS = Symbol.for('barewire.httpStatus')

/**
 * The HTTP status of the response that caused an error of the client; undefined where there was none.
 *
 * @example
 * ```ts
 * client.callTool('search').catch((error) => console.error(statusOf(error), error.message))
 * ```
 */
export function statusOf(error: unknown): number | undefined {
  const status: unknown =
    typeof error === 'object' ? (error as { [STATUS]?: unknown } | null)?.[STATUS] : undefined
  return typeof status === 'number' ? status : undefined
}

export function withStatus<E extends Error>(error: E, status: number): E {
  return Object.defineProperty(error, STATUS, { value: status, configurable: true })
}

export function mcpError(code: McpErrorCode, message: string, cause?: unknown): McpError {
  return new McpError(code, excerpt(message, MAX_MESSAGE), cause === undefined ? undefined : { cause })
}

/** What the server answered in place of a result. */
export function rpcError({ code, message, data }: JsonRpcErrorObject): RpcError {
  return new RpcError(code, excerpt(message, MAX_MESSAGE), data)
}

/** An answer that is no proper answer. */
export function invalidResponse(problem: string, cause?: unknown): McpError {
  return mcpError('ERR_INVALID_RESPONSE', problem, cause)
}

export function httpError(method: string, url: string, status: number, body: string, extra = ''): McpError {
  const said = body === '' ? '' : `; it said ${quote(body)}`
  const message = `${method} ${shortUrl(url)} was answered with HTTP ${status}${extra}${said}`
  return withStatus(mcpError('ERR_HTTP_STATUS', message), status)
}

/** Without query and user: they may hold secrets. */
export function shortUrl(url: string): string {
  if (!URL.canParse(url)) return quote(url)
  const { origin, pathname } = new URL(url)
  return excerpt(`${origin}${pathname}`, 200)
}

/** The innermost message of an error of `fetch`, which says "fetch failed" and has the reason as its cause. */
export function reasonOf(error: unknown): string {
  let reason = error
  for (let depth = 0; depth < 4 && reason instanceof Error && reason.cause instanceof Error; depth++) {
    reason = reason.cause
  }
  if (reason instanceof AggregateError && reason.errors[0] instanceof Error) reason = reason.errors[0]
  return reason instanceof Error ? excerpt(reason.message || reason.name, 300) : String(reason)
}

/** The application has given a request up. */
export function abortError(method: string, signal: AbortSignal | undefined): McpError {
  const reason: unknown = signal?.reason
  if (reason instanceof McpError) return reason
  return mcpError('ERR_REQUEST_ABORTED', `${method} was aborted: ${reasonOf(reason)}`, reason)
}
