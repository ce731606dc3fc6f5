/**
 * JSON-RPC messages as strings that are ready to be sent: one JSON.stringify of the content, and the envelope around it
 * as text.
 *
 * Invariant: a response is always written. A result that cannot be serialised (circular, a BigInt, nested too
 * deep, a `toJSON` that throws) becomes an error response with the same id, so no client is left waiting.
 *
 * An error whose request id is not known is sent without `id`. JSON-RPC 2.0 asks for `"id":null`, but no
 * revision's schema allows null: 2025-11-25 and 2026-07-28 make the member optional, the earlier ones require
 * a string or an integer, and there is none. Most readers accept an error without the member. `errorHead` is the one
 * place that decides this.
 *
 * Not here: which error a failure becomes (dispatch), Server-Sent Events framing (sse/).
 */

import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject, JsonRpcErrorObject, JsonRpcId } from './message.ts'
import { McpError } from './rpc-error.ts'

/** A name without anything to escape in JSON. */
const PLAIN = /^[\w./$-]*$/

/**
 * Called with the error when something could not be serialised. The cause is for the developer and is never sent.
 *
 * @returns for a result: a string takes the place of the general message of the error response
 */
export type EncodeFailureHook = (error: McpError) => unknown

/**
 * Writes the response of a request that was served.
 *
 * @param id - of the request
 * @param result - `undefined` is written as `{}`, since a response always has a result
 * @param onError - called when the result cannot be serialised; the text is then an error response, -32603
 */
export function encodeResult(id: JsonRpcId, result: unknown, onError?: EncodeFailureHook): string {
  let text: string
  try {
    text = resultJson(result)
  } catch (error) {
    const replacement = onError?.(error as McpError)
    const general = 'Internal error: the result cannot be written as JSON'
    const message = typeof replacement === 'string' ? replacement : general
    return encodeError(id, { code: ErrorCode.INTERNAL_ERROR, message })
  }
  return encodeResultText(id, text)
}

/**
 * Writes a result.
 *
 * @param result - `undefined` is written as `{}`, since a response always has a result
 * @throws {McpError} ERR_NOT_SERIALISABLE when it cannot be written as JSON
 */
export function resultJson(result: unknown): string {
  return result === undefined ? '{}' : stringify(result, 'result')
}

/**
 * Writes the response of a request around a result that is JSON text already.
 *
 * @param id - of the request
 * @param resultJson - inserted as it is: it must be JSON, which is not checked
 */
export function encodeResultText(id: JsonRpcId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${idText(id)},"result":${resultJson}}`
}

/**
 * Writes an error response.
 *
 * @param id - of the request; `undefined` when it could not be read: the member is then left out
 * @param error - an `RpcError`, or the bare object. A code that is not an integer is written as -32603
 * @param onError - called when `data` cannot be serialised; it is then left out
 */
export function encodeError(
  id: JsonRpcId | undefined,
  error: JsonRpcErrorObject,
  onError?: EncodeFailureHook,
): string {
  return `${errorHead(id)}"error":${errorJson(error, onError)}}`
}

/** Writes the error of an error response. See {@link encodeError}. */
export function errorJson(error: JsonRpcErrorObject, onError?: EncodeFailureHook): string {
  const code = Number.isSafeInteger(error.code) ? error.code : ErrorCode.INTERNAL_ERROR
  let data = ''
  if (error.data !== undefined) {
    try {
      data = `,"data":${stringify(error.data, 'error data')}`
    } catch (failure) {
      onError?.(failure as McpError)
    }
  }
  return `{"code":${code},"message":${JSON.stringify(error.message)}${data}}`
}

/**
 * Writes a notification.
 *
 * @throws {McpError} ERR_NOT_SERIALISABLE when `params` cannot be written as JSON
 */
export function encodeNotification(method: string, params?: JsonObject): string {
  return `{"jsonrpc":"2.0","method":${methodText(method)}${paramsText(params)}}`
}

/**
 * Writes a notification around parameters that are JSON text already.
 *
 * @param paramsJson - inserted as it is: it must be JSON, which is not checked
 */
export function encodeNotificationText(method: string, paramsJson: string): string {
  return `{"jsonrpc":"2.0","method":${methodText(method)},"params":${paramsJson}}`
}

/**
 * Writes a request of the server to the client.
 *
 * @throws {McpError} ERR_NOT_SERIALISABLE when `params` cannot be written as JSON
 */
export function encodeRequest(id: JsonRpcId, method: string, params?: JsonObject): string {
  return `{"jsonrpc":"2.0","id":${idText(id)},"method":${methodText(method)}${paramsText(params)}}`
}

/** Testing that there is nothing to escape takes half the time of JSON.stringify. */
function methodText(method: string): string {
  return PLAIN.test(method) ? `"${method}"` : JSON.stringify(method)
}

/** A safe integer has one decimal form, so only strings go through JSON.stringify. */
function idText(id: JsonRpcId): string {
  return typeof id === 'number' ? `${id}` : JSON.stringify(id)
}

function errorHead(id: JsonRpcId | undefined): string {
  return id === undefined ? '{"jsonrpc":"2.0",' : `{"jsonrpc":"2.0","id":${idText(id)},`
}

function paramsText(params: JsonObject | undefined): string {
  return params === undefined ? '' : `,"params":${stringify(params, 'params')}`
}

/** JSON.stringify that fails in one way only: it gives `undefined` for functions and symbols, and throws for the rest. */
function stringify(value: unknown, what: string): string {
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text !== undefined) return text
  const problem = cause instanceof Error ? cause.message : `received a ${typeof value}`
  throw new McpError('ERR_NOT_SERIALISABLE', `The ${what} cannot be written as JSON: ${problem}`, { cause })
}
