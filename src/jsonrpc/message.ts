/**
 * The four shapes of a JSON-RPC 2.0 message, as types. Spec: {@link spec.jsonRpc}.
 *
 * MCP narrows JSON-RPC: an id is a string or an integer and never null, and `params` is an object and never
 * an array.
 *
 * Not here: reading (decode.ts) and writing (encode.ts).
 */

/** A request id. `1` and `'1'` are two different ids; `0` and `''` are ids like any other. */
export type JsonRpcId = string | number

/** A JSON object of unknown content. */
export type JsonObject = { readonly [key: string]: unknown }

/** The `error` member of an error response. */
export interface JsonRpcErrorObject {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** A message that expects a response. */
export interface JsonRpcRequest {
  readonly jsonrpc: '2.0'
  readonly id: JsonRpcId
  readonly method: string
  readonly params?: JsonObject | undefined
}

/** A message that expects no response. */
export interface JsonRpcNotification {
  readonly jsonrpc: '2.0'
  readonly method: string
  readonly params?: JsonObject | undefined
}

/** The response to a request that was served. */
export interface JsonRpcResult {
  readonly jsonrpc: '2.0'
  readonly id: JsonRpcId
  readonly result: unknown
}

/** The response to a request that was not served. Without an id when the id could not be read. */
export interface JsonRpcErrorResponse {
  readonly jsonrpc: '2.0'
  readonly id?: JsonRpcId | undefined
  readonly error: JsonRpcErrorObject
}
