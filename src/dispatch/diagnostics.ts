/**
 * `node:diagnostics_channel` names and payloads. Without a subscriber they cost nothing: callers test `active` first.
 *
 *   barewire:rpc:start    { method, id, sessionId, protocolVersion, trace }
 *   barewire:rpc:end      the same, once the request was answered with a result
 *   barewire:rpc:error    the same and `error`, once it was answered with an error
 *
 * Not here: `barewire:http:*` (node-http/diagnostics.ts).
 */

import { channel } from 'node:diagnostics_channel'
import { metaOf, type Outcome, type RpcRequest } from './outcome.ts'
import type { RpcExchange } from './rpc-exchange.ts'
import { readTrace } from './trace.ts'

const rpcStart = channel('barewire:rpc:start')
const rpcEnd = channel('barewire:rpc:end')
const rpcError = channel('barewire:rpc:error')

export const rpcChannels = {
  get active(): boolean {
    return rpcStart.hasSubscribers || rpcEnd.hasSubscribers || rpcError.hasSubscribers
  },

  start(request: RpcRequest, exchange: RpcExchange): void {
    if (rpcStart.hasSubscribers) rpcStart.publish(describe(request, exchange))
  },

  finish(request: RpcRequest, exchange: RpcExchange, outcome: Outcome): void {
    if ('error' in outcome) {
      if (rpcError.hasSubscribers) rpcError.publish({ ...describe(request, exchange), error: outcome.error })
    } else if (rpcEnd.hasSubscribers) {
      rpcEnd.publish(describe(request, exchange))
    }
  },
}

function describe(request: RpcRequest, exchange: RpcExchange): object {
  return {
    method: request.method,
    id: request.id,
    sessionId: exchange.sessionId,
    protocolVersion: exchange.revision,
    trace: readTrace(metaOf(request), exchange.headers),
  }
}
