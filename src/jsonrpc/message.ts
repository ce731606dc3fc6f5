/**
 * What JSON-RPC 2.0 messages are made of, as types. Spec: {@link spec.jsonRpc}.
 *
 * MCP narrows JSON-RPC: an id is a string or an integer and never null, and `params` is an object and never
 * an array.
 *
 * Not here: whole messages, read (decode.ts) and written (encode.ts).
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
