/**
 * From a JSON value to a classified JSON-RPC message. Spec: {@link spec.jsonRpc}.
 *
 *    bytes --decodeBody--> JSON value --decodeMessage--> request | notification | response | invalid
 *                                     \-decodeBatch----> a list of those
 *
 * Invariant: a value that was accepted means the same to every reader. So a message that could be read as two
 * kinds (`method` next to `result` or `error`, or `result` next to `error`) is invalid, and so is an id that
 * would not be returned unchanged (an integer beyond 2^53 - 1, `-0`). Ids and progress tokens are limited in length,
 * since they are repeated in many messages. One limit of JSON.parse remains: a number such as
 * 1.00000000000000000001 has already become 1 here.
 *
 * The error for an invalid message has its id when that is a valid id of a message that was not a response: the
 * id of a response is one of the server's, and an error with it would look like the response to a request that
 * the client made.
 *
 * Not here: bytes (decode-body.ts), whether a batch is allowed at all (a question of the revision), method names, HTTP
 * statuses.
 */

import { isObject } from '../bounds/is-object.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import type { JsonObject, JsonRpcErrorObject, JsonRpcId } from './message.ts'
import { RpcError } from './rpc-error.ts'

/**
 * Characters of an id, which is in each message of a subscription stream, and of a progress token, which is in each
 * progress notification. Neither the specification nor JSON-RPC has a limit; clients count, or send a UUID.
 */
const MAX_REPEATED_LENGTH = 1024

/** A request: it has an id, and must be answered. */
export interface DecodedRequest {
  readonly kind: 'request'
  readonly id: JsonRpcId
  readonly method: string
  readonly params: JsonObject | undefined
}

/** A notification: no id, never answered. */
export interface DecodedNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject | undefined
}

/** The client's response to a request of the server. The id is `undefined` when it was null or absent. */
export interface DecodedResponse {
  readonly kind: 'response'
  readonly id: JsonRpcId | undefined
  readonly result?: unknown
  readonly error?: JsonRpcErrorObject
}

/** Not a JSON-RPC message. The error is ready to be sent. */
export interface DecodedInvalid {
  readonly kind: 'invalid'
  readonly id: JsonRpcId | undefined
  readonly error: RpcError
}

/** One classified message. */
export type Decoded = DecodedRequest | DecodedNotification | DecodedResponse | DecodedInvalid

/**
 * Classifies one JSON value. Never throws.
 *
 * @param value - from {@link decodeBody}, or from the body parser of a framework
 * @returns the message, or `invalid` with the error to send: -32600, or -32602 where only `params` is wrong
 */
export function decodeMessage(value: unknown): Decoded {
  if (!isObject(value)) {
    return invalid(undefined, `expected a JSON object, received ${describe(value)}`)
  }
  const { jsonrpc, id, method, params, result, error } = value
  const hasOutcome = result !== undefined || error !== undefined
  const echo = (method !== undefined || !hasOutcome) && isId(id) ? id : undefined

  if (jsonrpc !== '2.0') return invalid(echo, `"jsonrpc" must be "2.0", received ${describe(jsonrpc)}`)
  if (method === undefined) {
    return hasOutcome
      ? decodeResponse(id, result, error)
      : invalid(echo, 'expected "method" (a request or notification), or "result" or "error" (a response)')
  }
  if (typeof method !== 'string') {
    return invalid(echo, `"method" must be a string, received ${describe(method)}`)
  }
  if (hasOutcome) return invalid(echo, 'a message with "method" must not have "result" or "error"')
  if (id !== undefined && !isId(id)) return invalid(undefined, idProblem(id))
  if (params !== undefined && params !== null && !isObject(params)) {
    const problem = `Invalid params: "params" must be an object, received ${describe(params)}`
    return { kind: 'invalid', id, error: new RpcError(ErrorCode.INVALID_PARAMS, problem) }
  }
  const object = params ?? undefined
  if (id === undefined) return { kind: 'notification', method, params: object }
  const token = object === undefined ? undefined : progressToken(object)
  if (typeof token !== 'string' || token.length <= MAX_REPEATED_LENGTH) {
    return { kind: 'request', id, method, params: object }
  }
  const problem = `Invalid params: "progressToken" must have at most ${MAX_REPEATED_LENGTH} characters, received ${describe(token)}`
  return { kind: 'invalid', id, error: new RpcError(ErrorCode.INVALID_PARAMS, problem) }
}

/**
 * Classifies the members of a batch, in order. An invalid member does not affect the others.
 *
 * @param values - the array that was the body
 * @param maxBatch - the most messages allowed; `Infinity` for no limit
 * @returns the messages, or the error that answers the whole batch: -32600 when it is empty or too long
 */
export function decodeBatch(values: readonly unknown[], maxBatch: number): readonly Decoded[] | RpcError {
  if (values.length === 0)
    return invalidRequest('a batch must hold at least one message, received an empty array')
  if (values.length > maxBatch) {
    return invalidRequest(`a batch may hold ${maxBatch} messages at most, received ${values.length}`)
  }
  return values.map(decodeMessage)
}

/** Whether a value is an id that is returned exactly as it was sent: a short string, or a safe integer other than -0. */
function isId(value: unknown): value is JsonRpcId {
  if (typeof value === 'string') return value.length <= MAX_REPEATED_LENGTH
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function progressToken(params: JsonObject): unknown {
  const { _meta: meta } = params
  return typeof meta === 'object' && meta !== null ? (meta as JsonObject)[MetaKey.PROGRESS_TOKEN] : undefined
}

/** A message without `method` and with `result` or `error`. */
function decodeResponse(id: unknown, result: unknown, error: unknown): Decoded {
  if (result !== undefined && error !== undefined) {
    return invalid(undefined, 'a response must have "result" or "error", received both')
  }
  // JSON-RPC prescribes null for an error whose request could not be read; it matches no request of the server.
  const ours = id ?? undefined
  if (ours !== undefined && !isId(ours)) return invalid(undefined, idProblem(ours))
  if (error === undefined) return { kind: 'response', id: ours, result }
  if (!isObject(error)) return invalid(undefined, `"error" must be an object, received ${describe(error)}`)
  const { code, message, data } = error
  if (!Number.isSafeInteger(code) || typeof message !== 'string') {
    return invalid(undefined, '"error" must have an integer "code" and a string "message"')
  }
  const object = { code: code as number, message }
  return { kind: 'response', id: ours, error: data === undefined ? object : { ...object, data } }
}

function invalid(id: JsonRpcId | undefined, problem: string): DecodedInvalid {
  return { kind: 'invalid', id, error: invalidRequest(problem) }
}

function invalidRequest(problem: string): RpcError {
  return new RpcError(ErrorCode.INVALID_REQUEST, `Invalid Request: ${problem}`)
}

function idProblem(id: unknown): string {
  return `"id" must be a string of at most ${MAX_REPEATED_LENGTH} characters or an integer from -(2^53 - 1) to 2^53 - 1, received ${describe(id)}`
}

/** Describes what was received in a few words, however large it was. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`
    case 'number':
      return Object.is(value, -0) ? '-0' : `the number ${value}`
    case 'boolean':
      return `${value}`
    default:
      return `an ${typeof value}`
  }
}
