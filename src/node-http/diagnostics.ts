/**
 * `node:diagnostics_channel` names and payloads of HTTP exchanges. Without subscribers nothing is published.
 *
 *   barewire:http:start   { request, response }   an HTTP exchange reached the handler
 *   barewire:http:end     the same, when the response is finished or its connection is closed
 *   barewire:http:error   the same and `error`, when the exchange was refused
 *
 * Not here: `barewire:rpc:*` (dispatch/diagnostics.ts).
 */

import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'

const httpStart = channel('barewire:http:start')
const httpEnd = channel('barewire:http:end')
const httpError = channel('barewire:http:error')

export const httpChannels = {
  start(request: IncomingMessage, response: ServerResponse): void {
    if (httpStart.hasSubscribers) httpStart.publish({ request, response })
    if (httpEnd.hasSubscribers) response.once('close', () => httpEnd.publish({ request, response }))
  },

  rejected(request: IncomingMessage, response: ServerResponse, error: Error): void {
    if (httpError.hasSubscribers) httpError.publish({ request, response, error })
  },
}
