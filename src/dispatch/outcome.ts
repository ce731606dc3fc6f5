/**
 * One JSON-RPC request as the dispatcher gets it, and what became of it.
 */

import type { RpcError } from '../jsonrpc/rpc-error.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

export interface RpcRequest {
  readonly id: string | number
  readonly method: string
  readonly params: JsonObject | undefined
}

/** Its `_meta`; empty where it has none that could be read. */
export function metaOf({ params }: RpcRequest): JsonObject {
  const meta = params?.['_meta']
  return typeof meta === 'object' && meta !== null ? (meta as JsonObject) : {}
}

/**
 * What became of a request. `origin` says where an error arose, and the era derives the HTTP status from it:
 * `protocol` is a request that reached no feature, `handler` is an answer like any other.
 */
export type Outcome = { readonly result: unknown } | Failure

export interface Failure {
  readonly error: RpcError
  readonly origin: 'protocol' | 'handler'
}
