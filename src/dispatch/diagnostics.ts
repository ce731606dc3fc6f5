/**
 * `node:diagnostics_channel` names and payloads. No subscriber, no cost: callers look at `active` first.
 *
 *   barewire:rpc:start    { method, id, sessionId, protocolVersion, trace }
 *   barewire:rpc:end      the same, once the request was answered with a result
 *   barewire:rpc:error    the same and `error`, once it was answered with an error
 *   barewire:http:start   { request, response }   an HTTP exchange reached the handler
 *   barewire:http:end     the same, when the response is finished or its connection is gone
 *   barewire:http:error   the same and `error`, when the exchange was refused
 */

import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Outcome, RpcRequest } from './outcome.ts'
import type { RpcExchange } from './rpc-exchange.ts'
import { readTrace } from './trace.ts'

const rpcStart = channel('barewire:rpc:start')
const rpcEnd = channel('barewire:rpc:end')
const rpcError = channel('barewire:rpc:error')
const httpStart = channel('barewire:http:start')
const httpEnd = channel('barewire:http:end')
const httpError = channel('barewire:http:error')

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

export const httpChannels = {
  start(request: IncomingMessage, response: ServerResponse): void {
    if (httpStart.hasSubscribers) httpStart.publish({ request, response })
    if (httpEnd.hasSubscribers) response.once('close', () => httpEnd.publish({ request, response }))
  },

  refused(request: IncomingMessage, response: ServerResponse, error: Error): void {
    if (httpError.hasSubscribers) httpError.publish({ request, response, error })
  },
}

function describe(request: RpcRequest, exchange: RpcExchange): object {
  return {
    method: request.method,
    id: request.id,
    sessionId: exchange.sessionId,
    protocolVersion: exchange.revision,
    trace: readTrace(metaOf(request.params), exchange.headers),
  }
}

function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?.['_meta']
  return typeof meta === 'object' && meta !== null ? (meta as JsonObject) : {}
}
